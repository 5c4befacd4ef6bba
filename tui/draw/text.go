package draw

import (
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"

	"dialtone/diag"
)

// maxText is how many bytes of one piece of text are looked at: a line of 300 columns has no more.
const maxText = 1536

const zeroWidthJoiner = '\u200d'

// Safe makes foreign text fit for a line of known width: [diag.Clean] takes out what a terminal could obey, and what
// terminals disagree about in width is made plain. Of joined emoji the first is kept, variation selectors and skin
// tones are dropped, flags become their two letters, and at most two marks are stacked upon a character.
func Safe(s string) string {
	s = diag.Clean(s, maxText)
	if isASCII(s) {
		return s
	}
	var b strings.Builder
	marks, joined := 0, false
	for _, r := range s {
		switch {
		case r == zeroWidthJoiner:
			joined = true
		case isModifier(r):
		case joined:
			joined = false
		case r >= 0x1F1E6 && r <= 0x1F1FF:
			b.WriteRune('A' + r - 0x1F1E6)
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Mc):
			if marks++; marks <= 2 && b.Len() > 0 && unicode.Is(unicode.Mn, r) {
				b.WriteRune(r)
			}
		default:
			marks = 0
			b.WriteRune(r)
		}
	}
	return b.String()
}

// isModifier reports whether r only changes how the character before it looks.
func isModifier(r rune) bool {
	return r >= 0xFE00 && r <= 0xFE0F || r >= 0xE0100 && r <= 0xE01EF || r >= 0x1F3FB && r <= 0x1F3FF
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// Truncate cuts s to at most width columns, escape sequences kept, and marks the cut.
func Truncate(s string, width int) string {
	if width <= 0 {
		return ""
	}
	if Width(s) <= width {
		return s
	}
	return ansi.Truncate(s, width, Unicode.More)
}

// fitting joins as many of the parts as fit into width columns; none when not even the first fits.
func fitting(parts []string, separator string, width int) string {
	for n := len(parts); n > 0; n-- {
		if text := strings.Join(parts[:n], separator); Width(Safe(text)) <= width {
			return text
		}
	}
	return ""
}

// Pad fills s with spaces on its right up to width columns.
func Pad(s string, width int) string {
	return s + Spaces(width-Width(s))
}

// Spaces returns n spaces; none for a negative n.
func Spaces(n int) string { return strings.Repeat(" ", max(n, 0)) }

// Wrap breaks text (made [Safe]) at spaces into lines of at most width columns; a command's flags stay whole. Words
// longer than a line are broken. It returns no line for empty text.
func Wrap(text string, width int) []string {
	if width <= 0 {
		return nil
	}
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(Safe(text)) {
		if line != "" && Width(line)+1+Width(word) <= width {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for Width(word) > width {
			head := ansi.Truncate(word, width, "")
			if head == "" { // a wide character in a narrow column
				return lines
			}
			lines, word = append(lines, head), word[len(head):]
		}
		line = word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// Clamp makes a block exactly fit into width × height at most: longer lines are cut, further lines are left out.
func Clamp(lines []string, width, height int) []string {
	lines = lines[:min(len(lines), max(height, 0))]
	for i, l := range lines {
		lines[i] = Truncate(l, width)
	}
	return lines
}

// Beside puts two blocks next to each other, the right one from column at on.
func Beside(left, right []string, at int) []string {
	out := make([]string, max(len(left), len(right)))
	for i := range out {
		l, r := "", ""
		if i < len(left) {
			l = Truncate(left[i], at-1)
		}
		if i < len(right) {
			r = right[i]
		}
		if r != "" {
			l = Pad(l, at)
		}
		out[i] = l + r
	}
	return out
}

// Line is one row of the screen while it is written from left to right. What does not fit is cut and marked.
type Line struct {
	b     strings.Builder
	width int
	limit int
}

// NewLine begins a row of at most limit columns.
func NewLine(limit int) *Line { return &Line{limit: limit} }

// Row is a line of text behind an indent.
func Row(width, indent int, p Paint, text string) string {
	return NewLine(width).Gap(indent).Add(p, text).String()
}

// Add writes text, made [Safe], in the paint.
func (l *Line) Add(p Paint, text string) *Line {
	text = Truncate(Safe(text), l.limit-l.width)
	l.b.WriteString(p.wrap(text))
	l.width += Width(text)
	return l
}

// Gap leaves n columns free.
func (l *Line) Gap(n int) *Line { return l.To(l.width + n) }

// To leaves free what is missing up to column col; it does nothing when the line is there already.
func (l *Line) To(col int) *Line {
	n := max(min(col, l.limit)-l.width, 0)
	l.b.WriteString(Spaces(n))
	l.width += n
	return l
}

// Append writes another row behind this one, when it fits as a whole.
func (l *Line) Append(other *Line) *Line {
	if l.width+other.width <= l.limit {
		l.b.WriteString(other.b.String())
		l.width += other.width
	}
	return l
}

// Right writes another row at the right edge, when it fits with two columns between.
func (l *Line) Right(other *Line) *Line {
	if other.width == 0 || l.width+2+other.width > l.limit {
		return l
	}
	return l.To(l.limit - other.width).Append(other)
}

// Note writes text at the right edge, one column away from it, when it fits.
func (l *Line) Note(p Paint, text string) *Line {
	if text == "" {
		return l
	}
	return l.Right(NewLine(l.limit).Add(p, text).Gap(1))
}

// Width is how many columns are written.
func (l *Line) Width() int { return l.width }

// Room is how many columns are left.
func (l *Line) Room() int { return l.limit - l.width }

// String is the row with its escape sequences.
func (l *Line) String() string { return l.b.String() }
