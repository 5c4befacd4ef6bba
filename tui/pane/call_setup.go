package pane

import (
	"fmt"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/tui/draw"
)

// setup is the waterfall of the set-up, in at most height rows with its heading.
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
	head := fall.Head(p.Theme, "Set-up", 2, width-1, height-1-len(restarts))
	out := []string{withRemark(p.Theme, head, width, p.setupRemarks()...)}
	for _, l := range fall.Lines(p.Theme, width-3, height-1-len(restarts)) {
		out = append(out, "  "+l)
	}
	return append(out, restarts...)
}

// restarts are the ICE restarts with their length: they happen long after the set-up, so the scale has no room for
// them.
func (p *Call) restarts(width int) []string {
	th := p.Theme
	var out []string
	for _, s := range p.Call.Spans {
		if s.Phase != diag.PhaseRestart {
			continue
		}
		l := draw.NewLine(width).Gap(2).Add(th.Plain, "ICE restart at "+draw.Clock(s.Start)).Gap(2)
		switch s.Outcome {
		case "":
			l.Add(th.Dim, "goes on")
		case diag.OutcomeFailed:
			l.Add(th.Bad, th.Glyphs.Bad+" failed after "+draw.Span(s.End-s.Start))
		case diag.OutcomeOK, diag.OutcomeCancelled:
			l.Add(th.Dim, "took "+draw.Span(s.End-s.Start))
		}
		out = append(out, l.Gap(2).Add(th.Dim, s.Detail).String())
	}
	return out
}

// setupRemarks are the length of the whole set-up and the legend, or what of it fits.
func (p *Call) setupRemarks() []string {
	g := p.Theme.Glyphs
	legend := fmt.Sprintf("%s ours  %s the peer's or pion's  %s longest", g.Bar[7], g.Hatch, g.Longest)
	d, ok := p.Call.SetupTime()
	if !ok {
		return []string{legend}
	}
	total := draw.Span(d) + " from the pairing to an open channel"
	short := fmt.Sprintf("%s to an open channel  %s ours %s not ours %s longest", draw.Span(d), g.Bar[7], g.Hatch,
		g.Longest)
	return []string{total + "    " + legend, short, total}
}

// phaseKind says how a phase is shown and whose time it is.
type phaseKind struct {
	name   string // of one bar for all subjects
	single string // before the subject, of a bar for one
	theirs bool
	wait   bool
}

var phaseKinds = map[diag.PhaseName]phaseKind{
	diag.PhaseDial:        {name: "dial"},
	diag.PhaseWait:        {name: "wait for the peer", theirs: true, wait: true},
	diag.PhaseGather:      {name: "gathering", single: "gather"},
	diag.PhaseOfferAnswer: {name: "offer and answer"},
	diag.PhaseICE:         {name: "ICE checks"},
	diag.PhaseNomination:  {name: "nomination wait", theirs: true},
	diag.PhaseDTLS:        {name: "DTLS handshake"},
	diag.PhaseSCTP:        {name: "SCTP"},
	diag.PhaseChannel:     {name: "data channels", single: "channel"},
	diag.PhaseFirstPacket: {name: "first packets", single: "first"},
	diag.PhaseFirstFrame:  {name: "first frame", single: "frame"},
}

// detail says which phases show a bar for each of their subjects instead of one for all.
type detail func(diag.PhaseName) bool

// bars shows as much detail as there are rows: every server's gathering, on a large screen every channel and stream
// too.
func (p *Call) bars(rows int) (bars []draw.Bar, till time.Duration) {
	details := []detail{func(n diag.PhaseName) bool { return n == diag.PhaseGather },
		func(diag.PhaseName) bool { return false }}
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

// setupBars makes a bar of each phase of the set-up, in the order of their start; subjects share one but in detail.
// Phases of an ICE restart are left out: they are far away on the scale. The scale ends at till where what still runs
// would squeeze what is done; 0 while the set-up goes on.
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
		bars[i] = merge(bars[i], b, g)
	}
	if c.ConnectedAt == nil && c.Ended == nil {
		return bars, 0
	}
	return bars, till
}

// barOf is the bar of one span. Alone it is named after its subject, else the subject goes to the note.
func barOf(s call.Span, g draw.Glyphs, alone bool) draw.Bar {
	kind, known := phaseKinds[s.Phase]
	if !known {
		kind.name = string(s.Phase)
	}
	b := draw.Bar{
		Name: kind.name, Start: s.Start, End: s.End, Running: s.Outcome == "", Theirs: kind.theirs, Wait: kind.wait,
		Level: draw.Good, Note: s.Detail,
	}
	mark := ""
	switch s.Outcome {
	case diag.OutcomeFailed:
		b.Level, mark = draw.Bad, g.Bad
	case diag.OutcomeCancelled:
		b.Level, b.Note = draw.Idle, join2(s.Detail, "given up")
	case diag.OutcomeOK:
	}
	switch {
	case alone:
		b.Name = kind.single + " " + s.Subject
	case s.Subject != "":
		length := ""
		if b.Level == draw.Good && !b.Running {
			length = draw.Span(s.End - s.Start)
		}
		b.Note = joinSpace(mark, s.Subject, length, s.Detail)
	}
	return b
}

// merge puts two spans of one phase into one bar. It failed if both did; what failed is noted first.
func merge(a, b draw.Bar, g draw.Glyphs) draw.Bar {
	a.Start, a.End = min(a.Start, b.Start), max(a.End, b.End)
	a.Running = a.Running || b.Running
	if b.Level == draw.Bad {
		a.Note, b.Note = b.Note, a.Note
	}
	a.Note = facts(g, a.Note, b.Note)
	switch {
	case a.Level == b.Level:
	case a.Level == draw.Idle || b.Level == draw.Idle:
		a.Level = max(a.Level, b.Level)
	default:
		a.Level = draw.Warn
	}
	return a
}
