package check

import (
	"fmt"
	"math"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/lab/labtest"
	"dialtone/diag/speed"
)

// links calls test for links of known rate, whatever the round trip.
func links(t *testing.T, rates []float64, test func(t *testing.T, mbits float64, rtt time.Duration)) {
	t.Helper()
	labtest.NeedQuiet(t)
	for _, mbits := range rates {
		for _, rtt := range []time.Duration{0, 20 * time.Millisecond, 100 * time.Millisecond} {
			t.Run(fmt.Sprintf("%v Mbit/s, %v", mbits, rtt), func(t *testing.T) { test(t, mbits, rtt) })
		}
	}
}

// TestSpeedQueue: the queue that was injected is found within 10 %.
func TestSpeedQueue(t *testing.T) {
	const queue = 200 * time.Millisecond
	links(t, []float64{5, 20}, func(t *testing.T, mbits float64, rtt time.Duration) {
		r := measured(t, speed.Request{Ways: []diag.SpeedWay{diag.SpeedUp}, For: 9 * time.Second, Size: 16384, MaxBytes: 1e9},
			diag.Impairment{
				Rate: mbits * 1e6, Queue: int(mbits * 1e6 / 8 * queue.Seconds()), DelayMs: diag.Millis(rtt), Direction: diag.Outbound,
			})
		l := r.Up.Loaded
		t.Logf("queue %v, path %v, channel p95 %v", l.Queued.Duration(), l.Path.Highest.Duration(), l.P95.Duration())
		if got := l.Queued.Duration().Seconds(); math.Abs(got-queue.Seconds()) > 0.1*queue.Seconds() {
			t.Errorf("queue of %v s", got)
		}
	})
}

// TestSpeedSearch: the rate of a link is found within 5 %.
func TestSpeedSearch(t *testing.T) {
	links(t, []float64{1, 5, 20, 100}, func(t *testing.T, mbits float64, rtt time.Duration) {
		r := measured(t, speed.Request{
			Ways: []diag.SpeedWay{diag.SpeedUp}, For: time.Second, Size: 16384, Search: true, MaxBytes: 1e9,
		}, diag.Impairment{Rate: mbits * 1e6, DelayMs: diag.Millis(rtt), Direction: diag.Outbound})
		f := r.Search[0]
		if f.Rate == nil || math.Abs(*f.Rate/1e6-mbits) > 0.05*mbits {
			t.Fatalf("%+v", f)
		}
		t.Logf("%.3f Mbit/s, lower bound %v, %d steps", *f.Rate/1e6, f.LowerBound, f.Steps)
	})
}
