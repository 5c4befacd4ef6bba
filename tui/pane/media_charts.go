package pane

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"dialtone/diag/call"
	"dialtone/diag/words"
	"dialtone/tui/draw"
)

const (
	chartsBeside = 110 // the width from which charts stand in two columns
	chartLeast   = 5   // rows of a chart with its title, at least
	chartGood    = 8   // rows from which a chart shares the height with another
	chartMost    = 15  // a higher one shows no more
	chartSpan    = 30 * time.Second
)

// chart is a value over time with its title.
type chart struct {
	name, unit string
	points     []draw.Point
	selected   bool
	missing    string   // why nothing was measured
	notes      []string // the first that fits stands at the right edge
}

// lines draws the title with the newest value and the range, and the chart, in exactly height rows.
func (c chart) lines(s *Scene, width, height int) []string {
	th, paint := s.Theme, s.Theme.Strong
	if c.selected {
		paint = th.Tab
	}
	l := draw.NewLine(width).Gap(1).Add(paint, c.name).Gap(1).Add(th.Dim, c.unit)
	lowest, highest, now, known := extent(c.points)
	if !known {
		out := []string{l.String(), draw.Row(width, 3, th.Dim, c.missing)}
		return append(out, make([]string, max(height-2, 0))...)
	}
	if math.IsNaN(now) {
		l.Gap(2).Add(th.Dim, "not measured now")
	} else {
		l.Gap(2).Add(th.Dim, "now ").Add(th.Plain, words.Significant(now))
	}
	l.Add(th.Dim, "  range "+words.Significant(lowest)+"–"+words.Significant(highest))
	title := noted(th, l, c.notes...)
	from, to := c.points[0].At, c.points[len(c.points)-1].At
	plot := draw.Chart{Points: c.points, From: from, To: max(to, from+chartSpan), Gap: sampleGap}
	return append([]string{title}, plot.Lines(th, width, height-1)...)
}

// extent is the range of the values that are known, and the newest value.
func extent(list []draw.Point) (lowest, highest, now float64, known bool) {
	now = math.NaN()
	for i, pt := range list {
		if i == len(list)-1 {
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

// chartsOf are the values that a stream of this kind can have.
func chartsOf(s stream) []metric {
	return slices.DeleteFunc(slices.Clone(metrics), func(m metric) bool {
		return m.video && s.kind == "audio" || m.audio && s.kind != "audio"
	})
}

// charts draws the selected value of a stream over time, and the others where there is room.
func (p *Media) charts(s stream, room, height int) []string {
	if height < chartLeast || len(p.Call.Samples) == 0 {
		return nil
	}
	all := chartsOf(s)
	selected := min(p.metric, len(all)-1)
	across := 1
	if room >= chartsBeside {
		across = 2
	}
	down := max(min((height+1)/(chartGood+1), (len(all)+across-1)/across), 1)
	each := min((height+1)/down-1, chartMost)
	fit := min(across*down, len(all))
	first := max(selected-fit+1, 0)
	width := (room - 2*(across-1)) / across
	draws := func(at int) []string {
		c := all[at].chart(p.Call, s.streamKey)
		c.selected = at == selected && fit < len(all)
		if fit == 1 {
			c.notes = []string{others(all, at), fmt.Sprintf("←/→ %d more charts", len(all)-1)}
		}
		return c.lines(p.Scene, width, each)
	}
	var out []string
	for at := first; at < first+fit; at += across {
		row := draws(at)
		if at+1 < first+fit && across == 2 {
			row = draw.Beside(row, draws(at+1), width+2)
		}
		out = join(1, out, row)
	}
	return out
}

// chart is the metric of a stream; of the path where the stream has none and the path has.
func (m *metric) chart(c *call.Call, s streamKey) chart {
	out := chart{name: m.name, unit: m.unit, missing: m.missing(s), points: m.history(c, s)}
	if _, _, _, known := extent(out.points); !known && m.path {
		of := points(c, pathRTT)
		if _, _, _, known = extent(of); known {
			out.name, out.points = out.name+" of the path", of
		}
	}
	return out
}

// others names the charts for which there is no room.
func others(list []metric, shown int) string {
	var names []string
	for i, m := range list {
		if i != shown {
			names = append(names, m.name)
		}
	}
	return "←/→ " + strings.Join(names, ", ")
}
