package draw

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Number writes v with three significant digits, its decimal point always in the same column: width columns before the
// point, three for what follows. A value too large for its column is written as "…".
func Number(v float64, width int) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return Spaces(width + 3)
	}
	decimals := 0
	switch a := math.Abs(v); {
	case a < 9.995:
		decimals = 2
	case a < 99.95:
		decimals = 1
	}
	s := fmt.Sprintf("%.*f", decimals, v)
	whole, rest, found := strings.Cut(s, ".")
	if len(whole) > width {
		return Spaces(width-1) + Unicode.More + Spaces(3)
	}
	if found {
		rest = "." + rest
	}
	return fmt.Sprintf("%*s%-3s", width, whole, rest)
}

// Short writes v with three significant digits and no padding.
func Short(v float64) string { return strings.TrimSpace(Number(v, 12)) }

// Length splits a duration into a number for a column (three columns before the point) and its unit.
func Length(d time.Duration) (number, unit string) {
	switch {
	case d < 0:
		return Number(0, 3), "ms"
	case d < 999500*time.Microsecond:
		return Number(float64(d)/1e6, 3), "ms"
	case d < 999500*time.Millisecond:
		return Number(d.Seconds(), 3), "s "
	}
	return Number(d.Minutes(), 3), "mn"
}

// Span is a duration in running text: "41.2 ms", "12.0 s", "17m20s".
func Span(d time.Duration) string {
	if d >= time.Minute {
		return d.Round(time.Second).String()
	}
	n, unit := Length(d)
	return strings.TrimSpace(n) + " " + strings.TrimSpace(unit)
}

// Clock is a running time: 00:42, 1:02:03.
func Clock(d time.Duration) string {
	s := int64(max(d, 0) / time.Second)
	if s < 3600 {
		return fmt.Sprintf("%02d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// Percent writes a fraction (0–1) as percent with one decimal; what is above zero is never written as zero.
func Percent(f float64) string {
	if f > 0 && f < 0.0005 {
		return "<0.1"
	}
	return fmt.Sprintf("%.1f", f*100)
}

// Count writes a whole number with thin grouping: 12345 is "12,345".
func Count(n uint64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Plural writes a count with its noun: "1 pair", "12 pairs".
func Plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(uint64(max(n, 0))) + " " + many
}
