package words

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// sentence is a string literal that reads like one: a capital, four words or more, and a full stop.
var sentence = regexp.MustCompile(`^[A-Z][^.!?]*( [^ ]+){3,}\.$`)

// TestSentencesAreHere: what judges and what measures has no words. Sentences about findings stand in this package only,
// so that one file has to be read to edit them.
func TestSentencesAreHere(t *testing.T) {
	read := 0
	for _, dir := range []string{"judge", "nat", "call", "sdp", "probe", "peer", "media", "session", "feed"} {
		err := filepath.WalkDir("../"+dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			read++
			for _, text := range sentencesOf(t, path) {
				t.Errorf("%s has a sentence: %q", path, text)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if read < 80 {
		t.Errorf("only %d files were read", read)
	}
}

// sentencesOf are the sentences among the string literals of a file, and the texts of findings that are made in it.
func sentencesOf(t *testing.T, path string) (list []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING && sentence.MatchString(text) {
				list = append(list, text)
			}
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok && (key.Name == "Title" || key.Name == "Advice" || key.Name == "Headline") {
				list = append(list, key.Name)
			}
		}
		return true
	})
	return list
}

func TestSentence(t *testing.T) {
	for text, want := range map[string]bool{
		"The TURN server rejected the password.": true, "no path found": false, "RFC 8445 §4.": false, "Check the server": false,
	} {
		if sentence.MatchString(text) != want {
			t.Errorf("%q: %t", text, !want)
		}
	}
}
