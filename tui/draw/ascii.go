package draw

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// UseASCII makes the theme draw with ASCII only, and returns it. What is drawn must pass through [Theme.Ship] then.
func (t *Theme) UseASCII() *Theme {
	t.Glyphs, t.ascii = ASCII, true
	return t
}

// Ship is the last step of a frame. In a theme of ASCII it replaces what is left beyond it: punctuation and symbols of
// dialtone by the most similar ones, everything else, which peers and servers sent, by a question mark per column.
func (t *Theme) Ship(frame string) string {
	if !t.ascii || isASCII(frame) {
		return frame
	}
	var b strings.Builder
	b.Grow(len(frame))
	for len(frame) > 0 {
		if c := frame[0]; c >= 0x20 && c < 0x80 && (len(frame) == 1 || frame[1] < 0x80) {
			b.WriteByte(c)
			frame = frame[1:]
			continue
		}
		if frame[0] < 0x20 { // an escape sequence, whose end is no letter that marks belong to
			sequence, _, n, _ := ansi.DecodeSequence(frame, 0, nil)
			b.WriteString(sequence)
			frame = frame[n:]
			continue
		}
		cluster, width := ansi.FirstGraphemeCluster(frame, ansi.GraphemeWidth)
		b.WriteString(plainLook(cluster, width))
		frame = frame[len(cluster):]
	}
	return b.String()
}

// looks are the replacements of single characters.
var looks = map[rune]byte{
	'…': '~', '§': 'S', '–': '-', '—': '-', '‘': '\'', '’': '\'', '“': '"', '”': '"', '•': '*', '·': '|', '×': 'x',
	'÷': '/', '±': '~', '−': '-', '≈': '~', '≠': '#', '≤': '<', '≥': '>', 'µ': 'u', 'μ': 'u', '°': 'o', '⇄': '=',
	'↔': '=', '←': '<', '→': '>', '↑': '^', '↓': 'v', '↵': '>', '⏎': '>', '✓': '+', '✔': '+', '✗': 'X',
	'✘': 'X', '▶': '>', '▷': '>', '▸': '>', '◀': '<', '◁': '<', '◂': '<', '▲': '!', '△': '^', '▴': '^',
	'▼': 'v', '▽': 'v', '▾': 'v', '●': '*', '○': 'o', '◐': '+', '◆': '*', '◇': 'o', '─': '-', '━': '-',
	'═': '=', '│': '|', '┃': '|', '║': '|', '╱': '/', '╲': '\\', '╎': '|', '╌': '-', '┊': '|', '┈': '.',
	'░': ':', '▒': '%', '▓': '%', '▏': '|', '▎': '|', '▍': '|',
}

// plainLook is what stands for a grapheme of so many columns.
func plainLook(cluster string, width int) string {
	runes := []rune(cluster)
	if c, ok := looks[runes[0]]; ok && width == 1 {
		return string(rune(c))
	}
	switch r := runes[0]; {
	case r < 0x80 && width > 0: // a letter with marks
		return string(r) + strings.Repeat("?", width-1)
	case width != 1:
	case r >= 0x2500 && r <= 0x257f: // corners and crossings
		return "+"
	case r >= 0x2580 && r <= 0x259f: // blocks
		return "#"
	case r == 0x2800:
		return " "
	case r > 0x2800 && r <= 0x28ff: // braille
		return "."
	}
	return strings.Repeat("?", width)
}
