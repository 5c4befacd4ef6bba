package tui

import (
	tea "github.com/charmbracelet/bubbletea"

	"dialtone/diag/judge"
	"dialtone/tui/draw"
	"dialtone/tui/pane"
)

// take keeps a batch, hands it to all panes when the present is shown, and waits for the next one.
func (m *Model) take(events pane.Events) tea.Cmd {
	m.batchAt = m.options.Now()
	follow := m.transport.playback == following
	reset := m.time.add(events, follow)
	m.scene.Call = m.time.call
	m.refresh()
	switch {
	case follow:
		m.publish(events)
	case reset != nil:
		m.publish(*reset)
		m.transport.clock = max(m.transport.clock, m.time.start())
	}
	cmds := []tea.Cmd{m.listen(), m.startClock(), m.startSpinner()}
	if m.leaving && m.time.head.Ended != nil {
		cmds = append(cmds, tea.Quit)
	}
	return tea.Batch(cmds...)
}

// load takes a whole recording and goes to its beginning.
func (m *Model) load(r *Replay) {
	m.time, m.scene.Keep = newTimeline(0), 0
	m.time.add(r.Events, true)
	m.time.rewind()
	m.transport = transport{playback: paused, speed: r.Speed}
	if r.Speed <= 0 {
		m.transport.speed = 1
	}
	if r.Remark != "" {
		m.notice = notice{r.Remark, draw.Warn}
	}
	m.ended = true
}

// end notes that no more events come.
func (m *Model) end(err error) tea.Cmd {
	m.ended = true
	if err != nil {
		m.notice = notice{"reading events failed: " + err.Error(), draw.Warn}
	}
	m.refresh()
	if m.leaving {
		return tea.Quit
	}
	return nil
}

// over reports whether nothing new can happen: the call or its events have ended.
func (m *Model) over() bool { return m.ended || m.time.head.Ended != nil }

// live reports whether the call takes commands, whatever moment is shown.
func (m *Model) live() bool { return m.options.Controls != nil && !m.over() }

// refresh brings what depends on the call up to date.
func (m *Model) refresh() {
	m.scene.Call = m.time.call
	m.scene.Clock = m.clock()
	m.scene.Live = m.live() && m.transport.playback == following
	m.scene.Verdict = judge.Judge(m.scene.Call)
	m.keys.refresh(m)
}
