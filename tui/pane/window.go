package pane

import (
	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
)

// window is the visible part of a list: its first row and how many rows it shows.
type window struct {
	top, rows int
}

// show moves the window as little as needed to hold row, and never beyond the end of the list.
func (w *window) show(row, total int) {
	if row < w.top {
		w.top = row
	}
	if row >= w.top+w.rows {
		w.top = row - w.rows + 1
	}
	w.clamp(total)
}

// clamp keeps the window within a list of this length.
func (w *window) clamp(total int) {
	w.top = max(min(w.top, total-w.rows), 0)
}

// visible is the range of rows that are shown.
func (w *window) visible(total int) (from, to int) {
	w.clamp(total)
	return w.top, min(w.top+max(w.rows, 0), total)
}

// move gives the position that a key leads to, from position at in a list of total rows; false for any other key.
func (k scrollKeys) move(msg tea.KeyMsg, at, total, page int) (int, bool) {
	switch {
	case key.Matches(msg, k.Up):
		at--
	case key.Matches(msg, k.Down):
		at++
	case key.Matches(msg, k.PageUp):
		at -= max(page-1, 1)
	case key.Matches(msg, k.PageDown):
		at += max(page-1, 1)
	case key.Matches(msg, k.Top):
		at = 0
	case key.Matches(msg, k.Bottom):
		at = total - 1
	default:
		return at, false
	}
	return max(min(at, total-1), 0), true
}

// clicked is the row of a list that was clicked at; the list begins at the pane's first row. Root makes keys of the
// wheel.
func (w *window) clicked(msg tea.MouseMsg) (row int, ok bool) {
	return w.top + msg.Y, msg.Action == tea.MouseActionPress && msg.Button == tea.MouseButtonLeft && msg.Y >= 0 &&
		msg.Y < w.rows
}

// scrollKeys move through a list or a text.
type scrollKeys struct {
	Up, Down, PageUp, PageDown, Top, Bottom key.Binding
}

// bind makes a binding that is shown as its first key.
func bind(help string, keys ...string) key.Binding {
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(keys[0], help))
}

// Both shows two opposite keys as one.
func Both(a, b key.Binding, shown, help string) key.Binding {
	both := key.NewBinding(key.WithKeys(append(a.Keys(), b.Keys()...)...), key.WithHelp(shown, help))
	both.SetEnabled(a.Enabled() || b.Enabled())
	return both
}

func newScrollKeys() scrollKeys {
	return scrollKeys{
		Up: bind("up", "up", "k"), Down: bind("down", "down", "j"), PageUp: bind("page up", "pgup", "b"),
		PageDown: bind("page down", "pgdown"), Top: bind("first", "home", "g"), Bottom: bind("last", "end", "G"),
	}
}

// bindings are the keys as they are shown.
func (k scrollKeys) bindings() []key.Binding {
	return []key.Binding{
		Both(k.Up, k.Down, "↑/↓", "move"), Both(k.PageUp, k.PageDown, "pgup/dn", "page"),
		Both(k.Top, k.Bottom, "home/end", "first/last"),
	}
}
