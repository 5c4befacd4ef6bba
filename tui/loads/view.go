package loads

import (
	"fmt"
	"math"
	"time"

	"dialtone/diag/words"
	"dialtone/tui/draw"
)

const (
	indent    = 1
	labelled  = 14 // columns before a row's values
	leastMap  = 4  // rows of the heat map
	mostMap   = 16 // likewise: the bands of the setup times
	mostCause = 5
)

// view draws at most height lines of at most width columns.
func (h *history) view(th *draw.Theme, width, height int) string {
	lines := h.head(th, width)
	causes := h.causes(th, width)
	foot := h.foot(th, width)
	lines = append(lines, h.heat(th, width, height-len(lines)-len(causes)-len(foot))...)
	lines = append(lines, causes...)
	for len(lines) < height-len(foot) {
		lines = append(lines, "")
	}
	text := ""
	for i, l := range draw.Clamp(append(lines, foot...), width, height) {
		if i > 0 {
			text += "\n"
		}
		text += l
	}
	return th.Ship(text)
}

// head is the title, the numbers of calls, and their rows over time.
func (h *history) head(th *draw.Theme, width int) []string {
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
	return []string{
		title.String(), "", calls.String(),
		h.row(th, width, "Arrivals", "a second", func(s Second) int { return s.Started }),
		h.row(th, width, "In progress", "calls", func(s Second) int { return s.InProgress }),
		h.row(th, width, "Failed", "a second", func(s Second) int { return s.Failed }),
		setup.String(), "",
	}
}

// row is a value of each column of time, with the latest as a number.
func (h *history) row(th *draw.Theme, width int, label, unit string, of func(Second) int) string {
	columns, per := h.columns(width)
	values := make([]int, columns)
	most, last := 0, 0
	for i, s := range h.seconds {
		at := i / per
		values[at] = max(values[at], of(s))
		most, last = max(most, of(s)), of(s)
	}
	line := draw.NewLine(width).Gap(indent).Add(th.Dim, label).To(labelled).Add(th.Plain, fmt.Sprintf("%6d", last)).
		Add(th.Dim, " "+unit).To(labelled + mapLabel)
	bars := ""
	for _, v := range values {
		bars += level(th.Glyphs, v, most)
	}
	return line.Add(th.Accent, bars).String()
}

// mapLabel are the columns of a number and its unit before a row over time.
const mapLabel = 17

// columns is how many columns of time are drawn, and how many seconds each has.
func (h *history) columns(width int) (columns, seconds int) {
	room := max(1, width-labelled-mapLabel-indent)
	seconds = max(1, (len(h.seconds)+room-1)/room)
	return (len(h.seconds) + seconds - 1) / seconds, seconds
}

// level is the glyph of a share of the most; blank for nothing.
func level(g draw.Glyphs, n, most int) string {
	if n <= 0 || most <= 0 {
		return " "
	}
	return g.Spark[min(max(int(math.Ceil(float64(n)/float64(most)*8))-1, 0), 7)]
}

// heat is the map of setup times: a row for each band, the longest on top, a column for each time. The higher a bar,
// the more calls of that time are in the band.
func (h *history) heat(th *draw.Theme, width, height int) []string {
	title := draw.NewLine(width).Gap(indent).Add(th.Strong, "Setup times").
		Add(th.Dim, "  share of the calls that became ready")
	if height < leastMap+3 {
		return nil
	}
	columns, per := h.columns(width)
	low, high := h.bands()
	rows := min(height-3, mostMap, high-low+1)
	if high < low {
		return []string{title.String(), draw.Row(width, labelled, th.Dim, "no call is ready yet"), ""}
	}
	each := (high - low + rows) / rows // bands of a row
	lines := []string{title.String()}
	for top := high; top >= low; top -= each {
		label := words.Duration(bandEnd(top))
		line := draw.NewLine(width).Gap(indent).Add(th.Dim, fmt.Sprintf("%*s", labelled+mapLabel-4, "up to "+label)).
			To(labelled + mapLabel)
		for c := range columns {
			n, all := h.count(c*per, per, top-each+1, top)
			paint := th.Accent
			if all > 0 && n*10 < all {
				paint = th.Dim
			}
			line.Add(paint, level(th.Glyphs, n, all))
		}
		lines = append(lines, line.String())
	}
	axis := draw.NewLine(width).To(labelled+mapLabel).Add(th.Dim, "0s")
	if end := h.now.At.Round(time.Second).String(); columns > len(end)+3 {
		axis.To(labelled+mapLabel+columns-len(end)).Add(th.Dim, end)
	}
	return append(lines, axis.String(), "")
}

// band is the half of a doubling in which a setup time lies, and bandEnd its upper end.
func band(d time.Duration) int {
	return int(math.Ceil(2 * math.Log2(max(float64(d)/float64(time.Millisecond), 1))))
}

func bandEnd(i int) time.Duration {
	return time.Duration(math.Exp2(float64(i)/2) * float64(time.Millisecond))
}

// bands are the lowest and the highest that have calls.
func (h *history) bands() (low, high int) {
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
func (h *history) count(from, seconds, low, high int) (n, all int) {
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
func (h *history) causes(th *draw.Theme, width int) []string {
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

// foot is how this machine fares, and the key.
func (h *history) foot(th *draw.Theme, width int) []string {
	mark, paint := th.Mark(draw.Good)
	text := "this machine keeps up"
	if h.now.Second.Short {
		mark, paint = th.Mark(draw.Warn)
		text = "this machine is the limit, so calls are not judged"
	}
	if h.now.CPU != nil {
		text += fmt.Sprintf(", dialtone uses %.0f %% of its processors", 100*min(1, *h.now.CPU))
	}
	keys := "ctrl+c  end all calls and report"
	if h.ending {
		keys = "ending all calls; ctrl+c  leave the screen"
	}
	return []string{
		draw.NewLine(width).Gap(indent).Add(paint, mark).Add(th.Plain, " "+text).String(),
		draw.Row(width, indent, th.Dim, keys),
	}
}
