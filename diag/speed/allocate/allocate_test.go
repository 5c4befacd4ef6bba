package allocate

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"dialtone/diag"
	"dialtone/diag/lab"
	"dialtone/diag/probe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// measure asks a server with room for so many allocations; 0: without bound.
func measure(t *testing.T, room int, password string, length time.Duration) (n int, failed int, codes []int) {
	t.Helper()
	s, err := lab.StartTURN(lab.TURNOptions{UDP: true, TCP: true, Username: "ann", Password: "right", MaxAllocations: room})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for _, way := range []lab.Transport{lab.UDP, lab.TCP} {
		r := Measure(t.Context(), probe.Target{URL: s.URL(way), Username: "ann", Password: password}, length)
		if (r.Made > 0) != (r.PerSecond != nil) || (r.Made > 0) != (r.P50 != nil) {
			t.Errorf("%+v", r)
		}
		n, failed = n+r.Made, failed+r.Failed
		for _, f := range r.Failures {
			if failure := f.Server.Failed().Failure; failure.Cause != diag.CauseCancelled {
				codes = append(codes, failure.Code)
			}
		}
	}
	if left := s.Allocations(); left > 2*atOnce {
		t.Errorf("%d allocations were not released", left)
	}
	return n, failed, codes
}

func TestMeasure(t *testing.T) {
	if made, failed, _ := measure(t, 0, "right", 500*time.Millisecond); made == 0 || failed > 0 {
		t.Errorf("made %d, failed %d", made, failed)
	}
	made, failed, codes := measure(t, 2, "right", 500*time.Millisecond)
	if made == 0 || failed == 0 || len(codes) == 0 || codes[0] != 486 {
		t.Errorf("a server with room for two: made %d, failed %d, %v", made, failed, codes)
	}
	made, failed, codes = measure(t, 0, "wrong", time.Minute) // it ends by itself
	if made > 0 || failed < giveUp || failed > 2*(giveUp+atOnce) || codes[0] != 401 {
		t.Errorf("a wrong password: made %d, failed %d, %v", made, failed, codes)
	}
}
