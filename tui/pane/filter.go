package pane

import (
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"dialtone/tui/draw"
	"dialtone/tui/edit"
)

// filter is typed text that finds rows, or keeps only some: words that must all be in a row, in upper or lower case. A
// word with a minus before it must not be in it.
type filter struct {
	input  edit.Line
	typing bool
	keys   filterKeys
	words  []string // lower case
	not    []string
}

type filterKeys struct {
	Open, Keep, Clear key.Binding
}

func newFilter(verb string) filter {
	return filter{keys: filterKeys{Open: bind(verb, "/"), Keep: bind("keep", "enter"), Clear: bind("clear", "esc")}}
}

// bindings are the keys of typing.
func (f *filter) bindings() []key.Binding { return []key.Binding{f.keys.Keep, f.keys.Clear} }

// active reports whether rows are left out.
func (f *filter) active() bool { return len(f.words)+len(f.not) > 0 }

// open begins typing.
func (f *filter) open() { f.typing = true }

// clear ends it and keeps all rows.
func (f *filter) clear() {
	f.input.Reset()
	f.typing = false
	f.split()
}

// take applies a key while typing; false when it is for the list: arrows move there all the while.
func (f *filter) take(msg tea.KeyMsg) bool {
	switch {
	case key.Matches(msg, f.keys.Keep):
		f.typing = false
	case key.Matches(msg, f.keys.Clear):
		f.clear()
	case msg.Type == tea.KeyUp, msg.Type == tea.KeyDown, msg.Type == tea.KeyPgUp, msg.Type == tea.KeyPgDown:
		return false
	default:
		f.input.Take(msg)
		f.split()
	}
	return true
}

func (f *filter) split() {
	f.words, f.not = nil, nil
	for w := range strings.FieldsSeq(lower(f.input.Text())) {
		if rest, negated := strings.CutPrefix(w, "-"); !negated {
			f.words = append(f.words, w)
		} else if rest != "" {
			f.not = append(f.not, rest)
		}
	}
}

// keeps reports whether a row is shown; its text is [lower].
func (f *filter) keeps(text string) bool {
	holds := func(w string) bool { return strings.Contains(text, w) }
	return !slices.ContainsFunc(f.not, holds) && !slices.ContainsFunc(f.words, func(w string) bool { return !holds(w) })
}

// line is the typed text, or what is kept of it, with how much it leaves.
func (f *filter) line(th *draw.Theme, width int, count string) string {
	if f.typing {
		return prompt(th, &f.input, "/", width, count)
	}
	l := draw.NewLine(width).Gap(1).Add(th.Accent, "/").Gap(1).Add(th.Plain, f.input.Text())
	return l.Gap(3).Add(th.Dim, count).String()
}

// prompt is a line in which text is typed, behind a sign, with a note at the right edge when there is room.
func prompt(th *draw.Theme, in *edit.Line, sign string, width int, note string) string {
	l := draw.NewLine(width).Gap(1).Add(th.Accent, sign).Gap(1).Append(in.Row(th, max(width-3, 0)))
	return l.Note(th.Dim, note).String()
}

// lower is strings.ToLower for ASCII; it keeps the length, so that places in the text stay the same.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// highlight writes text with the words that were searched in a paint of their own. The row is in the list because of
// them, so the paint says nothing that is not said otherwise.
func highlight(l *draw.Line, th *draw.Theme, paint draw.Paint, text string, found []string) *draw.Line {
	text = draw.Safe(text)
	for low := lower(text); text != "" && len(found) > 0; {
		at, length := -1, 0
		for _, w := range found {
			if i := strings.Index(low, w); w != "" && i >= 0 && (at < 0 || i < at || i == at && len(w) > length) {
				at, length = i, len(w)
			}
		}
		if at < 0 {
			break
		}
		l.Add(paint, text[:at]).Add(th.Tab, text[at:at+length])
		text, low = text[at+length:], low[at+length:]
	}
	return l.Add(paint, text)
}
