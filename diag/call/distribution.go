package call

import (
	"slices"
	"time"
)

// distributionWindow is how many of the latest values percentiles are computed from: over an hour of pings.
const distributionWindow = 4096

// Distribution keeps durations: count, minimum, maximum and sum of all, percentiles of the latest 4,096. The zero value
// is empty and ready.
type Distribution struct {
	Count    uint64
	Min, Max time.Duration
	Sum      time.Duration
	ring     []time.Duration
	next     int
	sorted   []time.Duration // of ring; nil when stale
}

// Add takes a value.
func (d *Distribution) Add(v time.Duration) {
	if d.Count == 0 || v < d.Min {
		d.Min = v
	}
	d.Max = max(d.Max, v)
	d.Count++
	d.Sum += v
	d.sorted = nil
	if len(d.ring) < distributionWindow {
		d.ring = append(d.ring, v)
		return
	}
	d.ring[d.next] = v
	d.next = (d.next + 1) % distributionWindow
}

// Percentile returns the nearest-rank percentile p (0–100) of the window; false when nothing was measured.
func (d *Distribution) Percentile(p float64) (time.Duration, bool) {
	if len(d.ring) == 0 {
		return 0, false
	}
	if d.sorted == nil {
		d.sorted = slices.Sorted(slices.Values(d.ring))
	}
	rank := int(p/100*float64(len(d.sorted))+0.9999999) - 1
	return d.sorted[min(max(rank, 0), len(d.sorted)-1)], true
}

// Mean is the average of all values; false when nothing was measured.
func (d *Distribution) Mean() (time.Duration, bool) {
	if d.Count == 0 {
		return 0, false
	}
	return d.Sum / time.Duration(d.Count), true
}

// Latest returns up to n values, oldest first.
func (d *Distribution) Latest(n int) []time.Duration {
	ordered := make([]time.Duration, 0, len(d.ring))
	ordered = append(ordered, d.ring[d.next:]...)
	ordered = append(ordered, d.ring[:d.next]...)
	if len(ordered) > n {
		ordered = ordered[len(ordered)-n:]
	}
	return ordered
}
