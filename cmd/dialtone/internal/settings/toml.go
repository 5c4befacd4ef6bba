package settings

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
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
	lines := toml.LinesOf(text)
	top := map[string]any{}
	var tables []tomlTable
	for _, name := range sorted(tree) {
		switch v := tree[name].(type) {
		case map[string]any:
			tables = append(tables, tableAt(lines, v, name))
		case []map[string]any:
			for i, one := range v {
				tables = append(tables, tableAt(lines, one, name, strconv.Itoa(i)))
			}
		default:
			top[name] = v
		}
	}
	if len(tables) > maxTables {
		return nil, fmt.Errorf("%s has more than %d tables", path, maxTables)
	}
	slices.SortStableFunc(tables, func(a, b tomlTable) int { return cmp.Compare(a.line, b.line) })
	return append([]tomlTable{tableAt(lines, top)}, tables...), nil
}

// tableAt is a table and where its keys stand. Those of an inline table have its line.
func tableAt(lines toml.Lines, entries map[string]any, path ...string) tomlTable {
	t := tomlTable{line: max(1, lines.Of(path))}
	if len(path) > 0 {
		t.name = path[0]
	}
	for _, key := range sorted(entries) {
		line := max(t.line, lines.Of(append(path[:len(path):len(path)], key)))
		t.keys = append(t.keys, tomlKey{key, line, entries[key]})
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
