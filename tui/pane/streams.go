package pane

import (
	"math"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/words"
	"dialtone/diag/words/sound"
	"dialtone/diag/words/term"
	"dialtone/tui/draw"
)

// stream is a stream of media, sent or received; what was not measured is absent.
type stream struct {
	streamKey
	codec    string
	mid      string
	picture  string // "320×240"
	packets  *uint64
	bytes    *uint64
	resent   *uint64  // packets that were retransmitted
	bitrate  *float64 // bit/s
	recent   *float64 // loss of the last interval, 0–1
	loss     *float64 // loss of all, 0–1
	lost     *int64   // packets
	repaired *int64   // of those
	fec      string   // packets against loss, and of which kind
	jitter   *float64 // seconds
	rtt      *float64 // seconds
	oneWay   *diag.OneWayDelay
	echo     *float64 // seconds
	fps      *float64
	frames   *uint32
	keys     *uint32 // key frames
	nack     *uint32 // requests of its receiver, as pli and fir
	pli, fir *uint32
	freezes  *uint32
	frozen   *float64 // seconds
	clip     *diag.ClipFrames
	encoding *diag.VideoEncoding
	muted    bool
	ago      *float64    // seconds since the last packet
	silence  float64     // the same while it is long; else 0
	level    *float64    // 0–1
	heard    *diag.Sound // of audio, at the one who receives it
	quality  *call.Quality
}

// streamKey identifies a stream.
type streamKey struct {
	direction diag.Direction
	kind      string
	ssrc      uint32
}

// maxStreams bounds the rows: a peer can announce as many streams as it likes.
const maxStreams = 12

// streams lists what is sent, then what is received: of the latest sample, tracks that no sample holds yet, and what
// was negotiated and never arrived.
func streams(c *call.Call) []stream {
	var out []stream
	if s := c.Latest(); s != nil {
		for _, o := range s.Outbound {
			out = append(out, sentStream(c, o))
		}
		for _, in := range s.Inbound {
			out = append(out, receivedStream(c, in))
		}
	}
	for _, t := range c.Tracks {
		if !hasStream(out, t) {
			key := streamKey{t.Direction, t.Kind, t.SSRC}
			out = append(out, stream{
				streamKey: key, codec: term.Codec(t.MimeType), mid: t.Mid,
				muted: c.Muted(t.Direction, t.Kind),
			})
		}
	}
	for _, kind := range mediaKinds {
		expected := diag.TrackAdded{Direction: diag.Inbound, Kind: kind}
		if flow := c.Flow(diag.Inbound, kind); (flow == call.FlowMissing || flow == call.FlowMuted) &&
			!hasStream(out, call.TrackRow{TrackAdded: expected}) {
			out = append(out, stream{streamKey: streamKey{diag.Inbound, kind, 0}, muted: c.Muted(diag.Inbound, kind)})
		}
	}
	return ordered(out)
}

var mediaKinds = []string{"audio", "video"}

func sentStream(c *call.Call, o diag.OutboundRTP) stream {
	s := stream{
		streamKey: streamKey{diag.Outbound, o.Kind, o.SSRC}, codec: term.Codec(o.MimeType), mid: o.Mid,
		picture: words.Size(o.FrameWidth, o.FrameHeight), packets: o.PacketsSent, bytes: o.BytesSent,
		resent: o.RetransmittedPacketsSent, bitrate: o.Bitrate, fps: o.FramesPerSecond, frames: o.FramesSent,
		keys: o.KeyFramesSent, nack: o.NACKCount, pli: o.PLICount, fir: o.FIRCount, muted: c.LocalMuted[o.Kind],
	}
	if r := o.Remote; r != nil {
		s.recent, s.loss, s.lost = r.FractionLost, diag.LossShare(o.Lost(), o.Expected()), o.Lost()
		s.jitter, s.rtt = r.Jitter, r.RoundTripTime
	}
	if sample := c.Latest(); sample != nil && o.Kind == "audio" {
		s.quality = call.QualityOut(&sample.Sample, &o)
	}
	for _, in := range c.Heard(diag.Outbound) {
		if in.SSRC == o.SSRC && in.Kind == o.Kind {
			s.heard, s.level = in.Sound, in.AudioLevel
		}
	}
	return s
}

func receivedStream(c *call.Call, in diag.InboundRTP) stream {
	s := stream{
		streamKey: streamKey{diag.Inbound, in.Kind, in.SSRC}, codec: term.Codec(in.MimeType), mid: in.Mid,
		picture: words.Size(in.FrameWidth, in.FrameHeight), packets: in.PacketsReceived, bytes: in.BytesReceived,
		resent: in.RetransmittedPackets, bitrate: in.Bitrate, recent: in.FractionLost, lost: in.PacketsLost,
		repaired: in.PacketsRepaired, fec: words.FEC(in),
		jitter: in.Jitter, rtt: in.RoundTripTime, oneWay: in.OneWayDelay, echo: in.EchoDelay,
		fps: in.FramesPerSecond, frames: in.FramesReceived,
		keys: in.KeyFramesReceived, nack: in.NACKCount, pli: in.PLICount, fir: in.FIRCount, freezes: in.FreezeCount,
		clip: in.ClipFrames, encoding: c.EncodingOf(in.SSRC),
		frozen: in.TotalFreezesDuration, muted: c.RemoteMuted[in.Kind], ago: in.LastPacketReceivedAgo,
	}
	s.loss = diag.LossShare(in.PacketsLost, in.Expected())
	if sample := c.Latest(); sample != nil && in.Kind == "audio" {
		s.heard, s.level, s.quality = in.Sound, in.AudioLevel, call.QualityIn(&sample.Sample, &in)
	}
	if ago := in.LastPacketReceivedAgo; ago != nil && *ago >= call.SilentAfter {
		s.silence = *ago
	}
	return s
}

// ordered puts what is sent before what is received, and audio before video, and bounds the list.
func ordered(all []stream) []stream {
	var out []stream
	for _, dir := range []diag.Direction{diag.Outbound, diag.Inbound} {
		for _, audio := range []bool{true, false} {
			for _, s := range all {
				if s.direction == dir && (s.kind == "audio") == audio && len(out) < maxStreams {
					out = append(out, s)
				}
			}
		}
	}
	return out
}

func hasStream(list []stream, t call.TrackRow) bool {
	for _, s := range list {
		if s.direction == t.Direction && s.kind == t.Kind && (s.ssrc == t.SSRC || t.SSRC == 0) {
			return true
		}
	}
	return false
}

// streamState grades a stream and names its state.
func streamState(c *call.Call, s stream) (draw.Level, string) {
	inbound := s.direction == diag.Inbound
	pick := func(in, out string) string {
		if inbound {
			return in
		}
		return out
	}
	switch missing := c.Flow(s.direction, s.kind) == call.FlowMissing; {
	case s.muted:
		return draw.Idle, pick("muted by peer", "muted by you")
	case diag.OrZero(s.packets) > 0 && c.Ended == nil && !c.Agreed(s.direction, s.kind):
		return draw.Idle, "on hold"
	case s.silence > 0:
		return draw.Warn, "stopped " + words.Seconds(s.silence)
	case s.quiet() != "":
		return draw.Warn, s.quiet()
	case s.tone(c) != "":
		return draw.Good, s.tone(c)
	case s.packets != nil && *s.packets > 0 && c.Ended != nil:
		return draw.Good, pick("received", "sent")
	case s.packets != nil && *s.packets > 0:
		return draw.Good, pick("receiving", "sending")
	case s.packets == nil && s.ssrc != 0:
		return draw.Idle, "not measured"
	case missing:
		return draw.Bad, pick("not received", "not sent")
	}
	return draw.Idle, "not yet"
}

// tone is the test tone that is heard, and how often it dropped out; "" if there is none.
func (s *stream) tone(c *call.Call) string {
	t := c.TestTone(s.direction)
	if t == nil || s.heard == nil || s.heard.Tone != t || t.AbsentFor >= call.QuietAfter {
		return ""
	}
	text := sound.Hertz(t.Frequency)
	if t.Dropouts > 0 {
		return text + ", " + words.Count(int(t.Dropouts), "drop", "drops")
	}
	return text + " heard"
}

// quiet is what audio holds instead of sound for longer than a pause; "" if there is sound.
func (s *stream) quiet() string {
	switch h := s.heard; {
	case h == nil:
	case h.SilentFor >= call.QuietAfter:
		return "silent " + words.Seconds(h.SilentFor)
	case h.NoiseFor >= call.QuietAfter:
		return "noise " + words.Seconds(h.NoiseFor)
	}
	return ""
}

// metric is a value of streams that changes over time.
type metric struct {
	name, unit string
	scale      float64                            // from the unit of the statistics to that of the metric
	sent       func(*diag.OutboundRTP) *float64   // nil: only the receiver measures it
	report     func(*diag.RemoteInbound) *float64 // of what is sent, as the peer's reports say; nil: they do not
	received   func(*diag.InboundRTP) *float64
	none       string // why it may be missing
	path       bool   // the path has it too, for streams that have not
	video      bool   // audio does not have it
	audio      bool   // video does not have it
	// of audio that depends on more than the stream; instead of sent and received
	rated func(*diag.Sample, streamKey) *float64
}

// The metrics, the most useful first. A new one is an entry here.
var metrics = []metric{
	{
		name: "Bitrate", unit: "kbit/s", scale: 1e-3, none: "no packet was counted yet",
		sent:     func(o *diag.OutboundRTP) *float64 { return o.Bitrate },
		received: func(in *diag.InboundRTP) *float64 { return in.Bitrate },
	},
	{
		name: "Packet loss", unit: "%", scale: 100, none: "too few packets arrived",
		report:   func(r *diag.RemoteInbound) *float64 { return r.FractionLost },
		received: func(in *diag.InboundRTP) *float64 { return in.FractionLost },
	},
	{
		name: "Jitter", unit: "ms", scale: 1e3, none: "too few packets arrived",
		report:   func(r *diag.RemoteInbound) *float64 { return r.Jitter },
		received: func(in *diag.InboundRTP) *float64 { return in.Jitter },
	},
	{
		name: "Round-trip time", unit: "ms", scale: 1e3, none: "no report and no check has measured it yet", path: true,
		report:   func(r *diag.RemoteInbound) *float64 { return r.RoundTripTime },
		received: func(in *diag.InboundRTP) *float64 { return in.RoundTripTime },
	},
	{
		name: "One-way delay", unit: "ms", scale: 1e3, none: "it is measured where media arrives, after a sender report",
		received: func(in *diag.InboundRTP) *float64 {
			if in.OneWayDelay == nil {
				return nil
			}
			return in.OneWayDelay.Delay
		},
	},
	{
		name: "Speech quality", unit: "MOS", scale: 1, none: "no speech, no round-trip time or no report yet", audio: true,
		rated: mosOf,
	},
	{
		name: "Audio level", unit: "% of full scale", scale: 100, none: "it is measured where audio is received", audio: true,
		sent:     func(*diag.OutboundRTP) *float64 { return nil },
		received: func(in *diag.InboundRTP) *float64 { return in.AudioLevel },
	},
	{
		name: "Frame rate", unit: "fps", scale: 1, none: "no frame was counted yet", video: true,
		sent:     func(o *diag.OutboundRTP) *float64 { return o.FramesPerSecond },
		received: func(in *diag.InboundRTP) *float64 { return in.FramesPerSecond },
	},
}

// mosOf is the speech quality of a stream in a sample, by the E-model.
func mosOf(sample *diag.Sample, s streamKey) *float64 {
	var q *call.Quality
	switch sent, received := s.in(sample); {
	case sent != nil:
		q = call.QualityOut(sample, sent)
	case received != nil:
		q = call.QualityIn(sample, received)
	}
	if q == nil {
		return nil
	}
	return &q.MOS
}

// in finds a stream in a sample: one of the two, or none.
func (s streamKey) in(sample *diag.Sample) (sent *diag.OutboundRTP, received *diag.InboundRTP) {
	for i := range sample.Outbound {
		if o := &sample.Outbound[i]; s == (streamKey{diag.Outbound, o.Kind, o.SSRC}) {
			sent = o
		}
	}
	for i := range sample.Inbound {
		if in := &sample.Inbound[i]; s == (streamKey{diag.Inbound, in.Kind, in.SSRC}) {
			received = in
		}
	}
	return sent, received
}

// missing says why a value of a stream is not there.
func (m *metric) missing(s streamKey) string {
	if m.report != nil && !m.path && s.direction == diag.Outbound {
		return "not measured: no report of the peer has arrived yet"
	}
	return "not measured: " + m.none
}

// in is the metric of a stream in a sample, in the unit of the metric; NaN when it was not measured.
func (m *metric) in(sample *diag.Sample, s streamKey) float64 {
	var v *float64
	switch sent, received := s.in(sample); {
	case m.rated != nil:
		v = m.rated(sample, s)
	case sent != nil && sent.Remote != nil && m.report != nil:
		v = m.report(sent.Remote)
	case sent != nil && m.sent != nil:
		v = m.sent(sent)
	case received != nil:
		v = m.received(received)
	}
	return orNaN(v, m.scale)
}

// history is the metric of a stream in all samples.
func (m *metric) history(c *call.Call, s streamKey) []draw.Point {
	return points(c, func(sample *diag.Sample) float64 { return m.in(sample, s) })
}

// latest are the values of the latest n samples, for a sparkline.
func (m *metric) latest(c *call.Call, s streamKey, n int) []float64 {
	return values(c, n, func(sample *diag.Sample) float64 { return m.in(sample, s) })
}

// pathRTT is the round-trip time of the path in milliseconds: streams that are received seldom have their own.
func pathRTT(sample *diag.Sample) float64 {
	if sample.Pair == nil {
		return math.NaN()
	}
	return orNaN(sample.Pair.CurrentRoundTripTime, 1e3)
}

// totalBitrate is that of all streams in kbit/s.
func totalBitrate(sample *diag.Sample) float64 {
	sum, known := 0.0, false
	add := func(v *float64) {
		if v != nil {
			sum, known = sum+*v/1e3, true
		}
	}
	for i := range sample.Outbound {
		add(sample.Outbound[i].Bitrate)
	}
	for i := range sample.Inbound {
		add(sample.Inbound[i].Bitrate)
	}
	if !known {
		return math.NaN()
	}
	return sum
}

func orNaN(v *float64, scale float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v * scale
}

// points are a value of all samples over time.
func points(c *call.Call, value func(*diag.Sample) float64) []draw.Point {
	out := make([]draw.Point, len(c.Samples))
	for i := range c.Samples {
		out[i] = draw.Point{At: c.Samples[i].At, Value: value(&c.Samples[i].Sample)}
	}
	return out
}

// values are a value of the latest n samples.
func values(c *call.Call, n int, value func(*diag.Sample) float64) []float64 {
	var out []float64
	for i := max(len(c.Samples)-n, 0); i < len(c.Samples); i++ {
		out = append(out, value(&c.Samples[i].Sample))
	}
	return out
}

// sampleGap is how far apart samples may be, taken once a second, before something is missing between them.
const sampleGap = 3500 * time.Millisecond
