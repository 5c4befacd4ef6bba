// Package clock measures the time of RTP streams: jitter, pauses, the rate and jumps of timestamps, what a jitter
// buffer would conceal, and how timestamps relate to the sender's clock.
package clock

import (
	"math"
	"time"
)

const (
	// minTiming is the shortest time that a rate of timestamps is measured over.
	minTiming = 2 * time.Second
	// maxStep is how far the steps of timestamps and arrivals of two packets may differ; more is a jump. A longer time
	// without a packet is a pause.
	maxStep = time.Second
	// minStall is how late a packet is after which others make up for it. Stalls of a busy machine come one after
	// another.
	minStall = 100 * time.Millisecond
	// maxWaited is for how long after a stall packets come that waited at the sender: the first ones of after an outage
	// have timestamps of before it, and those that follow make up for it.
	maxWaited = 5 * time.Second
	// timingWindow is the time of which the fastest packet counts, at first: others waited on the way, or came in a burst.
	timingWindow = 250 * time.Millisecond
	// minWindows are as few of them as distinguish a steady difference from one delay, and maxWindows as many as are kept.
	minWindows, maxWindows = 8, 64
	// lateBy is how late the fastest packets of all windows may be unseen, as this machine and the sender's wake up.
	lateBy = 5 * time.Millisecond
)

// Timing measures how fast the timestamps of a stream advance, by the clock of this machine. The zero value is ready.
type Timing struct {
	rate    uint32 // of the codec's clock
	started bool
	from    time.Time
	ticks   int64 // of timestamps, since from
	at      time.Time
	ts      uint32
	seq     int64  // extended
	Jumps   uint32 // of timestamps
	waits   waits
	window  time.Duration
	fastest []fastest // of each window, in order; the last window is open
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
	t.at, t.seq, t.ts = at, seq, ts
	for max(t.window, timingWindow) < 2*gap { // packets that come in bursts: the fastest of one is in each window
		t.widen()
	}
	after := at.Sub(t.from)
	t.observe(fastest{after, Units(after, rate) - t.ticks})
}

// explains reports whether the time since the last packet, or a stall shortly before, explains how far a timestamp is
// ahead. It is unknown whether the clock of the source ran on in a pause, and how many packets it left out in a stall:
// it may be anywhere between. After hours, timestamps wrap.
func (t *Timing) explains(gap time.Duration, ahead int64, rate uint32) bool {
	most := Units(maxStep, rate)
	least := -most
	if gap > maxStep {
		least = -Units(gap+maxStep, rate)
	}
	return ahead >= least && ahead <= most+t.waits.ticks || least < -math.MaxInt32
}

// observe keeps the fastest packet of each window. Once there are too many, windows are twice as long.
func (t *Timing) observe(f fastest) {
	t.window = max(t.window, timingWindow)
	last := len(t.fastest) - 1
	if last < 0 || t.fastest[last].after/t.window != f.after/t.window {
		t.fastest = append(t.fastest, f)
	} else if f.transit < t.fastest[last].transit {
		t.fastest[last] = f
	}
	if len(t.fastest) > maxWindows {
		t.widen()
	}
}

// widen makes windows twice as long.
func (t *Timing) widen() {
	all := t.fastest
	t.window, t.fastest = 2*max(t.window, timingWindow), t.fastest[:0]
	for _, f := range all {
		t.observe(f)
	}
}

// Restart forgets the last packet, but not the jumps: the source began anew.
func (t *Timing) Restart() { t.started, t.waits = false, waits{} }

// Rate is what was measured since the start or the last jump: in Hz, of a stream that still announces a rate; the
// largest error that delays of single packets, a stall or another path explain; and the seconds that it was measured
// over. All are nil before there is enough to measure.
//
// It is the slope of the line through the fastest packets of all windows (least squares). Whatever made some of them
// later than others also moves them away from that line: a step by d, the worst there is, turns it by 1.5·d in all, and
// leaves d between the packets farthest above and below it. Only a delay that grows or falls as steadily as a clock
// that is wrong stays on the line; round trips show that one.
// The margin is twice that and more, as a source that stalls again and again, like Firefox on a busy machine, has no
// clock that is off.
func (t *Timing) Rate(announced uint32) (hz, margin, over *float64) {
	if !t.started || len(t.fastest) <= minWindows || t.rate != announced {
		return nil, nil, nil
	}
	points := t.fastest[:len(t.fastest)-1]
	seconds := (points[len(points)-1].after - points[0].after).Seconds()
	if seconds < minTiming.Seconds() {
		return nil, nil, nil
	}
	slope, spread := line(points)
	first, _ := line(points[:len(points)/2])
	second, _ := line(points[len(points)/2:])
	measured := float64(announced) - slope
	off := max((float64(announced)*lateBy.Seconds()+4*spread)/seconds, 2*math.Abs(first-second))
	return &measured, &off, &seconds
}

// line is the slope of the line through points, in ticks per second, and how far they are apart across it, in ticks.
func line(points []fastest) (slope, spread float64) {
	var x, y, xx, xy float64
	for _, p := range points {
		x, y = x+p.after.Seconds(), y+float64(p.transit)
	}
	n := float64(len(points))
	x, y = x/n, y/n
	for _, p := range points {
		dx := p.after.Seconds() - x
		xx, xy = xx+dx*dx, xy+dx*(float64(p.transit)-y)
	}
	slope = xy / xx
	above, below := math.Inf(-1), math.Inf(1)
	for _, p := range points {
		off := float64(p.transit) - slope*p.after.Seconds()
		above, below = max(above, off), min(below, off)
	}
	return slope, above - below
}

// Units is a length of time in Units of an RTP clock, without overflow for any duration and any clock rate.
func Units(d time.Duration, rate uint32) int64 {
	whole, rest := int64(d/time.Second), int64(d%time.Second)
	return whole*int64(rate) + rest*int64(rate)/int64(time.Second)
}
