package diag

import (
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	findingsDocument = "../docs/findings.md"
	findingsHead     = `# Findings

What dialtone notices it names by a stable ID, for scripts and for searching. ` + "`dialtone explain ID`" + ` prints the paragraphs below.

<!-- This document is generated from diag/explain.go: go generate ./diag -->
`
)

//go:generate go test -run ^TestFindingsDocument$ -update .

// TestFindingsDocument compares the document with what it is made from.
func TestFindingsDocument(t *testing.T) {
	var b strings.Builder
	b.WriteString(findingsHead)
	for _, id := range FindingIDs() {
		text, _ := Explain(id)
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", id, text)
	}
	if *update {
		if err := os.WriteFile(findingsDocument, []byte(b.String()), 0o644); err != nil { //nolint:gosec // a document for all
			t.Fatal(err)
		}
		return
	}
	raw, err := os.ReadFile(findingsDocument)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(raw), b.String()); diff != "" {
		t.Errorf("the document does not tell what the source says; run: go generate ./diag\n%s", diff)
	}
}

// TestEveryFindingIsExplained looks for the IDs in the source.
func TestEveryFindingIsExplained(t *testing.T) {
	literal := regexp.MustCompile(`(?:ID: |note\(|return )"((?:nat|server|turn|stun)\.[a-z0-9_]+)"`)
	files, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range literal.FindAllStringSubmatch(string(raw), -1) {
			found++
			if _, ok := Explain(m[1]); !ok {
				t.Errorf("%s: %s is not explained", name, m[1])
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d findings were found in the source", found)
	}
	for _, cause := range []string{"dns", "refused", "timeout", "unreachable", "tls", "config", "protocol", "auth", ""} {
		if _, ok := Explain(serverFindingID(ServerResult{Cause: cause})); !ok {
			t.Errorf("cause %q is not explained", cause)
		}
	}
}
