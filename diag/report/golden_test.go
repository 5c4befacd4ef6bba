package report

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

//go:generate go test -run ^(TestGolden|TestSchema)$ -update .

var update = flag.Bool("update", false, "write the golden files, the schema and the picture of the page anew")

// big are formats of which golden files are kept for these reports alone: they are long.
var big = map[string][]string{"html": {"ice-failure"}, "json": {"ice-failure"}, "jsonl": {"ice-failure"}}

// TestGolden compares each format with what it was.
func TestGolden(t *testing.T) {
	for name, r := range fixtures(t) {
		for format, write := range Formats {
			if only, ok := big[format]; ok && !slices.Contains(only, name) {
				continue
			}
			t.Run(name+"."+format, func(t *testing.T) {
				var got bytes.Buffer
				if err := write(&got, r); err != nil {
					t.Fatal(err)
				}
				path := filepath.Join("testdata", name+"."+format)
				if *update {
					if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil { //nolint:gosec // for all to read
						t.Fatal(err)
					}
					return
				}
				want, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), got.String()); diff != "" {
					t.Errorf("look at it, then: go generate ./diag/report\n%s", diff)
				}
			})
		}
	}
}
