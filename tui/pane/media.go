package pane

import (
	"fmt"
	"math"

	"dialtone/diag"
	"dialtone/tui/draw"
)

// stream is one row of the media table: what is sent or arrives, absent where it was not measured.
type stream struct {
	direction diag.Direction
	kind      string
	ssrc      uint32
	codec     string
	picture   string // "320×240"
	bitrate   *float64
	loss      *float64 // 0–1
	jitter    *float64 // seconds
	rtt       *float64 // seconds
	fps       *float64
	muted     bool
	silence   float64 // seconds since the last packet; 0 when unknown or short
}

// maxStreams bounds the rows: a peer can announce as many streams as it likes.
const maxStreams = 12

// silent is how many seconds without a packet count as silence.
const silent = 2

// streams lists what is sent, then what arrives: of the latest sample, and tracks that no sample holds yet.
func streams(c *diag.Call) []stream {
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
			out = append(out, stream{direction: t.Direction, kind: t.Kind, ssrc: t.SSRC, codec: codec(t.MimeType)})
		}
	}
	return ordered(out)
}

func sentStream(c *diag.Call, o diag.OutboundRTP) stream {
	s := stream{
		direction: diag.Outbound, kind: o.Kind, ssrc: o.SSRC, codec: codec(o.MimeType), picture: picture(o.FrameWidth, o.FrameHeight),
		bitrate: o.Bitrate, fps: o.FramesPerSecond, muted: c.LocalMuted[o.Kind],
	}
	if r := o.Remote; r != nil {
		s.loss = fraction(r.PacketsLost, o.PacketsSent)
		s.jitter, s.rtt = diag.Ptr(r.Jitter), r.RoundTripTime
	}
	return s
}

func receivedStream(c *diag.Call, in diag.InboundRTP) stream {
	s := stream{
		direction: diag.Inbound, kind: in.Kind, ssrc: in.SSRC, codec: codec(in.MimeType), picture: picture(in.FrameWidth, in.FrameHeight),
		bitrate: in.Bitrate, fps: in.FramesPerSecond, jitter: in.Jitter, rtt: in.RoundTripTime, muted: c.RemoteMuted[in.Kind],
	}
	if in.PacketsLost != nil {
		s.loss = fraction(*in.PacketsLost, in.PacketsReceived+uint64(max(*in.PacketsLost, 0)))
	}
	if ago := in.LastPacketReceivedAgo; ago != nil && *ago >= silent {
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

func hasStream(list []stream, t diag.TrackRow) bool {
	for _, s := range list {
		if s.direction == t.Direction && s.kind == t.Kind && (s.ssrc == t.SSRC || t.SSRC == 0) {
			return true
		}
	}
	return false
}

func fraction(lost int64, of uint64) *float64 {
	if of == 0 {
		return nil
	}
	return diag.Ptr(min(float64(max(lost, 0))/float64(of), 1))
}

func picture(w, h *uint16) string {
	if w == nil || h == nil || *w == 0 || *h == 0 {
		return ""
	}
	return fmt.Sprintf("%d×%d", *w, *h)
}

// bitrates is the stream's history in the latest samples, NaN where it was not measured.
func bitrates(c *diag.Call, s stream, n int) []float64 {
	samples := c.Samples[max(len(c.Samples)-n, 0):]
	out := make([]float64, 0, len(samples))
	for i := range samples {
		out = append(out, bitrateIn(&samples[i].Sample, s))
	}
	return out
}

func bitrateIn(sample *diag.Sample, s stream) float64 {
	if s.direction == diag.Outbound {
		for i := range sample.Outbound {
			if o := &sample.Outbound[i]; o.SSRC == s.ssrc && o.Kind == s.kind && o.Bitrate != nil {
				return *o.Bitrate
			}
		}
		return math.NaN()
	}
	for i := range sample.Inbound {
		if in := &sample.Inbound[i]; in.SSRC == s.ssrc && in.Kind == s.kind && in.Bitrate != nil {
			return *in.Bitrate
		}
	}
	return math.NaN()
}

// sparkWidth is how many seconds of history a sparkline in a table shows.
const sparkWidth = 12

// media is the table of streams, both ways.
func (p *Call) media(width int) []string {
	list := streams(p.Call)
	if len(list) == 0 {
		return nil
	}
	g := p.Theme.Glyphs
	t := draw.Table{Indent: 3, Cursor: -1, Columns: []draw.Column{
		{Title: "Media  " + g.Sending + " sent " + g.Receiving + " received", Min: 22, Max: 26, Strong: 5},
		{Title: "kbit/s", Right: true, Min: 8},
		{Title: "loss", Right: true, Min: 7},
		{Title: "jitter", Right: true, Min: 9, Keep: 2},
		{Title: "rtt", Right: true, Min: 9, Keep: 3},
		{Title: "", Min: 6},
		{Title: "", Min: sparkWidth, Keep: 1},
	}}
	for _, s := range list {
		t.Rows = append(t.Rows, p.streamRow(s))
	}
	return t.Lines(p.Theme, width)
}

func (p *Call) streamRow(s stream) []draw.Cell {
	th := p.Theme
	arrow := th.Glyphs.Sending
	if s.direction == diag.Inbound {
		arrow = th.Glyphs.Receiving
	}
	name := draw.Cell{Text: joinSpace(arrow, s.kind, s.codec, s.picture)}
	row := []draw.Cell{name, number(s.bitrate, 1e-3, 5), lossCell(th, s.loss), millis(s.jitter), millis(s.rtt), p.flowCell(s)}
	return append(row, draw.Cell{Text: draw.Sparkline(th.Glyphs, bitrates(p.Call, s, sparkWidth), sparkWidth), Paint: th.Accent})
}

// flowCell says what the numbers alone do not: the frame rate, that a stream is muted, silent, or not there yet.
func (p *Call) flowCell(s stream) draw.Cell {
	th := p.Theme
	switch {
	case s.muted:
		return draw.Cell{Text: "muted", Paint: th.Dim}
	case s.silence > 0:
		return draw.Cell{Text: "silent " + draw.Span(secs(s.silence)), Mark: th.Glyphs.Warn, Level: th.Warn}
	case s.bitrate == nil && s.direction == diag.Inbound && p.Call.ConnectedAt != nil:
		return draw.Cell{Text: "not measured yet", Paint: th.Dim}
	case s.fps != nil:
		return draw.Cell{Text: fmt.Sprintf("%.0f", *s.fps), Unit: "fps"}
	}
	return draw.Cell{}
}

func lossCell(th *draw.Theme, loss *float64) draw.Cell {
	if loss == nil {
		return draw.Cell{}
	}
	c := draw.Cell{Text: draw.Percent(*loss), Unit: "%"}
	switch {
	case *loss >= 0.05:
		c.Mark, c.Level = th.Mark(draw.Bad)
	case *loss >= 0.01:
		c.Mark, c.Level = th.Mark(draw.Warn)
	}
	return c
}

// millis is a time in milliseconds for a column.
func millis(seconds *float64) draw.Cell {
	if seconds == nil {
		return draw.Cell{}
	}
	n, unit := draw.Length(secs(*seconds))
	return draw.Cell{Text: n, Unit: unit}
}

func number(v *float64, scale float64, width int) draw.Cell {
	if v == nil {
		return draw.Cell{}
	}
	return draw.Cell{Text: draw.Number(*v*scale, width)}
}

func joinSpace(parts ...string) string {
	out := ""
	for _, s := range parts {
		if s == "" {
			continue
		}
		if out != "" {
			out += " "
		}
		out += s
	}
	return out
}
