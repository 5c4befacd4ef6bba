package call

import (
	"slices"
	"time"

	"dialtone/diag"
)

// NoPath reports whether the call has failed because no path was found.
func (c *Call) NoPath() bool { return c.Failing() || c.Ended != nil && c.Ended.Reason == diag.EndICE }

// UpTime is how long the connection was (or has been) up.
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

// FailedAt is when it was clear that no path would be found: the call may have continued for a diagnosis.
func (c *Call) FailedAt() time.Duration {
	for i := len(c.NAT) - 1; i >= 0; i-- {
		if c.NAT[i].Start.Because == diag.BecauseICEFailed {
			return c.NAT[i].At
		}
	}
	for _, s := range c.Spans {
		if c.Browser != nil && s.Phase == diag.PhaseICE && s.Outcome == diag.OutcomeFailed {
			return s.End // a page may leave it open for long
		}
	}
	if c.Ended != nil {
		return c.EndedAt
	}
	return c.Now
}

// began reports whether a phase has begun.
func (c *Call) began(phase diag.PhaseName) bool {
	return slices.ContainsFunc(c.Spans, func(s Span) bool { return s.Phase == phase })
}

// CheckingAt is when the first candidate pairs were checked; false: none were.
func (c *Call) CheckingAt() (time.Duration, bool) {
	for _, s := range c.Spans {
		if s.Phase == diag.PhaseICE {
			return s.Start, true
		}
	}
	return 0, false
}

// PairedAt is when both parties were there: the end of the wait, or of the dial for the one who came second.
func (c *Call) PairedAt() time.Duration {
	var at time.Duration
	for _, s := range c.Spans {
		if (s.Phase == diag.PhaseDial || s.Phase == diag.PhaseWait) && s.Outcome == diag.OutcomeOK {
			at = max(at, s.End)
		}
	}
	if c.Browser != nil && len(c.Spans) > 0 {
		return c.Spans[0].Start // the page may have asked for devices before it
	}
	return at
}

// Stage is the step that a call which is not connected is at.
type Stage uint8

// Stages.
const (
	StageUnknown     Stage = iota
	StageDialing           // the signaling server has not answered
	StageWaiting           // the peer is not there
	StageNegotiating       // offer and answer are exchanged
	StageUnpaired          // both descriptions are known, and there is no candidate pair yet
	StageChecking          // candidate pairs are checked
	StageSecuring          // the DTLS handshake runs
	StageDevices           // in the dump of a browser: there is no connection, only requests for devices
	StageUndescribed       // in the dump of a browser: no description was set
	StageFound             // likewise: ICE is connected, and nothing is said of DTLS
)

// Stage says what a call that is not connected is doing, or was doing when it ended.
func (c *Call) Stage() Stage {
	switch {
	case c.Browser != nil && c.Start.Code == diag.DumpPage:
		return StageDevices
	case c.Browser != nil && c.Role == "":
		return StageUndescribed
	case c.Browser != nil && (c.ICE == "connected" || c.ICE == "completed") &&
		(!c.began(diag.PhaseDTLS) || c.DTLS.State == "closed"):
		return StageFound
	case c.Role == "" && c.waited():
		return StageWaiting
	case c.Role == "":
		return StageDialing
	case c.ICE == "connected" || c.ICE == "completed":
		return StageSecuring
	case c.Browser != nil && (c.description(diag.Local) == nil || c.description(diag.Remote) == nil):
		return StageNegotiating // whatever ICE says: there is no peer to check with
	case c.Browser != nil && (len(c.Local) == 0 || len(c.Remote) == 0):
		return StageUnpaired
	case c.ICE == "checking" || c.ICE == "failed":
		return StageChecking
	case c.Browser != nil:
		return StageUnpaired
	}
	return StageNegotiating
}

// waited reports whether the code was dialed and the peer awaited.
func (c *Call) waited() bool {
	return c.Signal.State == diag.SignalWaiting || c.began(diag.PhaseWait)
}

// Listens reports whether the call waited at a server of its own.
func (c *Call) Listens() bool {
	return c.Start.Listens
}
