package watch

import (
	"context"
	"time"

	"dialtone/diag"
)

const (
	// tickTime is how often it is noted that this program runs.
	tickTime = 100 * time.Millisecond
	// lateTime is how late a tick may be: a machine that is a little busy delays packets by less than a jitter buffer
	// holds.
	lateTime = 250 * time.Millisecond
	// suspendTime is how far one clock may get ahead of the other: the time of day is corrected now and then.
	suspendTime = 3 * time.Second
)

// moment is both clocks at once.
type moment struct{ still, onward time.Duration }

func now() (m moment) {
	m.still, m.onward = clocks()
	return m
}

// pauseSince is what happened if the last tick was at an earlier moment; false: nothing.
func (m moment) pauseSince(last moment) (diag.Paused, bool) {
	ran, passed := m.still-last.still, m.onward-last.onward
	switch late := ran - tickTime; {
	case passed-ran >= suspendTime:
		return diag.Paused{DurationMs: diag.Millis(passed - ran), Source: suspendSource}, true
	case late >= lateTime:
		return diag.Paused{DurationMs: diag.Millis(late), Source: diag.PauseStopped}, true
	}
	return diag.Paused{}, false
}

// watchPauses ticks until ctx ends.
func watchPauses(ctx context.Context, tick func()) {
	ticker := time.NewTicker(tickTime)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			tick()
		}
	}
}
