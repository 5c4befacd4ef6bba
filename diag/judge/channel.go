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
	// ChannelsClosed means that the peer closed every data channel while the call went on.
	ChannelsClosed struct {
		Channels int         `json:"channels"`
		OpenMs   diag.Millis `json:"open_ms"` // until the last of them was closed
		UpMs     diag.Millis `json:"up_ms"`
	}
	// ChannelNotEchoed means that nothing came back as it was sent.
	ChannelNotEchoed struct {
		Channels int         `json:"channels"` // that were open
		UpMs     diag.Millis `json:"up_ms"`
		Sent     *uint64     `json:"messagesSent,omitempty"` // on channels for pings and messages; absent: unknown
		Answer   string      `json:"answer,omitempty"`       // what came instead; absent: nothing, or no text
		Label    string      `json:"label,omitempty"`        // of the channel on which it came; absent: nothing came
		Bytes    int         `json:"bytes,omitempty"`        // of it, if it is binary
	}
)

// leftEarly reports whether the peer ended the call before an answer from it was due: a call waits for one as long as
// its setup took, for one to five seconds.
func leftEarly(c *call.Call) bool {
	setup, ok := c.SetupTime()
	due := max(time.Second, min(setup, 5*time.Second))
	return ok && c.Ended.By == diag.ByRemote && c.EndedAt-*c.OpenAt < due
}

// messagesSent is how many pings and messages left, as far as statistics say.
func messagesSent(c *call.Call) (sent *uint64) {
	for _, row := range c.Channels {
		if row.Stats == nil || call.IsControl(row.Label) || row.Label == diag.LabelStats {
			continue
		}
		if sent == nil {
			sent = new(uint64)
		}
		*sent += row.Stats.MessagesSent
	}
	return sent
}

// leftAtOnce reports whether the user hung up before a data channel was due: a second after the call was connected.
func leftAtOnce(c *call.Call) bool {
	return c.Ended.Reason == diag.EndHangup && c.Ended.By == diag.ByLocal && c.ConnectedAt != nil && c.OpenAt == nil &&
		c.UpTime() < time.Second
}

// closedBefore is how long before the end of a call channels are closed that do not belong to its end.
const closedBefore = time.Second

// closedChannels returns evidence if the peer closed every channel while the call went on.
func closedChannels(c *call.Call) *ChannelsClosed {
	last := time.Duration(0)
	for _, row := range c.Channels {
		if row.ClosedAt == nil || c.EndedAt-*row.ClosedAt < closedBefore {
			return nil
		}
		last = max(last, *row.ClosedAt)
	}
	switch {
	case len(c.Channels) == 0, c.OpenAt == nil,
		c.Browser != nil,                                             // the page itself may have closed them
		c.SCTP.State == "closed", c.Ended.Reason == diag.EndPeerLost: // more than the channels was closed
		return nil
	}
	return &ChannelsClosed{
		Channels: len(c.Channels), OpenMs: diag.Millis(last - *c.OpenAt), UpMs: diag.Millis(c.UpTime()),
	}
}

// channelFindings name a data channel that did not open or was closed, or from which nothing came back.
func channelFindings(out *finding.List, c *call.Call, x Expectation) {
	switch {
	case c.ConnectedAt == nil || c.Ended == nil || c.MediaOnly() || leftAtOnce(c),
		x.check && !x.Echo && c.Start.Channel == "":
		return
	case c.OpenAt == nil && !c.ChannelSeen():
		out.Add("channel.not_open", Problem, "", ChannelNotOpen{diag.Millis(c.UpTime()), c.SCTP.State, c.Received()})
		return
	}
	if e := closedChannels(c); e != nil {
		out.Add("channel.closed", finding.Graver(x.check && !c.Echoed()), "", *e)
		return
	}
	if x.check && c.Start.Channel == "" && !c.Echoed() && !leftEarly(c) {
		e := ChannelNotEchoed{Channels: len(c.Channels), UpMs: diag.Millis(c.UpTime()), Sent: messagesSent(c)}
		answer := c.Answer()
		if answer != nil {
			e.Answer, e.Label = diag.Clean(answer.Text, 60), diag.Clean(answer.Label, 60)
			if answer.Binary {
				e.Bytes = answer.Bytes
			}
		}
		out.Add("channel.not_echoed", finding.Graver(answer == nil), "", e)
	}
}
