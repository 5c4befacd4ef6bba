package watch

import (
	"context"
	"time"

	"dialtone/diag"
)

const (
	// tickTime is how often it is noted that this program runs.
	tickTime = 500 * time.Millisecond
	// pauseTime is how late a tick may be: a busy machine is no stopped one.
	pauseTime = 3 * time.Second
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
	case passed-ran >= pauseTime:
		return diag.Paused{DurationMs: diag.Millis(passed - ran), Source: suspendSource}, true
	case late >= pauseTime:
		return diag.Paused{DurationMs: diag.Millis(late), Source: diag.PauseStopped}, true
	}
	return diag.Paused{}, false
}

// watchPauses reports each pause until ctx ends.
func watchPauses(ctx context.Context, report func(diag.Data)) {
	ticker := time.NewTicker(tickTime)
	defer ticker.Stop()
	for last := now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		at := now()
		if d, paused := at.pauseSince(last); paused {
			report(d)
		}
		last = at
	}
}
