package judge

import (
	"slices"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/finding"
)

// Evidence about statistics of both ends that contradict each other.
type (
	// EndsDiffer means that one end counts other packets of a stream than the peer.
	EndsDiffer struct {
		Direction diag.Direction `json:"direction"` // of the stream, seen from here
		Kind      string         `json:"kind"`
		Sent      uint64         `json:"packetsSent"`
		Received  uint64         `json:"packetsReceived"`
		LastMs    *diag.Millis   `json:"last_ms,omitempty"` // counted over so much time only; absent: the whole call
	}
	// RTTDiffers means that both ends measure other round trips of the same path.
	RTTDiffers struct {
		LocalMs       diag.Millis `json:"local_ms"` // medians
		RemoteMs      diag.Millis `json:"remote_ms"`
		LocalSamples  int         `json:"localSamples"`
		RemoteSamples int         `json:"remoteSamples"`
	}
)

// Bounds of what is no contradiction.
const (
	endsPackets = 50   // packets that may differ, beside those in flight
	endsShare   = 0.05 // of what was sent
	endsDelay   = 0.25 // seconds that a sample may take beside the round trip
	endsWindow  = 10   // samples that say what has happened lately
	endsRTT     = 0.05 // seconds by which round trips may differ, and they may by half
	rttWindow   = 30   // samples whose round trips are compared: checks measure one every few seconds
)

// EndsFindings are the contradictions between the statistics of both ends.
func EndsFindings(c *call.Call) (out finding.List) {
	endsFindings(&out, c, Expectation{})
	return out
}

func endsFindings(out *finding.List, c *call.Call, _ Expectation) {
	e, _ := c.BothEnds()
	for _, s := range e.Streams {
		endsDiffer(out, c, s)
	}
	rttDiffers(out, c)
}

// endsDiffer looks for a contradiction over the whole call, or since the peer began to count anew, then over the last
// seconds.
func endsDiffer(out *finding.List, c *call.Call, s call.EndsStream) {
	n := len(c.RemoteSamples)
	if s.Sent == nil || s.Received == nil || !c.Agreed(s.Direction, s.Kind) || c.IsLate(&c.RemoteSamples[n-1]) ||
		unlisted(c, s) {
		return
	}
	if s.Direction == diag.Outbound && c.StreamOf(s.Direction, s.Kind).NotReceived != nil {
		return // that is known sooner by the peer's feedback
	}
	slack := inFlight(c, s)
	if c.Impaired != nil {
		slack += c.Impaired.Of(s.Direction).Dropped() + c.Impaired.Of(s.Direction).Duplicated
	}
	before := len(*out)
	if c.RemoteSince == nil {
		contradiction(out, s, *s.Sent, *s.Received, lostAtReceiver(&s), slack, nil)
	} else {
		contradictionSince(out, c, s, c.RemoteSince, slack)
	}
	if len(*out) > before || n <= endsWindow {
		return
	}
	earlier := &c.RemoteSamples[n-1-endsWindow]
	if c.RemoteSince == nil || c.RemoteSince.At <= earlier.At {
		contradictionSince(out, c, s, earlier, slack)
	}
}

// unlisted reports whether the peer left a stream that it sends out of its statistics, as Firefox does on hold.
func unlisted(c *call.Call, s call.EndsStream) bool {
	lists := func(r call.TheirRow) bool {
		return slices.ContainsFunc(r.Outbound, func(o diag.OutboundRTP) bool { return o.Kind == s.Kind && o.SSRC == s.SSRC })
	}
	return s.Direction == diag.Inbound && s.Sender == nil && slices.ContainsFunc(c.RemoteSamples, lists)
}

// contradictionSince looks for one in what was counted since an earlier sample.
func contradictionSince(out *finding.List, c *call.Call, s call.EndsStream, before *call.TheirRow, slack uint64) {
	if c.IsLate(before) {
		return
	}
	for _, old := range call.EndsStreams(before.RemoteSample) {
		if old.Direction == s.Direction && old.SSRC == s.SSRC && old.Kind == s.Kind && old.Sent != nil &&
			old.Received != nil && *old.Sent <= *s.Sent && *old.Received <= *s.Received {
			last := diag.Millis(c.RemoteSamples[len(c.RemoteSamples)-1].At - before.At)
			lost := lostAtReceiver(&s) - min(lostAtReceiver(&s), lostAtReceiver(&old))
			contradiction(out, s, *s.Sent-*old.Sent, *s.Received-*old.Received, lost, slack, &last)
			return
		}
	}
}

// lostAtReceiver is how many packets the receiver itself counts as lost: those are loss, which both ends agree on.
func lostAtReceiver(s *call.EndsStream) uint64 {
	receiver := diag.Remote
	if s.Direction == diag.Inbound {
		receiver = diag.Local
	}
	return uint64(max(0, diag.OrZero(s.Lost(receiver)))) // #nosec G115 -- not negative
}

// inFlight is how many packets of a stream may be between the ends, or counted while the sample traveled.
func inFlight(c *call.Call, s call.EndsStream) uint64 {
	n := len(c.RemoteSamples)
	if n < 2 {
		return endsPackets
	}
	last, before := c.RemoteSamples[n-1], c.RemoteSamples[n-2]
	apart := (last.At - before.At).Seconds()
	delay := endsDelay
	if rtt, known := c.RoundTripTime(); known {
		delay += rtt.Seconds()
	}
	for _, now := range last.Here {
		for _, then := range before.Here {
			if now.Direction == s.Direction && now.SSRC == s.SSRC && then.Direction == s.Direction && then.SSRC == s.SSRC &&
				now.Packets > then.Packets && apart > 0.1 {
				return endsPackets + uint64(float64(now.Packets-then.Packets)/apart*delay)
			}
		}
	}
	return endsPackets
}

// contradiction compares what one end says it sent with what the peer says it received, and lost.
func contradiction(out *finding.List, s call.EndsStream, sent, received, lost, slack uint64, last *diag.Millis) {
	limit := slack + uint64(endsShare*float64(max(sent, received)))
	id := ""
	switch {
	case sent > received+lost+limit:
		id = map[diag.Direction]string{
			diag.Inbound: "media.not_received_here", diag.Outbound: "media.not_received_there",
		}[s.Direction]
	case received > sent+limit:
		id = "media.received_not_sent"
	default:
		return
	}
	kind := diag.Clean(s.Kind, 20)
	out.Add(id, Warn, string(s.Direction)+" "+kind, EndsDiffer{s.Direction, kind, sent, received, last})
}

// rttDiffers compares the latest round trips of both ends. A quarter of each may be of moments when a program was busy.
func rttDiffers(out *finding.List, c *call.Call) {
	var local, remote []float64
	for _, s := range c.Samples[max(len(c.Samples)-rttWindow, 0):] {
		if s.Pair != nil && s.Pair.CurrentRoundTripTime != nil {
			local = append(local, *s.Pair.CurrentRoundTripTime)
		}
	}
	for _, s := range c.RemoteSamples[max(len(c.RemoteSamples)-rttWindow, 0):] {
		if s.Pair != nil && s.Pair.CurrentRoundTripTime != nil {
			remote = append(remote, *s.Pair.CurrentRoundTripTime)
		}
	}
	local, remote = slices.Compact(local), slices.Compact(remote) // a value that is repeated was not measured again
	if len(local) < 3 || len(remote) < 3 {
		return
	}
	slices.Sort(local)
	slices.Sort(remote)
	l, r := local[len(local)/2], remote[len(remote)/2]
	low, high := local, remote
	if l > r {
		low, high = remote, local
	}
	if most, least := low[len(low)*3/4], high[len(high)/4]; least-most <= endsRTT || least < 1.5*most {
		return
	}
	out.Add("path.rtt_differs", Warn, "",
		RTTDiffers{diag.Millis(diag.SecondsOf(l)), diag.Millis(diag.SecondsOf(r)), len(local), len(remote)})
}
