package report

import (
	"fmt"
	"math"
	"strings"

	"dialtone/diag"
)

// chart is a value over the time of the described run.
type chart struct {
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

// inboundCharts are those of inbound media, with a line for each kind. A new one is a line here.
var inboundCharts = []struct {
	title, unit string
	factor      float64
	of          func(*Interval) *float64
}{
	{"Bitrate, inbound", "kbit/s", 1e-3, func(i *Interval) *float64 { return i.Bitrate }},
	{"Loss, inbound", "%", 100, func(i *Interval) *float64 { return i.Loss }},
	{"Jitter, inbound", "ms", 1, func(i *Interval) *float64 { return float(i.Jitter) }},
	{"MOS, inbound", "by the E-model", 1, func(i *Interval) *float64 { return i.MOS }},
	{"Frames, inbound", "per second", 1, func(i *Interval) *float64 { return i.FramesPerSecond }},
}

// charts draws what was measured; of what was not, there is no chart.
func charts(samples []Sample) []chart {
	var out []chart
	add := func(title, unit string, lines ...series) {
		if c := (chart{Title: title, Unit: unit}); c.draw(samples, lines) {
			out = append(out, c)
		}
	}
	add("Round-trip time", "ms", series{"path", 1, func(s Sample) *float64 { return float(s.RTT) }})
	for _, c := range inboundCharts {
		of := func(i *Interval) *float64 {
			if i == nil {
				return nil
			}
			return c.of(i)
		}
		add(c.title, c.unit, series{"audio", c.factor, func(s Sample) *float64 { return of(s.Audio) }},
			series{"video", c.factor, func(s Sample) *float64 { return of(s.Video) }})
	}
	return out
}

// series is one line of a chart.
type series struct {
	name   string
	factor float64
	of     func(Sample) *float64
}

// draw reports whether there is anything to draw.
func (c *chart) draw(samples []Sample, lines []series) bool {
	var values [][]float64 // of each line, NaN if unknown
	top := 0.0
	for i, s := range lines {
		list, peak, known := s.values(samples)
		if !known {
			continue
		}
		top = max(top, peak)
		values = append(values, list)
		c.Lines = append(c.Lines, chartLine{Name: s.name, N: i, Last: lastOf(list), Peak: short(peak)})
	}
	if len(values) == 0 {
		return false
	}
	top = nice(top)
	c.Top = short(top)
	c.From, c.To = short(samples[0].At.Float()/1000), short(samples[len(samples)-1].At.Float()/1000)
	for i := range c.Lines {
		c.Lines[i].Path = linePath(samples, values[i], top)
	}
	return true
}

// values are those of all samples, the largest, and whether there is any.
func (l series) values(samples []Sample) (list []float64, peak float64, known bool) {
	for _, s := range samples {
		v := math.NaN()
		if p := l.of(s); p != nil {
			v, known = *p*l.factor, true
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

// linePath is a line through the values, with gaps where they are unknown. A value without neighbors is a dash.
func linePath(samples []Sample, values []float64, top float64) string {
	begin, end := samples[0].At.Float(), samples[len(samples)-1].At.Float()
	x := func(i int) float64 { return (samples[i].At.Float() - begin) / max(end-begin, 1e-9) * chartWidth }
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

// histogram is the distribution of the setup times of the runs.
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

// spread is nil if there are fewer than two values.
func spread(runs []Run, p *Percentiles) *histogram {
	if p == nil || p.N < 2 {
		return nil
	}
	from, width := p.Min.Float(), (p.Max.Float()-p.Min.Float())/histogramBins
	if width <= 0 {
		width = 1
	}
	h := &histogram{From: short(from), To: short(from + width*histogramBins)}
	place := func(t diag.Millis) float64 { return min(max((t.Float()-from)/(width*histogramBins), 0), 1) }
	var counts [histogramBins]int
	for _, r := range runs {
		if r.Setup.Total == nil {
			continue
		}
		bin := min(int(place(*r.Setup.Total)*histogramBins), histogramBins-1)
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
			X: tenth(float64(i)*room + 1), Y: tenth(chartHeight - tall), W: tenth(room - 2), H: tenth(tall),
			Title: fmt.Sprintf("%d runs of %s to %s ms", n, short(from+float64(i)*width),
				short(from+float64(i+1)*width)),
		})
	}
	for _, q := range p.list()[1:4] {
		h.Marks = append(h.Marks,
			histogramMark{q.name, short(q.time.Float()) + " ms", tenth(place(q.time) * chartWidth)})
	}
	return h
}

// tenth rounds a coordinate.
func tenth(v float64) float64 { return math.Round(v*10) / 10 }
