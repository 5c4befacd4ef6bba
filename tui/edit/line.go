// Package edit is a line of text with a cursor, for messages, filters and forms.
package edit

import (
	"unicode"

	tea "github.com/charmbracelet/bubbletea"

	"dialtone/tui/draw"
)

// MaxText is how many characters one line may have.
const MaxText = 1000

// Line is a line of text while it is typed. Its cursor does not blink: nothing is drawn while nothing happens. The
// zero value is an empty line.
type Line struct {
	text []rune
	at   int // the cursor: before text[at]
}

// Of returns a line with that text, the cursor behind it.
func Of(text string) Line {
	var in Line
	in.insert([]rune(text))
	return in
}

// Text is what was typed.
func (in *Line) Text() string { return string(in.text) }

// Take applies a key; false when the key means nothing to a line of text.
func (in *Line) Take(msg tea.KeyMsg) bool {
	switch msg.String() {
	case "left", "ctrl+b":
		in.at = max(in.at-1, 0)
	case "right", "ctrl+f":
		in.at = min(in.at+1, len(in.text))
	case "home", "ctrl+a":
		in.at = 0
	case "end", "ctrl+e":
		in.at = len(in.text)
	case "backspace", "ctrl+h":
		in.remove(in.at-1, in.at)
	case "delete", "ctrl+d":
		in.remove(in.at, in.at+1)
	case "ctrl+w":
		in.remove(in.wordStart(), in.at)
	case "ctrl+u":
		in.remove(0, in.at)
	case "ctrl+k":
		in.remove(in.at, len(in.text))
	default:
		if msg.Type != tea.KeyRunes && msg.Type != tea.KeySpace || msg.Alt {
			return false
		}
		in.insert(msg.Runes)
	}
	return true
}

// insert puts characters at the cursor; line breaks and tabs of something pasted become spaces.
func (in *Line) insert(runes []rune) {
	for _, r := range runes {
		if unicode.IsSpace(r) {
			r = ' '
		}
		if len(in.text) >= MaxText || unicode.IsControl(r) {
			continue
		}
		in.text = append(in.text[:in.at], append([]rune{r}, in.text[in.at:]...)...)
		in.at++
	}
}

func (in *Line) remove(from, to int) {
	from, to = max(from, 0), min(to, len(in.text))
	if from < to {
		in.text = append(in.text[:from], in.text[to:]...)
		in.at = from
	}
}

func (in *Line) wordStart() int {
	i := in.at
	for i > 0 && in.text[i-1] == ' ' {
		i--
	}
	for i > 0 && in.text[i-1] != ' ' {
		i--
	}
	return i
}

// Reset empties the line and returns what it held.
func (in *Line) Reset() string {
	text := string(in.text)
	in.text, in.at = nil, 0
	return text
}

// View draws the part of the text around the cursor that fits into width columns.
func (in *Line) View(th *draw.Theme, width int) string { return in.Row(th, width).String() }

// Row is the same as a row, to which more can be added.
func (in *Line) Row(th *draw.Theme, width int) *draw.Line {
	from := in.at
	for w := 0; from > 0; from-- {
		if w += draw.Width(string(in.text[from-1])); w > max(width-5, 1) {
			break
		}
	}
	l := draw.NewLine(width).Add(th.Plain, string(in.text[from:in.at]))
	return l.Add(th.Accent, th.Glyphs.Bar[0]).Add(th.Plain, string(in.text[in.at:]))
}
