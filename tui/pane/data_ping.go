package pane

import (
	"time"

	"dialtone/diag/words"
	"dialtone/tui/draw"
)

const (
	pingsKept   = 4096 // as many as the distribution keeps
	pingRows    = 2    // of the numbers and the latest
	bucketLeast = 3    // rows from which a histogram is worth its space
	bucketMost  = 10
)

// pings are the round trips over the ping channel: percentiles, the latest as a sparkline, and their distribution.
func (p *Data) pings(width, height int) []string {
	d := &p.Call.Pings
	if d.Count == 0 {
		return nil
	}
	th := p.Theme
	l := draw.NewLine(width).Gap(1).Add(th.Strong, "Ping").Gap(2)
	add := func(name string, v time.Duration) {
		if at := l.Width(); at+13 <= width {
			l.Add(th.Dim, name+" ").Add(th.Plain, words.Duration(v)).To(at + 14)
		}
	}
	for _, q := range []struct {
		name string
		p    float64
	}{{"p50", 50}, {"p95", 95}, {"p99", 99}} {
		v, _ := d.Percentile(q.p)
		add(q.name, v)
	}
	add("min", d.Min)
	add("max", d.Max)
	all := d.Latest(pingsKept)
	count := words.Count(int(d.Count), "round trip", "round trips")
	latest := all[max(len(all)-max(min(width-6-draw.Width(count), 40), 0), 0):]
	values := make([]float64, len(latest))
	for i, v := range latest {
		values[i] = float64(v)
	}
	below := draw.NewLine(width).Gap(3).Add(th.Accent, draw.Sparkline(th.Glyphs, values, len(values)))
	out := []string{l.String(), below.Gap(2).Add(th.Dim, count).String()}
	if rows := height - pingRows; rows >= bucketLeast {
		for _, row := range draw.Histogram(th, draw.LogBuckets(all, min(rows, bucketMost)), min(width-4, 76)) {
			out = append(out, "   "+row)
		}
	}
	return out
}
