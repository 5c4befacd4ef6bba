package draw

import (
	"slices"
	"time"
)

// busyPieces divides the time between the first start and till into pieces in which something ran, and pieces (cut) in
// which there was nothing but waiting.
func busyPieces(bars []Bar, now, till time.Duration) []piece {
	var bounds []time.Duration
	for _, b := range bars {
		bounds = append(bounds, min(b.Start, till), min(b.end(now), till))
	}
	bounds = append(bounds, till)
	slices.Sort(bounds)
	bounds = slices.Compact(bounds)
	var out []piece
	for i := 1; i < len(bounds); i++ {
		from, to := bounds[i-1], bounds[i]
		cut := !slices.ContainsFunc(bars, func(b Bar) bool { return !b.Wait && b.Start < to && b.end(now) > from })
		if n := len(out); n > 0 && out[n-1].cut == cut {
			out[n-1].to = to
			continue
		}
		out = append(out, piece{from: from, to: to, cut: cut})
	}
	return out
}
