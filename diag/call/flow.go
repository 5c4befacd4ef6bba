package call

import (
	"slices"

	"dialtone/diag"
)

// Flow says how one kind of media fares in one direction.
type Flow uint8

// Flows.
const (
	FlowUnknown Flow = iota // too early to say, or it was never measured
	FlowNone                // it was not agreed upon: no one sends it
	FlowMuted               // its sender has stopped it on purpose
	FlowMissing             // it was agreed upon, and no packet was seen
	FlowSilent              // it came, and stopped; of outbound media, it is not sent any more, or the peer gets none
	FlowQuiet               // packets come, and hold nothing but silence or noise since early in the call
	FlowOK                  // packets were counted
)

var flowNames = [...]string{"unknown", "none", "muted", "missing", "silent", "quiet", "ok"}

// String is the word for a flow.
func (f Flow) String() string {
	if int(f) < len(flowNames) {
		return flowNames[f]
	}
	return flowNames[FlowUnknown]
}

// SilentAfter is how many seconds without a packet count as silence: with a sample each second, what stops is named
// within three.
const SilentAfter = 1.75

// Flow reports how audio or video ("kind") fares in a direction, by the latest sample.
func (c *Call) Flow(dir diag.Direction, kind string) Flow {
	if c.ConnectedAt == nil {
		return FlowUnknown
	}
	agreed := c.hasTrack(diag.Outbound, kind)
	if dir == diag.Inbound {
		agreed = c.Promised(kind)
	}
	sample, seen := c.Latest(), c.packets(dir, kind) > 0
	stream := c.StreamOf(dir, kind)
	switch {
	case c.Muted(dir, kind) && (agreed || seen):
		return FlowMuted
	case (stream.HasStopped() || stream.NotReceived != nil) && !c.Agreed(dir, kind):
		return FlowNone // a later description ended it, as that of a peer who holds the call
	case stream.HasStopped() || stream.NotReceived != nil:
		return FlowSilent
	case seen && dir == diag.Inbound && c.IsSilent(kind):
		return FlowQuiet
	case seen:
		return FlowOK
	case !agreed && !c.hasTrack(dir, kind):
		return FlowNone
	case sample == nil || c.UpTime() < mediaGrace:
		return FlowUnknown
	}
	return FlowMissing
}

func (c *Call) hasTrack(dir diag.Direction, kind string) bool {
	return slices.ContainsFunc(c.Tracks, func(t TrackRow) bool { return t.Direction == dir && t.Kind == kind })
}

// continued reports whether a stream has stopped while another one of its kind goes on: the peer changed its SSRC, or
// sends another layer. What the former held last says nothing of the present.
func continued(in []diag.InboundRTP, s diag.InboundRTP) bool {
	stopped := func(s diag.InboundRTP) bool {
		return s.LastPacketReceivedAgo != nil && *s.LastPacketReceivedAgo >= SilentAfter
	}
	return stopped(s) && slices.ContainsFunc(in, func(other diag.InboundRTP) bool {
		return other.Kind == s.Kind && diag.OrZero(other.PacketsReceived) > 0 && !stopped(other)
	})
}

// Confirmed reports whether the peer is known to get a kind of media that is sent: it reports on it (RFC 3550 §6.4),
// its own statistics count packets of it, or it sends the same kind back.
func (c *Call) Confirmed(kind string) bool {
	sample := c.Latest()
	if sample == nil {
		return false
	}
	for _, out := range sample.Outbound {
		if out.Kind == kind && out.Remote != nil {
			return true
		}
	}
	if c.packets(diag.Inbound, kind) > 0 {
		return true
	}
	if n := len(c.RemoteSamples); n > 0 {
		for _, in := range c.RemoteSamples[n-1].Inbound {
			if in.Kind == kind && diag.OrZero(in.PacketsReceived) > 0 {
				return true
			}
		}
	}
	return false
}
