package pane

import (
	"dialtone/diag/words"
	"dialtone/tui/draw"
)

// sparkWidth is how many seconds of history a sparkline in a table shows.
const sparkWidth = 12

// media is the table of streams, both ways.
func (p *Call) media(width int) []string {
	list := streams(p.Call)
	if len(list) == 0 {
		return nil
	}
	th, g, table := p.Theme, p.Theme.Glyphs, columns[stream]{}
	name := draw.Column{Title: "Media  " + g.Sending + " out " + g.Receiving + " in", Min: 21, Max: 26, Strong: 5}
	table.text(name, th.Plain, func(s stream) string {
		return words.Join(" ", arrow(th, s.direction), s.kind, s.codec, s.picture)
	})
	table.number("kbit/s", 8, 0, func(s stream) draw.Cell { return kbitCell(s.bitrate) })
	table.number("loss", 7, 0, func(s stream) draw.Cell { return lossCell(th, s.loss) })
	table.number("jitter", 9, 2, func(s stream) draw.Cell { return secondsCell(s.jitter) })
	table.number("RTT", 9, 3, func(s stream) draw.Cell { return secondsCell(s.rtt) })
	table.add(draw.Column{Min: 8}, p.flow)
	table.text(draw.Column{Min: sparkWidth, Keep: 1}, th.Accent, func(s stream) string {
		return draw.Sparkline(g, metrics[0].latest(p.Call, s.streamKey, sparkWidth), sparkWidth)
	})
	return append(table.table(list, -1).Lines(th, width), p.endsLine(width)...)
}

// flow is the state of a stream, or its frame rate while it flows.
func (p *Call) flow(s stream) draw.Cell {
	level, state := streamState(p.Call, s)
	switch {
	case s.muted:
		return draw.Cell{Text: "muted", Paint: p.Theme.Dim}
	case level != draw.Good:
		return p.Theme.Graded(level, state)
	case s.fps != nil:
		c := fpsCell(s.fps)
		c.Unit = "fps"
		return c
	}
	return draw.Cell{Text: state, Paint: p.Theme.Dim}
}
