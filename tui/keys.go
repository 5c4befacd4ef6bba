package tui

import (
	"fmt"

	"github.com/charmbracelet/bubbles/key"

	"dialtone/diag/call"
	"dialtone/tui/pane"
)

// KeyMap is every key that the root understands. It is the only source of the help: a key that does not work now is
// disabled, and is then neither matched nor shown.
type KeyMap struct {
	Audio, Video, Type, Restart, Hangup, Again key.Binding
	Copy, Export                               key.Binding

	Pause, Live, StepBack, Step, Back, Forward  key.Binding
	FarBack, FarForward, Beginning, End         key.Binding
	Slower, Faster                              key.Binding
	Pane, Next, Previous, Help, Quit, Interrupt key.Binding
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
		Audio:   bind("m", "mute audio", "m"),
		Video:   bind("v", "mute video", "v"),
		Type:    bind("t", "type a message", "t"),
		Restart: bind("r", "restart ICE", "r"),
		Hangup:  bind("h", "hang up", "h"),
		Again:   bind("c", "call again", "c"),
		Copy:    bind("y", "copy", "y"),
		Export:  bind("e", "save the recording", "e"),

		Pause:      bind("space", "pause", " "),
		Live:       bind("l", "jump to live", "l"),
		StepBack:   bind(",", "previous event", ",", "left"),
		Step:       bind(".", "next event", ".", "right"),
		Back:       bind("[", "back 1 s", "["),
		Forward:    bind("]", "forward 1 s", "]"),
		FarBack:    bind("{", "back 10 %", "{"),
		FarForward: bind("}", "forward 10 %", "}"),
		Beginning:  bind("<", "to the start", "<", "home"),
		End:        bind(">", "to the end", ">", "end"),
		Slower:     bind("-", "slower", "-"),
		Faster:     bind("+", "faster", "+", "="),

		Pane:      bind(fmt.Sprintf("1–%d", len(digits)), "show a pane", digits...),
		Next:      bind("tab", "next pane", "tab"),
		Previous:  bind("shift+tab", "previous pane", "shift+tab"),
		Help:      bind("?", "keys", "?"),
		Quit:      bind("q", "quit", "q"),
		Interrupt: bind("ctrl+c", "quit at once", "ctrl+c"),
	}
}

// refresh enables the keys that work now, and updates their help.
func (k *KeyMap) refresh(m *Model) {
	c, live := m.time.head, m.live()
	up := live && c.ConnectedAt != nil
	media := up && c.Start.Media
	k.Audio.SetEnabled(media)
	k.Video.SetEnabled(media)
	k.Audio.SetHelp("m", muteWord(c, "audio"))
	k.Video.SetHelp("v", muteWord(c, "video"))
	k.Type.SetEnabled(live && pane.ChatOpen(c))
	k.Restart.SetEnabled(up && c.State() != call.StateLost)
	k.Hangup.SetEnabled(live && !c.Alone())
	k.Again.SetEnabled(m.options.Again && m.over())
	k.Export.SetEnabled(m.options.Export != nil && c.Events > 0)
	k.refreshTimeline(m)
}

func (k *KeyMap) refreshTimeline(m *Model) {
	any, back := m.time.head.Events > 0, m.transport.playback != following
	for _, b := range []*key.Binding{
		&k.Pause, &k.StepBack, &k.Step, &k.Back, &k.Forward, &k.FarBack, &k.FarForward,
		&k.Beginning,
	} {
		b.SetEnabled(any)
	}
	k.End.SetEnabled(back)
	k.Live.SetEnabled(back && m.options.Replay == nil && !m.over())
	k.Slower.SetEnabled(back && m.over())
	k.Faster.SetEnabled(back && m.over())
	switch {
	case m.transport.playback == playing, !m.over() && !back:
		k.Pause.SetHelp("space", "pause")
	case !m.over():
		k.Pause.SetHelp("space", "continue")
	case !back:
		k.Pause.SetHelp("space", "replay")
	default:
		k.Pause.SetHelp("space", "play")
	}
}

func muteWord(c *call.Call, kind string) string {
	if c.LocalMuted[kind] {
		return "unmute " + kind
	}
	return "mute " + kind
}

// actions are the keys that act upon the call, in the order of the footer.
func (k *KeyMap) actions() []key.Binding {
	return []key.Binding{k.Again, k.Type, k.Audio, k.Video, k.Restart, k.Hangup}
}

// tools are the keys that take something out of the session.
func (k *KeyMap) tools() []key.Binding { return []key.Binding{k.Copy, k.Export} }

// timeline are the keys that move through the time of the call, as they are shown, in the order of the footer.
func (k *KeyMap) timeline() []key.Binding {
	return []key.Binding{
		k.Pause, k.Live,
		pane.Both(k.StepBack, k.Step, ", .", "step 1 event"), pane.Both(k.Back, k.Forward, "[ ]", "step 1 s"),
		pane.Both(k.FarBack, k.FarForward, "{ }", "step 10 %"), pane.Both(k.Slower, k.Faster, "- +", "speed"),
		pane.Both(k.Beginning, k.End, "< >", "start/end"),
	}
}

// session are the keys that move between panes, and out.
func (k *KeyMap) session() []key.Binding {
	return []key.Binding{k.Pane, k.Next, k.Previous, k.Help, k.Quit, k.Interrupt}
}
