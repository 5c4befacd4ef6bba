package association

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestOpening: an end waits for the opening that is on its way, and none is reported after it.
func TestOpening(t *testing.T) {
	for name, test := range map[string]struct {
		after  time.Duration // of the opening
		closed bool          // the connection
		want   bool          // it is reported
		waits  time.Duration
	}{
		"before the end":           {0, false, true, 0},
		"on its way":               {50 * time.Millisecond, false, true, 50 * time.Millisecond},
		"never":                    {time.Hour, false, false, openingTime},
		"the connection is closed": {50 * time.Millisecond, true, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				reported := 0
				o := NewOpening(func() { reported++ })
				if test.after == 0 {
					o.Happened()
				}
				later := time.AfterFunc(test.after, o.Happened)
				done := make(chan struct{})
				if test.closed {
					close(done)
				}
				begun := time.Now()
				o.End(done)
				if took := time.Since(begun); took != test.waits {
					t.Errorf("the end waited for %s", took)
				}
				time.Sleep(test.after)
				later.Stop()
				synctest.Wait()
				if (reported == 1) != test.want || reported > 1 {
					t.Errorf("reported %d times", reported)
				}
			})
		})
	}
}
