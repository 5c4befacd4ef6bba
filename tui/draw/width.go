package draw

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// Width is how many columns s takes; escape sequences take none. It answers at once for what a screen is mostly made
// of: ASCII, our own glyphs and colors. Anything else is left to the segmentation of graphemes.
func Width(s string) int {
	n := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c < 0x7f {
			n++
			i++
			continue
		}
		if c == 0x1b {
			end := strings.IndexByte(s[i:], 'm')
			if end < 0 || !isColor(s[i:i+end]) {
				return ansi.StringWidth(s)
			}
			i += end + 1
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if !isSimple(r) {
			return ansi.StringWidth(s)
		}
		n++
		i += size
	}
	return n
}

// isColor reports whether s is the beginning of an SGR sequence, up to its final byte.
func isColor(s string) bool {
	if len(s) < 2 || s[1] != '[' {
		return false
	}
	for i := 2; i < len(s); i++ {
		if c := s[i]; (c < '0' || c > '9') && c != ';' {
			return false
		}
	}
	return true
}

// isSimple reports whether r takes one column, whatever stands beside it.
func isSimple(r rune) bool {
	switch {
	case r >= 0x2500 && r < 0x25fd, // lines, blocks, geometric shapes
		r >= 0x2190 && r <= 0x21ff, // arrows
		r >= 0x2800 && r <= 0x28ff, // braille: the spinner
		r >= 0x2010 && r <= 0x2027, // dashes, quotes, the ellipsis
		r > 0xad && r <= 0x17f,     // Latin letters
		r == '✗':
		return true
	}
	return false
}
