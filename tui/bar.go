package tui

import (
	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/tui/draw"
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

// phaseWords name the phases on the timeline; others are not marked.
var phaseWords = map[diag.PhaseName]string{
	diag.PhaseDial: "dial", diag.PhaseWait: "wait", diag.PhaseOfferAnswer: "offer", diag.PhaseICE: "checks", diag.PhaseDTLS: "DTLS",
	diag.PhaseSCTP: "SCTP", diag.PhaseRestart: "ICE restart",
}

// marksOf are the moments of a call that are worth finding.
func marksOf(c *call.Call) []draw.Mark {
	var out []draw.Mark
	for _, s := range c.Spans {
		if word, ok := phaseWords[s.Phase]; ok {
			out = append(out, draw.Mark{At: s.Start, Label: word})
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
			out = append(out, draw.Mark{At: d.EndedAt, Level: natLevel(judge.Diagnose(d.State).Exit)})
		}
	}
	if c.Ended != nil {
		out = append(out, draw.Mark{At: c.EndedAt, Level: endLevel(judge.Judge(c).Exit), Label: "ended"})
	}
	return out
}
