package settings

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"dialtone/cmd/dialtone/internal/files"
	"dialtone/signal/toml"
)

// Bounds of a file of settings.
const (
	maxTables = 250
	maxValues = 100 // of a list
)

// tomlTable is a table of a file, or one of several of a name, or the top.
type tomlTable struct {
	name string // "" for the top
	line int
	keys []tomlKey
}

type tomlKey struct {
	name  string
	line  int // that of the table if the key's own is not known
	value any
}

func place(path string, line int) string { return fmt.Sprintf("%s:%d", path, line) }

// readTOML reads a file into its tables, in the order in which they stand there. What is no TOML are [MistakeErrors].
func readTOML(path string) ([]tomlTable, error) {
	raw, err := files.Read(path, toml.MaxSize)
	if err != nil {
		return nil, err
	}
	text := string(raw)
	var tree map[string]any
	if _, err := toml.Decode(text, &tree); err != nil {
		return nil, MistakeErrors{syntaxMistake(path, text, err)}
	}
	lines := linesOf(text)
	top := map[string]any{}
	var tables []tomlTable
	for _, name := range sorted(tree) {
		switch v := tree[name].(type) {
		case map[string]any:
			tables = append(tables, lines.table(name, 0, v))
		case []map[string]any:
			for i, one := range v {
				tables = append(tables, lines.table(name, i, one))
			}
		default:
			top[name] = v
		}
	}
	if len(tables) > maxTables {
		return nil, fmt.Errorf("%s has more than %d tables", path, maxTables)
	}
	slices.SortStableFunc(tables, func(a, b tomlTable) int { return cmp.Compare(a.line, b.line) })
	return append([]tomlTable{lines.table("", 0, top)}, tables...), nil
}

// position names a key, or with "" the head, of the index-th table of a name.
type position struct {
	table string
	index int
	key   string
}

// lineTable are the lines at which keys and tables stand. The decoder does not report them.
type lineTable map[position]int

var (
	tableLine = regexp.MustCompile(`^\s*\[\[?\s*"?([^]"]*?)"?\s*\]`)
	keyLine   = regexp.MustCompile(`^\s*"?([A-Za-z0-9_-]+)"?\s*[=.]`)
)

// linesOf notes the first line of each key.
func linesOf(text string) lineTable {
	lines, tables := lineTable{{}: 1}, map[string]int{}
	at := position{}
	number := 0
	for line := range strings.Lines(text) {
		number++
		if m := tableLine.FindStringSubmatch(line); m != nil {
			at = position{table: m[1], index: tables[m[1]]}
			tables[m[1]]++
			lines[at] = number
		} else if m := keyLine.FindStringSubmatch(line); m != nil {
			key := position{at.table, at.index, m[1]}
			if at.table == "" { // it may be a table: call.for = "1s", call = { for = "1s" }
				lines[position{table: m[1]}] = number
			}
			lines[key] = cmp.Or(lines[key], number)
		}
	}
	return lines
}

func (l lineTable) table(name string, index int, entries map[string]any) tomlTable {
	t := tomlTable{name: name, line: l[position{name, index, ""}]}
	for _, key := range sorted(entries) {
		t.keys = append(t.keys, tomlKey{key, cmp.Or(l[position{name, index, key}], t.line), entries[key]})
	}
	slices.SortStableFunc(t.keys, func(a, b tomlKey) int { return cmp.Compare(a.line, b.line) })
	return t
}

// syntaxMistake says where the file is no TOML. The parser's words may quote the text, which must not be a password's.
func syntaxMistake(path, text string, err error) Mistake {
	var over *toml.LimitError
	if errors.As(err, &over) {
		return Mistake{place(path, over.Line), over.Text}
	}
	var parse toml.ParseError
	if !errors.As(err, &parse) {
		return Mistake{path, "not a TOML file: " + err.Error()}
	}
	lines := strings.Split(text, "\n")
	line := parse.Position.Line
	words := parse.Message
	if line >= 1 && line <= len(lines) && secretKey.MatchString(lines[line-1]) || secretKey.MatchString(parse.LastKey) {
		words = `a string needs quotes: ice-pass = "…"`
	}
	return Mistake{place(path, line), "not TOML: " + words}
}

// secretKey finds the keys of passwords and the like.
var secretKey = regexp.MustCompile("pass|secret|token|header|field")

func sorted[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }
