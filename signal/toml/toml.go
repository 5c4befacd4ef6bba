// Package toml decodes TOML files whose author may be hostile. The cost of the decoder grows with the square of the
// depth of tables and keys, so this package limits them first.
package toml

import (
	"fmt"
	"strings"

	"github.com/BurntSushi/toml"
)

// Bounds of a file.
const (
	MaxSize  = 256 << 10 // bytes
	maxDepth = 16        // of tables and lists inside each other
	maxParts = 16        // of a dotted key
	maxKey   = 512       // bytes of a dotted key
)

// ParseError has the line of a mistake and the decoder's words.
type ParseError = toml.ParseError

// MetaData lists the keys of a file.
type MetaData = toml.MetaData

// LimitError says which bound a file exceeds.
type LimitError struct {
	Line int
	Text string
}

// Error has no line: not all files have one that is worth naming.
func (e *LimitError) Error() string { return e.Text }

// Decode reads a file into v, as the decoder of that name does. The error is a [*LimitError] or a [ParseError].
func Decode(text string, v any) (MetaData, error) {
	if err := limit(text); err != nil {
		return MetaData{}, err
	}
	return toml.Decode(text, v)
}

// scanner walks over a text outside of its strings and comments.
type scanner struct {
	text   string
	i      int // of the next byte
	line   int // from 1
	begun  int // where the key began
	dots   int // of the key
	depth  int // of brackets
	header bool
	value  bool // what follows a = in the line
}

// limit reports what would make the decoder slow. It reads a text once, and what it cannot understand the decoder
// rejects at the same place.
func limit(text string) error {
	if len(text) > MaxSize {
		return &LimitError{1, fmt.Sprintf("the file is larger than %d bytes", MaxSize)}
	}
	s := &scanner{text: text, line: 1}
	for s.i < len(s.text) {
		if err := s.step(); err != "" {
			return &LimitError{s.line, err}
		}
	}
	return nil
}

// step takes the next byte, string or comment, and says what is too much.
func (s *scanner) step() string {
	c := s.text[s.i]
	s.i++
	switch c {
	case '#':
		s.i += max(0, strings.IndexByte(s.text[s.i:]+"\n", '\n'))
	case '"', '\'':
		s.str(c)
	case '\n':
		s.line++
		s.key()
		s.header, s.value = false, false
	case ',':
		s.key()
	case '[', '{':
		return s.open(c)
	case ']', '}':
		s.depth--
		return s.closeKey(s.header)
	case '=':
		problem := s.closeKey(true)
		s.key()
		s.value = true
		return problem
	case '.':
		if s.dots++; s.dots >= maxParts {
			return fmt.Sprintf("a key has more than %d parts", maxParts)
		}
	}
	return ""
}

// key begins a key, or a value, in which no dots count.
func (s *scanner) key() { s.begun, s.dots = s.i, 0 }

func (s *scanner) open(c byte) string {
	if c == '[' && s.depth == 0 && !s.value && strings.TrimSpace(s.text[s.begun:s.i-1]) == "" {
		s.header = true
	}
	if s.depth++; s.depth > maxDepth {
		return fmt.Sprintf("tables or lists are inside each other more than %d times", maxDepth)
	}
	if c == '{' {
		s.key()
	}
	return ""
}

func (s *scanner) closeKey(isKey bool) string {
	if isKey && s.i-s.begun > maxKey {
		return fmt.Sprintf("a key has more than %d bytes", maxKey)
	}
	return ""
}

// str skips a string whose first quote has been read. One of one line ends with the line at the latest: the decoder
// rejects it there.
func (s *scanner) str(quote byte) {
	q := string(quote)
	if strings.HasPrefix(s.text[s.i:], q+q) {
		s.i += 2
		s.longStr(quote)
		return
	}
	for s.i < len(s.text) && s.text[s.i] != quote && s.text[s.i] != '\n' {
		if quote == '"' && s.text[s.i] == '\\' && s.i+1 < len(s.text) && s.text[s.i+1] != '\n' {
			s.i++
		}
		s.i++
	}
	if s.i < len(s.text) && s.text[s.i] == quote {
		s.i++
	}
}

// longStr skips a string of several lines, which up to two quotes may precede the end of.
func (s *scanner) longStr(quote byte) {
	end := strings.Repeat(string(quote), 3)
	for s.i < len(s.text) && !strings.HasPrefix(s.text[s.i:], end) {
		switch {
		case s.text[s.i] == '\n':
			s.line++
		case quote == '"' && s.text[s.i] == '\\' && s.i+1 < len(s.text) && s.text[s.i+1] != '\n':
			s.i++
		}
		s.i++
	}
	s.i = min(s.i+3, len(s.text))
	for range 2 {
		if s.i < len(s.text) && s.text[s.i] == quote {
			s.i++
		}
	}
}
