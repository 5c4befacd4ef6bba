// Package scan reads a JSON document as it comes, within bounds.
package scan

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Scanner reads one JSON document as it comes, so that a large one takes no more memory than what is kept of it. Unlike
// encoding/json it bounds each string while it is read.
type Scanner struct {
	r     *bufio.Reader
	at    int64 // bytes read
	depth int
	Long  int // strings that were cut
	Odd   int // values that should have been objects or arrays

	Broken int // line ends within strings, which JSON does not have
}

// maxDepth is how deep values may be nested.
const maxDepth = 64

// maxName is how many bytes of a member's name are read.
const maxName = 300

// Errors of reading.
var (
	ErrSyntax = errors.New("it is not JSON")
	ErrLong   = errors.New("the value is too long")

	errDepth = errors.New("its values are nested too deep")
)

// New reads a document.
func New(r io.Reader) *Scanner { return &Scanner{r: bufio.NewReaderSize(r, 256<<10)} }

// byte reads one; the end of the file is unexpected wherever this is called.
func (s *Scanner) byte() (byte, error) {
	c, err := s.r.ReadByte()
	if err != nil {
		return 0, unexpected(err)
	}
	s.at++
	return c, nil
}

// unexpected is an error of reading where the file must not end.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (s *Scanner) unread() {
	if s.r.UnreadByte() == nil {
		s.at--
	}
}

// Next reads the first byte that is no white space.
func (s *Scanner) Next() (byte, error) {
	for {
		c, err := s.byte()
		if err != nil || c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return c, err
		}
	}
}

// Peek is what Next will read.
func (s *Scanner) Peek() (byte, error) {
	c, err := s.Next()
	if err == nil {
		s.unread()
	}
	return c, err
}

func (s *Scanner) syntax(got byte, want string) error {
	return fmt.Errorf("%w: %q at byte %d where %s is expected", ErrSyntax, got, s.at, want)
}

// Object calls member with the name of each member; it must read the value. Where a value is no object, it is skipped.
func (s *Scanner) Object(member func(name string) error) error {
	return s.list('{', '}', func() error {
		name, err := s.Text(maxName)
		if err != nil {
			return err
		}
		switch c, err := s.Next(); {
		case err != nil:
			return err
		case c != ':':
			return s.syntax(c, "a colon")
		}
		return member(name)
	})
}

// Array calls element for each element; it must read it. Where a value is no array, it is skipped.
func (s *Scanner) Array(element func() error) error { return s.list('[', ']', element) }

func (s *Scanner) list(open, end byte, one func() error) error {
	c, err := s.Peek()
	if err != nil {
		return err
	}
	if c != open {
		if c != 'n' { // null
			s.Odd++
		}
		return s.Skip()
	}
	if s.depth++; s.depth > maxDepth {
		return errDepth
	}
	defer func() { s.depth-- }()
	_, _ = s.Next()
	for first := true; ; first = false {
		c, err := s.Next()
		switch {
		case err != nil:
			return err
		case c == end:
			return nil
		case first:
			s.unread()
		case c != ',':
			return s.syntax(c, "a comma")
		}
		if err := one(); err != nil {
			return err
		}
	}
}

// Text reads a string; what exceeds the limit is left out. A value of another kind gives "".
func (s *Scanner) Text(limit int) (string, error) {
	c, err := s.Next()
	if err != nil {
		return "", err
	}
	if c != '"' {
		s.unread()
		return "", s.Skip()
	}
	keep := keeper{limit: 6*limit + 2, cut: true} // escapes take up to six bytes for one
	if err := s.rawString(&keep); err != nil {
		return "", err
	}
	if !keep.long {
		keep.bytes = keep.bytes[:len(keep.bytes)-1] // the quote
	}
	plain := string(unescape(keep.bytes))
	if len(plain) > limit {
		s.Long++
		plain = strings.ToValidUTF8(plain[:limit], "")
	}
	return plain, nil
}

// unescape decodes the inside of a string; what is no escape stays as it is.
func unescape(in []byte) []byte {
	if bytes.IndexByte(in, '\\') < 0 {
		return in
	}
	out := make([]byte, 0, len(in))
	for i := 0; i < len(in); i++ {
		if in[i] != '\\' || i+1 == len(in) {
			out = append(out, in[i])
			continue
		}
		i++
		if plain, ok := escapes[in[i]]; ok {
			out = append(out, plain)
			continue
		}
		if in[i] != 'u' {
			out = append(out, in[i])
			continue
		}
		r, n := unicodeEscape(in[i+1:])
		out, i = utf8.AppendRune(out, r), i+n
	}
	return out
}

var escapes = map[byte]byte{'n': '\n', 'r': '\r', 't': '\t', 'b': '\b', 'f': '\f', '"': '"', '\\': '\\', '/': '/'}

// unicodeEscape decodes what follows \u, a second half included, and says how many bytes that is.
func unicodeEscape(in []byte) (rune, int) {
	first, ok := hex4(in)
	if !ok {
		return utf8.RuneError, 0
	}
	if utf16.IsSurrogate(first) && len(in) >= 10 && in[4] == '\\' && in[5] == 'u' {
		if second, ok := hex4(in[6:]); ok {
			if r := utf16.DecodeRune(first, second); r != utf8.RuneError {
				return r, 10
			}
		}
	}
	return first, 4
}

func hex4(in []byte) (rune, bool) {
	if len(in) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range in[:4] {
		switch {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// Skip reads a value and keeps nothing.
func (s *Scanner) Skip() error {
	_, err := s.Raw(-1)
	return err
}

// Raw reads a value as it is. One that is longer than the limit is skipped and gives ErrLong; with a negative limit
// nothing is kept.
func (s *Scanner) Raw(limit int) ([]byte, error) {
	c, err := s.Next()
	if err != nil {
		return nil, err
	}
	keep := keeper{limit: limit}
	keep.add(c)
	switch {
	case c == '"':
		err = s.rawString(&keep)
	case c == '{' || c == '[':
		err = s.rawNested(&keep)
	case c == ',' || c == ':' || c == '}' || c == ']':
		return nil, s.syntax(c, "a value")
	default:
		err = s.rawScalar(&keep)
	}
	if err == nil && keep.long {
		s.Long++
		err = ErrLong
	}
	return keep.bytes, err
}

// keeper keeps bytes up to a limit.
type keeper struct {
	bytes []byte
	limit int
	cut   bool // what is too long is cut, and not dropped
	long  bool
}

func (k *keeper) add(part ...byte) {
	switch {
	case k.limit < 0 || k.long:
	case len(k.bytes)+len(part) > k.limit:
		if k.long = true; k.cut {
			k.bytes = append(k.bytes, part[:k.limit-len(k.bytes)]...)
			return
		}
		k.bytes = nil
	default:
		k.bytes = append(k.bytes, part...)
	}
}

// rawString reads the rest of a string.
func (s *Scanner) rawString(k *keeper) error {
	backslashes := 0 // at the end of what was read
	for {
		part, err := s.r.ReadSlice('"')
		s.at += int64(len(part))
		s.Broken += bytes.Count(part, []byte("\n"))
		k.add(part...)
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return unexpected(err)
		}
		body := part
		if err == nil {
			body = part[:len(part)-1]
		}
		trailing := len(body) - len(bytes.TrimRight(body, `\`))
		if trailing == len(body) {
			trailing += backslashes
		}
		if err == nil && trailing%2 == 0 {
			return nil
		}
		if backslashes = trailing; err == nil {
			backslashes = 0 // the quote ended the row
		}
	}
}

// rawNested reads the rest of an object or an array.
func (s *Scanner) rawNested(k *keeper) error {
	for depth := 1; depth > 0; {
		c, err := s.byte()
		if err != nil {
			return err
		}
		k.add(c)
		switch c {
		case '"':
			err = s.rawString(k)
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if err != nil {
			return err
		}
		if depth+s.depth > maxDepth {
			return errDepth
		}
	}
	return nil
}

// rawScalar reads the rest of a number or a word.
func (s *Scanner) rawScalar(k *keeper) error {
	for {
		c, err := s.r.ReadByte()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch c {
		case ',', '}', ']', ' ', '\n', '\r', '\t', ':', '"', '{', '[':
			return s.r.UnreadByte()
		}
		s.at++
		k.add(c)
	}
}
