package words

import (
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/words/phrase"
)

//go:generate go test -run ^TestFindingsDocument$ -update .

var update = flag.Bool("update", false, "write docs/reference/findings.md")

const (
	findingsDocument = "../../docs/reference/findings.md"
	findingsHead     = `# Findings

Each finding has a stable ID, for scripts and for searching. ` + "`dialtone explain`" + ` lists them, ` + "`dialtone explain ID`" + ` prints the paragraphs below.

<!-- This document is generated from diag/words and testdata/faults.json: go generate ./diag/words -->
`
)

// TestFindingsDocument compares the document with what it is made from.
func TestFindingsDocument(t *testing.T) {
	var b strings.Builder
	b.WriteString(findingsHead)
	b.WriteString(faultTable(t))
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
		t.Errorf("the document does not tell what the source says; run: go generate ./diag/words\n%s", diff)
	}
}

// faultTable tells how each fault that a test makes shows in dialtone check.
func faultTable(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile("../../testdata/faults.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct{ Fault, Exit, Finding, Words, Note string }
	if err := json.Unmarshal(raw, &rows); err != nil {
		t.Fatal(err)
	}
	codes := map[string]diag.Exit{}
	for _, e := range diag.Exits() {
		codes[e.String()] = e
	}
	var b strings.Builder
	b.WriteString("\n## How faults look\n\nEach is made by a test of `dialtone check`, which sees this exit code, this finding and these words.\n\n| fault | exit | finding | words |\n|---|---|---|---|\n")
	for _, row := range rows {
		exit, known := codes[row.Exit]
		if _, ok := Explain(row.Finding); !known || !ok {
			t.Errorf("%s: exit %q or finding %q is not known", row.Fault, row.Exit, row.Finding)
		}
		note := ""
		if row.Note != "" {
			note = " (" + row.Note + ")"
		}
		fmt.Fprintf(&b, "| %s%s | %d %s | [%s](#%s) | %s |\n", row.Fault, note, int(exit), row.Exit, row.Finding, strings.ReplaceAll(row.Finding, ".", ""), row.Words)
	}
	return b.String()
}

// TestEveryFindingIsExplained looks in the whole source for the IDs of findings and warnings: each is explained, and of
// networks and servers, whose IDs are not computed, no other is.
func TestEveryFindingIsExplained(t *testing.T) {
	families := map[string]bool{}
	for _, id := range FindingIDs() {
		family, _, _ := strings.Cut(id, ".")
		families[family] = true
	}
	named := map[string]bool{}
	literals(t, "..", func(at token.Position, text string) {
		family, name, ok := strings.Cut(text, ".")
		if !ok || !families[family] || !isName.MatchString(name) || isEvent(text) || isApart(at.Filename) {
			return
		}
		named[text] = true
		if _, ok := Explain(text); !ok {
			t.Errorf("%s: %s is not explained", at, text)
		}
	})
	for id := range phrase.Merged(natFindings, serverFindings) {
		if !named[id] {
			t.Errorf("%s is explained, and not found by any rule", id)
		}
	}
}

// isName: what ends in _ is a part of a name.
var isName = regexp.MustCompile(`^[a-z0-9_]*[a-z0-9]$`)

// isApart: this package names what it explains, and a report the measurements that it compares.
func isApart(file string) bool {
	return slices.Contains([]string{"words", "report"}, filepath.Base(filepath.Dir(file)))
}

func isEvent(name string) bool {
	return slices.ContainsFunc(diag.Types(), func(known diag.Type) bool { return string(known) == name })
}

// literals calls do with every string of the source of the packages in a directory, tests left out.
func literals(t *testing.T, dir string, do func(token.Position, string)) {
	t.Helper()
	files := token.NewFileSet()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, err := strconv.Unquote(lit.Value); err == nil {
					do(files.Position(lit.Pos()), text)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
