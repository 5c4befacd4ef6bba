package words

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"dialtone/diag"
	"dialtone/diag/judge"
	"dialtone/diag/nat"
	"dialtone/diag/nat/pair"
)

// constants are the string constants of a type in a file.
func constants(t *testing.T, path, of string) (list []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if typ, named := specType(spec); !ok || !named || typ != of {
			return true
		}
		for _, v := range spec.Values {
			text, err := strconv.Unquote(v.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, text)
		}
		return true
	})
	if len(list) < 4 {
		t.Fatalf("only %d constants of %s were found", len(list), of)
	}
	return list
}

func specType(spec *ast.ValueSpec) (string, bool) {
	if spec == nil {
		return "", false
	}
	id, ok := spec.Type.(*ast.Ident)
	if !ok {
		return "", false
	}
	return id.Name, true
}

// TestEveryEvidenceHasWords, without a place that nothing fills when addresses and counts are there.
func TestEveryEvidenceHasWords(t *testing.T) {
	for _, kind := range constants(t, "../nat/behavior.go", "Kind") {
		e := nat.Evidence{
			Kind: nat.Kind(kind), Addresses: []string{"192.0.2.1:1", "192.0.2.2:2", "192.0.2.3:3"}, Counts: []int{7, 8, 9}, Name: "eth0",
			Tally: &nat.Tally{}, Failure: &diag.Failure{Cause: diag.CauseTimeout},
		}
		if got := evidence(e); strings.HasPrefix(got, kind+" ") || strings.ContainsAny(got, "{}?") {
			t.Errorf("%s: %q", kind, got)
		}
	}
}

// TestEveryBehaviorHasWords: a label and a meaning.
func TestEveryBehaviorHasWords(t *testing.T) {
	for _, name := range constants(t, "../nat/behavior.go", "Name") {
		if terms := behaviorTerms[nat.Name(name)]; terms.label == "" || !strings.HasSuffix(terms.meaning, ".") {
			t.Errorf("%s: %+v", name, terms)
		}
	}
}

// TestEveryOutcomeHasWords: a sentence.
func TestEveryOutcomeHasWords(t *testing.T) {
	for _, outcome := range constants(t, "../judge/nat.go", "NetworkOutcome") {
		n := judge.Network{Outcome: judge.NetworkOutcome(outcome), Unusable: &diag.Server{URL: "stun:s"}}
		n.Side = nat.Side{Mapping: nat.EndpointIndependent, Filtering: nat.Unknown}
		if said := OfNetwork(n); !strings.HasSuffix(said.Headline, ".") || strings.ToUpper(said.Headline[:1]) != said.Headline[:1] {
			t.Errorf("%s: %q", outcome, said.Headline)
		}
	}
}

// TestReachCoversTheTable: there are words for whatever may be known of a NAT.
func TestReachCoversTheTable(t *testing.T) {
	values := []nat.Value{nat.Unknown, nat.EndpointIndependent, nat.AddressDependent, nat.AddressAndPortDependent}
	for _, m := range values {
		for _, f := range values {
			for _, dependent := range []bool{false, true} {
				s := nat.Side{Mapping: m, Filtering: f, Dependent: dependent}
				if peers, _ := direct(s); peers == "" {
					t.Errorf("%+v: no words for %+v", s, pair.ReachOf(s))
				}
			}
		}
	}
}

// TestHeadlines holds what the verdict says of every NAT: which calls are direct, and which need a relay.
func TestHeadlines(t *testing.T) {
	for name, tt := range map[string]struct {
		outcome judge.NetworkOutcome
		side    nat.Side
		want    string
	}{
		"open": {judge.NetworkDirect, nat.Side{Mapping: nat.EndpointIndependent, Filtering: nat.EndpointIndependent}, "with peers behind any NAT that lets UDP pass."},
		"usual": {
			judge.NetworkDirect,
			nat.Side{Mapping: nat.EndpointIndependent, Filtering: nat.AddressAndPortDependent},
			"with peers behind NATs with endpoint-independent mapping, as most are; others need a relay.",
		},
		"usual, filtering unknown": {
			judge.NetworkDirect,
			nat.Side{Mapping: nat.EndpointIndependent, Filtering: nat.Unknown},
			"with peers behind NATs with endpoint-independent mapping, as most are, and perhaps with others.",
		},
		"strict": {
			judge.NetworkDependent,
			nat.Side{Mapping: nat.AddressAndPortDependent, Filtering: nat.AddressAndPortDependent},
			"only with peers behind NATs with endpoint-independent mapping that do not filter by port; others need a relay. You need a TURN server, and none was given.",
		},
		"by address, open": {
			judge.NetworkDependent,
			nat.Side{Mapping: nat.AddressDependent, Filtering: nat.EndpointIndependent},
			"only with peers behind NATs that do not filter by port; others need a relay. You need",
		},
		"of unknown kind": {judge.NetworkDependent, nat.Side{Dependent: true, Mapping: nat.Unknown, Filtering: nat.Unknown}, "and perhaps with others. You need"},
	} {
		n := judge.Network{Outcome: tt.outcome, Relaying: judge.RelayingNone}
		n.Side = tt.side
		n.Behaviors.UDP.Value, n.Behaviors.NAT.Value = nat.Present, nat.Present
		n.Behaviors.Mapping.Value, n.Behaviors.Filtering.Value = tt.side.Mapping, tt.side.Filtering
		said := OfNetwork(n)
		if !strings.Contains(said.Headline, tt.want) || len(said.Why) == 0 || tt.outcome == judge.NetworkDependent && len(said.Why) < 2 {
			t.Errorf("%s: %s %q\nwant %s", name, said.Headline, said.Why, tt.want)
		}
	}
}

// TestEveryFindingOfTheJudgeHasWords looks for IDs in the source of the judge: an entry or an explanation knows each.
func TestEveryFindingOfTheJudgeHasWords(t *testing.T) {
	paths, err := filepath.Glob("../judge/*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil || strings.HasSuffix(path, "_test.go") {
			continue
		}
		for _, m := range regexp.MustCompile(`"((?:nat|server|turn|stun)\.[a-z0-9_]+)"`).FindAllStringSubmatch(string(raw), -1) {
			found++
			if _, known := entries[m[1]]; !known {
				t.Errorf("%s: %s has no entry", path, m[1])
			}
		}
	}
	if found < 40 {
		t.Errorf("only %d IDs were found", found)
	}
}
