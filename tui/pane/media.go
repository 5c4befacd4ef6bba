package pane

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/words"
	"dialtone/diag/words/term"
	"dialtone/diag/words/video"
	"dialtone/tui/draw"
)

// Media shows the streams of audio and video, both ways: a table, all values of the selected one, and its values over
// time.
type Media struct {
	size
	*Scene
	keys   struct{ Chart, Stream key.Binding }
	chosen streamKey // the selected stream; the first when there is none like it
	metric int
	window window // of the table
}

// NewMedia makes the pane.
func NewMedia(s *Scene) Pane {
	p := &Media{Scene: s}
	p.keys.Chart = key.NewBinding(key.WithKeys("left", "right"), key.WithHelp("←/→", "chart"))
	p.keys.Stream = key.NewBinding(key.WithKeys("up", "k", "down", "j"), key.WithHelp("↑/↓", "stream"))
	return p
}

// Title is "Media".
func (*Media) Title() string { return "Media" }

// Keys choose the chart and the stream.
func (p *Media) Keys() []key.Binding { return []key.Binding{p.keys.Chart, p.keys.Stream} }

// Update moves the selection.
func (p *Media) Update(msg tea.Msg) tea.Cmd {
	list := streams(p.Call)
	p.keys.Chart.SetEnabled(len(list) > 0)
	p.keys.Stream.SetEnabled(len(list) > 1)
	if msg, ok := msg.(tea.KeyMsg); ok && len(list) > 0 {
		at := p.at(list)
		charts := len(chartsOf(list[at]))
		switch msg.String() {
		case "left":
			p.metric = (min(p.metric, charts-1) + charts - 1) % charts
		case "right":
			p.metric = (p.metric + 1) % charts
		case "up", "k":
			p.chosen = list[max(at-1, 0)].streamKey
		case "down", "j":
			p.chosen = list[min(at+1, len(list)-1)].streamKey
		}
	}
	return nil
}

// at is the index of the selected stream.
func (p *Media) at(list []stream) int {
	return max(slices.IndexFunc(list, func(s stream) bool { return s.streamKey == p.chosen }), 0)
}

// Copy gives the values of the selected stream.
func (p *Media) Copy() (what, text string) {
	list := streams(p.Call)
	if len(list) == 0 {
		return "the stream", ""
	}
	return "the stream", diag.Clean(words.Join(" · ", details(p.Call, list[p.at(list)])...), 2000)
}

// View draws how media flows, the table, the values of the selected stream, and as many charts as there is room for.
func (p *Media) View() string {
	list := streams(p.Call)
	level, text := mediaState(p.Call)
	out := p.Theme.Marked(level, text, 1, min(p.width, twoColumns))
	if len(list) > 0 {
		at := p.at(list)
		ends := p.ends()
		out = join(p.gap(), out, p.table(list, at), ends, p.details(list[at], len(ends) > 0))
		room := p.height - len(out) - 1
		picture, width := p.picture(list[at], room)
		if picture == nil {
			out = join(1, out, p.charts(list[at], p.width, room))
		} else {
			beside := p.width - width - 2
			out = join(1, out, draw.Beside(p.charts(list[at], beside, room), picture, beside+1))
		}
	}
	return p.clamped(out)
}

// flowLevels grade how media fares; what is not listed is good.
var flowLevels = map[call.Flow]draw.Level{
	call.FlowSilent: draw.Warn, call.FlowQuiet: draw.Warn, call.FlowMissing: draw.Bad,
}

// mediaState says how audio and video flow in both directions.
func mediaState(c *call.Call) (draw.Level, string) {
	switch {
	case c.ConnectedAt == nil && c.Ended != nil:
		return draw.Idle, "No media: the call never connected."
	case c.ConnectedAt == nil:
		return draw.Idle, "No media yet: audio and video start when the call is connected."
	}
	level, parts := draw.Good, []string{}
	for _, dir := range []diag.Direction{diag.Inbound, diag.Outbound} {
		for _, flow := range []call.Flow{
			call.FlowOK, call.FlowMuted, call.FlowNone, call.FlowQuiet, call.FlowSilent, call.FlowMissing,
		} {
			var kinds []string
			for _, kind := range mediaKinds {
				if c.Flow(dir, kind) == flow {
					kinds = append(kinds, kind)
				}
			}
			if text := term.Flow(dir, flow, kinds); text != "" {
				level = max(level, flowLevels[flow])
				parts = append(parts, text)
			}
		}
	}
	both := c.Flow(diag.Inbound, "audio") == call.FlowOK && c.Flow(diag.Inbound, "video") == call.FlowOK && len(parts) == 2
	switch {
	case !c.Start.Media && len(c.Tracks) == 0:
		return draw.Idle, "This call carries no media (--no-media)."
	case both && level == draw.Good && c.Ended != nil:
		return level, "Audio and video flowed both ways."
	case both && level == draw.Good:
		return level, "Audio and video flow both ways."
	case len(parts) == 0:
		return draw.Idle, "Audio and video are negotiated, but not measured yet."
	}
	return level, strings.Join(parts, " ")
}

// table is the part of the list around the selected stream that half of the pane has room for.
func (p *Media) table(list []stream, at int) []string {
	p.window.rows = min(len(list), max(p.height/2-3, 1))
	p.window.show(at, len(list))
	from, to := p.window.visible(len(list))
	return p.columns().table(list[from:to], at-from).Lines(p.Theme, p.width)
}

func (p *Media) columns() columns[stream] {
	th, out := p.Theme, columns[stream]{}
	out.add(draw.Column{Title: "Streams", Strong: 7, Min: 14, Max: 24}, func(s stream) draw.Cell {
		level, _ := streamState(p.Call, s)
		return th.Graded(level, words.Join(" ", arrow(th, s.direction), s.kind, s.codec))
	})
	out.text(draw.Column{Min: 13, Max: 16}, th.Dim, func(s stream) string {
		_, state := streamState(p.Call, s)
		return state
	})
	out.number("kbit/s", 8, 0, func(s stream) draw.Cell { return kbitCell(s.bitrate) })
	out.number("loss", 8, 0, func(s stream) draw.Cell { return lossCell(th, s.recent) })
	out.number("total", 8, 4, func(s stream) draw.Cell { return lossCell(th, s.loss) })
	out.number("MOS", 4, 1, func(s stream) draw.Cell { return mosCell(th, s.quality) })
	out.number("dBFS", 4, 1, func(s stream) draw.Cell { return levelCell(s.level) })
	out.number("jitter", 9, 2, func(s stream) draw.Cell { return secondsCell(s.jitter) })
	out.number("RTT", 9, 4, func(s stream) draw.Cell { return secondsCell(s.rtt) })
	out.number("one way", 9, 14, func(s stream) draw.Cell { return oneWayCell(s.oneWay) })
	out.number("fps", 4, 3, func(s stream) draw.Cell { return fpsCell(s.fps) })
	out.text(draw.Column{Title: "size", Min: 9, Keep: 5}, th.Plain, func(s stream) string { return s.picture })
	out.number("packets", 9, 7, func(s stream) draw.Cell { return countCell(s.packets) })
	out.number("kB", 8, 8, func(s stream) draw.Cell {
		if s.bytes == nil {
			return draw.Cell{}
		}
		return draw.Cell{Text: words.Number(*s.bytes / 1000)}
	})
	out.number("NACK", 5, 6, func(s stream) draw.Cell { return countCell(s.nack) })
	out.number("PLI", 5, 9, func(s stream) draw.Cell { return countCell(s.pli) })
	out.number("FIR", 5, 9, func(s stream) draw.Cell { return countCell(s.fir) })
	out.number("key frames", 10, 10, func(s stream) draw.Cell { return countCell(s.keys) })
	out.number("freezes", 7, 11, func(s stream) draw.Cell { return countCell(s.freezes) })
	out.text(draw.Column{Title: "mid", Min: 3, Max: 6, Keep: 12}, th.Dim, func(s stream) string { return s.mid })
	out.text(draw.Column{Title: "SSRC", Right: true, Min: 10, Keep: 13}, th.Dim, ssrcText)
	return out
}

func ssrcText(s stream) string {
	if s.ssrc == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(s.ssrc), 10)
}

// details are all values of the selected stream, also those for which the table has no column.
func (p *Media) details(s stream, ends bool) []string {
	most := 4
	if p.height < 16 || ends && p.height < airy {
		most = 1
	}
	var out []string
	line := ""
	for _, part := range details(p.Call, s) {
		joined := words.Join(" · ", line, diag.Clean(part, 200))
		if line != "" && draw.Width(joined) > min(p.width, twoColumns)-4 {
			out = append(out, draw.Row(p.width, 3, p.Theme.Dim, line))
			joined = diag.Clean(part, 200)
		}
		line = joined
	}
	out = append(out, draw.Row(p.width, 3, p.Theme.Dim, line))
	return out[:min(len(out), most)]
}

// details are the values of a stream; empty for what is not known.
func details(c *call.Call, s stream) []string {
	_, state := streamState(c, s)
	title, way, other := "to the peer", "sent", "the peer"
	if s.direction == diag.Inbound {
		title, way, other = "from the peer", "received", "you"
	}
	codec := s.codec
	if s.encoding != nil {
		codec = video.Encoding(*s.encoding)
	}
	title = words.Capital(words.Join(" ", s.kind, title))
	parts := []string{
		title, state, codec, words.Join(" at ", s.picture, fpsText(s.fps)), words.Prefixed("mid ", s.mid),
		words.Prefixed("SSRC ", ssrcText(s)),
	}
	if s.packets == nil {
		return parts
	}
	parts = append(parts, words.Count(int(*s.packets), "packet", "packets")+", "+words.Bytes(diag.OrZero(s.bytes))+" "+way)
	switch {
	case s.lost != nil:
		parts = append(parts, words.Lost(*s.lost, s.repaired))
	case s.direction == diag.Outbound:
		parts = append(parts, "no report of the peer yet")
	}
	if s.frames != nil {
		frames := words.Count(int(*s.frames), "frame", "frames")
		if s.keys != nil {
			frames += ", " + words.Count(int(*s.keys), "key frame", "key frames")
		}
		parts = append(parts, frames)
	}
	parts = append(parts, shows(c, s)...)
	if s.clip != nil {
		parts = append(parts, video.Clip(*s.clip))
	}
	if s.ago != nil {
		parts = append(parts, "last packet "+words.Seconds(*s.ago)+" ago")
	}
	if s.freezes != nil && *s.freezes > 0 {
		freezes := words.Count(int(*s.freezes), "freeze", "freezes")
		if s.frozen != nil {
			freezes += " of " + words.Seconds(*s.frozen) + " in total"
		}
		parts = append(parts, freezes)
	}
	parts = append(append(parts, words.OneWay(s.oneWay), words.Echo(s.echo)), spoken(s)...)
	parts = append(parts, s.fec)
	requests := words.Join(", ", countOf(s.nack, "lost packets (NACK)"), countOf(s.pli, "a key frame (PLI)"),
		countOf(s.fir, "a key frame (FIR)"))
	parts = append(parts, words.Prefixed("requested by "+other+": ", requests),
		ifAny(int(diag.OrZero(s.resent)), "packet retransmitted", "packets retransmitted"))
	return parts
}

func fpsText(fps *float64) string {
	if fps == nil {
		return ""
	}
	return fmt.Sprintf("%.0f fps", *fps)
}

// countOf is "what 3 times"; nothing for zero.
func countOf(n *uint32, what string) string {
	return words.Prefixed(what+" ", ifAny(int(diag.OrZero(n)), "time", "times"))
}
