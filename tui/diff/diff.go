// Package diff shows two calls beside each other.
package diff

import (
	"slices"

	tea "github.com/charmbracelet/bubbletea"

	"dialtone/diag/words/compare"
)

// Beside is two calls beside each other, as the content of a screen.
type Beside struct {
	calls  compare.Calls
	names  [2]string // of the files
	remark string    // what could not be read; shown until the first key
	all    bool      // what is the same is shown, too
	help   bool

	top, page, total int // of the lines: the first that is shown, how many are, how many there are
}

// New makes the content.
func New(calls compare.Calls, names [2]string, all bool, remark string) *Beside {
	return &Beside{calls: calls, names: names, all: all, remark: remark}
}

// Take implements [live.Content]: there is no news.
func (*Beside) Take(any) {}

// keys are those of the screen, with what they do.
var keys = []struct {
	shown, help string
	keys        []string
	do          func(b *Beside)
}{
	{"a", "show what is the same", []string{"a"}, func(b *Beside) { b.all = !b.all }},
	{"↑ k", "up", []string{"up", "k"}, func(b *Beside) { b.top-- }},
	{"↓ j", "down", []string{"down", "j"}, func(b *Beside) { b.top++ }},
	{"pgup b", "page up", []string{"pgup", "b"}, func(b *Beside) { b.top -= max(b.page-1, 1) }},
	{"pgdn space", "page down", []string{"pgdown", " "}, func(b *Beside) { b.top += max(b.page-1, 1) }},
	{"home g", "first", []string{"home", "g"}, func(b *Beside) { b.top = 0 }},
	{"end G", "last", []string{"end", "G"}, func(b *Beside) { b.top = b.total }},
	{"?", "keys", []string{"?"}, func(b *Beside) { b.help = !b.help }},
}

// Key implements [live.Keyed].
func (b *Beside) Key(msg tea.KeyMsg) bool {
	b.remark = ""
	if b.help && msg.String() == "esc" {
		b.help = false
		return true
	}
	for _, k := range keys {
		if slices.Contains(k.keys, msg.String()) {
			k.do(b)
			b.clamp()
			return true
		}
	}
	return false
}

// clamp keeps the lines that are shown within those that there are.
func (b *Beside) clamp() { b.top = max(min(b.top, b.total-b.page), 0) }
