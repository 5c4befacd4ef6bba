package diag

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const natDocument = "../docs/reference/nat.md"

// TestNATDocument compares the reference of the report with the source that it is made from.
func TestNATDocument(t *testing.T) {
	raw, err := os.ReadFile(natDocument)
	if err != nil {
		t.Fatal(err)
	}
	written, old, found := strings.Cut(string(raw), generatedMark)
	if !found {
		t.Fatalf("%s has no line %q", natDocument, generatedMark)
	}
	const root = "Network"
	r := &renderer{src: parseNetwork(t), used: map[string]bool{}}
	objects := map[string]bool{root: true}
	r.collect(r.src.structs[root], objects)
	r.line("")
	r.object(root)
	for _, name := range slices.Sorted(maps.Keys(objects)) {
		if name != root {
			r.object(name)
		}
	}
	r.values()
	got := strings.ReplaceAll(strings.ReplaceAll(r.b.String(), "\n## Values\n", "\n### Values\n"), "\n\n\n", "\n\n")
	if *update {
		if err := os.WriteFile(natDocument, []byte(written+generatedMark+got), 0o644); err != nil { //nolint:gosec // a document for all
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(old, got); diff != "" {
		t.Errorf("the document does not tell what the source says; run: go generate ./diag\n%s", diff)
	}
}

// parseNetwork reads what the JSON of a diagnosis is made of.
func parseNetwork(t *testing.T) *source {
	return parseFiles(t, "*.go", "nat/*.go", "nat/turn/*.go", "nat/pair/*.go", "judge/network/network.go", "judge/network/relay.go", "finding/finding.go", "words/finding.go", "report/finding.go", "report/network.go")
}

// behaviorValues are those that each behavior may have.
var behaviorValues = map[string][]string{
	"udp":               {"present", "none", "unknown"},
	"nat":               {"none", "present", "unknown"},
	"mapping":           {"endpoint-independent", "address-dependent", "address-and-port-dependent", "unknown"},
	"filtering":         {"endpoint-independent", "address-dependent", "address-and-port-dependent", "unknown"},
	"port_preservation": {"preserved", "not-preserved", "unknown"},
	"pooling":           {"paired", "arbitrary", "unknown"},
	"uplinks":           {"one", "several", "unknown"},
	"alg":               {"none", "present", "unknown"},
	"cgnat":             {"present", "unknown"},
	"clat":              {"present", "unknown"},
	"ipv6":              {"present", "none", "unknown"},
	"tcp_mapping":       {"endpoint-independent", "address-dependent", "address-and-port-dependent", "unknown"},
	"lifetime":          {"between", "at-least", "less-than", "unknown", "not-asked"},
	"fragments":         {"present", "outgoing", "none", "unknown", "not-asked"},
	"nat64":             {"present", "unknown"},
	"udp_ports":         {"open", "filtered", "unknown"},
	"packet_size":       {"full", "fragmented", "limited", "unknown"},
	"hairpin":           {"present", "none", "unknown", "not-asked"},
}

// TestBehaviorsDocument: the table of behaviors has a row for each that a report has, and in it the values that there are.
func TestBehaviorsDocument(t *testing.T) {
	raw, err := os.ReadFile(natDocument)
	if err != nil {
		t.Fatal(err)
	}
	_, part, _ := strings.Cut(string(raw), "\n## Behavior\n")
	part, _, _ = strings.Cut(part, "\n## ")
	told := map[string][]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| ([^|]*) \\|").FindAllStringSubmatch(part, -1) {
		told[row[1]] = strings.Split(strings.Trim(row[2], "`"), "`, `")
	}
	if diff := cmp.Diff(behaviorValues, told); diff != "" {
		t.Errorf("the table of %s (-there are, +told):\n%s", natDocument, diff)
	}
	var keys []string
	for _, f := range parseNetwork(t).structs["Behaviors"].fields {
		keys = append(keys, f.json)
	}
	slices.Sort(keys)
	if diff := cmp.Diff(keys, slices.Sorted(maps.Keys(behaviorValues))); diff != "" {
		t.Errorf("Behaviors (-there are, +listed):\n%s", diff)
	}
	for _, constant := range valueConstants(t) {
		if !slices.ContainsFunc(slices.Collect(maps.Values(behaviorValues)), func(list []string) bool { return slices.Contains(list, constant) }) {
			t.Errorf("no behavior has the value %q", constant)
		}
	}
}

// valueConstants are the constants of the block "Values of a behavior".
func valueConstants(t *testing.T) (list []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "nat/behavior.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	for _, decl := range file.Decls {
		d, ok := decl.(*ast.GenDecl)
		if !ok || !strings.HasPrefix(d.Doc.Text(), "Values of a behavior") {
			continue
		}
		for _, spec := range d.Specs {
			for _, v := range spec.(*ast.ValueSpec).Values {
				text, err := strconv.Unquote(v.(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				list = append(list, text)
			}
		}
	}
	if len(list) < 10 {
		t.Errorf("only %d values were found", len(list))
	}
	return list
}
