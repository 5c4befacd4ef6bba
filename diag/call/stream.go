package call

import (
	"slices"
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
	Silent bool `json:"silent"`
	// its sender says that it has stopped it on purpose
	Muted   bool     `json:"muted,omitempty"`
	Packets uint64   `json:"packets"`
	Bytes   uint64   `json:"bytes"`          // of payload
	Lost    *int64   `json:"lost,omitempty"` // packets; negative if more were received than sent
	Loss    *float64 `json:"loss,omitempty"` // lost / expected, 0–1, before any retransmission
	// of those lost, inbound: retransmitted and received, or repeated in later packets
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

	Ago *time.Duration `json:"-"` // since the last packet, without a time that was muted
	// of inbound media that has stopped: what its sender's reports say of that time, and whether the sender ended it
	SentSince *diag.SentSince `json:"-"`
	Goodbye   bool            `json:"-"`
	// of outbound media: how long the peer's feedback has named none of the packets that are sent
	NotReceived *time.Duration `json:"-"`
	// of outbound media: how long it has been sent since the peer's last report, if that is too long; then loss, jitter
	// and speech quality are unknown
	Unreported *time.Duration `json:"-"`

	arrives  bool          // one of several streams does, by the peer's feedback
	patience time.Duration // how long Ago may be
	stalled  time.Duration // of Ago, this program did not run
	slowest  *float64      // seconds, recent distance of frames
	longest  *float64      // seconds between two packets; nil if that is not known of a stream
	expected *int64        // packets that Lost is about
}

// StreamOf sums up a kind of media ("audio" or "video") in a direction, by the latest sample.
func (c *Call) StreamOf(dir diag.Direction, kind string) Stream {
	s := Stream{Muted: c.Muted(dir, kind)}
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
	if up := c.UpTime().Seconds(); up > 0 {
		s.Bitrate = new(float64(s.Bytes) * 8 / up)
		if s.Frames != nil {
			s.FramesPerSecond = new(float64(*s.Frames) / up)
		}
	}
	c.wait(&s, dir, kind)
	s.Flows = s.Packets > 0 && !s.HasStopped() && s.NotReceived == nil &&
		(dir == diag.Inbound || c.Confirmed(kind))
	if s.Unreported == nil {
		s.Loss = diag.LossShare(s.Lost, s.expected)
	}
	if s.Lost != nil && s.Repaired != nil {
		s.UnrepairedLoss = diag.LossShare(new(*s.Lost-*s.Repaired), s.expected)
	}
	if kind == "audio" {
		s.listen(c, dir)
		s.rateStream(c)
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

// HasStopped reports whether packets came, or were sent, and none lately.
func (s *Stream) HasStopped() bool {
	return s.Packets > 0 && s.Ago != nil && *s.Ago-s.stalled >= s.patience
}

const (
	// notReceivedLeast is how long nothing may arrive at the peer, by its feedback, before that is more than loss.
	notReceivedLeast = time.Second
	// finalLeast and finalTimes are what counts as silence at the end of a call, which leaves no time to wait: so much,
	// and so many times the longest pause between two packets before.
	finalLeast = 500 * time.Millisecond
	finalTimes = 3
	// sparseTimes and sparseMost bound the silence of video with few frames, such as a screen that is shared: so many
	// of its recent pauses; while there was none, of the mean distance of its frames, and no more in all.
	sparseTimes = 3
	sparseMost  = 10 * time.Second
)

// wait decides what counts as silence of a stream. Only the one who ends a call knows that the peer had no reason to
// stop before its end.
func (c *Call) wait(s *Stream, dir diag.Direction, kind string) {
	sample := c.Latest()
	var sparse time.Duration // of video
	if rate := diag.OrZero(s.FramesPerSecond); s.slowest != nil {
		sparse = diag.SecondsOf(sparseTimes * *s.slowest)
	} else if rate > 0 {
		sparse = min(sparseMost, diag.SecondsOf(sparseTimes/rate))
	}
	s.patience = max(diag.SecondsOf(SilentAfter), sparse)
	if final := sample.Final && c.Ended != nil && c.Ended.By == diag.ByLocal; final && s.longest != nil {
		s.patience = min(s.patience, max(finalLeast, finalTimes*diag.SecondsOf(*s.longest), sparse))
	}
	for _, ago := range []*time.Duration{s.Ago, s.NotReceived} {
		if ago != nil {
			*ago = c.sinceUnmuted(dir, kind, sample.At, *ago)
		}
	}
	came := func(r ResumedRow) bool { return r.Kind == kind && r.At >= sample.At }
	if s.Ago != nil && dir == diag.Inbound && slices.ContainsFunc(c.Resumed, came) {
		*s.Ago = 0 // it came again after the sample, as what a busy machine had not read
	}
	if s.Ago != nil {
		s.stalled = c.Machine.Stalled(sample.At-*s.Ago, sample.At)
	}
	if gone := s.NotReceived; gone != nil &&
		(*gone-c.Machine.Stalled(sample.At-*gone, sample.At) < notReceivedLeast || s.HasStopped()) {
		s.NotReceived = nil
	}
}

// LossBeyond is the share of the expected packets that were lost, without those that were dropped on purpose; nil if it
// is unknown.
func (s *Stream) LossBeyond(injected int64) *float64 {
	if s.Lost == nil {
		return nil
	}
	return diag.LossShare(new(*s.Lost-injected), s.expected)
}

func (s *Stream) addInbound(in diag.InboundRTP) {
	s.Inbound = append(s.Inbound, in)
	s.Packets += in.MediaPackets()
	s.Bytes += diag.OrZero(in.BytesReceived)
	s.NACK, s.PLI = s.NACK+diag.OrZero(in.NACKCount), s.PLI+diag.OrZero(in.PLICount)
	sum(&s.Lost, in.PacketsLost)
	sum(&s.Repaired, in.PacketsRepaired)
	sum(&s.expected, in.Expected())
	worst(&s.Jitter, in.Jitter)
	worst(&s.RoundTrip, in.RoundTripTime)
	s.delayed(in.OneWayDelay)
	worst(&s.EchoDelay, in.EchoDelay)
	if in.Sound == nil || !in.Sound.Paused {
		if s.latest(in.LastPacketReceivedAgo) {
			s.SentSince, s.Goodbye = in.SentSince, in.Goodbye
		}
	}
	if in.RecentFrameGap != nil && (s.slowest == nil || *in.RecentFrameGap > *s.slowest) {
		s.slowest = in.RecentFrameGap
	}
	if in.LongestPacketGap != nil && (s.longest == nil || *in.LongestPacketGap > *s.longest) {
		s.longest = in.LongestPacketGap
	}
	if in.FECPacketsReceived != nil {
		s.FEC = new(diag.OrZero(s.FEC) + float64(*in.FECPacketsReceived))
	}
	sum(&s.Frames, in.FramesReceived)
	sum(&s.Freezes, in.FreezeCount)
	s.picture(in.MimeType, in.FrameWidth, in.FrameHeight)
}

func (s *Stream) addOutbound(out diag.OutboundRTP) {
	s.Outbound = append(s.Outbound, out)
	s.Packets += out.MediaPackets()
	s.Bytes += diag.OrZero(out.BytesSent)
	s.NACK, s.PLI = s.NACK+diag.OrZero(out.NACKCount), s.PLI+diag.OrZero(out.PLICount)
	sum(&s.Frames, out.FramesSent)
	s.picture(out.MimeType, out.FrameWidth, out.FrameHeight)
	sum(&s.Lost, out.Lost())
	sum(&s.expected, out.Expected())
	s.latest(out.LastPacketSentAgo)
	if out.Remote != nil && out.Remote.NotReceivedFor == nil && diag.OrZero(out.LastPacketSentAgo) < SilentAfter {
		s.NotReceived, s.arrives = nil, true
	}
	if out.Remote != nil {
		if gone := out.Remote.NotReceivedFor; gone != nil && !s.arrives {
			s.NotReceived = new(diag.SecondsOf(*gone))
		}
		if d := out.Remote.ReportsMissingFor; d != nil {
			s.Unreported = new(diag.SecondsOf(*d))
		}
		worst(&s.Jitter, out.Remote.Jitter)
		worst(&s.RoundTrip, out.Remote.RoundTripTime)
	}
}

// latest keeps the shortest time since a packet, and reports whether this is it.
func (s *Stream) latest(seconds *float64) bool {
	if seconds == nil {
		return false
	}
	ago := diag.SecondsOf(*seconds)
	if s.Ago != nil && ago >= *s.Ago {
		return false
	}
	s.Ago = &ago
	return true
}

// delayed keeps the longest delay, with what is known of it.
func (s *Stream) delayed(d *diag.OneWayDelay) {
	if d == nil || s.OneWayDelay != nil && diag.SecondsOf(d.Mean) <= s.OneWayDelay.Duration() {
		return
	}
	s.OneWayDelay, s.OneWaySource = new(diag.Millis(diag.SecondsOf(d.Mean))), d.Source
	s.OneWayUncertainty = new(diag.Millis(diag.SecondsOf(d.Uncertainty)))
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
