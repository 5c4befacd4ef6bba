package schematest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// comments are those of the types and fields of packages, on one line each.
func comments(t *testing.T, dirs []string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, dir := range dirs {
		paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if d, ok := n.(*ast.GenDecl); ok && d.Tok == token.TYPE {
					for _, s := range d.Specs {
						if spec, ok := s.(*ast.TypeSpec); ok {
							takeComments(out, d, spec)
						}
					}
				}
				return true
			})
		}
	}
	return out
}

func takeComments(out map[string]string, d *ast.GenDecl, spec *ast.TypeSpec) {
	words := func(groups ...*ast.CommentGroup) string {
		var parts []string
		for _, g := range groups {
			if g != nil {
				parts = append(parts, strings.Fields(strings.NewReplacer("[", "", "]", "").Replace(g.Text()))...)
			}
		}
		return strings.Join(parts, " ")
	}
	body, ok := spec.Type.(*ast.StructType)
	if !ok {
		return
	}
	out[spec.Name.Name] = words(d.Doc, spec.Doc)
	for _, f := range body.Fields.List {
		for _, name := range f.Names {
			out[spec.Name.Name+"."+name.Name] = words(f.Doc, f.Comment)
		}
	}
}
