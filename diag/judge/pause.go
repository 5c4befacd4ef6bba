package judge

import (
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/finding"
)

// InboundPaused means that a kind of media did not arrive for a while in the middle of a call, and that nothing known
// explains it.
type InboundPaused struct {
	Kind      string      `json:"kind"`
	Times     int         `json:"times"`
	LongestMs diag.Millis `json:"longest_ms"`
	AtMs      diag.Millis `json:"at_ms"` // when media came again after the longest one
}

// pauseLeast is the shortest pause that is named: a sender with little to send may wait as long as shorter ones.
const pauseLeast = 2 * time.Second

// pauseFindings name pauses of inbound media that are over. One that lasts is media that stopped.
func pauseFindings(out *finding.List, c *call.Call, x Expectation) {
	if c.Impaired != nil || x.Load.Short() {
		return
	}
	for _, kind := range diag.Kinds {
		e := InboundPaused{Kind: kind}
		for _, r := range c.Resumed {
			if r.Kind != kind || r.Explained || c.Machine.Explains(r) || r.AfterMs.Duration() < pauseLeast {
				continue
			}
			if e.Times++; r.AfterMs > e.LongestMs {
				e.LongestMs, e.AtMs = r.AfterMs, diag.Millis(r.At)
			}
		}
		if e.Times > 0 {
			out.Add("media.paused", Info, kind, e)
		}
	}
}
