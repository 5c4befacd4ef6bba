package pane

import (
	"fmt"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/words"
	"dialtone/diag/words/term"
	"dialtone/tui/draw"
)

// setup is the waterfall of the setup, in at most height rows with its heading.
func (p *Call) setup(width, height int) []string {
	if height < 3 {
		return nil
	}
	bars, till := p.bars(height - 1)
	if len(bars) == 0 {
		return nil
	}
	now := p.Clock
	if p.Call.Ended != nil {
		now = p.Call.EndedAt
	}
	fall := draw.Waterfall{Bars: bars, Now: max(now, p.Call.Now), Till: till}
	restarts := p.restarts(width)
	restarts = restarts[max(len(restarts)-max(height-1-len(bars), 0), 0):]
	rows := height - 1 - len(restarts)
	head, notes := fall.Head(p.Theme, "Setup", 2, width-1, rows), p.setupNotes(fall.MarksLongest(rows))
	out := []string{noted(p.Theme, head, notes...)}
	for _, l := range fall.Lines(p.Theme, width-3, rows) {
		out = append(out, "  "+l)
	}
	return append(out, restarts...)
}

// restarts are the ICE restarts with their duration: they happen long after the setup, so the scale has no room for
// them.
func (p *Call) restarts(width int) []string {
	th := p.Theme
	var out []string
	for _, s := range p.Call.Spans {
		if s.Phase != diag.PhaseRestart {
			continue
		}
		l := draw.NewLine(width).Gap(2).Add(th.Plain, term.Phase(s.Phase)+" at "+words.Clock(s.Start)).Gap(2)
		switch s.Outcome {
		case "":
			l.Add(th.Dim, "in progress")
		case diag.OutcomeFailed:
			l.Add(th.Bad, th.Glyphs.Bad+" failed after "+words.Duration(s.End-s.Start))
		case diag.OutcomeOK, diag.OutcomeCancelled:
			l.Add(th.Dim, words.Duration(s.End-s.Start))
		}
		out = append(out, l.Gap(2).Add(th.Dim, s.Detail).String())
	}
	return out
}

// setupNotes are the duration of the whole setup and the legend, or what of it fits.
func (p *Call) setupNotes(longest bool) []string {
	g := p.Theme.Glyphs
	legend := fmt.Sprintf("%s local %s peer/pion", g.Bar[7], g.Hatch)
	if longest {
		legend += " " + g.Longest + " longest"
	}
	d, ok := p.Call.SetupTime()
	if !ok {
		return []string{legend}
	}
	short := words.Duration(d) + " to open channel"
	return []string{
		words.Duration(d) + " from pairing to an open channel    " + legend, short + "  " + legend,
		words.Duration(d) + " to open  " + legend, short,
	}
}

// remote are the phases whose duration the peer or the waits of pion decide.
var remote = map[diag.PhaseName]bool{diag.PhaseWait: true, diag.PhaseNomination: true}

// detail says which phases show a bar for each of their subjects instead of one for all.
type detail func(diag.PhaseName) bool

// bars shows as much detail as there are rows: every server's gathering, on a large screen every channel and stream
// too.
func (p *Call) bars(rows int) (bars []draw.Bar, till time.Duration) {
	details := []detail{
		func(n diag.PhaseName) bool { return n == diag.PhaseGather },
		func(diag.PhaseName) bool { return false },
	}
	if p.height >= 45 {
		details = append([]detail{func(diag.PhaseName) bool { return true }}, details...)
	}
	for _, d := range details {
		if bars, till = setupBars(p.Call, p.Theme.Glyphs, d); len(bars) <= rows {
			break
		}
	}
	return bars, till
}

// setupBars makes a bar of each phase of the setup, in the order of their start; subjects share one but in detail.
// Phases of an ICE restart are left out: they are far away on the scale. The scale ends at till when what still runs
// would squeeze what is finished; 0 while the setup is in progress.
func setupBars(c *call.Call, g draw.Glyphs, single detail) (bars []draw.Bar, till time.Duration) {
	index := map[diag.PhaseName]int{}
	for _, s := range c.Spans {
		if s.Phase == diag.PhaseRestart {
			break
		}
		alone := s.Subject != "" && single(s.Phase)
		b := barOf(s, g, alone)
		if s.Outcome != "" {
			till = max(till, s.End)
		}
		i, known := index[s.Phase]
		if !known || alone {
			index[s.Phase] = len(bars)
			bars = append(bars, b)
			continue
		}
		bars[i] = merge(bars[i], b)
	}
	if c.ConnectedAt == nil && c.Ended == nil {
		return bars, 0
	}
	return bars, till
}

// barOf is the bar of one span. Alone it is named after its subject, else the subject goes to the notes.
func barOf(s call.Span, g draw.Glyphs, alone bool) draw.Bar {
	b := draw.Bar{
		Name: term.Phase(s.Phase), Start: s.Start, End: s.End, Running: s.Outcome == "", Level: draw.Good,
		Remote: remote[s.Phase], Wait: s.Phase == diag.PhaseWait,
	}
	mark, detail := "", s.Detail
	switch s.Outcome {
	case diag.OutcomeFailed:
		b.Level, mark = draw.Bad, g.Bad
	case diag.OutcomeCancelled:
		b.Level, detail = draw.Idle, words.Join(", ", s.Detail, "cancelled")
	case diag.OutcomeOK:
	}
	switch {
	case alone:
		b.Name += " " + s.Subject
	case s.Subject != "":
		length := ""
		if b.Level == draw.Good && !b.Running {
			length = words.Duration(s.End - s.Start)
		}
		detail = words.Join(" ", mark, s.Subject, length, detail)
	}
	if detail != "" {
		b.Notes = []string{detail}
	}
	return b
}

// merge puts two spans of one phase into one bar. It failed if both did; what failed is noted first.
func merge(a, b draw.Bar) draw.Bar {
	a.Start, a.End = min(a.Start, b.Start), max(a.End, b.End)
	a.Running = a.Running || b.Running
	if b.Level == draw.Bad {
		a.Notes, b.Notes = b.Notes, a.Notes
	}
	a.Notes = append(a.Notes[:len(a.Notes):len(a.Notes)], b.Notes...)
	switch {
	case a.Level == b.Level:
	case a.Level == draw.Idle || b.Level == draw.Idle:
		a.Level = max(a.Level, b.Level)
	default:
		a.Level = draw.Warn
	}
	return a
}
