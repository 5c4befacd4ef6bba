package toml

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"dialtone/diag"
)

// MistakeError is what is wrong in a file, and where.
type MistakeError struct {
	Line int    // 0 if it is not about a line
	Key  string // "" if it is not about a key
	Text string
}

// Error is "line 3: url: unknown key".
func (m MistakeError) Error() string {
	text := m.Text
	if m.Key != "" {
		text = m.Key + ": " + text
	}
	if m.Line > 0 {
		text = fmt.Sprintf("line %d: %s", m.Line, text)
	}
	return text
}

// MaxMistakes bounds how many mistakes of a file are noted.
const MaxMistakes = 20

// Check decodes a text into the struct that v points to, and returns what keeps it from that, all of it at once unless
// it is no TOML: keys that the struct does not have, and values of another type. The lines are for further mistakes.
func Check(text string, v any) (Lines, []MistakeError) {
	var tree map[string]any
	if _, err := Decode(text, &tree); err != nil {
		return nil, []MistakeError{syntax(err)}
	}
	c := checker{lines: LinesOf(text)}
	c.value(tree, reflect.TypeOf(v).Elem(), nil)
	if len(c.found) == 0 {
		if _, err := Decode(text, v); err != nil {
			c.found = append(c.found, syntax(err))
		}
	}
	slices.SortStableFunc(c.found, func(a, b MistakeError) int { return cmp.Compare(a.Line, b.Line) })
	return c.lines, c.found
}

func syntax(err error) MistakeError {
	var over *LimitError
	var parse ParseError
	switch {
	case errors.As(err, &over):
		return MistakeError{Line: over.Line, Text: over.Text}
	case errors.As(err, &parse):
		return MistakeError{Line: parse.Position.Line, Text: "not TOML: " + parse.Message}
	}
	return MistakeError{Text: "not TOML: " + err.Error()}
}

// checker compares a tree with a type.
type checker struct {
	lines Lines
	found []MistakeError
}

func (c *checker) add(path []string, format string, args ...any) {
	if len(c.found) < MaxMistakes {
		c.found = append(c.found, MistakeError{c.lines.Of(path), Name(path), fmt.Sprintf(format, args...)})
	}
}

// Name is a path without the numbers of elements.
func Name(path []string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(path), func(part string) bool {
		_, err := strconv.Atoi(part)
		return err == nil
	}), ".")
}

func (c *checker) value(v any, t reflect.Type, path []string) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		table, ok := v.(map[string]any)
		if !ok {
			c.add(path, "it is %s, not a table", kind(v))
			return
		}
		c.table(table, t, path)
	case reflect.Slice:
		list, ok := elements(v)
		if !ok {
			c.add(path, "it is %s, not a list", kind(v))
			return
		}
		for i, one := range list {
			c.value(one, t.Elem(), append(path[:len(path):len(path)], strconv.Itoa(i)))
		}
	case reflect.String:
		if _, ok := v.(string); !ok {
			c.add(path, "it is %s, not a text in quotes", kind(v))
		}
	case reflect.Int:
		if _, ok := v.(int64); !ok {
			c.add(path, "it is %s, not a whole number", kind(v))
		}
	case reflect.Bool:
		if _, ok := v.(bool); !ok {
			c.add(path, "it is %s, not true or false", kind(v))
		}
	default: // any value
	}
}

func (c *checker) table(v map[string]any, t reflect.Type, path []string) {
	fields := map[string]reflect.Type{}
	if t.Kind() == reflect.Struct {
		for field := range t.Fields() {
			if name := field.Tag.Get("toml"); name != "" {
				fields[name] = field.Type
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(v)) {
		at := append(path[:len(path):len(path)], key)
		switch of, known := fields[key]; {
		case t.Kind() == reflect.Map:
			c.value(v[key], t.Elem(), at)
		case !known:
			c.add(at, "unknown key%s", meant(key, slices.Sorted(maps.Keys(fields))))
		default:
			c.value(v[key], of, at)
		}
	}
}

// meant names the key that a misspelt one is most like, or all that there are.
func meant(word string, keys []string) string {
	if near := diag.Nearest(word, keys); len(near) > 0 {
		return "; did you mean " + near[0] + "?"
	}
	return "; the keys here are " + strings.Join(keys, ", ")
}

// elements are those of a list or of an array of tables.
func elements(v any) ([]any, bool) {
	switch v := v.(type) {
	case []any:
		return v, true
	case []map[string]any:
		var out []any
		for _, one := range v {
			out = append(out, one)
		}
		return out, true
	}
	return nil, false
}

// kind names the type of a value.
func kind(v any) string {
	switch v.(type) {
	case string:
		return "a text"
	case int64:
		return "a whole number"
	case float64:
		return "a number"
	case bool:
		return "true or false"
	case map[string]any:
		return "a table"
	case []any, []map[string]any:
		return "a list"
	}
	return "a date or time"
}
