package pane

import (
	"slices"
	"strconv"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/words"
	"dialtone/diag/words/term"
	"dialtone/diag/words/verdict"
	"dialtone/tui/draw"
)

// Call answers "does it work?": the state of the call, its path, its setup, its media and its latest messages.
type Call struct {
	size
	*Scene
	latest []diag.Event // as many as the tallest screen shows
}

// NewCall makes the pane.
func NewCall(s *Scene) Pane { return &Call{Scene: s} }

// Title is "Call".
func (*Call) Title() string { return "Call" }

// Keys are none: the pane only shows.
func (*Call) Keys() []key.Binding { return nil }

// Update keeps the latest events; everything else is in the scene.
func (p *Call) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case Events:
		p.latest = append(p.latest, msg...)
	case Reset:
		p.latest = msg.Events
	}
	p.latest = slices.Clone(p.latest[max(len(p.latest)-eventsMost, 0):])
	return nil
}

// View arranges the sections: one below the other, or in two columns where there is room and something for both.
func (p *Call) View() string {
	lesson := p.lesson()
	p.height -= len(lesson)
	out := p.stack
	if p.width >= twoColumns && len(p.Call.Messages)+len(p.Call.Tracks)+len(p.Call.Samples) > 0 {
		out = p.columns
	}
	lines := out()
	lines = append(lines, make([]string, max(p.height-len(lines), 0))...)
	p.height += len(lesson)
	return p.clamped(append(lines, lesson...))
}

// stack puts what says "it works" or "why not" first, and gives the setup what the others leave.
func (p *Call) stack() []string {
	width := min(p.width, twoColumns) // a longer scale shows no more
	beside := p.width >= besideWidth
	mediaWidth := width
	if beside {
		mediaWidth = min(width*2/3, 88)
	}
	lead, media := p.lead(width), p.media(mediaWidth)
	last := 0
	if !beside && len(p.messages(width, 1)) > 0 {
		last = 1 // the latest message has its row, however short the space
	}
	gap := 0
	if bars, _ := p.bars(0); len(lead)+len(media)+len(bars)+last+3+last <= p.height {
		gap = 1 // everything fits, and empty lines between
	}
	out := join(gap, lead, p.setup(width, p.height-len(lead)-len(media)-last-(2+last)*gap))
	left := p.height - len(out) - gap
	if beside {
		at := mediaWidth + 2
		out = join(gap, out, draw.Beside(media, p.messages(width-at, left), at))
	} else {
		out = join(gap, out, media)
		out = join(gap, out, p.messages(width, p.height-len(out)-gap))
	}
	out = join(gap, out, p.servers(width, p.height-len(out)-gap))
	out = join(gap, out, p.checked(p.height-len(out)-gap))
	return join(gap, out, p.events(p.height-len(out)-gap))
}

// besideWidth is the width from which the messages stand beside the media.
const besideWidth = 112

// columns has the call itself on the left, what flows over it on the right, and its course in charts below both.
func (p *Call) columns() []string {
	right := min(p.width*2/5, 90)
	left := p.width - right
	lead := p.lead(left - 3)
	setup := p.setup(left-3, p.height-len(lead)-1)
	first := join(1, lead, setup, p.servers(left-3, p.height-len(lead)-len(setup)-2))
	media := p.media(right)
	used := len(media)
	if used > 0 {
		used++
	}
	rows := max(p.height-used, 0)
	if charts := p.height - len(first) - 1; charts >= chartGood {
		rows = max(len(first)-used, 0)
	}
	out := draw.Beside(first, join(1, media, p.messages(right, rows)), left)
	out = join(1, out, p.course(p.height-len(out)-1))
	out = join(1, out, p.checked(p.height-len(out)-1))
	return join(1, out, p.events(p.height-len(out)-1))
}

// checked are the pairs of a call that ended without a path, where there is room for some.
func (p *Call) checked(height int) []string {
	if p.Call.Ended == nil || p.Call.Selected != nil || len(p.Call.Pairs) == 0 || height < checkedLeast {
		return nil
	}
	s := tableOf("Pairs", "", p.Call.Pairs, (&Candidates{Scene: p.Scene}).pairColumns()).section
	lines := s.draw(p.Theme, -1, p.width, 0, min(s.height(p.width), height))
	if hidden := s.height(p.width) - height; hidden > 0 {
		more := words.Count(hidden+1, "more pair", "more pairs") + ": press 2"
		lines[height-1] = draw.Row(p.width, 3, p.Theme.Dim, more)
	}
	return lines
}

// checkedLeast are the rows from which on pairs are shown.
const checkedLeast = 4

// events are the latest of a call without a path, where there is room for some: its media and its course are not there
// to show.
func (p *Call) events(height int) []string {
	if p.Call.Selected != nil || height < eventsLeast {
		return nil
	}
	out := []string{heading(p.Theme, p.width, "Latest events", "all: press 7")}
	for _, e := range p.latest[max(len(p.latest)-height+1, 0):] {
		out = append(out, eventLine(p.Theme, p.width, e, false, nil))
	}
	return out
}

// How many events a call without a path shows.
const (
	eventsLeast = 8
	eventsMost  = 100
)

// course is the bitrate of all streams and the round-trip time of the path over time, side by side.
func (p *Call) course(height int) []string {
	if height < chartLeast || len(p.Call.Samples) == 0 {
		return nil
	}
	width := (p.width - 2) / 2
	height = min(height, 2*chartMost) // a tall screen has nothing else to show
	course := func(name, unit string, value func(*diag.Sample) float64) []string {
		c := chart{name: name, unit: unit, missing: "not measured", points: points(p.Call, value)}
		return c.lines(p.Scene, width, height)
	}
	bitrate := course("Bitrate of all media", "kbit/s", totalBitrate)
	return draw.Beside(bitrate, course("Round-trip time of the path", "ms", pathRTT), width+2)
}

// servers lists the results of the STUN and TURN servers, where there is room for all and nothing else shows them.
func (p *Call) servers(width, height int) []string {
	if len(p.Call.Servers) == 0 || p.Call.State() == call.StateWaiting {
		return nil
	}
	out := append([]string{heading(p.Theme, width, "Servers")}, serverLines(p.Theme, p.Call.Servers, 2, width)...)
	if len(out) > height {
		return nil
	}
	return out
}

// serverLines are the results of STUN and TURN servers.
func serverLines(th *draw.Theme, list []call.ServerRow, indent, width int) []string {
	var out []string
	for _, s := range list {
		out = append(out, th.Marked(serverLevel(s), s.URL+": "+words.CallServer(s), indent, width)...)
	}
	return out
}

// lead is the first section: what the call waits for, the path, or why there is none.
func (p *Call) lead(width int) []string {
	switch state := p.Call.State(); {
	case p.Call.Failing():
		return join(1, p.failing(width), p.why(width))
	case state == call.StateEnded && p.Verdict.Exit != diag.ExitPass:
		return join(1, join(0, p.ending(width), p.why(width)), p.path(width))
	case state == call.StateEnded:
		return join(0, p.ending(width), p.path(width))
	case p.Call.Selected != nil:
		return join(0, p.trouble(width), p.path(width))
	default:
		return p.waiting(width)
	}
}

// failing says at once that there is no path, while a diagnosis still looks for the reason.
func (p *Call) failing(width int) []string {
	th, d := p.Theme, p.Call.Diagnosis()
	mark, paint := th.Mark(draw.Bad)
	return []string{
		draw.NewLine(width).Gap(1).Add(paint, mark).Gap(1).Add(th.Strong, p.headline()).String(),
		draw.NewLine(width).Gap(1).Add(th.Accent, p.Spinner()).Gap(1).Add(th.Plain, "Diagnosing the network").
			Gap(2).Add(th.Dim, seconds(p.Clock-d.At)+" of at most "+seconds(d.Start.BudgetMs.Duration())).String(),
	}
}

func (p *Call) headline() string { return words.Capital(verdict.Of(p.Verdict).Headline) }

// trouble says that the path is silent or lost, while it is.
func (p *Call) trouble(width int) []string {
	switch c := p.Call; c.State() {
	case call.StateReconnecting:
		return p.Theme.Marked(draw.Warn, "The path went silent. Checks continue. Press r to restart ICE.", 1, width)
	case call.StateLost:
		left := *c.RestartAt + c.Lost.LimitMs.Duration() - p.Clock
		return p.Theme.Marked(draw.Bad, "The path is lost. Dialing the peer again for "+seconds(left)+
			" at most. Press h to hang up.", 1, width)
	default:
		return nil
	}
}

// ending says how the call ended, and who ended it.
func (p *Call) ending(width int) []string {
	mark, paint := p.Theme.Mark(ExitLevel(p.Verdict.Exit))
	l := draw.NewLine(width).Gap(1).Add(paint, mark).Gap(1).Add(p.Theme.Strong, p.headline())
	return []string{l.Note(p.Theme.Dim, term.EndedBy(p.Call.Ended.By)+" at "+words.Clock(p.Call.EndedAt)).String()}
}

// ExitLevel grades the end of a call.
func ExitLevel(exit diag.Exit) draw.Level {
	switch exit {
	case diag.ExitPass:
		return draw.Good
	case diag.ExitInterrupted:
		return draw.Warn
	default:
		return draw.Bad
	}
}

// why says why the call failed, and what to do.
func (p *Call) why(width int) []string {
	th, said := p.Theme, verdict.Of(p.Verdict)
	var why, todo []string
	for _, s := range said.Why {
		why = append(why, th.Labeled(th.Glyphs.Dot, th.Dim, s, 1, width)...)
	}
	for i, s := range said.Next {
		todo = append(todo, th.Labeled(strconv.Itoa(i+1)+".", th.Accent, s, 1, width)...)
	}
	if len(why) > 0 {
		why = append([]string{heading(th, width, "Why")}, why...)
	}
	if len(todo) > 0 {
		todo = append([]string{heading(th, width, "What to do")}, todo...)
	}
	return join(p.gap(), why, todo)
}

// messages are the latest of the data channels, the newest last. Greetings between the programs are left to the data
// pane.
func (p *Call) messages(width, height int) []string {
	if height < 1 {
		return nil
	}
	title := heading(p.Theme, width, "Messages")
	var rows []string
	all := p.Call.Messages
	for i := len(all) - 1; i >= 0 && len(rows) < max(height-1, 1); i-- {
		if c := all[i].Control; c != nil && c.Code == "hello" || isEcho(all, i) {
			continue
		}
		if height == 1 {
			return []string{title + messageLines(p.Theme, all[i], width-draw.Width(title), 1)[0]}
		}
		rows = append(rows, messageLines(p.Theme, all[i], width, 1)[0])
	}
	if len(rows) == 0 {
		return nil
	}
	slices.Reverse(rows)
	return append([]string{title}, rows...)
}
