package media

import (
	"testing"
	"time"
)

// TestShortIntervalsRepeatTheRates: rates are of at least 200 ms.
func TestShortIntervalsRepeatTheRates(t *testing.T) {
	start := time.Unix(1e9, 0)
	var r rates
	r.update(start, 0, 0, 0, 0)
	r.update(start.Add(199*time.Millisecond), 1000, 5, 10, 1)
	if r.bits() != nil || r.framesPerSecond() != nil || r.fractionLost() != nil {
		t.Error("a rate over 199 ms")
	}
	r.update(start.Add(200*time.Millisecond), 1000, 5, 10, 1)
	if r.bits() == nil || *r.bits() != 40_000 || *r.framesPerSecond() != 25 || *r.fractionLost() != 0.1 {
		t.Errorf("%+v", r)
	}
}
