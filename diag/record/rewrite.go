package record

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// rewrite returns the JSON document doc with each member name replaced by the result of key, and each string that is a
// value or in an array by the result of value, which also gets the member name. Everything else stays the same, byte
// for byte: order, numbers, the spelling of strings that do not change. doc must be valid.
func rewrite(doc []byte, key func(string) string, value func(key, s string) string) []byte {
	out := make([]byte, 0, len(doc)+16)
	name := ""
	for i := 0; i < len(doc); {
		if doc[i] != '"' {
			next := bytes.IndexByte(doc[i:], '"')
			if next < 0 {
				next = len(doc) - i
			}
			out = append(out, doc[i:i+next]...)
			i += next
			continue
		}
		end := stringEnd(doc, i)
		literal := doc[i:end]
		text := unquote(literal)
		replaced := ""
		if isName(doc[end:]) {
			name = text
			replaced = key(text)
		} else {
			replaced = value(name, text)
		}
		if replaced != text {
			literal = quote(replaced)
		}
		out = append(out, literal...)
		i = end
	}
	return out
}

// stringEnd returns the index after the string literal that begins at i.
func stringEnd(doc []byte, i int) int {
	for i++; i < len(doc); i++ {
		switch doc[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(doc)
}

// isName reports whether the string before rest names a member.
func isName(rest []byte) bool {
	rest = bytes.TrimLeft(rest, " \t\r\n")
	return len(rest) > 0 && rest[0] == ':'
}

func unquote(literal []byte) string {
	if len(literal) < 2 {
		return "" // doc was not valid
	}
	if inner := literal[1 : len(literal)-1]; bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return string(inner)
	}
	var s string
	if json.Unmarshal(literal, &s) != nil {
		return "" // doc was not valid
	}
	return s
}

func quote(s string) []byte {
	literal, err := json.Marshal(s)
	if err != nil {
		return []byte(`""`) // strings always marshal
	}
	return literal
}
