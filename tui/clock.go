package tui

import (
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"dialtone/diag/call"
)

// running reports whether the present is shown and passes by itself.
func (m *Model) running() bool {
	return m.transport.playback == following && !m.over() && !m.options.Start.IsZero()
}

// clock is the time since the start of the call: running, that of the timeline, or of the latest event.
func (m *Model) clock() time.Duration {
	c := m.scene.Call
	switch {
	case m.transport.playback != following && c.Ended != nil:
		return min(m.transport.clock, c.EndedAt)
	case m.transport.playback != following:
		return max(m.transport.clock, c.Now)
	case c.Ended != nil:
		return c.EndedAt
	case m.running():
		return max(m.options.Now().Sub(m.options.Start), c.Now)
	}
	return c.Now
}

// startClock ticks once a second while the call runs; it does nothing while a clock ticks already.
func (m *Model) startClock() tea.Cmd {
	if m.clockID != 0 || !m.running() {
		return nil
	}
	m.clockID = 1
	return m.tasks.after(m.untilSecond(), clockMsg{m.clockID})
}

// untilSecond is how long the shown clock keeps its value.
func (m *Model) untilSecond() time.Duration {
	since := m.scene.Clock - m.scene.Since()
	return clockEvery - since%clockEvery
}

func (m *Model) tick(msg clockMsg) tea.Cmd {
	if msg.id != m.clockID {
		return nil
	}
	m.scene.Clock = m.clock()
	if !m.running() {
		m.clockID = 0
		return nil
	}
	return m.tasks.after(m.untilSecond(), msg)
}

// waiting reports whether the call waits, with nothing else on the screen that moves.
func (m *Model) waiting() bool {
	if !m.running() && m.transport.playback != playing {
		return false
	}
	if c := m.scene.Call; c.Alone() || c.Failing() {
		return false
	}
	switch m.scene.Call.State() {
	case call.StateUnknown, call.StateDialing, call.StateWaiting, call.StateNegotiating, call.StateConnecting:
		return true
	case call.StateConnected, call.StateReconnecting, call.StateLost, call.StateEnded:
	}
	return false
}

// spinning reports whether the spinner turns: the call waits, or the network is diagnosed.
func (m *Model) spinning() bool {
	return m.waiting() || m.scene.Call.Diagnosing() && (m.running() || m.transport.playback == playing)
}

// startSpinner turns the spinner while there is something to wait for; it does nothing while one turns already.
func (m *Model) startSpinner() tea.Cmd {
	if m.spinID != 0 || !m.spinning() {
		return nil
	}
	m.spinID = 1
	return m.tasks.after(spinEvery, spinMsg{m.spinID})
}

func (m *Model) spin(msg spinMsg) tea.Cmd {
	if msg.id != m.spinID {
		return nil
	}
	if !m.spinning() {
		m.spinID = 0
		return nil
	}
	m.scene.Spin++
	return m.tasks.after(spinEvery, msg)
}
