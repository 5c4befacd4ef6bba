package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

// wordRule is a word or phrase that has a better replacement.
type wordRule struct {
	find   *regexp.Regexp
	except *regexp.Regexp // matches that are fine; nil: none are
	use    string
}

// rule makes a rule of a regular expression that matches whole words, in upper and lower case.
func rule(find, use string, except ...string) wordRule {
	r := wordRule{find: regexp.MustCompile(`(?i)\b(?:` + find + `)\b`), use: use}
	if len(except) > 0 {
		r.except = regexp.MustCompile(`(?i)` + except[0])
	}
	return r
}

// wordRules are rules with one expression for them all: most texts break none, and one search shows that.
type wordRules struct {
	any  *regexp.Regexp
	list []wordRule
}

func rules(list ...wordRule) wordRules {
	expressions := make([]string, len(list))
	for i, r := range list {
		expressions[i] = r.find.String()
	}
	return wordRules{regexp.MustCompile(strings.Join(expressions, "|")), list}
}

// proseRules hold for everything that a user reads: strings, documents, and the call page.
var proseRules = rules(append([]wordRule{
	// One term per thing.
	rule(`part(y|ies)|(some|any)body`, "peer"),
	rule(`code words?|(same|the) word that|dials? (the|a|the same) word`, "room code"),
	rule(`call line`, "signaling server"),
	rule(`(comes?|came|coming) up|(call|connection|session) (is|was|were|are|be) up`, "connect, connected"),
	rule(`pairs? of addresses`, "candidate pair"),
	rule(`ours|theirs`, "local, remote"),
	rule(`sees? (us|me|this machine) as|(is|are|was) seen as`, "mapped address"),
	rule(`lends?|lent|lending`, "allocate"),
	rule(`carrier'?s? NATs?|carrier’s NAT`, "CGNAT"),
	rule(`turns? (packets|them) around`, "hairpinning"),
	rule(`whole pictures?`, "key frame"),
	rule(`froze`, "freeze"),
	rule(`(how )?unevenly`, "jitter"),
	rule(`(its|his|their) time (was|is) over|in time to answer|gave no answer in time`, "timed out"),
	rule(`foretells?|foretold`, "predict"),
	rule(`under way`, "in progress"),
	rule(`broken off`, "cancelled"),
	rule(`(comes?|came) to (its|an|the) end|(comes?|came) about`, "finished, happened"),
	rule(`saw skipped`, "skipped (with the reason)"),
	// Patterns.
	rule(`\S+ is no [a-z]+`, "invalid X, not a valid X, unknown X", `^(there|here) is no |is no (longer|more|less|one)$`),
	rule(`lest|is to be had|to be had|for the eye|of (no|any) use|be of use`, "plain words"),
	rule(`(end|ends|ended|close|closes|closed|shut down|hangs? up|hung up) in order`, "cleanly"),
	rule(`alone`, "only"),
	rule(`(gave|gives|give) nothing`, "failed"),
	rule(`nothing answers`, "no server answered"),
	rule(`nothing listens`, "port closed"),
	rule(`excludes? each other`, "contradict each other; of flags: are mutually exclusive"),
	rule(`(was|were|is|are) worth|its worth`, "result"),
	rule(`there (is|are) (a )?mistakes? in`, "invalid"),
	rule(`everything that was asked for`, "all checks passed"),
	rule(`what was asked for|what (is|was) called`, "a noun: request, target"),
	rule(`as it goes`, "plain words"),
	{find: regexp.MustCompile(`(?:^|[.;:!?] )Where (?:it|there|the|a|an|one|no|both|only|several|nothing)\b`), use: "if, when"},
}, everywhereRules.list...)...)

// everywhereRules hold for comments too.
var everywhereRules = rules(
	rule(`(the )?other (party|side|end)`, "peer"),
	rule(`nobody`, "no peer, no one"),
	rule(`of our own`, "local"),
	rule(`whom|whoever`, "a noun"),
	rule(`mend(s|ed|ing)?`, "fix"),
	rule(`shall`, "must, will"),
	rule(`tells?|told|telling`, "show, print, report, say, explain"),
	rule(`set-ups?`, "setup"),
	rule(`dialled|dialling`, "dialed, dialing"),
	rule(`signall(ed|ing)`, "signaled, signaling"),
	rule(`behaviou(r|rs|ral)`, "behavior", `behavior`),
	rule(`colou(r|rs|red|ring|rless)`, "color", `color`),
	rule(`(recogni|organi|minimi|maximi|initiali|normali|summari|optimi|authori|synchroni)s(e|es|ed|ing|ation)`, "-ize"),
	rule(`neighbou(r|rs)|favou(r|rs|red)|honou(r|rs|red)|centre|grey|licence|judgement|labelled|travelled|unravelled`, "American spelling"),
	rule(`seats?|yards?|desks?|rouses?|roused|liars?|inventors?`, "session, queue, counter, wake, unreliable server"),
)

// poetic are words that no identifier contains.
var poetic = map[string]string{
	"seat": "session, slot", "seats": "sessions, slots", "yard": "queue", "letter": "message", "letters": "messages", "desk": "counter, terminal",
	"rouse": "wake", "liar": "unreliable server", "liars": "unreliable servers", "lies": "unreliable server", "inventor": "a noun of the standard",
	"book": "candidates, records", "whom": "a noun", "whoever": "a noun", "mend": "fix", "tell": "report, write, say", "tells": "reports",
	"told": "reported", "foretell": "predict", "nobody": "noPeer, none", "somebody": "peer", "behaviour": "behavior", "colour": "color",
	"dialled": "dialed", "theirs": "remote, peer", "shall": "must",
}

// foundWord is a place with a word that has a better replacement.
type foundWord struct{ place, word, use string }

func (f foundWord) String() string { return fmt.Sprintf("%s: %q: use %s", f.place, f.word, f.use) }

// checkText applies rules to a text that begins at a line of a file.
func checkText(rules wordRules, file string, line int, text string) (found []foundWord) {
	if !rules.any.MatchString(text) {
		return nil
	}
	for _, r := range rules.list {
		for _, at := range r.find.FindAllStringIndex(text, -1) {
			word := text[at[0]:at[1]]
			if r.except != nil && r.except.MatchString(word) || isSpecial(text, at) {
				continue
			}
			place := fmt.Sprintf("%s:%d", file, line+strings.Count(text[:at[0]], "\n"))
			found = append(found, foundWord{place, strings.TrimLeft(word, ".;:!? "), r.use})
		}
	}
	return found
}

// isSpecial reports whether a match is part of a name that is no English: third-party, a file, a flag, an identifier.
func isSpecial(text string, at []int) bool {
	before, after := text[max(0, at[0]-6):at[0]], text[at[1]:min(len(text), at[1]+2)]
	return strings.HasSuffix(before, "third-") || strings.HasSuffix(before, "third ") || strings.HasSuffix(before, "--") ||
		strings.HasPrefix(after, "_") || strings.HasPrefix(after, "=")
}

// TestWords: everything that a person reads is plain technical English, with one term per thing.
func TestWords(t *testing.T) {
	t.Parallel()
	var found []foundWord
	found = append(found, wordsOfDocuments(t)...)
	found = append(found, wordsOfPage(t)...)
	found = append(found, wordsOfGo(t)...)
	reported := map[string]bool{} // one complaint per place and replacement
	for _, f := range found {
		if key := f.place + f.use; !reported[key] {
			reported[key] = true
			t.Error(f)
		}
	}
}

// wordsOfDocuments checks the documents that people read.
func wordsOfDocuments(t *testing.T) (found []foundWord) {
	t.Helper()
	root := filepath.Join("..", "..")
	err := fs.WalkDir(os.DirFS(root), ".", func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && file != "." && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case filepath.Ext(file) != ".md":
			return nil
		}
		text := readPage(t, root, file)
		found = append(found, checkText(proseRules, file, 1, text)...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// wordsOfPage checks the call page; of its languages, English.
func wordsOfPage(t *testing.T) (found []foundWord) {
	t.Helper()
	root := filepath.Join("..", "..")
	files, err := filepath.Glob(filepath.Join(root, "signal", "page", "static", "*.*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files of the page: %v", err)
	}
	for _, path := range files {
		file := filepath.Join("signal", "page", "static", filepath.Base(path))
		text := readPage(t, root, file)
		switch filepath.Ext(file) {
		case ".html":
			found = append(found, checkText(proseRules, file, 1, text)...)
		case ".js":
			rules := everywhereRules
			if filepath.Base(file) == "strings.js" {
				english, _, other := strings.Cut(text, "\n  ru: {")
				if !other {
					t.Fatal("the English strings do not end at the Russian ones")
				}
				rules, text = proseRules, english
			}
			found = append(found, checkText(rules, file, 1, text)...)
		}
	}
	return found
}

// wordsOfGo checks production code (string literals, comments and identifiers) and templates.
func wordsOfGo(t *testing.T) (found []foundWord) {
	t.Helper()
	root := filepath.Join("..", "..")
	checked := 0
	err := fs.WalkDir(os.DirFS(root), ".", func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && file != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata"):
			return fs.SkipDir
		case strings.HasSuffix(file, "_test.go"):
			return nil
		case filepath.Ext(file) == ".gohtml":
			found = append(found, checkText(proseRules, file, 1, readPage(t, root, file))...)
			return nil
		case filepath.Ext(file) != ".go":
			return nil
		}
		checked++
		found = append(found, wordsOfFile(t, file, readPage(t, root, file))...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if checked == 0 {
		t.Error("no Go file was checked")
	}
	return found
}

// wordsOfFile checks a Go file.
func wordsOfFile(t *testing.T, name, source string) (found []foundWord) {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, source, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	line := func(p token.Pos) int { return files.Position(p).Line }
	for _, group := range file.Comments {
		for _, c := range group.List {
			found = append(found, checkText(everywhereRules, name, line(c.Pos()), c.Text)...)
		}
	}
	imported := map[*ast.BasicLit]bool{}
	for _, i := range file.Imports {
		imported[i.Path] = true
	}
	used := map[*ast.Ident]bool{} // names that are declared elsewhere
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			used[n.Sel] = true
		case *ast.BasicLit:
			if n.Kind == token.STRING && !imported[n] {
				found = append(found, checkText(proseRules, name, line(n.Pos()), n.Value)...)
			}
		case *ast.Ident:
			for _, word := range wordsOfName(n.Name) {
				if use, bad := poetic[word]; bad && !used[n] {
					found = append(found, foundWord{fmt.Sprintf("%s:%d", name, line(n.Pos())), n.Name, use})
				}
			}
		}
		return true
	})
	return found
}

// wordsOfName splits an identifier at its capitals and underscores: isNATLiar is of is, nat and liar.
func wordsOfName(name string) (list []string) {
	runes := []rune(name)
	begin := 0
	for i := 1; i <= len(runes); i++ {
		if i == len(runes) || runes[i] == '_' || unicode.IsUpper(runes[i]) &&
			(!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			list = append(list, strings.ToLower(strings.Trim(string(runes[begin:i]), "_")))
			begin = i
		}
	}
	return list
}

// TestWordRules shows what the rules find, and what they leave.
func TestWordRules(t *testing.T) {
	for text, want := range map[string][]string{
		"The other party hung up.":                         {"The other party", "party"},
		"A third-party server, a third party.":             nil,
		"It is no URL, and there is no server.":            {"It is no URL"},
		"The path is no longer there.":                     nil,
		"Tell which dialtone this is":                      {"Tell"},
		"a telling intellectual":                           {"telling"},
		"The set-up of the call line":                      {"call line", "set-up"},
		"call_line_process and nobody_came":                nil,
		"The server is mended. Where it fails, run again.": {"mended", ". Where it"},
		"whom it lends a relay":                            {"lends", "whom"},
		"the behavior of color":                            nil,
		"the behaviour of colours":                         {"behaviour", "colours"},
	} {
		var got []string
		for _, f := range checkText(proseRules, "", 1, text) {
			got = append(got, f.word)
		}
		sorted := func(list []string) []string { return slices.Sorted(slices.Values(list)) }
		for i := range want {
			want[i] = strings.TrimLeft(want[i], ". ")
		}
		if diff := cmp.Diff(sorted(want), sorted(got)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
	source := "// Package p holds seats, whoever\n// dialled.\npackage p\n\nimport \"told\"\n\n" +
		"type yardLiar struct{ HTTPBook int }\n\nfunc f(x told.Whom) string {\n\treturn x.Tell(\"the party is up\", `nobody`)\n}\n"
	var got []string
	for _, f := range wordsOfFile(t, "p.go", source) {
		got = append(got, f.place+" "+f.word)
	}
	want := []string{
		"p.go:1 seats", "p.go:1 whoever", "p.go:2 dialled", "p.go:7 yardLiar", "p.go:7 yardLiar", "p.go:7 HTTPBook", "p.go:9 told",
		"p.go:10 party", "p.go:10 nobody",
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a Go file (-want +got):\n%s", diff)
	}
}
