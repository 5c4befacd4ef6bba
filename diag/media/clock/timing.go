package clock

import (
	"math"
	"time"

	"dialtone/diag"
)

const (
	// minTiming is the shortest time that a rate of timestamps is measured over.
	minTiming = 3 * time.Second
	// maxStep is how far the steps of timestamps and arrivals of two packets may differ; more is a jump. A longer time
	// without a packet is a pause.
	maxStep = time.Second
	// minStall is how late a packet is after which others make up for it. Stalls of a busy machine come one after
	// another.
	minStall = 100 * time.Millisecond
	// maxWaited is for how long after a stall packets come that waited at the sender: the first ones of after an outage
	// have timestamps of before it, and those that follow make up for it.
	maxWaited = 5 * time.Second
	// timingWindow is the time of which the fastest packet counts: others waited on the way, or came in a burst.
	timingWindow = time.Second
	// lateBy is what the fastest packets of two windows may differ, beside jitter.
	lateBy = 20 * time.Millisecond
)

// Timing measures how fast the timestamps of a stream advance, by the clock of this machine. The zero value is ready.
type Timing struct {
	rate        uint32 // of the codec's clock
	started     bool
	from        time.Time
	ticks       int64 // of timestamps, since from
	at          time.Time
	ts          uint32
	seq         int64  // extended
	Jumps       uint32 // of timestamps
	waits       waits
	worst       int64    // ticks, largest difference between the steps of two packets, since from
	window      int64    // number of the present one
	open        fastest  // of the present one
	first, last *fastest // of the first and the latest complete one
}

// waits is how far the timestamps stayed behind in stalls, and until when that may be made up for.
type waits struct {
	ticks int64
	until time.Time
}

// add notes how far a packet is ahead of the time since the last one.
func (w *waits) add(at time.Time, ahead int64, rate uint32) {
	if -ahead > Units(minStall, rate) {
		w.until = at.Add(maxWaited)
	}
	if w.ticks -= ahead; w.ticks < 0 || !at.Before(w.until) {
		w.ticks = 0
	}
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
	if rate != t.rate { // after a change of the codec, timestamps count in other units (RFC 7160)
		*t = Timing{rate: rate, Jumps: t.Jumps}
	}
	step := int64(int32(ts - t.ts)) // #nosec G115 -- the difference wraps by intent
	gap := at.Sub(t.at)
	ahead := step - Units(gap, rate)
	if t.started {
		if gap > maxStep || max(ahead, -ahead) > Units(maxStep, rate) {
			t.started = false
			if seq == t.seq+1 && !t.explains(gap, ahead, rate) {
				t.Jumps++
			}
		}
		t.waits.add(at, ahead, rate)
	}
	if !t.started {
		*t = Timing{rate: rate, started: true, from: at, at: at, ts: ts, seq: seq, Jumps: t.Jumps, waits: t.waits}
		return
	}
	t.ticks += step
	t.at, t.seq, t.ts, t.worst = at, seq, ts, max(t.worst, ahead, -ahead)
	after := at.Sub(t.from)
	t.observe(fastest{after, Units(after, rate) - t.ticks})
}

// explains reports whether the time since the last packet, or a pause shortly before, explains how far a timestamp is
// ahead. It is unknown whether the clock of the source ran on in a pause: it may be anywhere between. After hours,
// timestamps wrap.
func (t *Timing) explains(gap time.Duration, ahead int64, rate uint32) bool {
	most := Units(maxStep, rate)
	least := -most
	if gap > maxStep {
		least = -Units(gap+maxStep, rate)
	}
	caughtUp := ahead - t.waits.ticks
	return ahead >= least && ahead <= most || caughtUp >= -most && caughtUp <= most || least < -math.MaxInt32
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
func (t *Timing) Restart() { t.started, t.waits = false, waits{} }

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
