package check

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"dialtone/diag/assert"
)

// TestEveryExampleRuns: each assertion that the documents show can be evaluated over the report of a call.
func TestEveryExampleRuns(t *testing.T) {
	t.Parallel()
	var shown []*assert.Assertion
	for _, file := range []string{"reference/check.md", "reference/findings.md", "how-to/check.md", "examples/check.yml", "examples/gitlab-ci.yml", "examples/cronjob.yaml"} {
		raw, err := os.ReadFile("../../docs/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`--assert[= ]'([^']*)'`).FindAllStringSubmatch(string(raw), -1) {
			a, err := ParseAssertion(m[1])
			if err != nil {
				t.Errorf("docs/%s: %v", file, err)
				continue
			}
			shown = append(shown, a)
		}
	}
	if len(shown) < 5 {
		t.Errorf("only %d examples were found", len(shown))
	}
	r := example() // in a real call on a busy machine something may be absent
	r.Assertions = nil
	Assert(r, shown)
	for _, a := range r.Assertions {
		if a.Value == nil || a.Error != "" {
			t.Errorf("%+v", a)
		}
	}
}

// TestEveryNameIsDocumented: the schema of the report has what an expression can name, and docs/reference/check.md the shortcuts.
func TestEveryNameIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/reference/check.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "| name | what it is |")
	table, _, _ = strings.Cut(table, "\n\n")
	raw, err := os.ReadFile("../../docs/reference/report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Defs map[string]struct{ Properties map[string]any } `json:"$defs"`
	}
	if err := json.Unmarshal(raw, &schema); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, def := range schema.Defs {
		for name := range def.Properties {
			known[strings.TrimSuffix(name, "_ms")] = true
		}
	}
	for _, name := range subject().Names() {
		if !known[name] && !strings.Contains(table, "`"+name+"`") && !strings.Contains(table, "`"+name+".") {
			t.Errorf("%s is neither in the schema nor in docs/reference/check.md", name)
		}
	}
}
