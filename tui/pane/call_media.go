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
	th, g := p.Theme, p.Theme.Glyphs
	columns := []column[stream]{
		{Column: draw.Column{Title: "Media  " + g.Sending + " out " + g.Receiving + " in", Min: 21, Max: 26, Strong: 5},
			cell: func(s stream) draw.Cell {
				return draw.Cell{Text: words.Join(" ", arrow(th, s.direction), s.kind, s.codec, s.picture)}
			}},
		{Column: draw.Column{Title: "kbit/s", Right: true, Min: 8}, cell: func(s stream) draw.Cell { return kbitCell(s.bitrate) }},
		{Column: draw.Column{Title: "loss", Right: true, Min: 7}, cell: func(s stream) draw.Cell { return lossCell(th, s.loss) }},
		{Column: draw.Column{Title: "jitter", Right: true, Min: 9, Keep: 2},
			cell: func(s stream) draw.Cell { return secondsCell(s.jitter) }},
		{Column: draw.Column{Title: "RTT", Right: true, Min: 9, Keep: 3},
			cell: func(s stream) draw.Cell { return secondsCell(s.rtt) }},
		{Column: draw.Column{Min: 8}, cell: p.flow},
		{Column: draw.Column{Min: sparkWidth, Keep: 1}, cell: func(s stream) draw.Cell {
			return draw.Cell{Text: draw.Sparkline(g, metrics[0].latest(p.Call, s.streamKey, sparkWidth), sparkWidth), Paint: th.Accent}
		}},
	}
	t := draw.Table{Indent: 3, Cursor: -1, Columns: titles(columns)}
	for _, s := range list {
		t.Rows = append(t.Rows, cells(columns, s))
	}
	return append(t.Lines(th, width), p.endsLine(width)...)
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
