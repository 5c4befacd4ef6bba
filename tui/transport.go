package tui

import (
	"slices"
	"time"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
)

// playback says how the position moves.
type playback uint8

const (
	following playback = iota // it sticks to the newest event
	paused                    // it stays where it is
	playing                   // a clock moves it
)

// speeds of a replay.
var speeds = []float64{0.25, 0.5, 1, 2, 4, 8, 16}

// leastStep is the least time between two steps of the playing position.
const leastStep = 40 * time.Millisecond

// transport moves the position of the timeline.
type transport struct {
	playback playback
	speed    float64
	clock    time.Duration // the shown time; not while following
	setAt    time.Time     // wall clock at which it was so; while playing
	id       int           // of the running ticks; others are stale
}

type playMsg struct{ id int }

// play begins to move the position, from the beginning when it is at the end.
func (m *Model) play() tea.Cmd {
	if m.time.behind() == 0 && m.transport.clock >= m.time.end() {
		m.publish(m.time.seek(0))
		m.transport.clock = m.time.start()
	}
	m.transport.playback, m.transport.setAt = playing, m.options.Now()
	m.transport.id++
	m.refresh()
	return tea.Batch(m.nextStep(), m.startSpinner())
}

// pause keeps the position, and the clock as it shows.
func (m *Model) pause() {
	if m.transport.playback != paused {
		m.transport.clock = min(m.scene.Clock, m.time.end())
		m.transport.playback = paused
		m.refresh()
	}
}

// goLive follows the newest event again.
func (m *Model) goLive() tea.Cmd {
	m.publish(m.time.seek(len(m.time.events)))
	if m.options.Replay != nil {
		m.pause()
		m.transport.clock = m.time.end()
	} else {
		m.transport.playback = following
	}
	m.refresh()
	return tea.Batch(m.startClock(), m.startSpinner())
}

// step moves the clock by what has passed, and the position with it.
func (m *Model) step(msg playMsg) tea.Cmd {
	if msg.id != m.transport.id || m.transport.playback != playing {
		return nil
	}
	m.advance()
	m.publish(m.time.seek(m.time.indexAt(m.transport.clock)))
	if m.time.behind() == 0 && m.transport.clock >= m.time.end() {
		m.transport.clock, m.transport.playback = m.time.end(), paused
	}
	m.refresh()
	return m.nextStep()
}

// advance brings the clock of a playing position up to now.
func (m *Model) advance() {
	if m.transport.playback == playing {
		now := m.options.Now()
		m.transport.clock += time.Duration(float64(now.Sub(m.transport.setAt)) * m.transport.speed)
		m.transport.setAt = now
	}
}

// nextStep waits for the next event or the next second of the shown clock, whichever comes first.
func (m *Model) nextStep() tea.Cmd {
	if m.transport.playback != playing {
		return nil
	}
	wait := m.untilSecond()
	if m.time.behind() > 0 {
		wait = min(wait, m.time.events[m.time.at].At-m.transport.clock)
	}
	wait = time.Duration(float64(wait) / m.transport.speed)
	return m.tasks.after(max(wait, leastStep), playMsg{m.transport.id})
}

// seekTo moves position and clock to a time.
func (m *Model) seekTo(at time.Duration) tea.Cmd {
	at = max(min(at, m.time.end()), m.time.start())
	return m.moveTo(m.time.indexAt(at), at)
}

// stepBy moves the position by events; the clock shows when the last of them happened. It pauses.
func (m *Model) stepBy(n int) tea.Cmd {
	m.pause()
	at := max(min(m.time.at+n, len(m.time.events)), 0)
	when := m.time.start()
	if at > 0 {
		when = m.time.events[at-1].At
	}
	return m.moveTo(at, when)
}

// moveTo puts the position; it pauses what follows a live call and lets a replay play on.
func (m *Model) moveTo(index int, at time.Duration) tea.Cmd {
	if m.transport.playback == following {
		m.pause()
	}
	m.publish(m.time.seek(index))
	m.transport.clock, m.transport.setAt = at, m.options.Now()
	m.transport.id++
	m.refresh()
	return m.nextStep()
}

// shift moves the clock by d, from what it shows now.
func (m *Model) shift(d time.Duration) tea.Cmd {
	m.advance()
	from := m.transport.clock
	if m.transport.playback == following {
		from = m.time.end()
	}
	return m.seekTo(from + d)
}

// faster changes the speed by steps.
func (m *Model) faster(steps int) tea.Cmd {
	m.advance()
	i, found := slices.BinarySearch(speeds, m.transport.speed)
	if !found && steps > 0 {
		i--
	}
	m.transport.speed = speeds[max(min(i+steps, len(speeds)-1), 0)]
	m.transport.id++
	return m.nextStep()
}

// transportKey performs the bindings of the timeline; false for a key that is none of them. Keys that the pane in front
// uses too are the pane's.
func (m *Model) transportKey(msg tea.KeyMsg) (tea.Cmd, bool) {
	k := &m.keys
	tenth := (m.time.end() - m.time.start()) / 10
	switch {
	case key.Matches(msg, k.Pause):
		return m.pauseOrGo(), true
	case key.Matches(msg, k.Live):
		return m.goLive(), true
	case key.Matches(msg, k.StepBack):
		return m.stepBy(-1), true
	case key.Matches(msg, k.Step):
		return m.stepBy(1), true
	case key.Matches(msg, k.Back):
		return m.shift(-time.Second), true
	case key.Matches(msg, k.Forward):
		return m.shift(time.Second), true
	case key.Matches(msg, k.FarBack):
		return m.shift(-tenth), true
	case key.Matches(msg, k.FarForward):
		return m.shift(tenth), true
	case key.Matches(msg, k.Beginning):
		return m.seekTo(m.time.start()), true
	case key.Matches(msg, k.End):
		return m.goLive(), true
	case key.Matches(msg, k.Faster):
		return m.faster(1), true
	case key.Matches(msg, k.Slower):
		return m.faster(-1), true
	}
	return nil, false
}

// pauseOrGo is the space bar: a replay pauses and plays, as a call that has ended; a live call pauses and jumps to
// live.
func (m *Model) pauseOrGo() tea.Cmd {
	switch {
	case m.transport.playback == playing:
		m.advance()
		m.pause()
		return nil
	case m.transport.playback == following && m.over():
		m.transport.clock = m.time.end()
		return m.play() // from the beginning
	case m.transport.playback == following:
		m.pause()
		return nil
	case m.over():
		return m.play()
	}
	return m.goLive()
}

// publish hands the news about the events to all panes.
func (m *Model) publish(news any) {
	m.scene.Call = m.time.call
	if news == nil {
		return
	}
	for _, p := range m.panes {
		m.pending = append(m.pending, p.Update(news))
	}
}
