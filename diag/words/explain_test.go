package words

import (
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
)

var update = flag.Bool("update", false, "write docs/findings.md")

const (
	findingsDocument = "../../docs/findings.md"
	findingsHead     = `# Findings

What dialtone notices it names by a stable ID, for scripts and for searching. ` + "`dialtone explain ID`" + ` prints the paragraphs below.

<!-- This document is generated from diag/words and testdata/faults.json: go generate ./diag/... -->
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
		t.Errorf("the document does not tell what the source says; run: go generate ./diag/...\n%s", diff)
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

// TestEveryFindingIsExplained looks in the whole source for findings and warnings that are made, and for their IDs.
func TestEveryFindingIsExplained(t *testing.T) {
	files := token.NewFileSet()
	found := 0
	check := func(id ast.Expr) {
		lit, literal := id.(*ast.BasicLit)
		if !literal {
			checkComputedID(t, files, id)
			return
		}
		text, err := strconv.Unquote(lit.Value)
		if err != nil {
			t.Fatal(err)
		}
		found++
		if _, ok := Explain(text); !ok {
			t.Errorf("%s: %s is not explained", files.Position(id.Pos()), text)
		}
	}
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if id := findingID(n); id != nil {
				check(id)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 25 {
		t.Errorf("only %d findings were found in the source", found)
	}
}

// findingID is the ID of a Finding or a Warning that is made here, the IDs that serverFindingID returns included; nil for
// anything else.
func findingID(n ast.Node) ast.Expr {
	switch n := n.(type) {
	case *ast.CompositeLit: // told by its fields: within a slice it has no type
		var id ast.Expr
		said := false
		for _, e := range n.Elts {
			if field, ok := e.(*ast.KeyValueExpr); ok {
				key, _ := field.Key.(*ast.Ident)
				switch {
				case key == nil:
				case key.Name == "ID":
					id = field.Value
				case key.Name == "Title" || key.Name == "Text":
					said = true
				}
			}
		}
		if said {
			return id
		}
	case *ast.CallExpr: // of a function literal that makes one
		if f, ok := n.Fun.(*ast.Ident); ok && f.Name == "note" {
			for _, arg := range n.Args {
				if lit, ok := arg.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					return lit
				}
			}
		}
	}
	return nil
}

// checkComputedID knows the IDs that are no literals; any other may not be explained.
func checkComputedID(t *testing.T, files *token.FileSet, id ast.Expr) {
	t.Helper()
	var text strings.Builder
	if err := printer.Fprint(&text, files, id); err != nil {
		t.Fatal(err)
	}
	computed := map[string][]string{
		"f.ID":                 {}, // written in English
		"id":                   {}, // of the function literals called note
		"diag.Clean(w.ID, 80)": {}, // of a warning, which is looked at where it is made
		`"media.no_" + direction + "_" + kind`: {
			"media.no_inbound_audio", "media.no_inbound_video", "media.no_outbound_audio", "media.no_outbound_video",
		},
	}
	name := text.String()
	ids, known := computed[name]
	if !known {
		t.Errorf("%s: the ID %s is no literal, so nobody knows whether it is explained", files.Position(id.Pos()), name)
	}
	for _, id := range ids {
		if _, ok := Explain(id); !ok {
			t.Errorf("%s is not explained", id)
		}
	}
}
