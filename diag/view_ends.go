package diag

import (
	"fmt"
	"slices"
	"time"
)

// Ends is a call as both parties' statistics tell it, side by side.
type Ends struct {
	At       time.Duration // when the other party's latest sample came
	Streams  []EndsStream  // what is sent here before what is sent there, audio before video
	RTTHere  *float64      // of the path, seconds; nil where that side has not measured it
	RTTThere *float64
}

// EndsStream is a stream at the one who sends it and at the one who receives it. What a side does not tell is nil.
type EndsStream struct {
	Direction      Direction // seen from here
	Kind           string
	SSRC           uint32
	MimeType       string
	Sent, Received *uint64 // packets with retransmissions: of the same moment, but for what was under way
	LostHere       *int64  // what we count, or what the other party's reports told us of what we send
	LostThere      *int64
	AtSender       EndPicture
	AtReceiver     EndPicture
}

// EndPicture is video at one end; nil for audio and where it is not known.
type EndPicture struct {
	Width, Height *uint16
	FPS           *float64
}

// Missing is how many packets were sent and not received, at least 0; false where a side does not tell.
func (s EndsStream) Missing() (uint64, bool) {
	if s.Sent == nil || s.Received == nil {
		return 0, false
	}
	return *s.Sent - min(*s.Received, *s.Sent), true
}

// Bounds of what is no contradiction.
const (
	endsPackets = 50   // packets that may differ, beside those under way
	endsShare   = 0.05 // of what was sent
	endsDelay   = 0.25 // seconds that a sample may take beside the round trip
	endsWindow  = 10   // samples that tell what is so lately
	endsRTT     = 0.05 // seconds by which round trips may differ, and they may by half
)

// BothEnds puts the latest statistics of the other party beside what was counted here when they came. False where it
// sends none.
func (c *Call) BothEnds() (Ends, bool) {
	if len(c.Theirs) == 0 {
		return Ends{}, false
	}
	last := c.Theirs[len(c.Theirs)-1]
	e := Ends{At: last.At, Streams: endsStreams(last.RemoteSample)}
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

// EndsFindings are the contradictions between both ends.
func EndsFindings(c *Call) []Finding {
	e, _ := c.BothEnds()
	var found []Finding
	for _, s := range e.Streams {
		if f, contradicts := c.endsRemark(s); contradicts {
			found = append(found, f)
		}
	}
	if f, differs := c.rttRemark(); differs {
		found = append(found, f)
	}
	return found
}

// endsStreams pairs what was counted here with what the other party tells of it.
func endsStreams(d RemoteSample) []EndsStream {
	var out []EndsStream
	for _, n := range d.Here {
		s := EndsStream{Direction: n.Direction, Kind: n.Kind, SSRC: n.SSRC}
		if n.Direction == Outbound {
			s.Sent, s.Received = &n.Packets, Ptr(uint64(0))
			if in := d.inbound(n.Kind, n.SSRC); in != nil {
				s.receivedThere(*in)
			}
		} else {
			s.Sent, s.Received = Ptr(uint64(0)), &n.Packets
			if o := d.outbound(n.Kind, n.SSRC); o != nil {
				s.sentThere(*o)
			}
		}
		out = append(out, s)
	}
	for _, o := range d.Outbound { // of which nothing came
		if !slices.ContainsFunc(out, func(s EndsStream) bool {
			return s.Direction == Inbound && s.Kind == o.Kind && (s.SSRC == o.SSRC || o.SSRC == 0)
		}) {
			s := EndsStream{Direction: Inbound, Kind: o.Kind, SSRC: o.SSRC, Received: Ptr(uint64(0))}
			s.sentThere(o)
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b EndsStream) int { return a.rank() - b.rank() })
	return out
}

func (s EndsStream) rank() int {
	rank := 0
	if s.Direction == Inbound {
		rank = 2
	}
	if s.Kind != "audio" {
		rank++
	}
	return rank
}

// inbound finds the stream in what the other party receives: by its SSRC, or by its kind where there is none.
func (d *RemoteSample) inbound(kind string, ssrc uint32) *PeerInbound {
	for i := range d.Inbound {
		if in := &d.Inbound[i]; in.Kind == kind && (in.SSRC == ssrc || in.SSRC == 0) {
			return in
		}
	}
	return nil
}

// outbound finds it in what the other party sends.
func (d *RemoteSample) outbound(kind string, ssrc uint32) *PeerOutbound {
	for i := range d.Outbound {
		if o := &d.Outbound[i]; o.Kind == kind && (o.SSRC == ssrc || o.SSRC == 0) {
			return o
		}
	}
	return nil
}

func (s *EndsStream) receivedThere(in PeerInbound) {
	s.Received, s.LostThere, s.MimeType = in.PacketsReceived, in.PacketsLost, in.MimeType
	s.AtReceiver = EndPicture{in.FrameWidth, in.FrameHeight, in.FramesPerSecond}
}

func (s *EndsStream) sentThere(o PeerOutbound) {
	s.Sent, s.MimeType = o.PacketsSent, o.MimeType
	s.AtSender = EndPicture{o.FrameWidth, o.FrameHeight, o.FramesPerSecond}
	if o.Remote != nil {
		s.LostThere = o.Remote.PacketsLost
	}
}

// here adds what our own sample tells beside the counters.
func (s *EndsStream) here(sample Sample) {
	if s.Direction == Outbound {
		for _, o := range sample.Outbound {
			if o.Kind == s.Kind && o.SSRC == s.SSRC {
				s.AtSender, s.MimeType = EndPicture{o.FrameWidth, o.FrameHeight, o.FramesPerSecond}, o.MimeType
				if o.Remote != nil {
					s.LostHere = &o.Remote.PacketsLost
				}
			}
		}
		return
	}
	for _, in := range sample.Inbound {
		if in.Kind == s.Kind && in.SSRC == s.SSRC {
			s.AtReceiver, s.MimeType, s.LostHere = EndPicture{in.FrameWidth, in.FrameHeight,
				in.FramesPerSecond}, in.MimeType, in.PacketsLost
		}
	}
}

// endsRemark looks for a contradiction over the whole call, then of the last seconds.
func (c *Call) endsRemark(s EndsStream) (Finding, bool) {
	if s.Sent == nil || s.Received == nil {
		return Finding{}, false
	}
	slack := c.underWay(s)
	if f, found := s.contradiction(*s.Sent, *s.Received, slack, "since the call began"); found {
		return f, true
	}
	n := len(c.Theirs)
	if n <= endsWindow {
		return Finding{}, false
	}
	before := &c.Theirs[n-1-endsWindow]
	for _, old := range endsStreams(before.RemoteSample) {
		if old.Direction == s.Direction && old.SSRC == s.SSRC && old.Kind == s.Kind && old.Sent != nil &&
			old.Received != nil &&
			*old.Sent <= *s.Sent && *old.Received <= *s.Received {
			return s.contradiction(*s.Sent-*old.Sent, *s.Received-*old.Received, slack,
				"in the last "+span(c.Theirs[n-1].At-before.At))
		}
	}
	return Finding{}, false
}

// underWay is how many packets of a stream may be between the ends, or counted while the sample travelled.
func (c *Call) underWay(s EndsStream) uint64 {
	n := len(c.Theirs)
	if n < 2 {
		return endsPackets
	}
	last, before := c.Theirs[n-1], c.Theirs[n-2]
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

// contradiction compares what one end says it sent with what the other one says it received.
func (s EndsStream) contradiction(sent, received, slack uint64, when string) (Finding, bool) {
	here, there, id := "here", "there", "media.not_received_there"
	if s.Direction == Inbound {
		here, there, id = "there", "here", "media.not_received_here"
	}
	kind := Clean(s.Kind, 20)
	limit := slack + uint64(endsShare*float64(max(sent, received)))
	evidence := []string{fmt.Sprintf("%d %s packets sent %s, %d received %s %s", sent, kind, here, received, there, when)}
	switch {
	case sent > received && sent-received > limit:
		return Finding{
			ID: id, Severity: Warn, Title: fmt.Sprintf("Sent %s, not received %s: %d of %d %s packets %s.", here, there,
				sent-received, sent, kind, when),
			Evidence: evidence,
			Advice:   "Look at the way between the parties: a firewall or a NAT that drops one direction, a link that is full; where all are missing, whether the receiver knows the stream.",
		}, true
	case received > sent && received-sent > limit && sent == 0:
		return Finding{
			ID: "media.received_not_sent", Severity: Warn, Evidence: evidence,
			Title: fmt.Sprintf("Received %s, but the other end says that it sends nothing: %d %s packets %s.", there, received,
				kind, when),
			Advice: "Look at who sends this stream: another program behind the same address, or a sender whose statistics are wrong.",
		}, true
	case received > sent && received-sent > limit:
		return Finding{
			ID: "media.received_not_sent", Severity: Warn, Evidence: evidence,
			Title: fmt.Sprintf("Received %s more than was sent %s: %d instead of %d %s packets %s.", there, here, received,
				sent, kind, when),
			Advice: "Look for something on the way that doubles packets, or for statistics that are wrong.",
		}, true
	}
	return Finding{}, false
}

// rttRemark compares the middle of the latest round trips of both ends.
func (c *Call) rttRemark() (Finding, bool) {
	var here, there []float64
	for _, s := range c.Samples[max(len(c.Samples)-endsWindow, 0):] {
		if s.Pair != nil && s.Pair.CurrentRoundTripTime != nil {
			here = append(here, *s.Pair.CurrentRoundTripTime)
		}
	}
	for _, s := range c.Theirs[max(len(c.Theirs)-endsWindow, 0):] {
		if s.Pair != nil && s.Pair.CurrentRoundTripTime != nil {
			there = append(there, *s.Pair.CurrentRoundTripTime)
		}
	}
	if len(here) < 3 || len(there) < 3 {
		return Finding{}, false
	}
	slices.Sort(here)
	slices.Sort(there)
	ours, theirs := here[len(here)/2], there[len(there)/2]
	if low, high := min(ours, theirs), max(ours, theirs); high-low <= endsRTT || high < 1.5*low {
		return Finding{}, false
	}
	return Finding{
		ID: "path.rtt_differs", Severity: Warn,
		Title: fmt.Sprintf("The round trip takes %s here and %s there.", span(secondsOf(ours)), span(secondsOf(theirs))),
		Evidence: []string{fmt.Sprintf("the middle of the latest %d connectivity checks here and %d there", len(here),
			len(there))},
		Advice: "The path is the same for both, so look at the side with the longer time: a machine or a program that is too busy to answer at once.",
	}, true
}
