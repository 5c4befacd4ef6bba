package pane

import (
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"dialtone/diag"
	"dialtone/tui/draw"
)

// maxLog is how many events the pane keeps; of a longer call the oldest are forgotten here (a recording holds them all).
const maxLog = 100_000

// Log shows every event in the order in which it happened.
type Log struct {
	size
	*Scene
	keys   logKeys
	events []diag.Event
	lost   int // how many were forgotten
	window window
	follow bool
}

type logKeys struct {
	scrollKeys
	Follow key.Binding
}

// NewLog makes the pane; it follows the newest event until somebody scrolls.
func NewLog(s *Scene) Pane {
	keys := logKeys{newScrollKeys(), key.NewBinding(key.WithKeys("f"), key.WithHelp("f", "follow"))}
	return &Log{Scene: s, keys: keys, follow: true}
}

// Title is "Log".
func (*Log) Title() string { return "Log" }

// Keys lists following and scrolling.
func (p *Log) Keys() []key.Binding {
	return append([]key.Binding{p.keys.Follow}, p.keys.bindings()...)
}

// SetSize keeps one row for the line below the events.
func (p *Log) SetSize(width, height int) {
	p.size.SetSize(width, height)
	p.window.rows = max(p.height-1, 1)
}

// Update keeps new events, and scrolls.
func (p *Log) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case Events:
		p.keep(msg)
	case Reset:
		p.events, p.lost = nil, msg.Lost
		p.keep(msg.Events)
	case tea.KeyMsg:
		p.scroll(msg)
	}
	if p.follow {
		p.window.top = len(p.events)
	}
	p.window.clamp(len(p.events))
	p.keys.Follow.SetEnabled(!p.follow)
	return nil
}

func (p *Log) keep(events Events) {
	p.events = append(p.events, events...)
	if n := len(p.events) - maxLog; n > 0 {
		n += maxLog / 10
		n = min(n, len(p.events))
		p.events = append([]diag.Event(nil), p.events[n:]...)
		p.lost += n
		p.window.top -= n
	}
}

// scroll moves the window; reaching the newest event follows again.
func (p *Log) scroll(msg tea.KeyMsg) {
	if key.Matches(msg, p.keys.Follow) {
		p.follow = true
		return
	}
	steps := max(len(p.events)-p.window.rows+1, 1)
	if top, ok := p.keys.move(msg, min(p.window.top, steps-1), steps, p.window.rows); ok {
		p.window.top = top
		p.follow = top >= steps-1
	}
}

// View draws the visible events and where they are in the whole.
func (p *Log) View() string {
	from, to := p.window.visible(len(p.events))
	lines := make([]string, 0, p.height)
	for _, e := range p.events[from:to] {
		lines = append(lines, p.line(e))
	}
	if p.height > p.window.rows {
		for len(lines) < p.window.rows {
			lines = append(lines, "")
		}
		lines = append(lines, p.position(from, to))
	}
	return strings.Join(draw.Clamp(lines, p.width, p.height), "\n")
}

func (p *Log) position(from, to int) string {
	l := draw.NewLine(p.width).Gap(1)
	if len(p.events) == 0 {
		return l.Add(p.Theme.Dim, "no event yet").String()
	}
	l.Add(p.Theme.Dim, "events "+draw.Count(uint64(p.lost+from+1))+"–"+draw.Count(uint64(p.lost+to))+" of "+draw.Count(uint64(p.lost+len(p.events))))
	state := "following"
	if !p.follow {
		state = "stopped: f follows again"
	}
	return l.Gap(2).Add(p.Theme.Dim, state).String()
}

// nameWidth is the room for an event's name.
const nameWidth = 19

// line is one event: its time, a mark where it is trouble, its name and its words.
func (p *Log) line(e diag.Event) string {
	th := p.Theme
	l := draw.NewLine(p.width).Add(th.Dim, diag.Clock(e.At)).Gap(1)
	level, paint := eventLevel(e.Data), th.Plain
	if level != draw.Idle {
		var mark string
		mark, paint = th.Mark(level)
		l.Add(paint, mark)
	}
	name, words, _ := strings.Cut(diag.Line(e), " ")
	return l.To(11).Add(th.Dim, name).To(11+nameWidth).Add(paint, strings.TrimLeft(words, " ")).String()
}

// eventLevel picks out the events that the eye should find when it runs down the log: what failed, and what was reached.
func eventLevel(d diag.Data) draw.Level {
	switch d := d.(type) {
	case diag.Warning:
		return draw.Warn
	case diag.ServerResult:
		if !d.OK {
			return draw.Bad
		}
	case diag.SignalRequest:
		if d.Error != "" {
			return draw.Warn
		}
	case diag.PhaseEnd:
		if d.Outcome == diag.OutcomeFailed {
			return draw.Bad
		}
	case diag.ICEState:
		return stateLevel(d.State)
	case diag.ConnectionState:
		return stateLevel(d.State)
	case diag.DTLSState:
		return stateLevel(d.State)
	}
	return draw.Idle
}

func stateLevel(state string) draw.Level {
	switch state {
	case "failed":
		return draw.Bad
	case "disconnected":
		return draw.Warn
	case "connected", "completed":
		return draw.Good
	}
	return draw.Idle
}
