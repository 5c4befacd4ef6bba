package draw

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"dialtone/diag/words"
)

// Bar is one row of a [Waterfall].
type Bar struct {
	Name       string
	Start, End time.Duration // End counts only when the bar does not run any more
	Running    bool
	Remote     bool  // hatched: this program cannot shorten it
	Wait       bool  // time in which only such bars ran may be cut out of the scale
	Level      Level // Bad: failed; Warn: failed in part; Idle: cancelled
	Notes      []string
}

func (b Bar) end(now time.Duration) time.Duration {
	if b.Running {
		return max(now, b.Start)
	}
	return max(b.End, b.Start)
}

// Waterfall is time running from left to right on one scale, a row per bar in the order of their start.
type Waterfall struct {
	Bars []Bar
	Now  time.Duration // up to where running bars reach
	Till time.Duration // up to where the scale goes; later ends leave at the right edge; 0: up to Now
}

const (
	nameLeast   = 24 // how much of a name is shown at least
	nameMost    = 32
	noteGap     = " · "
	noteFrom    = 100 // the width from which there are notes
	lengthWidth = 9   // number and unit
	startWidth  = 8   // seconds with milliseconds
	shareWidth  = 5   // percent
)

// Lines draws the bars in width columns and at most height rows. When there are more bars than rows, the shortest are
// summed up in the last row.
func (w Waterfall) Lines(th *Theme, width, height int) []string {
	if height <= 0 || len(w.Bars) == 0 {
		return nil
	}
	bars, rest := w.fit(height)
	names := w.names(bars, width)
	left := names + 2 + lengthWidth + 3
	whole := time.Duration(0)
	if width >= noteFrom {
		left += startWidth + 2 + shareWidth + 2
		whole = w.busy()
	}
	notes := w.notes(bars, width, (width-left)/3)
	room := width - left - notes
	if notes > 0 {
		room -= 2
	}
	sc := newScale(bars, w.Now, w.Till, room)
	longest := w.longest(bars)
	out := make([]string, 0, len(bars)+1)
	for i, b := range bars {
		l := NewLine(width).Add(th.Plain, Truncate(Safe(b.Name), names)).To(names + 2)
		number, unit := Length(b.end(w.Now) - b.Start)
		if width >= noteFrom {
			l.Add(th.Dim, fmt.Sprintf("%*.3f", startWidth, b.Start.Seconds())).Gap(2)
		}
		l.Add(th.Plain, number).Gap(1).Add(th.Dim, unit)
		switch {
		case b.Level == Bad || b.Level == Warn:
			mark, paint := th.Mark(b.Level)
			l.Gap(1).Add(paint, mark)
		case i == longest:
			l.Gap(1).Add(th.Accent, th.Glyphs.Longest)
		}
		if share := w.share(b, whole); share != "" {
			l.To(left-2-Width(share)).Add(th.Dim, share)
		}
		l.To(left)
		sc.draw(l, th, b, w.Now)
		if notes > 0 {
			l.To(left+room+2).Add(th.Dim, fitting(b.Notes, noteGap, notes))
		}
		out = append(out, l.String())
	}
	if rest != "" {
		out = append(out, NewLine(width).Add(th.Dim, rest).String())
	}
	return out
}

// Head writes a title and the columns for which there is room: start in seconds, duration, and share of the time in
// which there was more than waiting.
func (w Waterfall) Head(th *Theme, title string, indent, width, height int) *Line {
	l := NewLine(width).Gap(1).Add(th.Strong, title)
	if width < noteFrom+indent {
		return l
	}
	bars, _ := w.fit(height)
	at := indent + w.names(bars, width-indent) + 2
	for _, c := range []struct {
		title string
		end   int
	}{{"start s", startWidth}, {"duration", startWidth + 2 + lengthWidth}, {
		"share",
		startWidth + 2 + lengthWidth + 3 + shareWidth,
	}} {
		l.To(at+c.end-Width(c.title)).Add(th.Dim, c.title)
	}
	return l
}

// names is the width of the names' column.
func (w Waterfall) names(bars []Bar, width int) int {
	names := 0
	for _, b := range bars {
		names = min(max(names, Width(Safe(b.Name))), max(nameLeast, min(width*3/10, nameMost)))
	}
	return names
}

// busy is the time up to the end of the scale in which something but waiting ran.
func (w Waterfall) busy() time.Duration {
	var sum time.Duration
	for _, p := range busyPieces(w.Bars, w.Now, w.end()) {
		if !p.cut {
			sum += p.to - p.from
		}
	}
	return sum
}

// end is up to where the scale goes.
func (w Waterfall) end() time.Duration {
	if w.Till == 0 {
		return w.Now
	}
	return w.Till
}

// share is how much of that time a bar took, in percent; empty for waiting, and where it is not known yet.
func (w Waterfall) share(b Bar, whole time.Duration) string {
	length := min(b.end(w.Now), w.end()) - b.Start
	if b.Wait || b.Running || whole <= 0 || length < 0 {
		return ""
	}
	percent := math.Min(100*float64(length)/float64(whole), 100)
	if percent > 0 && percent < 1 {
		return "<1 %"
	}
	return fmt.Sprintf("%.0f %%", percent)
}

// notes is the width of the column of the notes, within what the bars can spare.
func (w Waterfall) notes(bars []Bar, width, most int) int {
	notes := 0
	if width >= noteFrom {
		for _, b := range bars {
			notes = max(notes, Width(Safe(fitting(b.Notes, noteGap, most))))
		}
	}
	return notes
}

// fit leaves out the shortest bars until the others and a line about them have room.
func (w Waterfall) fit(height int) (bars []Bar, rest string) {
	bars = append(bars, w.Bars...)
	if len(bars) <= height {
		return bars, ""
	}
	var names []string
	for len(bars) > max(height-1, 1) {
		least := 0
		for i, b := range bars {
			if weight(b, w.Now) < weight(bars[least], w.Now) {
				least = i
			}
		}
		names = append(names, bars[least].Name+" "+words.Duration(bars[least].end(w.Now)-bars[least].Start))
		bars = append(bars[:least], bars[least+1:]...)
	}
	if height == 1 {
		return bars, ""
	}
	return bars, "also " + strings.Join(names, ", ")
}

// weight says how much a bar matters when rows are short: failures and what still runs most, then by length.
func weight(b Bar, now time.Duration) time.Duration {
	length := b.end(now) - b.Start
	if b.Level == Bad || b.Running {
		length += 1000 * time.Hour
	}
	return length
}

// longest is the index of the longest bar that is not remote; −1 for none, or when there is nothing to compare. A bar
// that failed has a mark of its own.
func (w Waterfall) longest(bars []Bar) int {
	best, count := -1, 0
	for i, b := range bars {
		if b.Remote || b.Running {
			continue
		}
		count++
		if best < 0 || b.end(w.Now)-b.Start > bars[best].end(w.Now)-bars[best].Start {
			best = i
		}
	}
	if count < 2 || bars[best].Level == Bad || bars[best].Level == Warn {
		return -1
	}
	return best
}

// MarksLongest reports whether Lines of this height mark a bar as the longest.
func (w Waterfall) MarksLongest(height int) bool {
	bars, _ := w.fit(height)
	return w.longest(bars) >= 0
}

// draw writes the bar into the columns of the scale.
func (s scale) draw(l *Line, th *Theme, b Bar, now time.Duration) {
	if s.width <= 0 {
		return
	}
	g, paint := th.Glyphs, th.Accent
	switch {
	case b.Level == Bad:
		paint = th.Bad
	case b.Remote || b.Level == Idle:
		paint = th.Dim
	}
	from, to := s.at(b.Start), s.at(b.end(now))
	first := min(int(from), s.width-1)
	l.Gap(first)
	if b.Remote {
		for c := first; c < max(int(math.Round(to)), first+1); c++ {
			glyph := g.Hatch
			if s.isCut(c) {
				glyph = g.Cut
			}
			l.Add(paint, glyph)
		}
		return
	}
	eighths := max(int(math.Round((to-float64(first))*8)), 1)
	l.Add(paint, Truncate(g.Length(eighths), s.width-first))
}

// scale maps time to columns, piece by piece: what is cut out keeps a few columns, however long it was.
type scale struct {
	pieces []piece
	width  int
}

type piece struct {
	from, to   time.Duration
	left, wide float64 // columns
	cut        bool
}

// newScale spreads the time from the first start to the end over width columns.
func newScale(bars []Bar, now, till time.Duration, width int) scale {
	if till == 0 {
		till = now
	}
	s := scale{pieces: busyPieces(bars, now, till), width: width}
	var busy, whole time.Duration
	for _, p := range s.pieces {
		whole += p.to - p.from
		if !p.cut {
			busy += p.to - p.from
		}
	}
	cuts := 0
	for i, p := range s.pieces { // a short wait, or nothing but waiting, needs no cut
		if p.cut && (busy == 0 || p.to-p.from <= busy/4) {
			s.pieces[i].cut = false
			busy += p.to - p.from
		} else if p.cut {
			cuts++
		}
	}
	each := 0.0
	if cuts > 0 {
		each = math.Min(math.Max(float64(width)/8, 4), 8)
		each = math.Min(each, float64(width)/2/float64(cuts))
	}
	left, perTime := 0.0, (float64(width)-each*float64(cuts))/math.Max(float64(busy), 1)
	for i := range s.pieces {
		p := &s.pieces[i]
		p.left, p.wide = left, float64(p.to-p.from)*perTime
		if p.cut {
			p.wide = each
		}
		left += p.wide
	}
	return s
}

func (s scale) at(t time.Duration) float64 {
	for _, p := range s.pieces {
		if t <= p.to {
			if p.to == p.from || t <= p.from {
				return p.left
			}
			return p.left + p.wide*float64(t-p.from)/float64(p.to-p.from)
		}
	}
	return float64(s.width)
}

// isCut reports whether time is cut out in the middle of this column.
func (s scale) isCut(column int) bool {
	for _, p := range s.pieces {
		if middle := float64(column) + 0.5; p.cut && middle > p.left+p.wide/3 && middle < p.left+p.wide*2/3+0.5 {
			return true
		}
	}
	return false
}

// busyPieces divides the time between the first start and till into pieces in which something ran, and pieces (cut) in
// which there was nothing but waiting.
func busyPieces(bars []Bar, now, till time.Duration) []piece {
	var bounds []time.Duration
	for _, b := range bars {
		bounds = append(bounds, min(b.Start, till), min(b.end(now), till))
	}
	bounds = append(bounds, till)
	slices.Sort(bounds)
	bounds = slices.Compact(bounds)
	var out []piece
	for i := 1; i < len(bounds); i++ {
		from, to := bounds[i-1], bounds[i]
		cut := !slices.ContainsFunc(bars, func(b Bar) bool { return !b.Wait && b.Start < to && b.end(now) > from })
		if n := len(out); n > 0 && out[n-1].cut == cut {
			out[n-1].to = to
			continue
		}
		out = append(out, piece{from: from, to: to, cut: cut})
	}
	return out
}
