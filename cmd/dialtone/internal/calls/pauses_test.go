package calls

import (
	"testing"
	"time"
)

// TestPauseAfterNuisances: two calls may fail; after each further one the pause is twice as long, up to 30 s.
func TestPauseAfterNuisances(t *testing.T) {
	for failed, want := range map[int]time.Duration{
		0: 0, 1: 0, 2: 0, 3: time.Second, 4: 2 * time.Second, 7: 16 * time.Second, 8: 30 * time.Second, 1 << 40: 30 * time.Second,
	} {
		if got := pauseAfter(failed); got != want {
			t.Errorf("after %d: %s, want %s", failed, got, want)
		}
	}
}
