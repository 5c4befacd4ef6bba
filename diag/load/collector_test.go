package load

import (
	"runtime"
	"runtime/debug"
	"testing"
)

// TestCollectorPace: the collector is adjusted after each collection, as long as it is paced, and then is as before.
func TestCollectorPace(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(standardPercent))
	percent := func() int {
		p := debug.SetGCPercent(-1)
		debug.SetGCPercent(p)
		return p
	}
	c := paceCollector()
	few := percent()
	alive := make([]byte, 3*slack)
	for range 1000 { // the finalizer runs some time after the collection
		if runtime.GC(); percent() == frugalPercent {
			break
		}
	}
	runtime.KeepAlive(alive)
	if many := percent(); few <= standardPercent || many != frugalPercent {
		t.Errorf("with little alive, the heap may grow by %d %%, with much by %d %%", few, many)
	}
	c.stop()
	runtime.GC()
	if p := percent(); p != standardPercent {
		t.Errorf("%d %% after it ended, want %d", p, standardPercent)
	}
}

// TestCollectorYields: GOGC keeps what it asks for.
func TestCollectorYields(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(73))
	c := paceCollector()
	defer c.stop()
	runtime.GC()
	if p := debug.SetGCPercent(73); p != 73 {
		t.Errorf("the percentage became %d", p)
	}
}
