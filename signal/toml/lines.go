package toml

import (
	"strconv"
	"strings"
)

// Lines are where keys stand, by their dotted path. The elements of an array of tables have their number in it, from 0:
// "request.1.url". Keys of an inline table or of a list have no line of their own.
type Lines map[string]int

// LinesOf notes the first line of each key and table. The text is one that Decode accepts.
func LinesOf(text string) Lines {
	out := Lines{}
	s := &scanner{text: text, line: 1}
	elements := map[string]int{}
	var table []string
	for s.i < len(s.text) {
		line := s.line
		switch parts, header, array := head(s.statement()); {
		case len(parts) == 0:
		case header:
			table = numbered(parts, elements, array)
			out.note(table, line)
		default:
			out.note(append(table[:len(table):len(table)], parts...), line)
		}
	}
	return out
}

// note keeps the first line of a key and of the tables that it implies.
func (l Lines) note(path []string, line int) {
	for n := range path {
		key := strings.Join(path[:n+1], ".")
		if l[key] == 0 {
			l[key] = line
		}
	}
}

// Of is the line of a key, else of the nearest table or list that it is in; 0 if that is unknown.
func (l Lines) Of(path []string) int {
	for n := len(path); n > 0; n-- {
		if line := l[strings.Join(path[:n], ".")]; line > 0 {
			return line
		}
	}
	return 0
}

// statement is the text up to the next line that does not continue a value.
func (s *scanner) statement() string {
	begin := s.i
	for s.i < len(s.text) {
		s.step()
		if s.text[s.i-1] == '\n' && s.depth <= 0 {
			break
		}
	}
	s.depth = 0
	return s.text[begin:s.i]
}

// numbered is the path of a table with the numbers of the arrays that it is in.
func numbered(parts []string, elements map[string]int, array bool) []string {
	var out []string
	for i, part := range parts {
		out = append(out, part)
		key := strings.Join(out, ".")
		if array && i == len(parts)-1 {
			elements[key]++
		}
		if n := elements[key]; n > 0 {
			out = append(out, strconv.Itoa(n-1))
		}
	}
	return out
}

// head reads what a statement begins with: [table], [[element]] or a key.
func head(statement string) (parts []string, header, array bool) {
	rest := strings.TrimLeft(statement, " \t\r\n")
	if rest, header = strings.CutPrefix(rest, "["); header {
		rest, array = strings.CutPrefix(rest, "[")
	}
	for {
		part := ""
		rest = strings.TrimLeft(rest, " \t")
		switch {
		case rest == "":
			return nil, false, false
		case rest[0] == '"' || rest[0] == '\'':
			end := strings.IndexByte(rest[1:], rest[0])
			if end < 0 {
				return nil, false, false
			}
			part, rest = rest[1:1+end], rest[end+2:]
		default:
			end := strings.IndexFunc(rest, func(c rune) bool { return !isBare(c) })
			if end <= 0 {
				return nil, false, false
			}
			part, rest = rest[:end], rest[end:]
		}
		parts = append(parts, part)
		rest = strings.TrimLeft(rest, " \t")
		more := false
		if rest, more = strings.CutPrefix(rest, "."); !more {
			return parts, header, array
		}
	}
}

// isBare reports whether a key without quotes may have the character.
func isBare(c rune) bool {
	return c == '-' || c == '_' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}
