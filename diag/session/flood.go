package session

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"dialtone/diag"
)

// floodLimit is how many messages a second of one label become an event each; the rest is counted once a second.
const floodLimit = 200

// statsBurst is the same for statistics, of which one a second is due: after an outage all that waited comes at once.
const statsBurst = 120

// flood counts what comes too fast for events.
type flood struct {
	now    func() time.Time
	mu     sync.Mutex
	second time.Time
	count  map[string]int
	missed map[string]diag.MessagesDropped
}

func newFlood(now func() time.Time) *flood {
	return &flood{now: now, count: map[string]int{}, missed: map[string]diag.MessagesDropped{}}
}

// admit reports whether a message becomes an event of its own.
func (f *flood) admit(label string, bytes int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := f.now(); now.Sub(f.second) >= time.Second {
		f.second = now
		clear(f.count)
	}
	limit := floodLimit
	if label == diag.LabelStats {
		limit = statsBurst
	}
	if f.count[label] < limit {
		f.count[label]++
		return true
	}
	d := f.missed[label]
	d.Label, d.Messages, d.Bytes = label, d.Messages+1, d.Bytes+uint64(bytes) // #nosec G115 -- a length
	f.missed[label] = d
	return false
}

// sum returns what was not admitted since the last call, and forgets it.
func (f *flood) sum() []diag.MessagesDropped {
	f.mu.Lock()
	defer f.mu.Unlock()
	defer clear(f.missed)
	return slices.SortedFunc(maps.Values(f.missed),
		func(a, b diag.MessagesDropped) int { return strings.Compare(a.Label, b.Label) })
}
