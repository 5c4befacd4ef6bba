package load

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// collector paces the garbage collector while calls are placed. The heap may grow by half of what is alive, which saves
// a quarter of the memory of a peer, but by four times as much up to mostSlack: with some hundred peers it would be
// collected several times in a second of setups, for a quarter of the CPU, and the tester would be the limit before the
// server is. By leastSlack it may always grow; large answers of a server must not cost more.
type collector struct {
	mu      sync.Mutex
	before  int
	stopped bool
}

const (
	standardPercent = 100 // of Go
	frugalPercent   = 50
	leastSlack      = 64 << 20 // bytes
	mostSlack       = 256 << 20
)

// paceCollector paces it until stop is called, unless GOGC asks for something else.
func paceCollector() *collector {
	c := &collector{before: debug.SetGCPercent(frugalPercent)}
	if c.before != standardPercent {
		c.stop()
	} else {
		c.pace()
	}
	return c
}

// pace adjusts the collector to what is alive now, and again after each collection: nothing keeps its last object.
func (c *collector) pace() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return
	}
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() == metrics.KindUint64 {
		debug.SetGCPercent(percentFor(sample[0].Value.Uint64()))
	}
	// An object of pointers: the runtime may put tiny ones without any into one block, which then never dies.
	runtime.SetFinalizer(new([2]*int), func(*[2]*int) { c.pace() })
}

// percentFor is by how many percent the heap may grow with so many bytes alive; at least 4 MiB, as the runtime counts.
func percentFor(alive uint64) int {
	slack := min(max(leastSlack, 4*alive), mostSlack)
	return int(max(frugalPercent, 100*slack/max(alive, 4<<20))) // #nosec G115 -- at most 1,600
}

func (c *collector) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	debug.SetGCPercent(c.before)
}
