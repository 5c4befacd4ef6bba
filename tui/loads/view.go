package loads

import (
	"fmt"
	"math"
	"strings"
	"time"

	"dialtone/diag/words"
	"dialtone/tui/draw"
)

const (
	indent    = 1
	labelled  = 14 // columns before a row's values
	leastMap  = 4  // rows of the heat map
	mostMap   = 16 // likewise: the bands of the setup times
	tallMap   = 6  // bands that are shown at least, where rows are taller than a line
	mostTall  = 5  // lines of a row
	small     = 24 // lines of a screen whose rows have one line
	mostCause = 5
)

// Draw implements [live.Content].
func (h *History) Draw(th *draw.Theme, width, height int) []string {
	lines := h.head(th, width, min(max(1, (height+footLines-small)/8+1), mostTall))
	causes := h.causes(th, width)
	lines = append(lines, h.heat(th, width, height-len(lines)-len(causes))...)
	return append(lines, causes...)
}

// head is the title, the numbers of calls, and their rows over time, each of some lines.
func (h *History) head(th *draw.Theme, width, tall int) []string {
	s := h.now
	title := draw.NewLine(width).Gap(indent).Add(th.Strong, "dialtone load").Gap(2).Add(th.Plain, h.name).
		Note(th.Dim, s.At.Round(time.Second).String())
	calls := draw.NewLine(width).Gap(indent).Add(th.Dim, "Calls").To(labelled)
	number := func(p draw.Paint, n int, what string) {
		calls.Add(p, fmt.Sprintf("%6d", n)).Add(th.Dim, " "+what+" ")
	}
	number(th.Plain, s.Started, fmt.Sprintf("of %d begun", s.Due))
	number(th.Plain, s.Passed, "passed")
	failed, dropped := th.Plain, th.Plain
	if s.Failed > 0 {
		failed = th.Bad
	}
	if s.Dropped > 0 {
		dropped = th.Warn
	}
	number(failed, s.Failed, "failed")
	number(dropped, s.Dropped, "dropped")
	setup := draw.NewLine(width).Gap(indent).Add(th.Dim, "Setup").To(labelled)
	if s.P50 != nil && s.P95 != nil {
		setup.Add(th.Dim, "   p50 ").Add(th.Plain, words.Duration(*s.P50)).Add(th.Dim, "   p95 ").
			Add(th.Plain, words.Duration(*s.P95)).Add(th.Dim, "   in the last second")
	}
	if s.Unjudged > 0 {
		setup.Note(th.Warn, fmt.Sprintf("%d not judged", s.Unjudged))
	}
	lines := []string{title.String(), "", calls.String()}
	if tall > 1 {
		lines = append(lines, "")
	}
	for _, row := range []struct {
		label, unit string
		of          func(Second) int
	}{
		{"Arrivals", "a second", func(s Second) int { return s.Started }},
		{"In progress", "calls", func(s Second) int { return s.InProgress }},
		{"Failed", "a second", func(s Second) int { return s.Failed }},
	} {
		lines = append(lines, h.row(th, width, tall, row.label, row.unit, row.of)...)
	}
	return append(lines, setup.String(), "")
}

// row has a value of each column of time as a bar, and the latest as a number.
func (h *History) row(th *draw.Theme, width, tall int, label, unit string, of func(Second) int) []string {
	columns, per, wide := h.columns(width)
	values := make([]int, columns)
	most, last := 0, 0
	for i, s := range h.seconds {
		at := i / per
		values[at] = max(values[at], of(s))
		most, last = max(most, of(s)), of(s)
	}
	var lines []string
	for line := tall - 1; line >= 0; line-- {
		l := draw.NewLine(width)
		if line == 0 {
			l.Gap(indent).Add(th.Dim, label).To(labelled).Add(th.Plain, fmt.Sprintf("%6d", last)).Add(th.Dim, " "+unit)
		}
		l.To(labelled + mapLabel)
		for _, v := range values {
			l.Add(th.Accent, strings.Repeat(level(th.Glyphs, v, most, line, tall), wide))
		}
		lines = append(lines, l.String())
	}
	if tall > 1 {
		lines = append(lines, "")
	}
	return lines
}

// mapLabel are the columns of a number and its unit before a row over time.
const mapLabel = 17

// leastTime is how many seconds the width is for at least.
const leastTime = 10

// columns is how many values of time are drawn, how many seconds each has, and how many columns it takes.
func (h *History) columns(width int) (columns, seconds, wide int) {
	room := max(1, width-labelled-mapLabel-indent)
	seconds = max(1, (len(h.seconds)+room-1)/room)
	columns = (len(h.seconds) + seconds - 1) / seconds
	return columns, seconds, max(1, room/max(columns, leastTime))
}

// level is the glyph of a share of the most in a line, counted from below, of a bar that is some lines tall at most;
// blank for nothing.
func level(g draw.Glyphs, n, most, line, tall int) string {
	if n <= 0 || most <= 0 {
		return " "
	}
	eighths := max(1, int(math.Ceil(float64(n)/float64(most)*8*float64(tall)))) - 8*line
	if eighths <= 0 {
		return " "
	}
	return g.Spark[min(eighths, 8)-1]
}

// heat is the map of setup times: a row for each band, the longest on top, a column for each time. The higher a bar,
// the more calls of that time are in the band.
func (h *History) heat(th *draw.Theme, width, height int) []string {
	title := draw.NewLine(width).Gap(indent).Add(th.Strong, "Setup times").
		Add(th.Dim, "  share of the calls that became ready")
	if height < leastMap+3 {
		return nil
	}
	low, high := h.bands()
	if high < low {
		return []string{title.String(), draw.Row(width, labelled, th.Dim, "no call is ready yet"), ""}
	}
	if height-3 >= 2*tallMap {
		high = max(high, low+tallMap-1)
	}
	rows := min(height-3, mostMap, high-low+1)
	each := (high - low + rows) / rows // bands of a row
	tall := min(max(1, (height-3)/((high-low+each)/each)), mostTall)
	lines := []string{title.String()}
	for top := high; top >= low; top -= each {
		lines = append(lines, h.heatRow(th, width, tall, top-each+1, top)...)
	}
	columns, _, wide := h.columns(width)
	axis := draw.NewLine(width).To(labelled+mapLabel).Add(th.Dim, "0s")
	if end := h.now.At.Round(time.Second).String(); columns*wide > len(end)+3 {
		axis.To(labelled+mapLabel+columns*wide-len(end)).Add(th.Dim, end)
	}
	return append(lines, axis.String(), "")
}

// heatRow is a row of the map, of some bands, in some lines.
func (h *History) heatRow(th *draw.Theme, width, tall, low, high int) (lines []string) {
	columns, per, wide := h.columns(width)
	label := fmt.Sprintf("%*s", labelled+mapLabel-4, "up to "+words.Duration(bandEnd(high)))
	for line := tall - 1; line >= 0; line-- {
		l := draw.NewLine(width)
		if line == 0 {
			l.Gap(indent).Add(th.Dim, label)
		}
		l.To(labelled + mapLabel)
		for c := range columns {
			n, all := h.count(c*per, per, low, high)
			paint := th.Accent
			if all > 0 && n*10 < all {
				paint = th.Dim
			}
			l.Add(paint, strings.Repeat(level(th.Glyphs, n, all, line, tall), wide))
		}
		lines = append(lines, l.String())
	}
	return lines
}

// band is the half of a doubling in which a setup time lies, and bandEnd its upper end.
func band(d time.Duration) int {
	return int(math.Ceil(2 * math.Log2(max(float64(d)/float64(time.Millisecond), 1))))
}

func bandEnd(i int) time.Duration {
	return time.Duration(math.Exp2(float64(i)/2) * float64(time.Millisecond))
}

// bands are the lowest and the highest that have calls.
func (h *History) bands() (low, high int) {
	low, high = math.MaxInt, 0
	for _, s := range h.seconds {
		for _, c := range s.Setup {
			if c.N > 0 {
				low, high = min(low, band(c.Till)), max(high, band(c.Till))
			}
		}
	}
	return low, high
}

// count is how many calls of some seconds are in some bands, and how many there are in all.
func (h *History) count(from, seconds, low, high int) (n, all int) {
	for _, s := range h.seconds[from:min(from+seconds, len(h.seconds))] {
		for _, c := range s.Setup {
			all += c.N
			if b := band(c.Till); b >= low && b <= high {
				n += c.N
			}
		}
	}
	return n, all
}

// causes are the most frequent reasons of failed calls.
func (h *History) causes(th *draw.Theme, width int) []string {
	if len(h.now.Causes) == 0 {
		return nil
	}
	lines := []string{draw.Row(width, indent, th.Strong, "Failed by cause")}
	for _, c := range h.now.Causes[:min(len(h.now.Causes), mostCause)] {
		mark, paint := th.Mark(draw.Bad)
		lines = append(lines, draw.NewLine(width).Gap(indent).Add(paint, mark).Add(th.Plain, fmt.Sprintf("%6d  ", c.Calls)).
			Add(th.Plain, c.Title).String())
	}
	if more := len(h.now.Causes) - mostCause; more > 0 {
		lines = append(lines, draw.Row(width, labelled, th.Dim, fmt.Sprintf("and %d more", more)))
	}
	return append(lines, "")
}

// footLines are those of [History.Foot].
const footLines = 2

// Foot is how this machine fares, and the keys.
func (h *History) Foot(th *draw.Theme, width int, end bool) []string {
	mark, paint := th.Mark(draw.Good)
	text := "this machine keeps up"
	switch {
	case h.now.Second.Short:
		mark, paint = th.Mark(draw.Warn)
		text = "this machine is the limit"
		if h.now.Late > 0 {
			text += fmt.Sprintf(", %.0f %% of its timers late", 100*h.now.Late)
		}
	case h.now.Unjudged > 0:
		mark, paint = th.Mark(draw.Warn)
		text = "this machine keeps up again after it was the limit"
	}
	if h.now.CPU != nil {
		text += fmt.Sprintf("; dialtone uses %.0f %% CPU", 100*min(1, *h.now.CPU))
	}
	keys := "ctrl+c  end all calls and report   ?  keys"
	if end {
		keys = "ending all calls; ctrl+c  leave the screen   ?  keys"
	}
	return []string{
		draw.NewLine(width).Gap(indent).Add(paint, mark).Add(th.Plain, " "+text).String(),
		draw.Row(width, indent, th.Dim, keys),
	}
}

// Explain implements [live.Explained].
func (h *History) Explain(g draw.Glyphs, end bool) [][2]string {
	quit := "end all calls and report"
	if end {
		quit = "leave the screen; the report follows"
	}
	return [][2]string{
		{"ctrl+c q", quit},
		{g.Spark[0] + " … " + g.Spark[7], "over time, from the left; the number is of the last second"},
		{"Arrivals", "calls that began in a second"},
		{"Failed", "calls that ended in a second and had failed"},
		{"dropped", "calls that were due and could not begin in time"},
		{"not judged", "this machine was the limit: they say nothing about the server"},
		{"Setup times", "from the scheduled start of a call until it is ready"},
	}
}
