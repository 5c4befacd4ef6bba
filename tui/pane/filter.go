package pane

import (
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"dialtone/tui/draw"
)

// filter is what somebody types to find or to keep rows: words that must all stand in a row, whatever their case. A
// word with a minus before it must not stand there.
type filter struct {
	input  input
	typing bool
	keys   filterKeys
	words  []string // lower case
	not    []string
}

type filterKeys struct {
	Open, Keep, Clear key.Binding
}

func newFilter(verb string) filter {
	bind := func(k, help string) key.Binding { return key.NewBinding(key.WithKeys(k), key.WithHelp(k, help)) }
	return filter{keys: filterKeys{Open: bind("/", verb), Keep: bind("enter", "keep"), Clear: bind("esc", "clear")}}
}

// bindings are the keys of typing, while somebody types.
func (f *filter) bindings() []key.Binding { return []key.Binding{f.keys.Keep, f.keys.Clear} }

// active reports whether rows are left out.
func (f *filter) active() bool { return len(f.words)+len(f.not) > 0 }

// open begins typing.
func (f *filter) open() { f.typing = true }

// clear ends it and keeps all rows.
func (f *filter) clear() {
	f.input.reset()
	f.typing = false
	f.split()
}

// take applies a key while somebody types; false when it is for the list: arrows move there all the while.
func (f *filter) take(msg tea.KeyMsg) bool {
	switch {
	case key.Matches(msg, f.keys.Keep):
		f.typing = false
	case key.Matches(msg, f.keys.Clear):
		f.clear()
	case msg.Type == tea.KeyUp, msg.Type == tea.KeyDown, msg.Type == tea.KeyPgUp, msg.Type == tea.KeyPgDown:
		return false
	default:
		f.input.take(msg)
		f.split()
	}
	return true
}

// text is what was typed.
func (f *filter) text() string { return f.input.Text() }

func (f *filter) split() {
	f.words, f.not = nil, nil
	for _, w := range strings.Fields(lower(f.text())) {
		if rest, negated := strings.CutPrefix(w, "-"); !negated {
			f.words = append(f.words, w)
		} else if rest != "" {
			f.not = append(f.not, rest)
		}
	}
}

// keeps reports whether a row of this text is shown.
func (f *filter) keeps(text string) bool {
	for _, w := range f.words {
		if !contains(text, w) {
			return false
		}
	}
	for _, w := range f.not {
		if contains(text, w) {
			return false
		}
	}
	return true
}

// line is the typed text, or what is kept of it, with how much it leaves.
func (f *filter) line(th *draw.Theme, width int, count string) string {
	if f.typing {
		return f.input.prompted(th, "/", width, count)
	}
	l := draw.NewLine(width).Gap(1).Add(th.Accent, "/").Gap(1).Add(th.Plain, f.text())
	return l.Gap(3).Add(th.Dim, count).String()
}

// lower is strings.ToLower for ASCII; it keeps the length, so that places in the text stay the same.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// contains is strings.Contains for a word in lower case, without making a text of lower case.
func contains(text, word string) bool { return find(text, word) >= 0 }

func find(text, word string) int {
	if word == "" {
		return -1
	}
	for i := 0; i+len(word) <= len(text); i++ {
		if lowerByte(text[i]) == word[0] && startsWith(text[i:], word) {
			return i
		}
	}
	return -1
}

func startsWith(text, word string) bool {
	for i := range len(word) {
		if lowerByte(text[i]) != word[i] {
			return false
		}
	}
	return true
}

func lowerByte(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// highlight writes text with the words that were looked for in a paint of their own. The row is in the list because of
// them, so the paint says nothing that is not said otherwise.
func highlight(l *draw.Line, th *draw.Theme, paint draw.Paint, text string, words []string) *draw.Line {
	text = draw.Safe(text)
	for text != "" {
		at, length := -1, 0
		for _, w := range words {
			if i := find(text, w); i >= 0 && (at < 0 || i < at || i == at && len(w) > length) {
				at, length = i, len(w)
			}
		}
		if at < 0 {
			break
		}
		l.Add(paint, text[:at]).Add(th.Tab, text[at:at+length])
		text = text[at+length:]
	}
	return l.Add(paint, text)
}
