package phrase

import (
	"fmt"
	"math"
	"time"
)

// Significant writes v with three significant digits: "0.30", "12.4", "118".
func Significant(v float64) string {
	switch a := math.Abs(v); {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return ""
	case a < 9.995:
		return fmt.Sprintf("%.2f", v)
	case a < 99.95:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

// Scale gives d as a number of the unit in which it reads best: "ms" below one second, "s" below 1000 seconds, else
// "min". A negative duration counts as zero.
func Scale(d time.Duration) (value float64, unit string) {
	switch d = max(d, 0); {
	case d < 999500*time.Microsecond:
		return float64(d) / 1e6, "ms"
	case d < 999500*time.Millisecond:
		return d.Seconds(), "s"
	}
	return d.Minutes(), "min"
}

// Duration writes d in running text: "41.2 ms", "12.0 s", "17 min 20 s", "3 h 5 min".
func Duration(d time.Duration) string {
	switch value, unit := Scale(d); {
	case d >= time.Hour:
		m := int(d.Round(time.Minute) / time.Minute)
		return twoUnits(m, "h", "min")
	case d >= 59950*time.Millisecond:
		s := int(d.Round(time.Second) / time.Second)
		return twoUnits(s, "min", "s")
	case unit == "s":
		return fmt.Sprintf("%.1f s", value)
	default:
		return Significant(value) + " " + unit
	}
}

// twoUnits writes a number of small units, of which 60 make a large one.
func twoUnits(n int, large, small string) string {
	if n%60 == 0 {
		return fmt.Sprintf("%d %s", n/60, large)
	}
	return fmt.Sprintf("%d %s %d %s", n/60, large, n%60, small)
}

// Seconds writes a duration that W3C statistics give in seconds.
func Seconds(s float64) string { return Duration(time.Duration(s * float64(time.Second))) }
