package diag

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Clean makes foreign text fit for a terminal, a log or a page: at most max bytes of valid UTF-8 on one line, without
// control characters, escape sequences' introducers, bidirectional overrides or other invisible format characters.
// A line break becomes a space, anything else unfit becomes U+FFFD; a cut is marked by "…".
func Clean(s string, max int) string {
	if isPlain(s) && len(s) <= max {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		r = fit(r)
		if b.Len()+utf8.RuneLen(r) > max {
			return cut(b.String(), max)
		}
		b.WriteRune(r)
	}
	return b.String()
}

// cut shortens s until a "…" fits behind it; nothing is left where not even that fits.
func cut(s string, max int) string {
	if max < len("…") {
		return ""
	}
	for len(s)+len("…") > max {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return s + "…"
}

// EscapeJSON escapes in a JSON document what a terminal could take for an order, or not show: control and format
// characters, bidirectional overrides, tags, unassigned code points. The document means the same.
func EscapeJSON(doc []byte) []byte {
	if !slices.ContainsFunc(doc, func(c byte) bool { return c > 0x7e }) { // JSON itself escapes those below 0x20
		return doc
	}
	out := make([]byte, 0, len(doc)+16)
	for len(doc) > 0 {
		r, size := utf8.DecodeRune(doc)
		switch {
		case r <= 0x7e || unicode.IsPrint(r) && r != utf8.RuneError:
			out = append(out, doc[:size]...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		doc = doc[size:]
	}
	return out
}

// WriteJSON writes a value in lines, each indented by so much a level, that a terminal may show.
func WriteJSON(w io.Writer, v any, indent string) error {
	raw, err := json.MarshalIndent(v, "", indent)
	if err != nil {
		return err
	}
	_, err = w.Write(append(EscapeJSON(raw), '\n'))
	return err
}

// fit replaces a rune that a terminal could take for an order. The zero-width joiner stays: emoji need it.
func fit(r rune) rune {
	switch {
	case r == '\n' || r == '\r' || r == '\t' || r == '\u2028' || r == '\u2029':
		return ' '
	case r == '\u200d':
		return r
	case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == utf8.RuneError:
		return utf8.RuneError
	}
	return r
}

// isPlain reports whether s is printable ASCII, the usual case, which needs no work.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}
