package pane

import (
	"fmt"
	"math"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/tui/draw"
)

const (
	chartsBeside = 110 // the width from which charts stand in two columns
	chartLeast   = 5   // rows of a chart with its title, at least
	chartGood    = 8   // rows from which a chart shares the height with another
	chartMost    = 15  // a higher one tells no more
	chartSpan    = 30 * time.Second
)

// chartsOf are the values that a stream of this kind can have.
func chartsOf(s stream) []metric {
	if s.kind == "audio" {
		return metrics[:len(metrics)-1]
	}
	return metrics
}

// charts draws the selected value of a stream over time, and the others where there is room.
func (p *Media) charts(s stream, height int) []string {
	if height < chartLeast || len(p.Call.Samples) == 0 {
		return nil
	}
	list := chartsOf(s)
	selected := min(p.metric, len(list)-1)
	across := 1
	if p.width >= chartsBeside {
		across = 2
	}
	down := max(min((height+1)/(chartGood+1), (len(list)+across-1)/across), 1)
	each := min((height+1)/down-1, chartMost)
	shown := min(across*down, len(list))
	first := max(selected-shown+1, 0)
	width := (p.width - 2*(across-1)) / across
	var out []string
	for at := first; at < first+shown; at += across {
		row := p.chart(s, at, selected, shown, width, each)
		if at+1 < first+shown && across == 2 {
			row = draw.Beside(row, p.chart(s, at+1, selected, shown, width, each), width+2)
		}
		out = join(1, out, row)
	}
	return out
}

// chart is one value over time with its title.
func (p *Media) chart(s stream, at, selected, shown, width, height int) []string {
	th, m := p.Theme, &chartsOf(s)[at]
	points, name := m.history(p.Call, s.streamKey), m.name
	lowest, highest, now, known := extent(points)
	if !known && m.name == "Round trip" {
		points = pathTrips(p.Call, len(p.Call.Samples))
		if lowest, highest, now, known = extent(points); known {
			name += " of the path"
		}
	}
	l := draw.NewLine(width).Gap(1)
	paint := th.Strong
	if at == selected && shown < len(chartsOf(s)) {
		paint = th.Tab
	}
	l.Add(paint, name).Gap(1).Add(th.Dim, m.unit)
	if !known {
		why := draw.NewLine(width).Gap(3).Add(th.Dim, m.missing(s.streamKey)).String()
		return append([]string{l.String(), why}, make([]string, max(height-2, 0))...)
	}
	if math.IsNaN(now) {
		l.Gap(2).Add(th.Dim, "not measured now")
	} else {
		l.Gap(2).Add(th.Dim, "now ").Add(th.Plain, draw.Short(now))
	}
	l.Add(th.Dim, "  from "+draw.Short(lowest)+" to "+draw.Short(highest))
	if shown == 1 {
		before := l.Width()
		if l.Right(draw.NewLine(width).Add(th.Dim, others(chartsOf(s), at)).Gap(1)); l.Width() == before {
			l.Right(draw.NewLine(width).Add(th.Dim, fmt.Sprintf("←/→ %d more charts", len(chartsOf(s))-1)).Gap(1))
		}
	}
	samples := p.Call.Samples
	from, to := samples[0].At, samples[len(samples)-1].At
	c := draw.Chart{Unit: m.unit, Points: points, From: from, To: max(to, from+chartSpan), Gap: sampleGap}
	return append([]string{l.String()}, c.Lines(th, width, height-1)...)
}

// others names the charts that there is no room for.
func others(list []metric, shown int) string {
	out := ""
	for i, m := range list {
		if i != shown {
			out = join2(out, m.name)
		}
	}
	return "←/→ " + out
}

// extent is the range of the values that are known, and the newest.
func extent(points []draw.Point) (lowest, highest, now float64, known bool) {
	now = math.NaN()
	for i, pt := range points {
		if i == len(points)-1 {
			now = pt.Value
		}
		if math.IsNaN(pt.Value) {
			continue
		}
		if !known {
			lowest, highest, known = pt.Value, pt.Value, true
		}
		lowest, highest = min(lowest, pt.Value), max(highest, pt.Value)
	}
	return lowest, highest, now, known
}

// streamState grades a stream and says in a word how it fares.
func streamState(c *call.Call, s stream) (draw.Level, string) {
	flowing := s.packets != nil && *s.packets > 0
	switch {
	case s.muted && s.direction == diag.Outbound:
		return draw.Idle, "muted by you"
	case s.muted:
		return draw.Idle, "muted by peer"
	case s.silence > 0:
		return draw.Warn, "silent " + draw.Span(secs(s.silence))
	case flowing && c.Ended != nil && s.direction == diag.Inbound:
		return draw.Good, "arrived"
	case flowing && s.direction == diag.Inbound:
		return draw.Good, "arrives"
	case flowing && c.Ended != nil:
		return draw.Good, "was sent"
	case flowing:
		return draw.Good, "is sent"
	case s.packets == nil && s.ssrc != 0:
		return draw.Idle, "not measured"
	case c.Flow(s.direction, s.kind) == call.FlowMissing && s.direction == diag.Inbound:
		return draw.Bad, "never arrived"
	case c.Flow(s.direction, s.kind) == call.FlowMissing:
		return draw.Bad, "never sent"
	}
	return draw.Idle, "not yet"
}
