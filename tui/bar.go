package tui

import (
	"slices"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/judge/network"
	"dialtone/diag/words/term"
	"dialtone/tui/draw"
	"dialtone/tui/pane"
)

// bar is the timeline as it is drawn.
func (m *Model) bar() draw.Timeline {
	return draw.Timeline{
		Start: m.time.start(), End: m.time.end(), At: m.scene.Clock, Marks: marksOf(m.time.head), Lost: m.time.lost > 0,
	}
}

// barShown reports whether the timeline takes room on the screen.
func (m *Model) barShown() bool {
	return m.height >= low && (m.options.Replay != nil || m.transport.playback != following)
}

// marked are the phases whose start is a mark on the timeline.
var marked = []diag.PhaseName{
	diag.PhaseDial, diag.PhaseWait, diag.PhaseOfferAnswer, diag.PhaseICE, diag.PhaseDTLS,
	diag.PhaseSCTP, diag.PhaseRestart,
}

// marksOf are the notable moments of a call.
func marksOf(c *call.Call) []draw.Mark {
	var out []draw.Mark
	for _, s := range c.Spans {
		if slices.Contains(marked, s.Phase) {
			out = append(out, draw.Mark{At: s.Start, Label: term.Phase(s.Phase)})
		}
		if s.Outcome == diag.OutcomeFailed {
			out = append(out, draw.Mark{At: s.End, Level: draw.Bad})
		}
	}
	if c.ConnectedAt != nil {
		out = append(out, draw.Mark{At: *c.ConnectedAt, Level: draw.Good, Label: "connected"})
	}
	for _, w := range c.Warnings {
		out = append(out, draw.Mark{At: w.At, Level: draw.Warn})
	}
	for i := range c.NAT {
		d := &c.NAT[i]
		out = append(out, draw.Mark{At: d.At, Label: "diagnosis"})
		if d.Complete() && c.Alone() {
			out = append(out, draw.Mark{At: d.EndedAt, Level: pane.DiagnosisLevel(network.Judge(d.State).Exit)})
		}
	}
	if c.Ended != nil {
		out = append(out, draw.Mark{At: c.EndedAt, Level: pane.ExitLevel(judge.Judge(c).Exit), Label: "ended"})
	}
	return out
}
