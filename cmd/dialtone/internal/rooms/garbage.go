package rooms

import (
	"context"
	"runtime"
	"runtime/debug"
	gc "runtime/metrics"
)

// mostGarbage is what the server lets lie about before it collects, in bytes, where thousands of clients wait.
const mostGarbage = 16 << 20

// leastPercent bounds the time that collecting takes, whatever the memory in use.
const leastPercent = 15

// boundGarbage keeps the garbage small until ctx ends. By default Go lets it grow to as much as is in use, and each
// stack of a waiting client counts as use: a flood of clients would cost twice its memory.
func boundGarbage(ctx context.Context) {
	usual := debug.SetGCPercent(100)
	debug.SetGCPercent(usual)
	if usual < leastPercent { // the user's own choice: off, or even less
		return
	}
	type cycle struct{ _ [16]byte } // not so tiny that it shares its memory
	var collected func(*cycle)
	now := usual
	collected = func(*cycle) {
		next := usual
		if ctx.Err() == nil {
			next = percent(usual)
			runtime.SetFinalizer(new(cycle), collected) // runs after the next collection
		}
		if next != now {
			now = next
			debug.SetGCPercent(next)
		}
	}
	collected(nil)
}

// percent is the part of what is in use that may be garbage.
func percent(usual int) int {
	used := []gc.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	gc.Read(used)
	bytes := used[0].Value.Uint64() + used[1].Value.Uint64()
	return max(leastPercent, min(usual, int(mostGarbage*100/max(1, bytes)))) //nolint:gosec // it is small
}
