package report

import (
	"fmt"
	"math"
	"strings"
)

// htmlChart is a value over the time of the described run.
type htmlChart struct {
	Title, Unit string
	Top         string // label of the upper end; the lower one is 0
	From, To    string // of the time
	Lines       []chartLine
}

type chartLine struct {
	Name string
	Last string // the latest value
	Peak string
	Path string // of SVG, in a box of 1000 by 300
	N    int    // class
}

const (
	chartWidth  = 1000
	chartHeight = 300
)

// charts draws what was measured; of what was not, there is no chart.
func charts(samples []Sample) []htmlChart {
	type series struct {
		name string
		of   func(Sample) *float64
	}
	var out []htmlChart
	for _, c := range []struct {
		title, unit string
		factor      float64
		series      []series
	}{
		{"Round trip", "ms", 1, []series{{"path", func(s Sample) *float64 { return s.RTTMs }}}},
		{"Bit rate, inbound", "kbit/s", 1e-3, []series{
			{"audio", func(s Sample) *float64 { return s.AudioInRate }}, {"video",
				func(s Sample) *float64 { return s.VideoInRate }},
		}},
		{"Loss, inbound", "%", 100, []series{
			{"audio", func(s Sample) *float64 { return s.AudioInLoss }}, {"video",
				func(s Sample) *float64 { return s.VideoInLoss }},
		}},
		{"Jitter, inbound", "ms", 1, []series{
			{"audio", func(s Sample) *float64 { return s.AudioInJitter }}, {"video",
				func(s Sample) *float64 { return s.VideoInJitter }},
		}},
		{"Frames, inbound", "per second", 1, []series{{"video", func(s Sample) *float64 { return s.VideoInFPS }}}},
	} {
		chart := htmlChart{Title: c.title, Unit: c.unit}
		var values [][]float64 // of each series, NaN where unknown
		top := 0.0
		for i, s := range c.series {
			list, peak, known := column(samples, s.of, c.factor)
			if !known {
				continue
			}
			top = max(top, peak)
			values = append(values, list)
			chart.Lines = append(chart.Lines, chartLine{Name: s.name, N: i, Last: lastOf(list), Peak: short(peak)})
		}
		if len(values) == 0 {
			continue
		}
		top = nice(top)
		chart.Top = short(top)
		chart.From, chart.To = short(samples[0].AtMs/1000), short(samples[len(samples)-1].AtMs/1000)
		for i := range chart.Lines {
			chart.Lines[i].Path = linePath(samples, values[i], top)
		}
		out = append(out, chart)
	}
	return out
}

// column is one value of all samples, the largest, and whether there is any.
func column(samples []Sample, of func(Sample) *float64, factor float64) (list []float64, peak float64, known bool) {
	for _, s := range samples {
		v := math.NaN()
		if p := of(s); p != nil {
			v, known = *p*factor, true
			peak = max(peak, v)
		}
		list = append(list, v)
	}
	return list, peak, known
}

func lastOf(list []float64) string {
	if v := list[len(list)-1]; !math.IsNaN(v) {
		return short(v)
	}
	return unknown
}

// linePath is a line through the values, with gaps where they are unknown. A value without neighbours is a dash.
func linePath(samples []Sample, values []float64, top float64) string {
	begin, end := samples[0].AtMs, samples[len(samples)-1].AtMs
	x := func(i int) float64 { return (samples[i].AtMs - begin) / max(end-begin, 1e-9) * chartWidth }
	y := func(v float64) float64 { return chartHeight - min(max(v/top, 0), 1)*chartHeight }
	var b strings.Builder
	for i, v := range values {
		if math.IsNaN(v) {
			continue
		}
		before := i > 0 && !math.IsNaN(values[i-1])
		after := i+1 < len(values) && !math.IsNaN(values[i+1])
		switch {
		case before:
			fmt.Fprintf(&b, "L%.1f %.1f", x(i), y(v))
		case after:
			fmt.Fprintf(&b, "M%.1f %.1f", x(i), y(v))
		default:
			fmt.Fprintf(&b, "M%.1f %.1fh10", min(x(i), chartWidth-10), y(v))
		}
	}
	return b.String()
}

// nice is the smallest of 1, 2, 5 × 10ⁿ that is not less.
func nice(v float64) float64 {
	if v <= 0 || math.IsInf(v, 0) {
		return 1
	}
	base := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if m*base >= v {
			return m * base
		}
	}
	return 10 * base
}

// short is a number with three digits.
func short(v float64) string {
	if v >= 100 && v < 1e6 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

// histogram is how the set-up times of the runs are spread.
type histogram struct {
	Bars     []histogramBar
	Marks    []histogramMark
	From, To string // ms
	Most     int    // runs in the highest bar
	N        int
}

type histogramBar struct {
	X, Y, W, H float64 // in a box of 1000 by 300
	Title      string
}

type histogramMark struct {
	Name, Value string
	X           float64
}

const histogramBins = 24

// spread is nil where there are fewer than two values.
func spread(runs []Run, p *Percentiles) *histogram {
	if p == nil || p.N < 2 {
		return nil
	}
	from, width := p.MinMs, (p.MaxMs-p.MinMs)/histogramBins
	if width <= 0 {
		width = 1
	}
	h := &histogram{From: short(from), To: short(from + width*histogramBins)}
	var counts [histogramBins]int
	for _, r := range runs {
		if r.Setup.TotalMs == nil {
			continue
		}
		bin := min(max(int((*r.Setup.TotalMs-from)/width), 0), histogramBins-1)
		counts[bin]++
		h.N++
		h.Most = max(h.Most, counts[bin])
	}
	const room = float64(chartWidth) / histogramBins
	for i, n := range counts {
		if n == 0 {
			continue
		}
		tall := float64(n) / float64(h.Most) * chartHeight
		h.Bars = append(h.Bars, histogramBar{
			X: math.Round(float64(i)*room*10+10) / 10, Y: math.Round((chartHeight-tall)*10) / 10, W: math.Round((room-2)*10) / 10, H: math.Round(tall*10) / 10,
			Title: fmt.Sprintf("%d runs of %s to %s ms", n, short(from+float64(i)*width), short(from+float64(i+1)*width)),
		})
	}
	for _, m := range []histogramMark{{Name: "p50", X: p.P50Ms}, {Name: "p95", X: p.P95Ms}, {Name: "p99", X: p.P99Ms}} {
		m.Value = short(m.X) + " ms"
		m.X = math.Round(min(max((m.X-from)/(width*histogramBins), 0), 1)*chartWidth*10) / 10
		h.Marks = append(h.Marks, m)
	}
	return h
}

// thousandths is a share on a scale of a thousand.
func thousandths(v float64) float64 { return math.Round(min(max(v, 0), 1)*10_000) / 10 }
