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
