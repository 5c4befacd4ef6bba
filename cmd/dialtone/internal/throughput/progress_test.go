package throughput

import (
	"strings"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/feed"
	"dialtone/diag/session"
	"dialtone/tui/draw"
)

// measured appends a measurement of two seconds up, and both round trips.
func measured(log *feed.Feed) {
	ms := func(n int) diag.Millis { return diag.Millis(n) * diag.Millis(time.Millisecond) }
	log.Append(diag.SpeedStart{})
	log.Append(diag.SpeedTestStart{Spec: diag.SpeedTest{Way: diag.SpeedIdle, ForMs: ms(1000)}})
	log.Append(diag.SpeedRoundTrips{ByPing: []diag.Millis{ms(3)}, Settled: true})
	log.Append(diag.SpeedTestEnd{Complete: true})
	log.Append(diag.SpeedTestStart{Test: 1, Spec: diag.SpeedTest{Way: diag.SpeedUp, ForMs: ms(2000)}})
	for i, bytes := range []uint64{1_000_000, 500_000} {
		log.Append(diag.SpeedRoundTrips{Test: 1, ByPing: []diag.Millis{ms(20)}, Settled: true})
		log.Append(diag.SpeedInterval{Test: 1, Direction: diag.Outbound, FromMs: ms(1000 * i), ToMs: ms(1000 * (i + 1)), Bytes: bytes})
	}
	log.Append(diag.SpeedTestEnd{Test: 1, Complete: true})
	log.Append(diag.SpeedEnd{Reason: diag.SpeedDone})
	log.Close()
}

func TestProgress(t *testing.T) {
	for name, one := range map[string]struct {
		live    bool
		unicode bool
		want    string
	}{
		"lines": {false, true, "  idle, round trip 3.00 ms\n  up: 6.00 Mbit/s, round trip 20.0 ms\n"},
		"bars": {true, true, "  up    " + strings.Repeat("█", 40) + "    8.00 Mbit/s, round trip 20.0 ms\n  up    " +
			strings.Repeat("█", 20) + strings.Repeat(" ", 20) + "    4.00 Mbit/s, round trip 20.0 ms\n"},
		"ASCII": {true, false, "  up    " + strings.Repeat("#", 40) + "    8.00 Mbit/s, round trip 20.0 ms\n  up    " +
			strings.Repeat("#", 20) + strings.Repeat(" ", 20) + "    4.00 Mbit/s, round trip 20.0 ms\n"},
	} {
		var b strings.Builder
		p := NewProgress(&b, one.unicode)
		p.live = one.live
		log := feed.New(time.Now)
		p.Tune(true, &session.Options{Feed: log}) // the other peer is not followed
		p.Tune(false, &session.Options{Feed: log})
		measured(log)
		p.Wait()
		if b.String() != one.want {
			t.Errorf("%s:\n%q, want\n%q", name, b.String(), one.want)
		}
	}
	if got := bar(draw.Unicode, 1, 16); got != "██▌" {
		t.Errorf("a sixteenth: %q", got)
	}
}
