package clock

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
	// timingWindow is the time of which the fastest packet counts: others waited on the way, or came in a burst.
	timingWindow = time.Second
	// lateBy is what the fastest packets of two windows may differ, beside jitter.
	lateBy = 20 * time.Millisecond
)

// Timing measures how fast the timestamps of a stream advance, by the clock of this machine. The zero value is ready.
type Timing struct {
	started     bool
	from        time.Time
	ticks       int64 // of timestamps, since from
	at          time.Time
	ts          uint32
	seq         int64    // extended
	Jumps       uint32   // of timestamps
	worst       int64    // ticks, largest difference between the steps of two packets, since from
	window      int64    // number of the present one
	open        fastest  // of the present one
	first, last *fastest // of the first and the latest complete one
}

// fastest is the packet of a window that traveled least.
type fastest struct {
	after   time.Duration // since from
	transit int64         // ticks, more than the first packet
}

// Add processes a packet that arrived in order, of a stream that announces a clock rate in Hz. A step of timestamps
// over lost packets, whose number is extended, is no jump.
func (t *Timing) Add(at time.Time, seq int64, ts, rate uint32) {
	if rate == 0 {
		return
	}
	step := int64(int32(ts - t.ts)) // #nosec G115 -- the difference wraps by intent
	gap := at.Sub(t.at)
	off := max(step-Units(gap, rate), Units(gap, rate)-step)
	switch {
	case !t.started:
	case gap > maxStep: // whether the clock of the source ran on in a pause is unknown
		t.started = false
	case off > Units(maxStep, rate):
		if t.started = false; seq == t.seq+1 {
			t.Jumps++
		}
	}
	if !t.started {
		*t = Timing{started: true, from: at, at: at, ts: ts, seq: seq, Jumps: t.Jumps}
		return
	}
	t.ticks += step
	t.at, t.seq, t.ts, t.worst = at, seq, ts, max(t.worst, off)
	after := at.Sub(t.from)
	t.observe(fastest{after, Units(after, rate) - t.ticks})
}

// observe keeps the fastest packet of each window.
func (t *Timing) observe(f fastest) {
	if window := int64(f.after / timingWindow); window != t.window {
		done := t.open
		if t.last = &done; t.first == nil {
			t.first = &done
		}
		t.window, t.open = window, f
	}
	if f.transit < t.open.transit {
		t.open = f
	}
}

// Restart forgets the last packet, but not the jumps: the source began anew.
func (t *Timing) Restart() { t.started = false }

// Rate is what was measured since the start or the last jump, in Hz, of a stream that announces a rate, and the largest
// error that the jitter (in seconds) and a stall of the sender, the network or this program explain; nil before there
// is enough to measure.
func (t *Timing) Rate(announced uint32, jitter *float64) (hz, margin *float64) {
	if !t.started || jitter == nil || t.last == nil || t.last.after-t.first.after < minTiming-timingWindow {
		return nil, nil
	}
	seconds := (t.last.after - t.first.after).Seconds()
	measured := float64(announced) - float64(t.last.transit-t.first.transit)/seconds
	return &measured, diag.Ptr((float64(announced)*(lateBy.Seconds()+4**jitter) + 2*float64(t.worst)) / seconds)
}
