package speeds

import (
	"fmt"
	"time"

	"dialtone/diag"
	"dialtone/diag/speed"
	"dialtone/diag/words"
	said "dialtone/diag/words/speed"
	"dialtone/tui/draw"
)

const (
	indent    = 1
	labelled  = 14 // columns before a row's values
	barNumber = 16 // columns of the number after a bar
	leastPlot = 5  // lines of a chart with its times
	mostPlot  = 14
	plotGap   = time.Second
)

// directions are those of a test, with their names.
var directions = []struct {
	name string
	diag.Direction
}{{"Up", diag.Outbound}, {"Down", diag.Inbound}}

// Draw implements [live.Content].
func (m *Measurement) Draw(th *draw.Theme, width, height int) []string {
	title := draw.NewLine(width).Gap(indent).Add(th.Strong, "dialtone speed").Gap(2).Add(th.Plain, m.name).
		Note(th.Dim, m.now.Round(time.Second).String())
	lines := []string{title.String(), "", m.doing(th, width), ""}
	for _, d := range directions {
		lines = append(lines, m.bar(th, width, d.name, d.Direction))
	}
	lines = append(lines, m.latency(th, width), "")
	results := m.results(th, width)
	lines = append(lines, m.charts(th, width, height-len(lines)-len(results))...)
	return append(lines, results...)
}

// Foot is the keys.
func (*Measurement) Foot(th *draw.Theme, width int, end bool) []string {
	keys := "ctrl+c  end the call and report   ?  keys"
	if end {
		keys = "ending the call; ctrl+c  leave the screen   ?  keys"
	}
	return []string{draw.Row(width, indent, th.Dim, keys)}
}

// Explain implements [live.Explained].
func (*Measurement) Explain(_ draw.Glyphs, end bool) [][2]string {
	quit := "end the call and report"
	if end {
		quit = "leave the screen; the report follows"
	}
	return [][2]string{
		{"ctrl+c q", quit},
		{"Up, Down", "messages that arrive there and here; full: the highest so far"},
		{"Round trip", "on a data channel, and of the path below it, under this load"},
		{"goodput", "messages after the warm-up; ≥: this machine was the limit"},
		{"longest queue", "how much longer the path took under load than without"},
	}
}

// doing is the test that runs.
func (m *Measurement) doing(th *draw.Theme, width int) string {
	line := draw.NewLine(width).Gap(indent).Add(th.Dim, "Test").To(labelled)
	t, n := m.test()
	switch {
	case m.state == nil:
		return line.Add(th.Plain, "waiting for the connection").String()
	case t == nil && m.state.End != nil:
		return line.Add(th.Plain, "all tests are over").String()
	case t == nil:
		return line.Add(th.Plain, "asking the peer").String()
	}
	return line.Add(th.Plain, said.Test(n, t.SpeedTest)).String()
}

// bar is the rate of a direction in the test that runs.
func (m *Measurement) bar(th *draw.Theme, width int, name string, d diag.Direction) string {
	line := draw.NewLine(width).Gap(indent).Add(th.Dim, name).To(labelled)
	rate, known := m.latest[d]
	if t, _ := m.test(); !known || t == nil || !t.Way.Has(d) {
		return line.String()
	}
	room := max(1, width-labelled-barNumber-indent)
	return line.Add(th.Accent, bar(th.Glyphs, rate, m.most, room)).To(labelled+room).
		Add(th.Plain, fmt.Sprintf("%*s", barNumber, said.Rate(rate))).String()
}

// bar is the share of a rate in the highest.
func bar(g draw.Glyphs, rate, most float64, width int) string {
	if most <= 0 {
		return ""
	}
	return g.Length(int(rate / most * float64(width) * 8))
}

// latency is the last round trip, on a data channel and of the path.
func (m *Measurement) latency(th *draw.Theme, width int) string {
	line := draw.NewLine(width).Gap(indent).Add(th.Dim, "Round trip").To(labelled)
	if n := len(m.trips); n > 0 {
		line.Add(th.Plain, words.Duration(time.Duration(m.trips[n-1].Value*float64(time.Millisecond)))).
			Add(th.Dim, " on a data channel")
	}
	if m.path != nil {
		line.Gap(3).Add(th.Plain, words.Duration(m.path.Duration())).Add(th.Dim, " of the path")
	}
	return line.String()
}

// charts are those over time for which there is room, the round trips first.
func (m *Measurement) charts(th *draw.Theme, width, height int) (lines []string) {
	type chart struct {
		title, unit string
		points      []draw.Point
	}
	var list []chart
	if len(m.trips) > 0 {
		list = append(list, chart{"Round trips on a data channel", "ms", m.trips})
	}
	for _, d := range directions {
		if points := m.rates[d.Direction]; len(points) > 0 {
			list = append(list, chart{d.name, "Mbit/s", points})
		}
	}
	list = list[:max(0, min(len(list), height/(leastPlot+2)))]
	to := max(m.now-m.begun, 10*time.Second)
	for _, c := range list {
		plot := draw.Chart{Points: c.points, To: to, Gap: plotGap}
		lines = append(lines, draw.NewLine(width).Gap(indent).Add(th.Strong, c.title).
			Gap(2).Add(th.Dim, c.unit).String())
		lines = append(lines, plot.Lines(th, width, min(height/len(list)-2, mostPlot))...)
		lines = append(lines, "")
	}
	return lines
}

// results are what was found so far.
func (m *Measurement) results(th *draw.Theme, width int) []string {
	r := m.state.Result()
	if r == nil {
		return nil
	}
	number := func(v string) draw.Cell { return draw.Cell{Text: v, Paint: th.Plain} }
	span := func(v *diag.Millis) draw.Cell {
		if v == nil {
			return number("")
		}
		return number(words.Duration(v.Duration()))
	}
	t := draw.Table{Cursor: -1, Indent: indent + 2, Columns: []draw.Column{
		{Title: "Found", Strong: len("Found"), Min: labelled - indent},
		{Title: "goodput", Right: true, Min: 12},
		{Title: "round trip p50", Right: true, Min: 14},
		{Title: "of the path", Right: true, Min: 11},
		{Title: "longest queue", Right: true, Min: 13, Keep: 1},
	}}
	add := func(name string, f *speed.Flow, l *speed.Latency) {
		rate, p50, path, queue := "", (*diag.Millis)(nil), (*diag.Millis)(nil), (*diag.Millis)(nil)
		if f != nil {
			rate = said.Bound(&f.Goodput, f.LowerBound)
		}
		if l != nil {
			p50, queue = &l.P50, l.Queued
			path, _, _ = l.OfPath()
		}
		t.Rows = append(t.Rows, []draw.Cell{number(name), number(rate), span(p50), span(path), span(queue)})
	}
	if r.Idle != nil {
		add("no load", nil, r.Idle)
	}
	for _, f := range r.Flows() {
		add(f.Name, f.Flow, f.Loaded)
	}
	var lines []string
	if len(t.Rows) > 0 {
		lines = append(t.Lines(th, width), "")
	}
	for _, f := range r.Search {
		lines = append(lines, draw.Row(width, indent, th.Plain, said.Found(f)))
	}
	return lines
}
