package draw

import (
	"math"
	"slices"
	"strings"
)

// Sparkline draws the latest values, one a column, oldest first; NaN is a gap. The usual value (the median) stands at
// half the height, so that a steady series is a quiet line in which dips and peaks show.
func Sparkline(g Glyphs, values []float64, width int) string {
	if width <= 0 {
		return ""
	}
	values = values[max(len(values)-width, 0):]
	usual := median(values)
	var b strings.Builder
	for _, v := range values {
		switch {
		case math.IsNaN(v):
			b.WriteString(g.Gap)
		case usual <= 0:
			b.WriteString(g.Spark[0])
		default:
			b.WriteString(g.Spark[min(max(int(math.Round(v/usual*3)), 0), len(g.Spark)-1)])
		}
	}
	return b.String()
}

// median of the values that are there; 0 when there is none.
func median(values []float64) float64 {
	known := make([]float64, 0, len(values))
	for _, v := range values {
		if !math.IsNaN(v) && v > 0 {
			known = append(known, v)
		}
	}
	if len(known) == 0 {
		return 0
	}
	slices.Sort(known)
	return known[len(known)/2]
}
