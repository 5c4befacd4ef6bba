package throughput

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/feed"
	"dialtone/diag/session"
)

// measured appends a measurement of two seconds up, and both round trips.
func measured(log *feed.Feed) {
	ms := func(n int) diag.Millis { return diag.Millis(n) * diag.Millis(time.Millisecond) }
	log.Append(diag.SpeedStart{})
	log.Append(diag.SpeedTestStart{Spec: diag.SpeedTest{Way: diag.SpeedIdle, ForMs: ms(1000)}})
	log.Append(diag.SpeedRoundTrips{ByPing: []diag.Millis{ms(3)}, Settled: true})
	log.Append(diag.SpeedTestEnd{Complete: true})
	log.Append(diag.SpeedTestStart{Test: 1, Spec: diag.SpeedTest{Way: diag.SpeedUp, ForMs: ms(2000)}})
	for i, n := range []uint64{1_000_000, 500_000} {
		log.Append(diag.SpeedRoundTrips{Test: 1, ByPing: []diag.Millis{ms(20)}, Settled: true})
		log.Append(diag.SpeedInterval{Test: 1, Direction: diag.Outbound, FromMs: ms(1000 * i), ToMs: ms(1000 * (i + 1)), Bytes: n})
	}
	log.Append(diag.SpeedTestEnd{Test: 1, Complete: true})
	log.Append(diag.SpeedEnd{Reason: diag.SpeedDone})
	log.Close()
}

// TestLines has one for each test.
func TestLines(t *testing.T) {
	var b strings.Builder
	p, _ := NewProgress(t.Context(), Show{Err: &b})
	log := feed.New(time.Now)
	p.Tune(true, &session.Options{Feed: log}) // the other peer is not followed
	p.Tune(false, &session.Options{Feed: log})
	measured(log)
	p.Wait()
	if want := "  idle, round trip 3.00 ms\n  up: 6.00 Mbit/s, round trip 20.0 ms\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}

// TestScreen shows a measurement, and what was written meanwhile when it is over.
func TestScreen(t *testing.T) {
	var b bytes.Buffer
	p, _ := NewProgress(t.Context(), Show{Err: &b, Screen: true})
	log := feed.New(time.Now)
	p.Tune(false, &session.Options{Feed: log})
	_, _ = p.Write([]byte("a line"))
	measured(log)
	p.Wait()
	if !strings.HasSuffix(b.String(), "a line") {
		t.Errorf("%q", b.String())
	}
}
