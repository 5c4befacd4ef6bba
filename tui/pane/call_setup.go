package pane

import (
	"fmt"
	"time"

	"dialtone/diag"
	"dialtone/tui/draw"
)

// setup is the waterfall of the set-up, in at most height rows with its heading.
func (p *Call) setup(width, height int) []string {
	if height < 3 {
		return nil
	}
	bars, till := setupBars(p.Call, p.Theme.Glyphs)
	if len(bars) == 0 {
		return nil
	}
	now := p.Clock
	if p.Call.Ended != nil {
		now = p.Call.EndedAt
	}
	out := []string{heading(p.Theme, "Set-up", p.setupRemark(), width)}
	fall := draw.Waterfall{Bars: bars, Now: max(now, p.Call.Now), Till: till}
	lines := fall.Lines(p.Theme, width-3, height-1)
	for _, l := range lines {
		out = append(out, "  "+l)
	}
	return out
}

func (p *Call) setupRemark() string {
	g := p.Theme.Glyphs
	legend := fmt.Sprintf("%s ours  %s the peer's or pion's  %s longest", g.Bar[7], g.Hatch, g.Longest)
	if d, ok := p.Call.SetupTime(); ok {
		return draw.Span(d) + " from the pairing to an open channel    " + legend
	}
	return legend
}

// phaseKind says how a phase is shown: its name, whose time it is, and what its subjects are called when many stand in one bar.
type phaseKind struct {
	name   string
	theirs bool
	wait   bool
}

var phaseKinds = map[diag.PhaseName]phaseKind{
	diag.PhaseDial:        {name: "dial"},
	diag.PhaseWait:        {name: "wait for the peer", theirs: true, wait: true},
	diag.PhaseGather:      {name: "gathering"},
	diag.PhaseOfferAnswer: {name: "offer and answer"},
	diag.PhaseICE:         {name: "ICE checks"},
	diag.PhaseNomination:  {name: "nomination wait", theirs: true},
	diag.PhaseDTLS:        {name: "DTLS handshake"},
	diag.PhaseSCTP:        {name: "SCTP"},
	diag.PhaseChannel:     {name: "data channels"},
	diag.PhaseFirstPacket: {name: "first packets"},
	diag.PhaseFirstFrame:  {name: "first frame"},
}

// setupBars makes a bar of each phase of the set-up, in the order of their start; phases with several subjects share one.
// Phases of an ICE restart are left out: they are far away on the scale. The scale ends at till where what still runs
// would squeeze what is done; 0 while the set-up goes on.
func setupBars(c *diag.Call, g draw.Glyphs) (bars []draw.Bar, till time.Duration) {
	index := map[diag.PhaseName]int{}
	for _, s := range c.Spans {
		if s.Phase == diag.PhaseRestart {
			break
		}
		b := barOf(s, g)
		if s.Outcome != "" {
			till = max(till, s.End)
		}
		i, known := index[s.Phase]
		if !known {
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

func barOf(s diag.Span, g draw.Glyphs) draw.Bar {
	kind, known := phaseKinds[s.Phase]
	if !known {
		kind.name = string(s.Phase)
	}
	b := draw.Bar{
		Name: kind.name, Start: s.Start, End: s.End, Running: s.Outcome == "", Theirs: kind.theirs, Wait: kind.wait,
		Level: draw.Good, Note: s.Detail,
	}
	if s.Subject != "" {
		b.Note = s.Subject
		if s.Outcome != "" {
			b.Note += " " + draw.Span(s.End-s.Start)
		}
	}
	switch s.Outcome {
	case diag.OutcomeFailed:
		b.Level = draw.Bad
		b.Note = join2(b.Note, s.Detail)
		if s.Subject != "" {
			b.Note = g.Bad + " " + b.Note
		}
	case diag.OutcomeCancelled:
		b.Level = draw.Idle
		b.Note = join2(b.Note, "given up")
	case diag.OutcomeOK:
	}
	return b
}

// merge puts two spans of one phase into one bar. It failed only if both did.
func merge(a, b draw.Bar, g draw.Glyphs) draw.Bar {
	a.Start, a.End = min(a.Start, b.Start), max(a.End, b.End)
	a.Running = a.Running || b.Running
	if a.Level == draw.Bad || a.Level == draw.Idle {
		a.Level = b.Level
	}
	a.Note = facts(g, a.Note, b.Note)
	return a
}
