package media

import (
	"time"

	"dialtone/diag"
)

const (
	// minTiming is the shortest time that a rate of timestamps is measured over.
	minTiming = 3 * time.Second
	// maxStep is how far the steps of timestamps and arrivals of two packets may differ; more is a jump. A longer time
	// without a packet is a pause.
	maxStep = time.Second
	// lateBy is what the arrivals of the first and last packet may differ from those of their timestamps, beside jitter.
	lateBy = 20 * time.Millisecond
)

// timing measures how fast the timestamps of a stream advance, by the clock of this machine. The zero value is ready.
type timing struct {
	started bool
	from    time.Time
	ticks   int64 // since from
	at      time.Time
	ts      uint32
	jumps   uint32
}

// add processes a packet that arrived in order, of a stream that announces a clock rate in Hz.
func (t *timing) add(at time.Time, ts, rate uint32) {
	if rate == 0 {
		return
	}
	step := int64(int32(ts - t.ts)) // #nosec G115 -- the difference wraps by intent
	switch gap := at.Sub(t.at); {
	case !t.started:
	case gap > maxStep: // whether the clock of the source ran on in a pause is unknown
		t.started = false
	case abs(step-units(gap, rate)) > units(maxStep, rate):
		t.jumps++
		t.started = false
	}
	if !t.started {
		t.started, t.from, t.ticks = true, at, 0
	} else {
		t.ticks += step
	}
	t.at, t.ts = at, ts
}

// restart forgets the last packet, but not the jumps: the source began anew.
func (t *timing) restart() { t.started = false }

// rate is what was measured since the start or the last jump, in Hz, and the largest error that the jitter (in seconds)
// explains; nil before there is enough to measure.
func (t *timing) rate(jitter *float64) (hz, margin *float64) {
	seconds := t.at.Sub(t.from).Seconds()
	if !t.started || jitter == nil || seconds < minTiming.Seconds() {
		return nil, nil
	}
	measured := float64(t.ticks) / seconds
	return &measured, diag.Ptr(measured * (lateBy.Seconds() + 4**jitter) / seconds)
}

func abs(n int64) int64 { return max(n, -n) }
