package load

import (
	"os"
	"runtime"
	"testing"
	"time"

	"dialtone/diag/check"
	"dialtone/diag/lab/labtest"
)

// TestWavesLeaveNothing: a thousand calls in waves leave no goroutine, socket or file.
func TestWavesLeaveNothing(t *testing.T) {
	labtest.NeedQuiet(t)
	wave := func(calls int) {
		o := options(check.Loopback{}, calls, 20)
		if r, err := Run(t.Context(), o); err != nil || r.Calls.Ended+r.Calls.Dropped != calls || r.Calls.Stuck > 0 {
			t.Fatalf("%v: %+v", err, r.Calls)
		}
	}
	files := func() int {
		list, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip("this system does not list open files: ", err)
		}
		return len(list)
	}
	wave(20) // what is made once for all
	goroutines, open := runtime.NumGoroutine(), files()
	for range 5 {
		wave(200)
	}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end) && (runtime.NumGoroutine() > goroutines || files() > open); {
		time.Sleep(50 * time.Millisecond)
	}
	if n, f := runtime.NumGoroutine(), files(); n > goroutines || f > open {
		t.Errorf("goroutines %d → %d, files and sockets %d → %d", goroutines, n, open, f)
	}
}
