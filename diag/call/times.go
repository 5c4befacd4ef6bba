package call

import (
	"slices"
	"time"

	"dialtone/diag"
)

// noPath reports whether the call has failed because no path was found.
func (c *Call) NoPath() bool { return c.Failing() || c.Ended != nil && c.Ended.Reason == diag.EndICE }

// upTime is how long the connection was (or has been) up.
func (c *Call) UpTime() time.Duration {
	if c.ConnectedAt == nil {
		return 0
	}
	end := c.Now
	if s := c.Latest(); s != nil && s.Final {
		end = s.At // goodbyes come after it
	} else if c.Ended != nil {
		end = c.EndedAt
	}
	return end - *c.ConnectedAt
}

// failedAt is when it was clear that there is no path: the call may have stayed for a diagnosis.
func (c *Call) FailedAt() time.Duration {
	for i := len(c.NAT) - 1; i >= 0; i-- {
		if c.NAT[i].Start.Because == diag.BecauseICEFailed {
			return c.NAT[i].At
		}
	}
	if c.Ended != nil {
		return c.EndedAt
	}
	return c.Now
}

// pairedAt is when both parties were there: the end of the wait, or of the dial for the one who came second.
func (c *Call) PairedAt() time.Duration {
	var at time.Duration
	for _, s := range c.Spans {
		if (s.Phase == diag.PhaseDial || s.Phase == diag.PhaseWait) && s.Outcome == diag.OutcomeOK {
			at = max(at, s.End)
		}
	}
	return at
}

// stage says what a call that is not up was doing.
func (c *Call) Stage() string {
	switch {
	case c.Role == "" && c.waited():
		return "waiting for the other party"
	case c.Role == "":
		return "dialling"
	case c.ICE == "checking" || c.ICE == "failed":
		return "looking for a path"
	case c.ICE == "connected" || c.ICE == "completed":
		return "securing the path (DTLS)"
	}
	return "exchanging offer and answer"
}

// waited reports whether the code was dialled and the other party awaited.
func (c *Call) waited() bool {
	return c.Signal.State == diag.SignalWaiting ||
		slices.ContainsFunc(c.Spans, func(s Span) bool { return s.Phase == diag.PhaseWait })
}

// listens reports whether the call waited at a server of its own.
func (c *Call) Listens() bool {
	return c.Start.Signaling != "" && c.Start.Signaling != diag.SignalingPaste && c.Start.Command == "answer"
}
