package forward

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestRounds: when a relay of IPv6 is asked for, after what came of the one of IPv4.
func TestRounds(t *testing.T) {
	for name, row := range map[string]struct {
		alone   bool
		settled bool // in time
		next    bool
		asked   bool
		after   time.Duration
	}{
		"granted":                   {settled: true, next: true, asked: true, after: time.Millisecond},
		"rejected":                  {settled: true, after: time.Millisecond},
		"silent":                    {asked: true, after: ipv4First},
		"alone, it has no IPv4":     {alone: true, settled: true, next: true, asked: true, after: time.Millisecond},
		"alone, granted or refused": {alone: true, settled: true, after: time.Millisecond},
		"alone, silent":             {alone: true, after: serverTimeout},
	} {
		synctest.Test(t, func(t *testing.T) {
			r, begun := newRound(), time.Now()
			if row.settled {
				time.AfterFunc(time.Millisecond, func() { r.settle(false, row.next) })
			}
			err := r.wait(t.Context(), row.alone)
			if took := time.Since(begun); (err == nil) != row.asked || took != row.after {
				t.Errorf("%s: %v after %v", name, err, took)
			}
		})
	}
}
