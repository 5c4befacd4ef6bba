package pane

import (
	"fmt"

	"dialtone/diag"
	"dialtone/diag/words"
	"dialtone/tui/draw"
)

// secondsCell is a time that W3C statistics give in seconds; empty while it is not measured.
func secondsCell(seconds *float64) draw.Cell {
	if seconds == nil {
		return draw.Cell{}
	}
	return draw.LengthCell(diag.SecondsOf(*seconds))
}

// kbitCell is a bitrate in kbit/s.
func kbitCell(bps *float64) draw.Cell {
	if bps == nil {
		return draw.Cell{}
	}
	return draw.Cell{Text: draw.Number(*bps/1e3, 5)}
}

// fpsCell is a frame rate.
func fpsCell(fps *float64) draw.Cell {
	if fps == nil || *fps < 0 || *fps > 1e6 {
		return draw.Cell{}
	}
	return draw.Cell{Text: fmt.Sprintf("%.0f", *fps)}
}

// countCell is a whole number; a negative one, as of lost packets where duplicates came, counts as zero.
func countCell[T int64 | uint32 | uint64](v *T) draw.Cell {
	if v == nil {
		return draw.Cell{}
	}
	return draw.Cell{Text: words.Number(uint64(max(*v, 0)))}
}

// The shares of lost packets that are marked.
const (
	lossWarn = 0.01
	lossBad  = 0.05
)

// lossCell is a share of lost packets, marked when it is high.
func lossCell(th *draw.Theme, loss *float64) draw.Cell {
	if loss == nil {
		return draw.Cell{}
	}
	c := draw.Cell{}
	switch {
	case *loss >= lossBad:
		c = th.Graded(draw.Bad, "")
	case *loss >= lossWarn:
		c = th.Graded(draw.Warn, "")
	}
	c.Text = words.Percent(*loss)
	return c
}

// arrow shows the direction of media.
func arrow(th *draw.Theme, dir diag.Direction) string {
	if dir == diag.Inbound {
		return th.Glyphs.Receiving
	}
	return th.Glyphs.Sending
}

// ifAny is a count with its noun; nothing for zero.
func ifAny(n int, singular, plural string) string {
	if n <= 0 {
		return ""
	}
	return words.Count(n, singular, plural)
}
