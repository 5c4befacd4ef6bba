package call

import (
	"time"

	"dialtone/diag"
)

// Stream is one direction of a kind of media over the whole call: the sum of its streams, and the worst of jitter and
// round-trip time. What was not measured is nil.
type Stream struct {
	MimeType string `json:"mime_type,omitempty"`
	// packets were counted until the end; of outbound media where they are sent, and the peer reported on them or sends
	// the same kind back
	Flows bool `json:"flows"`
	// inbound audio is nothing but silence or noise, since early in the connection
	Silent  bool     `json:"silent"`
	Packets uint64   `json:"packets"`
	Bytes   uint64   `json:"bytes"`          // of payload
	Lost    *int64   `json:"lost,omitempty"` // packets; negative if more were received than sent
	Loss    *float64 `json:"loss,omitempty"` // lost / expected, 0–1, before any retransmission
	// of those lost, inbound: retransmitted and received
	Repaired *int64 `json:"repaired,omitempty"`
	// lost and not repaired / expected, 0–1; inbound
	UnrepairedLoss *float64     `json:"unrepaired_loss,omitempty"`
	Jitter         *diag.Millis `json:"jitter_ms,omitempty"` // of the latest sample
	RoundTrip      *diag.Millis `json:"rtt_ms,omitempty"`
	// mean one-way delay of the packets, inbound: by one clock, or by two that are tied; see the source
	OneWayDelay *diag.Millis `json:"one_way_delay_ms,omitempty"`
	// how much too long or too short the one-way delay may be
	OneWayUncertainty *diag.Millis     `json:"one_way_delay_uncertainty_ms,omitempty"`
	OneWaySource      diag.DelaySource `json:"one_way_delay_source,omitempty"`
	// from sending packets until they came back from an echo, inbound; of the latest sample
	EchoDelay *diag.Millis `json:"echo_delay_ms,omitempty"`
	Bitrate   *float64     `json:"bitrate,omitempty"` // bit/s over the whole connection
	// audio, speech quality by the E-model, 1–4.5; absent where nothing is said
	MOS     *float64 `json:"mos,omitempty"`
	Quality *Quality `json:"quality,omitempty"` // how it was computed
	// audio: 0–1, RMS of the whole connection; of outbound audio as the peer hears it, like the tone
	Level           *float64   `json:"audio_level,omitempty"`
	Tone            *diag.Tone `json:"tone,omitempty"`              // a test tone that is heard
	FramesPerSecond *float64   `json:"frames_per_second,omitempty"` // over the whole connection
	Frames          *uint32    `json:"frames,omitempty"`            // video
	Width           *uint16    `json:"width,omitempty"`             // of the largest stream
	Height          *uint16    `json:"height,omitempty"`
	// of the largest stream, inbound
	Encoding *diag.VideoEncoding `json:"encoding,omitempty"`
	Freezes  *uint32             `json:"freezes,omitempty"`
	NACK     uint32              `json:"nack"`
	PLI      uint32              `json:"pli"`
	FEC      *float64            `json:"fec_packets,omitempty"` // with repetitions in media; inbound, absent: none
	Inbound  []diag.InboundRTP   `json:"inbound_rtp,omitempty"` // the streams of the sum, in the latest sample
	Outbound []diag.OutboundRTP  `json:"outbound_rtp,omitempty"`

	Ago *time.Duration `json:"-"` // since the last packet; inbound

	expected *int64 // packets that Lost is about
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
		s.Silent = s.Packets > 0 && c.IsSilent(kind)
		s.encoding(c)
	} else {
		for _, out := range sample.Outbound {
			if out.Kind == kind {
				s.addOutbound(out)
			}
		}
	}
	s.Flows = s.Packets > 0 && (s.Ago == nil || s.Ago.Seconds() < SilentAfter) &&
		(dir == diag.Inbound || c.Confirmed(kind))
	s.Loss = diag.LossShare(s.Lost, s.expected)
	if s.Lost != nil && s.Repaired != nil {
		s.UnrepairedLoss = diag.LossShare(diag.Ptr(*s.Lost-*s.Repaired), s.expected)
	}
	if kind == "audio" {
		s.listen(c, dir)
		s.rateStream(c)
	}
	if up := c.UpTime().Seconds(); up > 0 {
		s.Bitrate = diag.Ptr(float64(s.Bytes) * 8 / up)
		if s.Frames != nil {
			s.FramesPerSecond = diag.Ptr(float64(*s.Frames) / up)
		}
	}
	return s
}

// encoding finds how the largest stream is coded.
func (s *Stream) encoding(c *Call) {
	for _, in := range s.Inbound {
		if e := c.EncodingOf(in.SSRC); e != nil && (s.Encoding == nil || e.Width > s.Encoding.Width) {
			s.Encoding = e
		}
	}
}

// HasStopped reports whether packets came, and none lately.
func (s *Stream) HasStopped() bool {
	return s.Packets > 0 && s.Ago != nil && s.Ago.Seconds() >= SilentAfter
}

// LossBeyond is the share of the expected packets that were lost, without those that were dropped on purpose; nil if it
// is unknown.
func (s *Stream) LossBeyond(injected int64) *float64 {
	if s.Lost == nil {
		return nil
	}
	return diag.LossShare(diag.Ptr(*s.Lost-injected), s.expected)
}

func (s *Stream) addInbound(in diag.InboundRTP) {
	s.Inbound = append(s.Inbound, in)
	s.Packets += diag.OrZero(in.PacketsReceived)
	s.Bytes += diag.OrZero(in.BytesReceived)
	s.NACK, s.PLI = s.NACK+diag.OrZero(in.NACKCount), s.PLI+diag.OrZero(in.PLICount)
	sum(&s.Lost, in.PacketsLost)
	sum(&s.Repaired, in.PacketsRepaired)
	sum(&s.expected, in.Expected())
	worst(&s.Jitter, in.Jitter)
	worst(&s.RoundTrip, in.RoundTripTime)
	s.delayed(in.OneWayDelay)
	worst(&s.EchoDelay, in.EchoDelay)
	if in.LastPacketReceivedAgo != nil {
		if ago := diag.SecondsOf(*in.LastPacketReceivedAgo); s.Ago == nil || ago < *s.Ago {
			s.Ago = &ago
		}
	}
	if in.FECPacketsReceived != nil {
		s.FEC = diag.Ptr(diag.OrZero(s.FEC) + float64(*in.FECPacketsReceived))
	}
	sum(&s.Frames, in.FramesReceived)
	sum(&s.Freezes, in.FreezeCount)
	s.picture(in.MimeType, in.FrameWidth, in.FrameHeight)
}

func (s *Stream) addOutbound(out diag.OutboundRTP) {
	s.Outbound = append(s.Outbound, out)
	s.Packets += diag.OrZero(out.PacketsSent)
	s.Bytes += diag.OrZero(out.BytesSent)
	s.NACK, s.PLI = s.NACK+diag.OrZero(out.NACKCount), s.PLI+diag.OrZero(out.PLICount)
	sum(&s.Frames, out.FramesSent)
	s.picture(out.MimeType, out.FrameWidth, out.FrameHeight)
	sum(&s.Lost, out.Lost())
	sum(&s.expected, out.Expected())
	if out.Remote != nil {
		worst(&s.Jitter, out.Remote.Jitter)
		worst(&s.RoundTrip, out.Remote.RoundTripTime)
	}
}

// delayed keeps the longest delay, with what is known of it.
func (s *Stream) delayed(d *diag.OneWayDelay) {
	if d == nil || s.OneWayDelay != nil && diag.SecondsOf(d.Mean) <= s.OneWayDelay.Duration() {
		return
	}
	s.OneWayDelay, s.OneWaySource = diag.Ptr(diag.Millis(diag.SecondsOf(d.Mean))), d.Source
	s.OneWayUncertainty = diag.Ptr(diag.Millis(diag.SecondsOf(d.Uncertainty)))
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
func worst(to **diag.Millis, v *float64) {
	if v == nil {
		return
	}
	if d := diag.Millis(diag.SecondsOf(*v)); *to == nil || d > **to {
		*to = &d
	}
}
