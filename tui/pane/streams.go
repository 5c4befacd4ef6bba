package pane

import (
	"fmt"
	"math"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/tui/draw"
)

// stream is a stream of media: what is sent or arrives, absent where it was not measured.
type stream struct {
	streamKey
	codec    string
	mid      string
	picture  string // "320×240"
	packets  *uint64
	bytes    uint64
	resent   uint64   // packets
	bitrate  *float64 // bit/s
	recent   *float64 // loss of the last interval, 0–1
	loss     *float64 // loss of all, 0–1
	lost     *int64   // packets
	jitter   *float64 // seconds
	rtt      *float64 // seconds
	fps      *float64
	frames   *uint32
	keys     *uint32 // key frames
	nack     uint32  // asked of us when it is sent by us, else asked by us
	pli, fir uint32
	freezes  *uint32
	frozen   *float64 // seconds
	muted    bool
	ago      *float64 // seconds since the last packet
	silence  float64  // the same while it is long; else 0
}

// streamKey tells streams apart.
type streamKey struct {
	direction diag.Direction
	kind      string
	ssrc      uint32
}

// maxStreams bounds the rows: a peer can announce as many streams as it likes.
const maxStreams = 12

// streams lists what is sent, then what arrives: of the latest sample, tracks that no sample holds yet, and what was
// agreed upon and never came.
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
			out = append(out, stream{streamKey: key, codec: codec(t.MimeType), mid: t.Mid,
				muted: isMuted(c, t.Direction, t.Kind)})
		}
	}
	for _, kind := range mediaKinds {
		awaited := diag.TrackAdded{Direction: diag.Inbound, Kind: kind}
		if flow := c.Flow(diag.Inbound, kind); (flow == call.FlowMissing || flow == call.FlowMuted) &&
			!hasStream(out, call.TrackRow{TrackAdded: awaited}) {
			out = append(out, stream{streamKey: streamKey{diag.Inbound, kind, 0}, muted: isMuted(c, diag.Inbound, kind)})
		}
	}
	return ordered(out)
}

var mediaKinds = []string{"audio", "video"}

func isMuted(c *call.Call, dir diag.Direction, kind string) bool {
	if dir == diag.Outbound {
		return c.LocalMuted[kind]
	}
	return c.RemoteMuted[kind]
}

func sentStream(c *call.Call, o diag.OutboundRTP) stream {
	s := stream{
		streamKey: streamKey{diag.Outbound, o.Kind,
			o.SSRC}, codec: codec(o.MimeType), mid: o.Mid, picture: picture(o.FrameWidth, o.FrameHeight),
		packets: o.PacketsSent, bytes: diag.OrZero(o.BytesSent), resent: diag.OrZero(o.RetransmittedPacketsSent), bitrate: o.Bitrate, fps: o.FramesPerSecond,
		frames: o.FramesSent, keys: o.KeyFramesSent, nack: diag.OrZero(o.NACKCount), pli: diag.OrZero(o.PLICount), fir: diag.OrZero(o.FIRCount), muted: c.LocalMuted[o.Kind],
	}
	if r := o.Remote; r != nil {
		s.recent, s.loss, s.lost = r.FractionLost, fraction(r.PacketsLost, diag.OrZero(o.PacketsSent)), r.PacketsLost
		s.jitter, s.rtt = r.Jitter, r.RoundTripTime
	}
	return s
}

func receivedStream(c *call.Call, in diag.InboundRTP) stream {
	s := stream{
		streamKey: streamKey{diag.Inbound, in.Kind,
			in.SSRC}, codec: codec(in.MimeType), mid: in.Mid, picture: picture(in.FrameWidth, in.FrameHeight),
		packets: in.PacketsReceived, bytes: diag.OrZero(in.BytesReceived), resent: diag.OrZero(in.RetransmittedPackets), bitrate: in.Bitrate, recent: in.FractionLost,
		lost: in.PacketsLost, jitter: in.Jitter, rtt: in.RoundTripTime, fps: in.FramesPerSecond, frames: in.FramesReceived,
		keys: in.KeyFramesReceived, nack: diag.OrZero(in.NACKCount), pli: diag.OrZero(in.PLICount), fir: diag.OrZero(in.FIRCount), freezes: in.FreezeCount,
		frozen: in.TotalFreezesDuration, muted: c.RemoteMuted[in.Kind], ago: in.LastPacketReceivedAgo,
	}
	if in.PacketsLost != nil {
		s.loss = fraction(in.PacketsLost, diag.OrZero(in.PacketsReceived)+uint64(max(*in.PacketsLost, 0)))
	}
	if ago := in.LastPacketReceivedAgo; ago != nil && *ago >= call.SilentAfter {
		s.silence = *ago
	}
	return s
}

// ordered puts what is sent before what arrives, and audio before video, and bounds the list.
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

func fraction(lost *int64, of uint64) *float64 {
	if lost == nil || of == 0 {
		return nil
	}
	return diag.Ptr(min(float64(max(*lost, 0))/float64(of), 1))
}

func picture(w, h *uint16) string {
	if w == nil || h == nil || *w == 0 || *h == 0 {
		return ""
	}
	return fmt.Sprintf("%d×%d", *w, *h)
}

// metric is a value of streams that changes over time.
type metric struct {
	name, unit string
	scale      float64 // from the unit of the statistics to ours
	sent       func(*diag.OutboundRTP) *float64
	received   func(*diag.InboundRTP) *float64
	none       string // why it may be missing
	reported   bool   // of what is sent, only the peer's reports tell it
}

// The metrics, the most telling first; frames are the last, because only video has them.
var metrics = []metric{
	{
		"Bitrate", "kbit/s", 1e-3, func(o *diag.OutboundRTP) *float64 { return o.Bitrate },
		func(in *diag.InboundRTP) *float64 { return in.Bitrate }, "no packet was counted yet", false,
	},
	{
		"Loss", "%", 100, func(o *diag.OutboundRTP) *float64 {
			return ofReport(o, func(r *diag.RemoteInbound) *float64 { return r.FractionLost })
		},
		func(in *diag.InboundRTP) *float64 { return in.FractionLost }, "too few packets came", true,
	},
	{
		"Jitter", "ms", 1e3, func(o *diag.OutboundRTP) *float64 {
			return ofReport(o, func(r *diag.RemoteInbound) *float64 { return r.Jitter })
		},
		func(in *diag.InboundRTP) *float64 { return in.Jitter }, "too few packets came", true,
	},
	{
		"Round trip", "ms", 1e3, func(o *diag.OutboundRTP) *float64 {
			return ofReport(o, func(r *diag.RemoteInbound) *float64 { return r.RoundTripTime })
		},
		func(in *diag.InboundRTP) *float64 { return in.RoundTripTime }, "no report and no check has told it yet", false,
	},
	{
		"Frame rate", "fps", 1, func(o *diag.OutboundRTP) *float64 { return o.FramesPerSecond },
		func(in *diag.InboundRTP) *float64 { return in.FramesPerSecond }, "no frame was counted yet", false,
	},
}

// missing says why a value of a stream is not there.
func (m *metric) missing(s streamKey) string {
	if m.reported && s.direction == diag.Outbound {
		return "not measured: only the peer's reports tell it, and none came yet"
	}
	return "not measured: " + m.none
}

// ofReport is a value of the peer's report about a stream; nil before the first.
func ofReport(o *diag.OutboundRTP, value func(*diag.RemoteInbound) *float64) *float64 {
	if o.Remote == nil {
		return nil
	}
	return value(o.Remote)
}

// in is the metric of a stream in a sample, in the unit of the metric; NaN when it was not measured.
func (m *metric) in(sample *diag.Sample, s streamKey) float64 {
	var v *float64
	if s.direction == diag.Outbound {
		for i := range sample.Outbound {
			if o := &sample.Outbound[i]; o.SSRC == s.ssrc && o.Kind == s.kind {
				v = m.sent(o)
			}
		}
	} else {
		for i := range sample.Inbound {
			if in := &sample.Inbound[i]; in.SSRC == s.ssrc && in.Kind == s.kind {
				v = m.received(in)
			}
		}
	}
	if v == nil {
		return math.NaN()
	}
	return *v * m.scale
}

// history is the metric of a stream in all samples.
func (m *metric) history(c *call.Call, s streamKey) []draw.Point {
	out := make([]draw.Point, len(c.Samples))
	for i := range c.Samples {
		out[i] = draw.Point{At: c.Samples[i].At, Value: m.in(&c.Samples[i].Sample, s)}
	}
	return out
}

// pathTrips is the round-trip time of the path in the latest samples, in milliseconds: streams that arrive seldom have
// their own.
func pathTrips(c *call.Call, n int) []draw.Point {
	samples := c.Samples[max(len(c.Samples)-n, 0):]
	out := make([]draw.Point, len(samples))
	for i := range samples {
		out[i] = draw.Point{At: samples[i].At, Value: math.NaN()}
		if pair := samples[i].Pair; pair != nil && pair.CurrentRoundTripTime != nil {
			out[i].Value = *pair.CurrentRoundTripTime * 1e3
		}
	}
	return out
}

// valuesOf are the values of points, for a sparkline.
func valuesOf(points []draw.Point) []float64 {
	out := make([]float64, len(points))
	for i, p := range points {
		out[i] = p.Value
	}
	return out
}

// bitrates is the stream's history in the latest samples, NaN where it was not measured.
func bitrates(c *call.Call, s streamKey, n int) []float64 {
	samples := c.Samples[max(len(c.Samples)-n, 0):]
	out := make([]float64, 0, len(samples))
	for i := range samples {
		out = append(out, metrics[0].in(&samples[i].Sample, s))
	}
	return out
}

// sampleGap is how far apart samples may be, taken once a second, before something is missing between them.
const sampleGap = 3500 * time.Millisecond
