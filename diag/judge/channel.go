package judge

import (
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/finding"
)

// Evidence about data channels.
type (
	// ChannelNotOpen means that the call is connected, and no data channel opened.
	ChannelNotOpen struct {
		UpMs     diag.Millis `json:"up_ms"`
		SCTP     string      `json:"sctp,omitempty"` // RTCSctpTransportState
		Received uint64      `json:"packetsReceived"`
	}
	// ChannelNotEchoed means that nothing came back as it was sent.
	ChannelNotEchoed struct {
		Channels int    `json:"channels"`         // that were open
		Answer   string `json:"answer,omitempty"` // what came instead; absent: nothing
	}
)

// leftEarly reports whether the peer ended the call before an answer from it was due: a call waits for one as long as
// its setup took, for one to five seconds.
func leftEarly(c *call.Call) bool {
	setup, ok := c.SetupTime()
	due := max(time.Second, min(setup, 5*time.Second))
	return ok && c.Ended.By == diag.ByRemote && c.EndedAt-*c.OpenAt < due
}

// channelFindings name a data channel that did not open, or from which nothing came back.
func channelFindings(c *call.Call, x Expectation) []Finding {
	switch {
	case c.ConnectedAt == nil || c.Ended == nil || c.Start.MediaOnly || x.check && !x.Echo && c.Start.Channel == "":
		return nil
	case c.OpenAt == nil && !c.ChannelSeen():
		return []Finding{{ID: "channel.not_open", Severity: Problem, Evidence: ChannelNotOpen{
			diag.Millis(c.UpTime()), c.SCTP.State, c.Received(),
		}}}
	case x.check && c.Start.Channel == "" && !c.Echoed() && !leftEarly(c):
		answer := c.Answer()
		return []Finding{{
			ID: "channel.not_echoed", Severity: finding.Graver(answer == ""),
			Evidence: ChannelNotEchoed{len(c.Channels), diag.Clean(answer, 60)},
		}}
	}
	return nil
}
