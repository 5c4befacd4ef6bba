package judge

import (
	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/finding"
)

// Reaction is the evidence of what the peer did or did not do in a stress test.
type Reaction struct {
	Lost          *int64       `json:"lost,omitempty"`          // packets of inbound video
	Retransmitted *int64       `json:"retransmitted,omitempty"` // of those
	Requests      uint32       `json:"requests,omitempty"`      // to retransmit, that were sent
	TookMs        *diag.Millis `json:"took_ms,omitempty"`
}

// slowKeyFrame and slowRecovery are when a reaction is remarkable.
const (
	slowKeyFrame = diag.Millis(500e6)
	slowRecovery = diag.Millis(2000e6)
)

// stressFindings are what the peer did not do in a stress test. It fails a check, unless this
// machine was short of CPU: then the packets may have been late here.
func stressFindings(out *finding.List, c *call.Call, x Expectation) {
	r := c.Reactions()
	if r == nil {
		return
	}
	fails := func(id string, ok *bool, e Reaction) {
		if ok != nil && !*ok {
			out.Add(id, finding.Graver(x.check && !x.Load.Short()), "", e)
		}
	}
	slow := func(id string, took *diag.Millis, limit diag.Millis) {
		if took != nil && *took > limit && !x.Load.Short() {
			out.Add(id, Warn, "", Reaction{TookMs: took})
		}
	}
	fails("stress.no_retransmission", r.Retransmits, Reaction{
		Lost: r.Lost, Retransmitted: r.Retransmitted, Requests: c.StreamOf(diag.Inbound, "video").NACK,
	})
	fails("stress.no_nack", r.Asks, Reaction{})
	fails("stress.no_key_frame", r.KeyFrame, Reaction{})
	fails("stress.no_feedback", r.Feedback, Reaction{})
	fails("stress.stops_at_loss", r.KeepsSending, Reaction{})
	if !brokeOwn(c) {
		fails("stress.no_recovery", r.Recovers, Reaction{})
	}
	slow("stress.slow_key_frame", r.KeyFrameDelay, slowKeyFrame)
	slow("stress.slow_recovery", r.RecoveryTime, slowRecovery)
	if c.Ended != nil && c.Ended.Reason != diag.EndInterrupted && !finished(c) {
		out.Add("stress.incomplete", finding.Graver(x.check), "", Reaction{})
	}
}

// finished reports whether the call lasted through all steps.
func finished(c *call.Call) bool { return c.Steps[len(c.Steps)-1].Step == diag.StressOver }
