package check

import (
	"os"
	"strings"
	"testing"
)

// TestEveryNameIsDocumented: docs/check.md lists what an expression can name.
func TestEveryNameIsDocumented(t *testing.T) {
	raw, err := os.ReadFile("../../docs/check.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(raw), "| name | what it is |")
	table, _, _ = strings.Cut(table, "\n\n")
	for _, name := range names(environment(example())) {
		if !strings.Contains(table, "`"+name+"`") && !strings.Contains(table, "."+name+"`") && !strings.Contains(table, "`"+name+".") {
			t.Errorf("docs/check.md does not list %s", name)
		}
	}
}
