package call

import (
	"slices"
	"time"

	"dialtone/diag"
)

// Ends is a call as both peers' statistics report it, side by side.
type Ends struct {
	At       time.Duration // when the peer's latest sample came
	Streams  []EndsStream  // what is sent here before what is sent there, audio before video
	RTTHere  *float64      // of the path, seconds; nil where that side has not measured it
	RTTThere *float64
}

// EndsStream is a stream at the one who sends it and at the one who receives it. What a side does not report is nil.
type EndsStream struct {
	Direction      diag.Direction // seen from here
	Kind           string
	SSRC           uint32
	Sent, Received *uint64 // packets with retransmissions: of the same moment, but for what was in flight
	Sender         *diag.OutboundRTP
	Receiver       *diag.InboundRTP
}

// MimeType is the codec, as either side reports it.
func (s EndsStream) MimeType() string {
	switch {
	case s.Sender != nil && s.Sender.MimeType != "":
		return s.Sender.MimeType
	case s.Receiver != nil:
		return s.Receiver.MimeType
	}
	return ""
}

// Lost is what a side counts as lost: the receiver itself, or the sender by the receiver's reports to it.
func (s EndsStream) Lost(side diag.Side) *int64 {
	switch sends := (s.Direction == diag.Outbound) == (side == diag.Local); {
	case sends && s.Sender != nil && s.Sender.Remote != nil:
		return s.Sender.Remote.PacketsLost
	case !sends && s.Receiver != nil:
		return s.Receiver.PacketsLost
	}
	return nil
}

// Missing is how many packets were sent and not received, at least 0; false where a side does not report.
func (s EndsStream) Missing() (uint64, bool) {
	if s.Sent == nil || s.Received == nil {
		return 0, false
	}
	return *s.Sent - min(*s.Received, *s.Sent), true
}

// travel is how long a sample took to come, ms, in a scale that starts anywhere.
func (r *TheirRow) travel() float64 { return float64(r.At)/float64(time.Millisecond) - r.Timestamp }

// lateness is how much longer than the fastest a sample may take before its counters are of another time than ours.
const lateness = 500 // ms

// IsLate reports whether a sample of the peer was held up on its way, as in an outage, so that what was counted here
// when it came is of a later time.
func (c *Call) IsLate(r *TheirRow) bool { return r.travel() > c.fastest+lateness }

func (c *Call) addRemoteSample(r TheirRow) {
	n := len(c.RemoteSamples)
	if n == 0 {
		c.fastest = r.travel()
	} else if c.beganAnew(&r.RemoteSample) {
		c.RemoteSince = &r
	}
	c.fastest = min(c.fastest, r.travel())
	c.RemoteSamples = keep(c.RemoteSamples, r, maxSamples)
}

// beganAnew reports whether a counter of the peer fell: Firefox starts them again at an ICE restart, and after a hold,
// during which it may leave them out.
func (c *Call) beganAnew(now *diag.RemoteSample) bool {
	return slices.ContainsFunc(now.Inbound, func(in diag.InboundRTP) bool {
		for _, r := range slices.Backward(c.RemoteSamples) {
			if old := inbound(r.Inbound, in.Kind, in.SSRC); old != nil {
				return diag.OrZero(in.PacketsReceived) < diag.OrZero(old.PacketsReceived)
			}
		}
		return false
	}) || slices.ContainsFunc(now.Outbound, func(o diag.OutboundRTP) bool {
		for _, r := range slices.Backward(c.RemoteSamples) {
			if old := outbound(r.Outbound, o.Kind, o.SSRC); old != nil {
				return diag.OrZero(o.PacketsSent) < diag.OrZero(old.PacketsSent)
			}
		}
		return false
	})
}

// BothEnds puts the latest statistics of the peer beside what was counted here when they came. False where it
// sends none.
func (c *Call) BothEnds() (Ends, bool) {
	if len(c.RemoteSamples) == 0 {
		return Ends{}, false
	}
	last := c.RemoteSamples[len(c.RemoteSamples)-1]
	e := Ends{At: last.At, Streams: EndsStreams(last.RemoteSample)}
	if s := c.Latest(); s != nil {
		for i := range e.Streams {
			if t := &e.Streams[i]; t.Direction == diag.Outbound {
				t.Sender = outbound(s.Outbound, t.Kind, t.SSRC)
			} else {
				t.Receiver = inbound(s.Inbound, t.Kind, t.SSRC)
			}
		}
		if s.Pair != nil {
			e.RTTHere = s.Pair.CurrentRoundTripTime
		}
	}
	if last.Pair != nil {
		e.RTTThere = last.Pair.CurrentRoundTripTime
	}
	return e, true
}

// EndsStreams pairs what was counted here with what the peer reports of it.
func EndsStreams(d diag.RemoteSample) []EndsStream {
	var out []EndsStream
	for _, n := range d.Here {
		s := EndsStream{Direction: n.Direction, Kind: n.Kind, SSRC: n.SSRC, Sent: &n.Packets, Received: &n.Packets}
		if n.Direction == diag.Outbound {
			s.Receiver, s.Received = inbound(d.Inbound, n.Kind, n.SSRC), new(uint64)
			if s.Receiver != nil {
				s.Received = s.Receiver.PacketsReceived
			}
		} else {
			s.Sender, s.Sent = outbound(d.Outbound, n.Kind, n.SSRC), new(uint64)
			if s.Sender != nil {
				s.Sent = s.Sender.PacketsSent
			}
		}
		out = append(out, s)
	}
	for _, o := range d.Outbound { // of which nothing came
		if !slices.ContainsFunc(out, func(s EndsStream) bool {
			return s.Direction == diag.Inbound && s.Kind == o.Kind && (s.SSRC == o.SSRC || o.SSRC == 0)
		}) {
			out = append(out, EndsStream{
				Direction: diag.Inbound, Kind: o.Kind, SSRC: o.SSRC, Sent: o.PacketsSent, Received: new(uint64), Sender: &o,
			})
		}
	}
	slices.SortStableFunc(out, func(a, b EndsStream) int { return a.rank() - b.rank() })
	return out
}

func (s EndsStream) rank() int {
	rank := 0
	if s.Direction == diag.Inbound {
		rank = 2
	}
	if s.Kind != "audio" {
		rank++
	}
	return rank
}

// inbound finds a stream among those that a side receives: by its SSRC, or by its kind where there is none.
func inbound(list []diag.InboundRTP, kind string, ssrc uint32) *diag.InboundRTP {
	for i := range list {
		if in := &list[i]; in.Kind == kind && (in.SSRC == ssrc || in.SSRC == 0) {
			return in
		}
	}
	return nil
}

// outbound finds it among those that a side sends.
func outbound(list []diag.OutboundRTP, kind string, ssrc uint32) *diag.OutboundRTP {
	for i := range list {
		if o := &list[i]; o.Kind == kind && (o.SSRC == ssrc || o.SSRC == 0) {
			return o
		}
	}
	return nil
}
