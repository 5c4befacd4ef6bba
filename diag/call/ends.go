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
	MimeType       string
	Sent, Received *uint64 // packets with retransmissions: of the same moment, but for what was under way
	LostHere       *int64  // what we count, or what the peer's reports reported us of what we send
	LostThere      *int64
	AtSender       EndPicture
	AtReceiver     EndPicture
}

// EndPicture is video at one end; nil for audio and where it is not known.
type EndPicture struct {
	Width, Height *uint16
	FPS           *float64
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
	} else if beganAnew(&c.RemoteSamples[n-1].RemoteSample, &r.RemoteSample) {
		c.RemoteSince = &r
	}
	c.fastest = min(c.fastest, r.travel())
	c.RemoteSamples = keep(c.RemoteSamples, r, maxSamples)
}

// beganAnew reports whether a counter of the peer fell: Firefox starts them again at an ICE restart.
func beganAnew(before, now *diag.RemoteSample) bool {
	for _, old := range before.Inbound {
		in := inbound(now, old.Kind, old.SSRC)
		if in != nil && diag.OrZero(in.PacketsReceived) < diag.OrZero(old.PacketsReceived) {
			return true
		}
	}
	for _, old := range before.Outbound {
		o := outbound(now, old.Kind, old.SSRC)
		if o != nil && diag.OrZero(o.PacketsSent) < diag.OrZero(old.PacketsSent) {
			return true
		}
	}
	return false
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
			e.Streams[i].here(s.Sample)
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
		s := EndsStream{Direction: n.Direction, Kind: n.Kind, SSRC: n.SSRC}
		if n.Direction == diag.Outbound {
			s.Sent, s.Received = &n.Packets, diag.Ptr(uint64(0))
			if in := inbound(&d, n.Kind, n.SSRC); in != nil {
				s.receivedThere(*in)
			}
		} else {
			s.Sent, s.Received = diag.Ptr(uint64(0)), &n.Packets
			if o := outbound(&d, n.Kind, n.SSRC); o != nil {
				s.sentThere(*o)
			}
		}
		out = append(out, s)
	}
	for _, o := range d.Outbound { // of which nothing came
		if !slices.ContainsFunc(out, func(s EndsStream) bool {
			return s.Direction == diag.Inbound && s.Kind == o.Kind && (s.SSRC == o.SSRC || o.SSRC == 0)
		}) {
			s := EndsStream{Direction: diag.Inbound, Kind: o.Kind, SSRC: o.SSRC, Received: diag.Ptr(uint64(0))}
			s.sentThere(o)
			out = append(out, s)
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

// inbound finds the stream in what the peer receives: by its SSRC, or by its kind where there is none.
func inbound(d *diag.RemoteSample, kind string, ssrc uint32) *diag.InboundRTP {
	for i := range d.Inbound {
		if in := &d.Inbound[i]; in.Kind == kind && (in.SSRC == ssrc || in.SSRC == 0) {
			return in
		}
	}
	return nil
}

// outbound finds it in what the peer sends.
func outbound(d *diag.RemoteSample, kind string, ssrc uint32) *diag.OutboundRTP {
	for i := range d.Outbound {
		if o := &d.Outbound[i]; o.Kind == kind && (o.SSRC == ssrc || o.SSRC == 0) {
			return o
		}
	}
	return nil
}

func (s *EndsStream) receivedThere(in diag.InboundRTP) {
	s.Received, s.LostThere, s.MimeType = in.PacketsReceived, in.PacketsLost, in.MimeType
	s.AtReceiver = EndPicture{in.FrameWidth, in.FrameHeight, in.FramesPerSecond}
}

func (s *EndsStream) sentThere(o diag.OutboundRTP) {
	s.Sent, s.MimeType = o.PacketsSent, o.MimeType
	s.AtSender = EndPicture{o.FrameWidth, o.FrameHeight, o.FramesPerSecond}
	if o.Remote != nil {
		s.LostThere = o.Remote.PacketsLost
	}
}

// here adds what our own sample reports beside the counters.
func (s *EndsStream) here(sample diag.Sample) {
	if s.Direction == diag.Outbound {
		for _, o := range sample.Outbound {
			if o.Kind == s.Kind && o.SSRC == s.SSRC {
				s.AtSender, s.MimeType = EndPicture{o.FrameWidth, o.FrameHeight, o.FramesPerSecond}, o.MimeType
				if o.Remote != nil {
					s.LostHere = o.Remote.PacketsLost
				}
			}
		}
		return
	}
	for _, in := range sample.Inbound {
		if in.Kind == s.Kind && in.SSRC == s.SSRC {
			s.AtReceiver, s.MimeType, s.LostHere = EndPicture{
				in.FrameWidth, in.FrameHeight,
				in.FramesPerSecond,
			}, in.MimeType, in.PacketsLost
		}
	}
}
