package check

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"dialtone/diag"
)

// TestEveryExampleRuns: each assertion that the documents show can be evaluated over the report of a call.
func TestEveryExampleRuns(t *testing.T) {
	var shown []*Assertion
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
	r, err := Run(t.Context(), Options{Target: Loopback{}, Config: diag.Config{For: 1200 * time.Millisecond}, Assertions: shown})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range r.Assertions {
		if a.Value == nil || a.Error != "" {
			t.Errorf("%+v", a)
		}
	}
}

// TestEveryNameIsDocumented: docs/reference/check.md lists what an expression can name.
func TestEveryNameIsDocumented(t *testing.T) {
	raw, err := os.ReadFile("../../docs/reference/check.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(raw), "| name | what it is |")
	table, _, _ = strings.Cut(table, "\n\n")
	for _, name := range names(environment(example())) {
		if !strings.Contains(table, "`"+name+"`") && !strings.Contains(table, "."+name+"`") && !strings.Contains(table, "`"+name+".") {
			t.Errorf("docs/reference/check.md does not list %s", name)
		}
	}
}
