package pane

import (
	"fmt"

	"dialtone/diag"
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
	g := p.Theme.Glyphs
	t := draw.Table{Indent: 3, Cursor: -1, Columns: []draw.Column{
		{Title: "Media  " + g.Sending + " sent " + g.Receiving + " received", Min: 22, Max: 26, Strong: 5},
		{Title: "kbit/s", Right: true, Min: 8},
		{Title: "loss", Right: true, Min: 7},
		{Title: "jitter", Right: true, Min: 9, Keep: 2},
		{Title: "rtt", Right: true, Min: 9, Keep: 3},
		{Title: "", Min: 8},
		{Title: "", Min: sparkWidth, Keep: 1},
	}}
	for _, s := range list {
		t.Rows = append(t.Rows, p.streamRow(s))
	}
	return append(t.Lines(p.Theme, width), p.endsLine(width)...)
}

func (p *Call) streamRow(s stream) []draw.Cell {
	th := p.Theme
	name := draw.Cell{Text: joinSpace(arrow(th, s.direction), s.kind, s.codec, s.picture)}
	row := []draw.Cell{name, number(s.bitrate, 1e-3, 5), lossCell(th, s.loss), millis(s.jitter), millis(s.rtt),
		p.flowCell(s)}
	return append(row, draw.Cell{Text: draw.Sparkline(th.Glyphs, bitrates(p.Call, s.streamKey, sparkWidth), sparkWidth),
		Paint: th.Accent})
}

// flowCell says what the numbers alone do not: the frame rate, that a stream is muted, silent, or not there yet.
func (p *Call) flowCell(s stream) draw.Cell {
	th := p.Theme
	switch {
	case s.muted:
		return draw.Cell{Text: "muted", Paint: th.Dim}
	case s.silence > 0:
		return draw.Cell{Text: "silent " + words.Duration(secs(s.silence)), Mark: th.Glyphs.Warn, Level: th.Warn}
	case s.bitrate == nil && s.ssrc != 0 && s.direction == diag.Inbound && p.Call.ConnectedAt != nil:
		return draw.Cell{Text: "not measured yet", Paint: th.Dim}
	case s.fps != nil:
		return draw.Cell{Text: fmt.Sprintf("%.0f", *s.fps), Unit: "fps"}
	}
	level, words := streamState(p.Call, s)
	if level == draw.Good {
		return draw.Cell{Text: words, Paint: th.Dim}
	}
	mark, paint := th.Mark(level)
	return draw.Cell{Text: words, Mark: mark, Level: paint}
}

func lossCell(th *draw.Theme, loss *float64) draw.Cell {
	if loss == nil {
		return draw.Cell{}
	}
	c := draw.Cell{Text: words.Percent(*loss), Unit: "%"}
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
