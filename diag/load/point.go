package load

import (
	"math"
	"time"

	"dialtone/diag"
)

// Point is one second of a test.
type Point struct {
	At         diag.Millis `json:"at_ms"` // its beginning, since the test began
	Scheduled  int         `json:"scheduled"`
	Started    int         `json:"started"`
	Dropped    int         `json:"dropped"`
	Ready      int         `json:"ready"` // calls that were set up
	Ended      int         `json:"ended"`
	Failed     int         `json:"failed"`      // of these
	InProgress int         `json:"in_progress"` // at its end
	// the setup times of those that became ready, as counts: of less than 1 ms, then eight for each doubling; see [Bucket]
	Setup  []int        `json:"setup,omitempty"`
	Tester TesterSecond `json:"tester"`
}

// TesterSecond is how the tester itself fared in a second.
type TesterSecond struct {
	Late    float64     `json:"late_timers"`  // share of its timers that were more than 10 ms late
	WorstMs diag.Millis `json:"worst_ms"`     // the latest
	CPU     *float64    `json:"cpu"`          // share of all processors that it used, 0–1
	GCMs    diag.Millis `json:"gc_pause_ms"`  // pauses of the garbage collector
	Drops   int         `json:"socket_drops"` // UDP packets that the machine discarded because a socket was full
	Short   bool        `json:"short"`        // it was its own limit: the second says nothing about the server
}

// Buckets of setup times: eight for each doubling, from a millisecond to 65 seconds, and one for each end.
const (
	perDoubling = 8
	buckets     = 16*perDoubling + 2
)

// Bucket is the number of the bucket of a setup time.
func Bucket(d time.Duration) int {
	ms := float64(d) / float64(time.Millisecond)
	if ms < 1 {
		return 0
	}
	return min(1+int(perDoubling*math.Log2(ms)), buckets-1)
}

// BucketEnd is the upper end of a bucket.
func BucketEnd(i int) time.Duration {
	return time.Duration(math.Exp2(float64(i)/perDoubling) * float64(time.Millisecond))
}

// ready counts a call that was set up.
func (p *Point) ready(setup time.Duration) {
	p.Ready++
	i := Bucket(setup)
	for len(p.Setup) <= i {
		p.Setup = append(p.Setup, 0)
	}
	p.Setup[i]++
}

// Quantile is the upper end of the bucket in which the quantile q (0–1) of the setup times lies; nil if there are none.
func (p *Point) Quantile(q float64) *diag.Millis {
	rank := int(math.Ceil(q * float64(p.Ready)))
	for i, n := range p.Setup {
		if rank -= n; n > 0 && rank <= 0 {
			return new(diag.Millis(BucketEnd(i)))
		}
	}
	return nil
}

// merge adds the same second of another part.
func (p *Point) merge(from *Point) {
	p.Scheduled, p.Started, p.Dropped = p.Scheduled+from.Scheduled, p.Started+from.Started, p.Dropped+from.Dropped
	p.Ready, p.Ended, p.Failed = p.Ready+from.Ready, p.Ended+from.Ended, p.Failed+from.Failed
	p.InProgress += from.InProgress
	for i, n := range from.Setup {
		if len(p.Setup) <= i {
			p.Setup = append(p.Setup, 0)
		}
		p.Setup[i] += n
	}
	t, o := &p.Tester, from.Tester
	t.Late, t.WorstMs, t.GCMs = max(t.Late, o.Late), max(t.WorstMs, o.WorstMs), max(t.GCMs, o.GCMs)
	t.Drops, t.Short = t.Drops+o.Drops, t.Short || o.Short
	if o.CPU != nil && (t.CPU == nil || *o.CPU > *t.CPU) {
		t.CPU = o.CPU
	}
}

// secondOf writes a window of the tester.
func secondOf(w window) TesterSecond {
	late := 0.0
	if w.Ticks > 0 {
		late = float64(w.Late) / float64(w.Ticks)
	}
	return TesterSecond{late, diag.Millis(w.Worst), w.CPU, diag.Millis(w.gc), w.Drops, w.Short()}
}
