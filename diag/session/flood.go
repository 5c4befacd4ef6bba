package session

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"dialtone/diag"
)

// Limits of the messages of a peer that become an event each; the rest is counted once a second.
const (
	floodLimit = 200 // a second of one label
	// statsBurst is the same for statistics, of which one a second is due: after an outage all that waited comes at once.
	statsBurst = 120

	messageCost = 200      // bytes of an event beside its text
	burstBytes  = 1 << 20  // of the messages of all labels at once
	floodBytes  = 64 << 10 // a second, after that
	callBytes   = 48 << 20 // in a call, after which a second has floodBytes/32
	floodLabels = 16       // that are counted apart
)

// flood counts what comes too fast for events.
type flood struct {
	now    func() time.Time
	mu     sync.Mutex
	second time.Time
	count  map[string]int
	room   float64   // bytes that messages may have by now
	filled time.Time // when room was right
	kept   int       // bytes of all messages that became events
	missed map[string]diag.MessagesDropped
}

func newFlood(now func() time.Time) *flood {
	return &flood{
		now: now, count: map[string]int{}, room: burstBytes, filled: now(), missed: map[string]diag.MessagesDropped{},
	}
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
	if f.count[label] < limit && f.fits(messageCost+min(bytes, maxStats), label != diag.LabelStats) {
		f.count[label]++
		return true
	}
	if _, known := f.missed[label]; !known && len(f.missed) >= floodLabels {
		label = ""
	}
	d := f.missed[label]
	d.Label, d.Messages, d.Bytes = label, d.Messages+1, d.Bytes+uint64(bytes) // #nosec G115 -- a length
	f.missed[label] = d
	return false
}

// fits takes the bytes of a message from what all labels may have. Statistics, which are bounded by themselves, do not
// count towards what a call may have in all.
func (f *flood) fits(bytes int, counts bool) bool {
	now, rate := f.now(), float64(floodBytes)
	if f.kept > callBytes {
		rate /= 32
	}
	f.room = min(burstBytes, f.room+rate*now.Sub(f.filled).Seconds())
	f.filled = now
	if f.room < float64(bytes) {
		return false
	}
	f.room -= float64(bytes)
	if counts {
		f.kept += bytes
	}
	return true
}

// sum returns what was not admitted since the last call, and forgets it.
func (f *flood) sum() []diag.MessagesDropped {
	f.mu.Lock()
	defer f.mu.Unlock()
	defer clear(f.missed)
	return slices.SortedFunc(maps.Values(f.missed),
		func(a, b diag.MessagesDropped) int { return strings.Compare(a.Label, b.Label) })
}
