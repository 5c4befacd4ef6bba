package draw

import (
	"math"
	"strconv"
	"strings"
	"time"

	"dialtone/diag/words"
)

// Point is what was measured at a moment; NaN says that nothing was.
type Point struct {
	At    time.Duration
	Value float64
}

// Chart is one value over time, on axes with round labels. The scale of values begins at zero. Where more points than
// columns are to be shown, a column shows the whole range of what falls into it: neither a peak nor a dip is averaged
// away.
type Chart struct {
	Points []Point       // in the order of time
	From   time.Duration // the left edge
	To     time.Duration // the right edge
	Gap    time.Duration // points further apart are not joined: nothing is known of the time between
}

const (
	chartLeast = 3  // rows of the plot without which there is no chart
	dotsWide   = 2  // of a cell
	dotsHigh   = 4  // of a cell
	tickEvery  = 14 // columns between two times on the axis, at least
)

// Lines draws the chart in exactly height rows of at most width columns: the plot, and the times below it. Nothing is
// drawn where there is no room for a plot that could be read.
func (c Chart) Lines(th *Theme, width, height int) []string {
	rows := height - 1
	step, top := c.scale(rows)
	labels := axisLabels(step, top)
	left := 1 + labelWidth(labels) + 1
	columns := width - left - 1
	if rows < chartLeast || columns < tickEvery || c.To-c.From <= 0 {
		return nil
	}
	plot := newPlot(columns, rows, top)
	c.trace(plot)
	out := make([]string, 0, height)
	for r := range rows {
		l, axis := NewLine(width), th.Glyphs.Down
		for i, label := range labels {
			if plot.row(float64(i)*step) == r {
				l.To(left-1-Width(label)).Add(th.Dim, label)
				axis = th.Glyphs.Tick
			}
		}
		out = append(out, l.To(left-1).Add(th.Dim, axis).Add(th.Accent, plot.text(th.Glyphs, r)).String())
	}
	return append(out, c.times(th, left, columns, width))
}

// scale picks a step of 1, 2 or 5 times a power of ten, so that two to four labels reach over the greatest value.
func (c Chart) scale(rows int) (step, top float64) {
	highest := 0.0
	for _, p := range c.Points {
		if p.At >= c.From && p.At <= c.To && p.Value > highest && !math.IsInf(p.Value, 0) {
			highest = p.Value
		}
	}
	if highest <= 0 {
		return 1, 1
	}
	steps := 3.0
	if rows < 2*dotsHigh {
		steps = 2
	}
	step = roundUp(highest / steps)
	return step, step * math.Max(math.Ceil(highest/step-1e-9), 1)
}

// roundUp is the next of 1, 2, 5, 10, 20, 50, … times a power of ten.
func roundUp(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	if power == 0 || math.IsInf(power, 0) {
		return v
	}
	for _, m := range []float64{1, 2, 5} {
		if v <= m*power*(1+1e-9) {
			return m * power
		}
	}
	return 10 * power
}

func axisLabels(step, top float64) []string {
	var out []string
	for i := 0; i <= 3 && float64(i)*step <= top*(1+1e-9); i++ {
		out = append(out, axisNumber(float64(i)*step))
	}
	return out
}

// axisNumber is a round number as short as it is exact.
func axisNumber(v float64) string {
	if v >= 1e6 {
		return strconv.FormatFloat(v, 'e', 0, 64)
	}
	return strconv.FormatFloat(v, 'f', -1, 32)
}

// axisLeast keeps the plot's left edge in place while numbers change.
const axisLeast = 5

func labelWidth(labels []string) int {
	w := axisLeast
	for _, l := range labels {
		w = max(w, Width(l))
	}
	return w
}

// trace draws the points, joined where nothing is missing between them.
func (c Chart) trace(p *plot) {
	perTime := float64(p.columns*dotsWide-1) / float64(c.To-c.From)
	var before *Point
	for i := range c.Points {
		at := &c.Points[i]
		if math.IsNaN(at.Value) || math.IsInf(at.Value, 0) || at.At < c.From || at.At > c.To {
			before = nil
			continue
		}
		x := int(math.Round(float64(at.At-c.From) * perTime))
		if before == nil || at.At-before.At > c.Gap {
			p.stroke(x, p.height(at.Value), p.height(at.Value))
		} else {
			p.join(int(math.Round(float64(before.At-c.From)*perTime)), p.height(before.Value), x, p.height(at.Value))
		}
		before = at
	}
}

// times writes the axis' labels: minutes and seconds, at round moments.
func (c Chart) times(th *Theme, left, columns, width int) string {
	span := c.To - c.From
	step := timeSteps[len(timeSteps)-1]
	for _, s := range timeSteps {
		if float64(columns)*float64(s)/float64(span) >= tickEvery {
			step = s
			break
		}
	}
	l := NewLine(width)
	for at := (c.From + step - 1) / step * step; at <= c.To && at >= c.From; at += step {
		text := words.Clock(at)
		column := left + int(float64(at-c.From)/float64(span)*float64(columns-1))
		start := max(column-Width(text)/2, left-1)
		if start+Width(text) <= width && (l.Width() == 0 || start > l.Width()) {
			l.To(start).Add(th.Dim, text)
		}
	}
	return l.String()
}

var timeSteps = []time.Duration{
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 20 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 20 * time.Minute, 30 * time.Minute,
	time.Hour, 6 * time.Hour, 24 * time.Hour, 1000 * 24 * time.Hour,
}

// plot is a grid of dots, two by four in a cell.
type plot struct {
	columns, rows int
	top           float64
	cells         []uint8 // bit 4·x+y of each: x from the left, y from above
}

func newPlot(columns, rows int, top float64) *plot {
	return &plot{columns: columns, rows: rows, top: top, cells: make([]uint8, columns*rows)}
}

// height is the row of dots for a value, 0 at the bottom.
func (p *plot) height(v float64) int {
	highest := p.rows*dotsHigh - 1
	return min(max(int(math.Round(v/p.top*float64(highest))), 0), highest)
}

// row is the row of cells, from above, that holds the value.
func (p *plot) row(v float64) int { return p.rows - 1 - p.height(v)/dotsHigh }

// stroke sets the dots of column x from height a to height b.
func (p *plot) stroke(x, a, b int) {
	if x < 0 || x >= p.columns*dotsWide {
		return
	}
	for y := min(a, b); y <= max(a, b); y++ {
		above := p.rows*dotsHigh - 1 - y
		p.cells[above/dotsHigh*p.columns+x/dotsWide] |= 1 << (x%dotsWide*dotsHigh + above%dotsHigh)
	}
}

// join draws a line from one point to the next, without holes.
func (p *plot) join(x0, y0, x1, y1 int) {
	if x1 <= x0 {
		p.stroke(x1, y0, y1)
		return
	}
	before := y0
	for x := x0; x <= x1; x++ {
		y := y0 + int(math.Round(float64(y1-y0)*float64(x-x0)/float64(x1-x0)))
		switch {
		case y > before+1:
			p.stroke(x, before+1, y)
		case y < before-1:
			p.stroke(x, before-1, y)
		default:
			p.stroke(x, y, y)
		}
		before = y
	}
}

// text is one row of cells.
func (p *plot) text(g Glyphs, row int) string {
	var b strings.Builder
	for _, dots := range p.cells[row*p.columns : (row+1)*p.columns] {
		b.WriteString(g.dots(dots))
	}
	return b.String()
}

// dots is the glyph of a cell with these dots, or what comes near to it.
func (g Glyphs) dots(d uint8) string {
	switch len(g.Dots) {
	case 256:
		// The patterns number their dots 1–3 down the left, 4–6 down the right, then 7 and 8 below (ISO/IEC TR 11548-1).
		if d != 0 {
			return g.Dots[d&0x7|d>>3&1<<6|d>>4&0x7<<3|d>>7<<7]
		}
	case 4:
		half := 0
		if d&0x33 != 0 {
			half = 1
		}
		if d&0xcc != 0 {
			half += 2
		}
		return g.Dots[half]
	}
	return " "
}

// braille lists the patterns (Unicode 2800–28FF).
func braille() []string {
	out := make([]string, 256)
	for i := range out {
		out[i] = string(rune(0x2800 + i))
	}
	return out
}
