package start

import "github.com/charmbracelet/bubbles/key"

// KeyMap holds every key of the screen, and is the source of its footer.
type KeyMap struct {
	Up, Down, Next, Previous key.Binding
	Pick, Start, Toggle      key.Binding
	Back, Quit, Interrupt    key.Binding
}

// DefaultKeyMap returns the keys.
func DefaultKeyMap() KeyMap {
	bind := func(shown, help string, keys ...string) key.Binding {
		return key.NewBinding(key.WithKeys(keys...), key.WithHelp(shown, help))
	}
	return KeyMap{
		Up:        bind("↑", "up", "up"),
		Down:      bind("↓", "down", "down"),
		Next:      bind("tab", "next field", "tab"),
		Previous:  bind("shift+tab", "back", "shift+tab"),
		Pick:      bind("1–9", "choose", "1", "2", "3", "4", "5", "6", "7", "8", "9"),
		Start:     bind("enter", "start", "enter"),
		Toggle:    bind("space", "on or off", " ", "left", "right", "x"),
		Back:      bind("esc", "list", "esc"),
		Quit:      bind("q", "quit", "q"),
		Interrupt: bind("ctrl+c", "quit", "ctrl+c"),
	}
}
