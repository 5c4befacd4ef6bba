package pane

import (
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"dialtone/diag"
	"dialtone/diag/words"
	"dialtone/diag/words/line"
	"dialtone/tui/draw"
)

// Log shows every event in the order in which it happened, or those that a filter leaves; one of them as JSON.
type Log struct {
	size
	*Scene
	keys   logKeys
	log    eventLog
	filter filter
	window window
	cursor int // counts the shown events
	follow bool
	kinds  kindPicker
	detail eventDetail
}

type logKeys struct {
	scrollKeys
	Follow, Open, Kinds, All key.Binding
}

// NewLog makes the pane; it follows the newest event until another is selected.
func NewLog(s *Scene) Pane {
	keys := logKeys{
		newScrollKeys(), bind("follow", "f"), bind("details", "enter"), bind("kinds", "K"),
		bind("show all", "esc"),
	}
	return &Log{Scene: s, keys: keys, filter: newFilter("filter"), follow: true, detail: newDetail()}
}

// Title is "Log".
func (*Log) Title() string { return "Log" }

// Keys are those of what is in front: a filter being typed, the kinds, the details, else the list.
func (p *Log) Keys() []key.Binding {
	switch {
	case p.filter.typing:
		return p.filter.bindings()
	case p.kinds.open:
		return append(pickerBindings, p.keys.bindings()...)
	case p.detail.open:
		return append(p.detail.bindings(), p.keys.bindings()...)
	}
	return append([]key.Binding{p.keys.Open, p.filter.keys.Open, p.keys.Kinds, p.keys.All, p.keys.Follow},
		p.keys.bindings()...)
}

// Typing reports whether keys are text of the filter.
func (p *Log) Typing() bool { return p.filter.typing }

// Copy is the selected event as JSON.
func (p *Log) Copy() (what, text string) {
	e, ok := p.selected()
	if p.detail.open {
		e, ok = p.detail.event, true
	}
	if !ok {
		return "the event", ""
	}
	return "the event", eventJSON(e)
}

// SetSize keeps one row for the line below the events.
func (p *Log) SetSize(width, height int) {
	p.size.SetSize(width, height)
	p.window.rows = max(p.height-1, 1)
	p.settle()
}

// Update keeps new events, and moves the selection.
func (p *Log) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case Events:
		p.cursor -= p.log.add(msg, p.Keep)
	case Reset:
		p.log.reset(msg, p.filter)
	case tea.KeyMsg:
		p.key(msg)
	case tea.MouseMsg:
		p.mouse(msg)
	}
	p.settle()
	return nil
}

// settle keeps the selection within the list, and visible.
func (p *Log) settle() {
	total := p.log.count()
	if p.follow {
		p.cursor = total - 1
	}
	p.cursor = max(min(p.cursor, total-1), 0)
	p.window.top = min(p.window.top, p.cursor)
	p.window.show(p.cursor, total)
	p.keys.Follow.SetEnabled(!p.follow)
	p.keys.All.SetEnabled(p.log.filtered())
}

func (p *Log) key(msg tea.KeyMsg) {
	switch {
	case p.filter.typing && p.filter.take(msg):
		p.narrow()
	case p.filter.typing:
		p.move(msg)
	case p.kinds.open:
		if kind, picked := p.kinds.take(msg, p.keys.scrollKeys, p.height-2); picked {
			p.log.kind = kind
			p.narrow()
		}
	case p.detail.open:
		p.keyInDetail(msg)
	case key.Matches(msg, p.keys.Follow):
		p.follow = true
	case key.Matches(msg, p.filter.keys.Open):
		p.filter.open()
	case key.Matches(msg, p.keys.Kinds):
		p.kinds.show(&p.log)
	case key.Matches(msg, p.keys.All):
		p.log.kind = ""
		p.filter.clear()
		p.narrow()
	case key.Matches(msg, p.keys.Open):
		if e, ok := p.selected(); ok {
			p.detail.show(e)
		}
	default:
		p.move(msg)
	}
}

// move changes the selection; reaching the newest event follows again.
func (p *Log) move(msg tea.KeyMsg) {
	total := p.log.count()
	if at, ok := p.keys.move(msg, p.cursor, total, p.window.rows); ok {
		p.cursor, p.follow = at, at >= total-1
	}
}

// keyInDetail goes to the event before or after, or scrolls.
func (p *Log) keyInDetail(msg tea.KeyMsg) {
	step := p.detail.take(msg, p.keys.scrollKeys, p.height-1)
	if step == 0 {
		return
	}
	total := p.log.count()
	p.cursor = max(min(p.cursor+step, total-1), 0)
	p.follow = false
	if e, ok := p.selected(); ok {
		p.detail.show(e)
	}
}

func (p *Log) mouse(msg tea.MouseMsg) {
	if p.detail.open || p.kinds.open {
		return
	}
	if at, ok := p.window.clicked(msg); ok && at < p.log.count() {
		p.cursor, p.follow = at, at == p.log.count()-1
	}
}

// narrow applies a changed filter. The selected event stays selected, or the one before it that is left.
func (p *Log) narrow() {
	at := p.log.index(p.cursor)
	p.log.apply(p.filter)
	p.cursor = p.log.position(at)
}

func (p *Log) selected() (diag.Event, bool) {
	if p.cursor >= p.log.count() {
		return diag.Event{}, false
	}
	return p.log.at(p.cursor), true
}

// View draws the visible events and where they are in the whole; or what is in front of them.
func (p *Log) View() string {
	switch {
	case p.kinds.open:
		return p.clamped(p.kinds.lines(p.Theme, p.log.kind, p.width, p.height))
	case p.detail.open:
		return p.clamped(p.detail.lines(p.Theme, p.width, p.height))
	}
	var lines []string
	from, to := p.window.visible(p.log.count())
	for i := from; i < to; i++ {
		lines = append(lines, eventLine(p.Theme, p.width, p.log.at(i), i == p.cursor, p.filter.words))
	}
	if p.log.count() == 0 {
		lines = append(lines, draw.Row(p.width, 2, p.Theme.Dim, p.nothing()))
	}
	if p.height > p.window.rows {
		lines = append(lines, make([]string, max(p.window.rows-len(lines), 0))...)
		lines = append(lines, p.foot(from, to))
	}
	return p.clamped(lines)
}

func (p *Log) nothing() string {
	if len(p.log.events) == 0 {
		return "no events yet"
	}
	return "no event matches the filter: esc shows all"
}

// foot is which events are shown of how many, and the filter.
func (p *Log) foot(from, to int) string {
	total := words.Number(uint64(p.log.lost + len(p.log.events)))
	state := "following"
	if !p.follow {
		state = "paused: press f to follow"
	}
	if p.log.filtered() || p.filter.typing {
		count := words.Number(uint64(p.log.count())) + " of " + total + " events"
		if p.log.kind != "" {
			count = "kind " + p.log.kind + "  " + count
		}
		return p.filter.line(p.Theme, p.width, count+"  "+state)
	}
	l := draw.NewLine(p.width).Gap(1)
	if len(p.log.events) == 0 {
		return l.String()
	}
	first, last := uint64(p.log.lost+from+1), uint64(p.log.lost+to)
	l.Add(p.Theme.Dim, "events "+words.Number(first)+"–"+words.Number(last)+" of "+total)
	return l.Gap(2).Add(p.Theme.Dim, state).String()
}

// The columns of an event: the mark of the selection, its time, a mark of its level, its name and its text.
const (
	timeColumn  = 1
	levelColumn = 10
	nameColumn  = 12
	nameWidth   = 19
)

// eventLine is an event in one line, with the words of a filter highlighted.
func eventLine(th *draw.Theme, width int, e diag.Event, selected bool, sought []string) string {
	l := draw.NewLine(width)
	if selected {
		l.Add(th.Accent, th.Glyphs.Cursor)
	}
	l.To(timeColumn).Add(th.Dim, line.Time(e.At)).To(levelColumn)
	level, paint := eventLevel(e.Data), th.Plain
	if level != draw.Idle {
		var mark string
		mark, paint = th.Mark(level)
		l.Add(paint, mark)
	}
	name, text, _ := strings.Cut(line.Of(e), " ")
	highlight(l.To(nameColumn), th, th.Dim, name, sought).To(nameColumn + nameWidth)
	return highlight(l, th, paint, strings.TrimLeft(text, " "), sought).String()
}

// eventLevel marks the events that stand out: failures, and what was reached.
func eventLevel(d diag.Data) draw.Level {
	switch d := d.(type) {
	case diag.Warning:
		return draw.Warn
	case diag.ServerStage:
		if d.Stage.Failure != nil {
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
