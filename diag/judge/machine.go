package judge

import (
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/finding"
)

// Evidence about this machine.
type (
	// Offline means that this machine had no network during the call.
	Offline struct {
		OfflineMs diag.Millis `json:"offline_ms"`      // the longest time
		SinceMs   diag.Millis `json:"since_ms"`        // from the beginning of the call
		Lasts     bool        `json:"lasts,omitempty"` // it still had none at the end
		Ended     bool        `json:"ended,omitempty"` // the call did not come back
	}
	// Suspended means that this program did not run during the call.
	Suspended struct {
		PausedMs diag.Millis      `json:"paused_ms"` // the longest time
		Source   diag.PauseSource `json:"source"`
		Ended    bool             `json:"ended,omitempty"` // the call did not come back
	}
)

const (
	// shortOutage is what a call survives without a remark.
	shortOutage = time.Second
	// breakingOutage is the least that can have ended a call.
	breakingOutage = 3 * time.Second
	// lateEcho is how long after the beginning of an outage, or after a pause, what had arrived before may be read, and
	// how much later its end is noticed.
	lateEcho = 8 * time.Second
)

// machineFindings name what this machine did to an established call. Of a call that lost its peer they are the cause.
func machineFindings(out *finding.List, c *call.Call, _ Expectation) {
	if c.ConnectedAt == nil {
		return
	}
	if o, ended := offline(c); o != nil {
		out.Add("machine.offline", finding.Graver(ended), "",
			Offline{diag.Millis(o.Length(c.Now)), diag.Millis(o.From), o.To == nil, ended})
	}
	if p, ended := paused(c); p != nil {
		out.Add("machine.paused", finding.Graver(ended), "", Suspended{p.DurationMs, p.Source, ended})
	}
}

// brokeOwn reports whether the call lost its peer because of this machine.
func brokeOwn(c *call.Call) bool {
	if c.ConnectedAt == nil {
		return false
	}
	_, off := offline(c)
	_, stopped := paused(c)
	return off || stopped
}

// offline is the longest time without a network while the call was established, and whether the call ended by it.
func offline(c *call.Call) (longest *call.Outage, ended bool) {
	for i := range c.Machine.Outages {
		o := &c.Machine.Outages[i]
		length := o.Length(c.Now)
		if length < shortOutage || o.To != nil && *o.To < *c.ConnectedAt {
			continue
		}
		breaks := length >= breakingOutage && brokeAt(c, o.From, o.From+length)
		if longest == nil || breaks && !ended || length > longest.Length(c.Now) && breaks == ended {
			longest, ended = o, breaks
		}
	}
	return longest, ended
}

// paused is the longest time in which this program did not run, likewise.
func paused(c *call.Call) (longest *call.PauseRow, ended bool) {
	for i := range c.Machine.Pauses {
		p := &c.Machine.Pauses[i]
		if p.At < *c.ConnectedAt {
			continue
		}
		breaks := brokeAt(c, p.At-p.DurationMs.Duration(), p.At)
		if longest == nil || breaks && !ended || p.DurationMs > longest.DurationMs && breaks == ended {
			longest, ended = p, breaks
		}
	}
	return longest, ended
}

// ownSilence reports whether this machine explains that no answers had come at a time: it asked for none.
func ownSilence(c *call.Call, at time.Duration) bool {
	for _, o := range c.Machine.Outages {
		if o.From <= at && (o.To == nil || at <= *o.To+lateEcho) {
			return true
		}
	}
	for _, p := range c.Machine.Pauses {
		// Either may be noticed first when the program goes on.
		if from := p.At - p.DurationMs.Duration(); from <= at && at <= p.At+lateEcho {
			return true
		}
	}
	return false
}

// brokeAt reports whether the call lost its peer in an outage, or soon after it, and not before.
func brokeAt(c *call.Call, from, end time.Duration) bool {
	lost, known := c.LostAt()
	gone := c.Ended != nil && c.Ended.Reason == diag.EndPeerLost && c.Ended.Code != diag.CodeCertificate
	return known && (gone || silentAtEnd(c)) && lost >= from-lateEcho && lost <= end+lateEcho
}
