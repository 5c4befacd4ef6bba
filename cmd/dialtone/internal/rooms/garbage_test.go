package rooms

import (
	"context"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// TestGarbageIsBounded: the more is in use, the less of it may be garbage, until the server ends.
func TestGarbageIsBounded(t *testing.T) {
	usual := debug.SetGCPercent(100)
	defer debug.SetGCPercent(usual)
	ctx, cancel := context.WithCancel(t.Context())
	boundGarbage(ctx)
	// now is the percentage once it is as wanted; each collection adjusts it.
	now := func(want func(int) bool) int {
		for range 1000 {
			runtime.GC()
			p := debug.SetGCPercent(100)
			debug.SetGCPercent(p)
			if want(p) {
				return p
			}
			time.Sleep(time.Millisecond) // the runtime calls in a goroutine of its own
		}
		t.Error("the percentage is not as wanted")
		return 0
	}
	used := make([]byte, 64<<20)
	if p := now(func(p int) bool { return p < 30 }); p < leastPercent {
		t.Error(p)
	}
	runtime.KeepAlive(used)
	used = nil
	now(func(p int) bool { return p == 100 })
	more := make([]byte, 64<<20)
	now(func(p int) bool { return p < 30 })
	cancel()
	now(func(p int) bool { return p == 100 })
	runtime.KeepAlive(more)
}
