package tui

import (
	"fmt"

	"github.com/charmbracelet/bubbles/key"

	"dialtone/diag"
)

// KeyMap is every key that the root understands. It is the only source of the help: a key that does not work now is
// disabled, and is then neither matched nor shown.
type KeyMap struct {
	Audio, Video, Type, Restart, Hangup key.Binding
	Pane, Next, Previous                key.Binding
	Help, Quit, Interrupt               key.Binding
}

// DefaultKeyMap returns the keys for a session with that many panes.
func DefaultKeyMap(panes int) KeyMap {
	var digits []string
	for i := 1; i <= min(panes, 9); i++ {
		digits = append(digits, fmt.Sprint(i))
	}
	bind := func(shown, help string, keys ...string) key.Binding {
		return key.NewBinding(key.WithKeys(keys...), key.WithHelp(shown, help))
	}
	return KeyMap{
		Audio:     bind("m", "mute audio", "m"),
		Video:     bind("v", "mute video", "v"),
		Type:      bind("t", "type a message", "t"),
		Restart:   bind("r", "restart ICE", "r"),
		Hangup:    bind("h", "hang up", "h"),
		Pane:      bind(fmt.Sprintf("1–%d", len(digits)), "go to a pane", digits...),
		Next:      bind("tab", "next pane", "tab"),
		Previous:  bind("shift+tab", "previous pane", "shift+tab"),
		Help:      bind("?", "keys", "?"),
		Quit:      bind("q", "quit", "q"),
		Interrupt: bind("ctrl+c", "quit at once", "ctrl+c"),
	}
}

// refresh enables what works now, and words it accordingly.
func (k *KeyMap) refresh(c *diag.Call, live bool) {
	up := live && c.ConnectedAt != nil
	media := up && c.Start.Media
	k.Audio.SetEnabled(media)
	k.Video.SetEnabled(media)
	k.Audio.SetHelp("m", muteWord(c, "audio"))
	k.Video.SetHelp("v", muteWord(c, "video"))
	k.Type.SetEnabled(live && chatOpen(c))
	k.Restart.SetEnabled(up)
	k.Hangup.SetEnabled(live)
}

func muteWord(c *diag.Call, kind string) string {
	if c.LocalMuted[kind] {
		return "unmute " + kind
	}
	return "mute " + kind
}

func chatOpen(c *diag.Call) bool {
	for _, ch := range c.Channels {
		if ch.Label == diag.LabelChat && ch.ClosedAt == nil {
			return true
		}
	}
	return false
}

// actions are the keys that do something to the call, in the order of the footer.
func (k *KeyMap) actions() []key.Binding {
	return []key.Binding{k.Type, k.Audio, k.Video, k.Restart, k.Hangup}
}

// session are the keys that move between panes, and out.
func (k *KeyMap) session() []key.Binding {
	return []key.Binding{k.Pane, k.Next, k.Previous, k.Help, k.Quit, k.Interrupt}
}
