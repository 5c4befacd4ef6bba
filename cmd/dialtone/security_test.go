package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSecurityTable: each promise of SECURITY.md names a test that is there.
func TestSecurityTable(t *testing.T) {
	root := filepath.Join("..", "..")
	raw, err := os.ReadFile(filepath.Join(root, "SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^\| ([^*|].*) \| (.*) \|$`).FindAllStringSubmatch(string(raw), -1)
	named := regexp.MustCompile("^`([a-z/]+)` ((?:Test|Fuzz)[A-Za-z0-9]+)$")
	if len(rows) < 20 {
		t.Fatalf("%d rows are read", len(rows))
	}
	for _, row := range rows[1:] { // the first is the head
		m := named.FindStringSubmatch(row[2])
		if m == nil {
			t.Errorf("%q has no test: %q", row[1], row[2])
			continue
		}
		files, err := filepath.Glob(filepath.Join(root, m[1], "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, f := range files {
			source, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			found = found || strings.Contains(string(source), "func "+m[2]+"(")
		}
		if !found {
			t.Errorf("%q: %s has no %s", row[1], m[1], m[2])
		}
	}
}
