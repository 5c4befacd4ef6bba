package diag

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Bounds of what counts as loss of media.
const (
	lossWarn    = 0.05
	lossProblem = 0.20
	lossPackets = 50 // fewer packets than this say nothing about a share
)

// kinds of media, in the order in which they are told.
var kinds = []string{"audio", "video"}

// mediaFindings name media that was asked for and was not seen, or not until the end.
func (x Expectation) mediaFindings(c *Call) []Finding {
	if !x.Media || c.ConnectedAt == nil {
		return nil
	}
	var out []Finding
	var in, outward []string // what flows
	for _, kind := range kinds {
		heard, sent := c.StreamOf(Inbound, kind), c.StreamOf(Outbound, kind)
		if heard.Packets > 0 {
			in = append(in, kind)
		}
		if sent.Packets > 0 {
			outward = append(outward, kind)
		}
		out = append(out, x.missing(c, kind, heard, sent)...)
		if f, stopped := stoppedFinding(c, kind, heard); stopped {
			out = append(out, f)
		} else if f, silent := silentFinding(c, kind); silent {
			out = append(out, f)
		}
	}
	if x.Way == "" && (len(in) == 0) != (len(outward) == 0) {
		out = append([]Finding{oneWay(c, in, outward)}, out...)
	}
	return out
}

// missing names a kind that was not seen in a direction.
func (x Expectation) missing(c *Call, kind string, in, out Stream) []Finding {
	var list []Finding
	add := func(direction, advice string) {
		list = append(list, Finding{
			ID: "media.no_" + direction + "_" + kind, Severity: Problem,
			Title:    "No " + direction + " " + kind + " after " + span(c.upTime()) + " of connection.",
			Evidence: []string{"no packet was counted"}, Advice: advice,
		})
	}
	if in.Packets == 0 && x.Way != Outbound {
		advice := "The path carries packets, so look at the sender: muted, without a source, or with a codec that was not negotiated."
		if !c.promised(kind) {
			advice = "The other party's description does not offer to send " + kind +
				": let it send, or check without media (--no-media)."
		}
		add("inbound", advice)
	}
	if out.Packets == 0 && x.Way != Inbound {
		add("outbound", "The other party's description takes no "+kind+", or this machine could not send: look at the description (dialtone call shows it).")
	}
	return list
}

func oneWay(c *Call, in, out []string) Finding {
	direction, flows := "out and nothing in", out
	if len(out) == 0 {
		direction, flows = "in and nothing out", in
	}
	return Finding{
		ID: "media.one_way", Severity: Problem, Title: "Media flows one way only: " + strings.Join(flows, " and ") + " " +
			direction + ".",
		Evidence: []string{"connected for " + span(c.upTime()), "path: " + pathWords(c)},
		Advice:   "Look at the side that is not heard: whether it sends at all, and whether a firewall on the way drops one direction of the media.",
	}
}

func stoppedFinding(c *Call, kind string, in Stream) (Finding, bool) {
	if in.Packets == 0 || in.Ago == nil || in.Ago.Seconds() < SilentAfter {
		return Finding{}, false
	}
	when := "before the end"
	if c.Ended == nil {
		when = "ago"
	}
	f := Finding{
		ID: "media.stopped", Severity: Problem, Title: "Inbound " + kind + " stopped " + span(*in.Ago) + " " + when + ".",
		Evidence: []string{fmt.Sprintf("%d packets came, none in the last %s; the connection was up all the time", in.Packets,
			span(*in.Ago))},
		Advice: "Look at the sender and at what happened then: a source that ended, a firewall that closes quiet ports, a bandwidth limit.",
	}
	if c.RemoteMuted[kind] {
		f.Evidence = append(f.Evidence, "the other party said that it muted its "+kind)
	}
	return f, true
}

// silentFinding claims silence only where each packet proves it: see [InboundRTP].SilentPackets.
func silentFinding(c *Call, kind string) (Finding, bool) {
	packets, since, ok := c.silence(kind)
	if !ok {
		return Finding{}, false
	}
	f := Finding{
		ID: "media.silent", Severity: Problem, Title: "Inbound " + kind + " is nothing but silence, for " + span(since) + ".",
		Evidence: []string{fmt.Sprintf("each of the last %d packets of %s holds nothing but silence by its coding (RFC 6716)",
			packets, kind)},
		Advice: "Look at the sender's source: a microphone that is muted, missing or not allowed.",
	}
	if c.RemoteMuted[kind] {
		f.Evidence = append(f.Evidence, "the other party said that it muted its "+kind)
	}
	return f, true
}

// IsSilent reports whether all audio since early in the connection is proven to be silence.
func (c *Call) IsSilent(kind string) bool {
	_, _, ok := c.silence(kind)
	return ok
}

// UpTime is how long the connection was (or has been) up; 0 where it never was.
func (c *Call) UpTime() time.Duration { return c.upTime() }

// silentShare is how much of the connection must have been silent.
const silentShare = 0.6

// silence finds the stretch up to the end in which every packet was silent, and reports whether it is most of the
// connection.
func (c *Call) silence(kind string) (packets uint64, length time.Duration, ok bool) {
	last := c.Latest()
	if last == nil || c.ConnectedAt == nil {
		return 0, 0, false
	}
	total, quiet, known := silentCount(last.Sample, kind)
	if !known || total == 0 {
		return 0, 0, false
	}
	from, base := last.At, total
	for i := len(c.Samples) - 2; i >= -1; i-- {
		at, t, q := *c.ConnectedAt, uint64(0), uint64(0)
		if i >= 0 {
			at = c.Samples[i].At
			t, q, _ = silentCount(c.Samples[i].Sample, kind)
		}
		if t > base || total-t != quiet-q { // there was sound after that
			break
		}
		from, base = at, t
	}
	packets, length = total-base, last.At-from
	return packets, length, packets >= lossPackets && length.Seconds() >= silentShare*c.upTime().Seconds()
}

// silentCount sums the packets of a kind and the silent ones among them; known is false where nobody counted silence.
func silentCount(s Sample, kind string) (packets, silent uint64, known bool) {
	for _, in := range s.Inbound {
		if in.Kind == kind {
			packets += OrZero(in.PacketsReceived)
			if in.SilentPackets != nil {
				silent, known = silent+*in.SilentPackets, true
			}
		}
	}
	return packets, silent, known
}

// lossFindings name heavy loss. Where the program was short of CPU it is no failure: the packets may have been late
// here.
func (x Expectation) lossFindings(c *Call) []Finding {
	if c.ConnectedAt == nil {
		return nil
	}
	var out []Finding
	for _, kind := range kinds {
		in := c.StreamOf(Inbound, kind)
		if in.Loss == nil || *in.Loss <= lossWarn || in.Packets < lossPackets {
			continue
		}
		f := Finding{
			ID: "media.loss", Severity: Warn, Title: fmt.Sprintf("%.0f %% of inbound %s was lost.", math.Round(*in.Loss*100),
				kind),
			Evidence: []string{fmt.Sprintf("%d packets came, %d are missing", in.Packets, *in.Lost)},
			Advice:   "Look for a link that is full or a radio that is weak on either side; try another network, or a relay nearer to it.",
		}
		if *in.Loss > lossProblem {
			f.Severity = Problem
		}
		if x.Load.Short() {
			f.Severity = Warn
			f.Evidence = append(f.Evidence,
				"this machine was short of CPU (tester.cpu): that may be the reason, and not the network")
			f.Advice = "Repeat the check on a machine with less to do before you look at the network."
		}
		out = append(out, f)
	}
	return out
}

// Stream is one direction of a kind of media over the whole call: the sum of its streams, and the worst of jitter and
// round trip. What was not measured is nil.
type Stream struct {
	MimeType  string
	Packets   uint64
	Bytes     uint64         // of payload
	Lost      *int64         // packets; negative where more came than were sent
	Loss      *float64       // lost / expected, 0–1
	Jitter    *time.Duration // of the latest sample
	RoundTrip *time.Duration
	Ago       *time.Duration // since the last packet; inbound
	Frames    *uint32        // video
	Width     *uint16        // of the largest
	Height    *uint16
	Freezes   *uint32
	NACK, PLI uint32
}

// StreamOf sums up a kind of media ("audio" or "video") in a direction, by the latest sample.
func (c *Call) StreamOf(dir Direction, kind string) Stream {
	var s Stream
	sample := c.Latest()
	if sample == nil {
		return s
	}
	if dir == Inbound {
		for _, in := range sample.Inbound {
			if in.Kind == kind {
				s.addInbound(in)
			}
		}
	} else {
		for _, out := range sample.Outbound {
			if out.Kind == kind {
				s.addOutbound(out)
			}
		}
	}
	if s.Lost != nil && s.Packets > 0 {
		expected := float64(s.Packets) + float64(max(0, *s.Lost))
		s.Loss = Ptr(max(0, float64(*s.Lost)) / expected)
	}
	return s
}

func (s *Stream) addInbound(in InboundRTP) {
	s.Packets += OrZero(in.PacketsReceived)
	s.Bytes += OrZero(in.BytesReceived)
	s.NACK, s.PLI = s.NACK+OrZero(in.NACKCount), s.PLI+OrZero(in.PLICount)
	sum(&s.Lost, in.PacketsLost)
	worst(&s.Jitter, in.Jitter)
	worst(&s.RoundTrip, in.RoundTripTime)
	if in.LastPacketReceivedAgo != nil {
		if ago := secondsOf(*in.LastPacketReceivedAgo); s.Ago == nil || ago < *s.Ago {
			s.Ago = &ago
		}
	}
	sum(&s.Frames, in.FramesReceived)
	sum(&s.Freezes, in.FreezeCount)
	s.picture(in.MimeType, in.FrameWidth, in.FrameHeight)
}

func (s *Stream) addOutbound(out OutboundRTP) {
	s.Packets += OrZero(out.PacketsSent)
	s.Bytes += OrZero(out.BytesSent)
	s.NACK, s.PLI = s.NACK+OrZero(out.NACKCount), s.PLI+OrZero(out.PLICount)
	sum(&s.Frames, out.FramesSent)
	s.picture(out.MimeType, out.FrameWidth, out.FrameHeight)
	if out.Remote != nil {
		sum(&s.Lost, out.Remote.PacketsLost)
		worst(&s.Jitter, out.Remote.Jitter)
		worst(&s.RoundTrip, out.Remote.RoundTripTime)
	}
}

func (s *Stream) picture(mime string, width, height *uint16) {
	if s.MimeType == "" {
		s.MimeType = mime
	}
	if width != nil && (s.Width == nil || *width > *s.Width) {
		s.Width, s.Height = width, height
	}
}

// sum adds what is there.
func sum[T int64 | uint32](to **T, v *T) {
	if v == nil {
		return
	}
	total := *v
	if *to != nil {
		total += **to
	}
	*to = &total
}

// worst keeps the larger of two times; v is in seconds.
func worst(to **time.Duration, v *float64) {
	if v == nil {
		return
	}
	if d := secondsOf(*v); *to == nil || d > **to {
		*to = &d
	}
}

func secondsOf(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
