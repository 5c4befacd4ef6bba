package pane

import "github.com/charmbracelet/bubbles/key"

// scrollKeys move through a list or a text.
type scrollKeys struct {
	Up, Down, PageUp, PageDown, Top, Bottom key.Binding
}

// bind makes a binding that is shown as its first key.
func bind(help string, keys ...string) key.Binding {
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(keys[0], help))
}

func newScrollKeys() scrollKeys {
	k := scrollKeys{
		Up: bind("up", "up", "k"), Down: bind("down", "down", "j"), PageUp: bind("page up", "pgup", "b"),
		PageDown: bind("page down", "pgdown"), Top: bind("first", "home", "g"), Bottom: bind("last", "end", "G"),
	}
	k.Up.SetHelp("↑/k", "up")
	k.Down.SetHelp("↓/j", "down")
	k.PageDown.SetHelp("pgdn", "page down")
	return k
}

func (k scrollKeys) bindings() []key.Binding {
	return []key.Binding{k.Up, k.Down, k.PageUp, k.PageDown, k.Top, k.Bottom}
}
