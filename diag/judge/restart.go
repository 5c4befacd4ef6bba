package judge

import (
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/finding"
)

// MediaPaused means that media stopped for some time during ICE restarts: the longest pause of each direction.
type MediaPaused struct {
	Restarts int          `json:"restarts"`
	Inbound  *diag.Millis `json:"inbound_ms,omitempty"`
	Outbound *diag.Millis `json:"outbound_ms,omitempty"`
}

// Bounds of pauses: a gap of more than 200 ms is heard, and one of a second looks like an outage.
const (
	pauseHeard  = 200 * time.Millisecond
	pauseOutage = time.Second
)

// restartFindings name the pause of media during ICE restarts.
func restartFindings(out *finding.List, c *call.Call, _ Expectation) {
	longest := max(diag.OrZero(c.Paused.Inbound), diag.OrZero(c.Paused.Outbound)).Duration()
	if longest < pauseHeard {
		return
	}
	severity := Info
	if longest >= pauseOutage {
		severity = Warn
	}
	out.Add("media.restart_pause", severity, "", MediaPaused{c.Restarts, c.Paused.Inbound, c.Paused.Outbound})
}
