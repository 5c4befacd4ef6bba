package tui

import (
	"slices"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"dialtone/tui/pane"
)

// keysOf routes keys that were read at once: keys that follow each other quickly arrive as one message.
func (m *Model) keysOf(msg tea.KeyMsg) tea.Cmd {
	if msg.Type != tea.KeyRunes || msg.Paste || len(msg.Runes) < 2 {
		return m.key(msg)
	}
	var cmds []tea.Cmd
	for _, r := range msg.Runes {
		cmds = append(cmds, m.key(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}, Alt: msg.Alt}))
	}
	return tea.Batch(cmds...)
}

// key routes a key: to a pane that takes text, to the root's own bindings, else to the focused pane.
func (m *Model) key(msg tea.KeyMsg) tea.Cmd {
	focused := m.panes[m.focus]
	if m.typing() && !key.Matches(msg, m.keys.Interrupt) {
		return focused.Update(msg)
	}
	if !m.paneWants(msg) {
		if cmd, ok := m.own(msg); ok {
			return cmd
		}
	}
	if m.help { // any other key closes the help
		m.help = false
		return nil
	}
	return focused.Update(msg)
}

// typing reports whether keys are text.
func (m *Model) typing() bool {
	t, ok := m.panes[m.focus].(pane.Typist)
	return ok && t.Typing()
}

// shared are keys of the timeline that a pane may use for itself; the timeline has others for the same.
var shared = []string{"left", "right", "home", "end"}

func (m *Model) paneWants(msg tea.KeyMsg) bool {
	return !m.help && slices.Contains(shared, msg.String()) && key.Matches(msg, m.panes[m.focus].Keys()...)
}

// wheelLines is how far a notch of the wheel scrolls.
const wheelLines = 3

// mouse routes mouse events: the wheel scrolls the focused pane, a click goes to a tab, to the timeline, or to
// the pane.
func (m *Model) mouse(msg tea.MouseMsg) tea.Cmd {
	event := tea.MouseEvent(msg)
	if event.IsWheel() {
		return m.wheel(event.Button)
	}
	if event.Action != tea.MouseActionPress || event.Button != tea.MouseButtonLeft {
		return nil
	}
	head, foot := len(m.header()), len(m.footer())
	switch {
	case m.height >= low && event.Y == 1:
		if i, ok := m.tabAt(event.X); ok {
			m.show(i)
		}
	case m.barShown() && event.Y == m.barRow():
		if at, ok := m.bar().TimeAt(event.X, m.width); ok {
			return m.seekTo(at)
		}
	case m.help:
		m.help = false
	case event.Y >= head && event.Y < m.height-foot:
		msg.Y -= head
		return m.panes[m.focus].Update(msg)
	}
	return nil
}

// wheel is what the arrow keys do, a few times.
func (m *Model) wheel(button tea.MouseButton) tea.Cmd {
	var step tea.KeyMsg
	switch button {
	case tea.MouseButtonWheelUp:
		step.Type = tea.KeyUp
	case tea.MouseButtonWheelDown:
		step.Type = tea.KeyDown
	default:
		return nil
	}
	if m.help || m.typing() {
		return nil
	}
	var cmds []tea.Cmd
	for range wheelLines {
		cmds = append(cmds, m.panes[m.focus].Update(step))
	}
	return tea.Batch(cmds...)
}
