package call

import (
	"time"

	"dialtone/diag"
)

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
func (c *Call) StreamOf(dir diag.Direction, kind string) Stream {
	var s Stream
	sample := c.Latest()
	if sample == nil {
		return s
	}
	if dir == diag.Inbound {
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
		s.Loss = diag.Ptr(max(0, float64(*s.Lost)) / expected)
	}
	return s
}

func (s *Stream) addInbound(in diag.InboundRTP) {
	s.Packets += diag.OrZero(in.PacketsReceived)
	s.Bytes += diag.OrZero(in.BytesReceived)
	s.NACK, s.PLI = s.NACK+diag.OrZero(in.NACKCount), s.PLI+diag.OrZero(in.PLICount)
	sum(&s.Lost, in.PacketsLost)
	worst(&s.Jitter, in.Jitter)
	worst(&s.RoundTrip, in.RoundTripTime)
	if in.LastPacketReceivedAgo != nil {
		if ago := diag.SecondsOf(*in.LastPacketReceivedAgo); s.Ago == nil || ago < *s.Ago {
			s.Ago = &ago
		}
	}
	sum(&s.Frames, in.FramesReceived)
	sum(&s.Freezes, in.FreezeCount)
	s.picture(in.MimeType, in.FrameWidth, in.FrameHeight)
}

func (s *Stream) addOutbound(out diag.OutboundRTP) {
	s.Packets += diag.OrZero(out.PacketsSent)
	s.Bytes += diag.OrZero(out.BytesSent)
	s.NACK, s.PLI = s.NACK+diag.OrZero(out.NACKCount), s.PLI+diag.OrZero(out.PLICount)
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
	if d := diag.SecondsOf(*v); *to == nil || d > **to {
		*to = &d
	}
}
