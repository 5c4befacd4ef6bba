// Package charset makes UTF-8 of a dump: editors of Windows write UTF-16.
package charset

import (
	"bufio"
	"bytes"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// UTF8 is a file as UTF-8 without a mark of its order of bytes.
func UTF8(in *bufio.Reader) *bufio.Reader {
	mark, _ := in.Peek(3)
	utf16 := func(e unicode.Endianness, policy unicode.BOMPolicy) *bufio.Reader {
		return bufio.NewReaderSize(transform.NewReader(in, unicode.UTF16(e, policy).NewDecoder()), 64<<10)
	}
	switch {
	case bytes.HasPrefix(mark, []byte("\xff\xfe")), bytes.HasPrefix(mark, []byte("\xfe\xff")):
		return utf16(unicode.LittleEndian, unicode.ExpectBOM)
	case len(mark) == 3 && mark[1] == 0 && begins(mark[0]):
		return utf16(unicode.LittleEndian, unicode.IgnoreBOM) // the mark was cut off
	case len(mark) == 3 && mark[0] == 0 && begins(mark[1]):
		return utf16(unicode.BigEndian, unicode.IgnoreBOM)
	case bytes.Equal(mark, []byte("\xef\xbb\xbf")):
		_, _ = in.Discard(len(mark)) // it was read already
	}
	return in
}

// begins reports whether dumps begin with this character.
func begins(c byte) bool { return bytes.IndexByte([]byte("{[<R"), c) >= 0 }
