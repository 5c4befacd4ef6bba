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
	alive := make([]byte, 3*mostSlack)
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

// TestCollectorGrowth: how far the heap may grow is bounded, with few peers by less.
func TestCollectorGrowth(t *testing.T) {
	const mib = 1 << 20
	for alive, want := range map[uint64]int{ // in MiB
		0: 64, 4: 64, 16: 64, 32: 128, 64: 256, 256: 256, 512: 256, 1024: 512,
	} {
		if got := percentFor(alive*mib) * int(max(alive, 4)) / 100; got > want || got < want-max(int(alive)/50, 1) { // #nosec G115
			t.Errorf("with %d MiB alive, the heap may grow by %d MiB, want %d", alive, got, want)
		}
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
