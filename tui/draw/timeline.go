package draw

import (
	"slices"
	"strings"
	"time"

	"dialtone/diag/words"
)

// Timeline is a stretch of time with marks and a position, on one scale from left to right.
type Timeline struct {
	Start, End time.Duration // the first and the last moment that can be shown
	At         time.Duration // the position
	Marks      []Mark
	Lost       bool // there was something before Start that can't be shown any more
}

// Mark is a moment that is worth finding.
type Mark struct {
	At    time.Duration
	Level Level  // Idle: a line; others: their glyph
	Label string // stands above the moment where there is room; may be empty
}

// minTrack is the number of columns below which there is only the position in words.
const minTrack = 8

// track is where the scale is drawn: its first column and its number of columns; none when there is no room.
func (t Timeline) track(width int) (from, columns int) {
	from = 1 + len(words.Clock(t.Start)) + 1
	columns = width - from - 1 - len(words.Clock(t.End)) - 1
	if columns < minTrack {
		return 0, 0
	}
	return from, columns
}

// column is where a moment stands on a track of that many columns.
func (t Timeline) column(at time.Duration, columns int) int {
	length := t.End - t.Start
	if length <= 0 {
		return columns - 1
	}
	col := float64(at-t.Start) / float64(length) * float64(columns-1)
	return max(min(int(col+0.5), columns-1), 0)
}

// TimeAt is the moment that a column of the drawn line stands for; false outside the scale.
func (t Timeline) TimeAt(column, width int) (time.Duration, bool) {
	from, columns := t.track(width)
	if columns == 0 || column < from || column >= from+columns {
		return 0, false
	}
	return t.Start + time.Duration(float64(t.End-t.Start)*float64(column-from)/float64(columns-1)), true
}

// Bar draws the scale: what lies before the position, the position, what is to come, and the marks upon them.
func (t Timeline) Bar(th *Theme, width int) string {
	from, columns := t.track(width)
	l := NewLine(width).Gap(1)
	if columns == 0 {
		return l.Add(th.Plain, words.Clock(t.At)).Add(th.Dim, " of "+words.Clock(t.End)).String()
	}
	first := th.Dim
	if t.Lost {
		first = th.Warn
	}
	l.Add(first, words.Clock(t.Start)).To(from)
	here := t.column(t.At, columns)
	marks := t.strongest(columns)
	for col := 0; col < columns; {
		mark, marked := marks[col]
		switch {
		case col == here:
			l.Add(th.Strong, th.Glyphs.Bar[7])
			col++
		case marked && mark.Level != Idle:
			glyph, paint := th.Mark(mark.Level)
			l.Add(paint, glyph)
			col++
		case marked:
			l.Add(th.Accent, th.Glyphs.Down)
			col++
		default:
			next := col + 1
			for _, taken := marks[next]; next < columns && next != here && !taken; _, taken = marks[next] {
				next++
			}
			t.stretch(l, th, next-col, col < here)
			col = next
		}
	}
	return l.Gap(1).Add(th.Dim, words.Clock(t.End)).String()
}

// stretch draws n columns on which nothing is marked.
func (t Timeline) stretch(l *Line, th *Theme, n int, past bool) {
	if past {
		l.Add(th.Accent, strings.Repeat(th.Glyphs.Wire, n))
		return
	}
	l.Add(th.Dim, strings.Repeat(th.Glyphs.Rule, n))
}

// strongest is the gravest mark of each column.
func (t Timeline) strongest(columns int) map[int]Mark {
	out := map[int]Mark{}
	for _, m := range t.Marks {
		if m.At < t.Start || m.At > t.End {
			continue
		}
		col := t.column(m.At, columns)
		if old, ok := out[col]; !ok || m.Level > old.Level {
			out[col] = m
		}
	}
	return out
}

// Labels is the line above the scale: the names of the marks, those that stand too close to each other as one:
// "dial–open". Where events are lost it says so.
func (t Timeline) Labels(th *Theme, width int) string {
	from, columns := t.track(width)
	if columns == 0 {
		return ""
	}
	l := NewLine(width)
	if t.Lost {
		l.Gap(from).Add(th.Warn, "older events are no longer kept")
	}
	for _, g := range t.groups(columns) {
		text := g.first
		if g.last != "" {
			text += "–" + g.last
		}
		at := min(from+g.column, max(width-1-Width(text), 0))
		if at > l.Width() || at == 0 {
			l.To(at).Add(th.Dim, text)
		}
	}
	return l.String()
}

// group is marks whose labels would overlap.
type group struct {
	column      int
	first, last string
}

// groups puts labels that stand too close to each other together.
func (t Timeline) groups(columns int) []group {
	marks := slices.Clone(t.Marks)
	slices.SortStableFunc(marks, func(a, b Mark) int { return int(a.At - b.At) })
	var out []group
	for _, m := range marks {
		if m.Label == "" || m.At < t.Start || m.At > t.End {
			continue
		}
		label, col := Safe(m.Label), t.column(m.At, columns)
		if n := len(out) - 1; n >= 0 && col <= out[n].column+Width(out[n].first)+1 {
			if label != out[n].first {
				out[n].last = label
			}
			continue
		}
		out = append(out, group{column: col, first: label})
	}
	return out
}
