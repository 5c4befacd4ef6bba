package words

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"dialtone/diag"
	"dialtone/diag/diagtest"
	"dialtone/diag/nat"
)

// TestEveryEvidenceHasWords, without a place that nothing fills when addresses and counts are there.
func TestEveryEvidenceHasWords(t *testing.T) {
	for _, kind := range diagtest.Constants(t, "../nat/behavior.go", "Kind") {
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
	for _, name := range diagtest.Constants(t, "../nat/behavior.go", "Name") {
		if terms := behaviorTerms[nat.Name(name)]; terms.label == "" || !strings.HasSuffix(terms.meaning, ".") {
			t.Errorf("%s: %+v", name, terms)
		}
	}
}

// TestEveryFindingOfTheJudgeHasWords looks for IDs in the source of the judge: an entry or an explanation knows each.
func TestEveryFindingOfTheJudgeHasWords(t *testing.T) {
	paths, err := filepath.Glob("../judge/network/*.go")
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
