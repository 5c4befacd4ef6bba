package tui

import (
	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"dialtone/tui/pane"
)

// own performs the root's bindings; false for a key that is none of them.
func (m *Model) own(msg tea.KeyMsg) (tea.Cmd, bool) {
	k := &m.keys
	switch {
	case key.Matches(msg, k.Interrupt):
		return m.interrupt(), true
	case key.Matches(msg, k.Quit):
		return m.quit(), true
	case key.Matches(msg, k.Help):
		m.help = !m.help
	case key.Matches(msg, k.Pane):
		m.show(int(msg.Runes[0] - '1'))
	case key.Matches(msg, k.Next):
		m.show((m.focus + 1) % len(m.panes))
	case key.Matches(msg, k.Previous):
		m.show((m.focus + len(m.panes) - 1) % len(m.panes))
	case key.Matches(msg, k.Type):
		return m.startTyping(), true
	case key.Matches(msg, k.Copy):
		return m.copySelected(), true
	case key.Matches(msg, k.Export):
		return m.export(), true
	case key.Matches(msg, k.Again):
		m.err = ErrCallAgain
		return tea.Quit, true
	default:
		if cmd, ok := m.control(msg); ok {
			return cmd, true
		}
		return m.transportKey(msg)
	}
	return nil, true
}

// control performs the bindings that are commands to the call.
func (m *Model) control(msg tea.KeyMsg) (tea.Cmd, bool) {
	switch k := &m.keys; {
	case key.Matches(msg, k.Audio):
		return m.mute("audio"), true
	case key.Matches(msg, k.Video):
		return m.mute("video"), true
	case key.Matches(msg, k.Restart):
		return m.ask(func(c Controls) error { return c.RestartICE() }), true
	case key.Matches(msg, k.Hangup):
		return m.hangUp(), true
	}
	return nil, false
}

func (m *Model) mute(kind string) tea.Cmd {
	muted := !m.time.head.LocalMuted[kind]
	return m.ask(func(c Controls) error { return c.Mute(kind, muted) })
}

func (m *Model) hangUp() tea.Cmd {
	return m.ask(func(c Controls) error {
		c.Hangup()
		return nil
	})
}

// quit leaves. A running call is hung up first, and its end awaited; a second time does not wait.
func (m *Model) quit() tea.Cmd {
	if m.leaving || !m.live() {
		return tea.Quit
	}
	m.leaving = true
	return m.hangUp()
}

// interrupt leaves at once.
func (m *Model) interrupt() tea.Cmd {
	if m.live() {
		m.err = ErrInterrupted
	}
	return tea.Quit
}

// show gives a pane the focus.
func (m *Model) show(i int) {
	if i >= 0 && i < len(m.panes) {
		m.focus, m.help = i, false
		m.resize(m.width, m.height)
	}
}

// startTyping goes to the present, and to the pane in which messages are typed.
func (m *Model) startTyping() tea.Cmd {
	var cmd tea.Cmd
	if m.transport.playback != following {
		cmd = m.goLive()
	}
	for i, p := range m.panes {
		if t, ok := p.(pane.Writer); ok {
			m.show(i)
			t.Type()
			return cmd
		}
	}
	return cmd
}
