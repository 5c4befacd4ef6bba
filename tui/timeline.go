package tui

import (
	"sort"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/tui/pane"
)

// maxKept is how many events of a running call are kept: half an hour of an ordinary call, which is 30 MB. Of a longer
// one the oldest are forgotten, a tenth at a time; their effect on the state stays. A recording holds them all.
const maxKept = 8_000

// timeline holds the events of a call and a position among them. What is shown is the fold of the events up to the
// position.
type timeline struct {
	events []diag.Event // those that are kept, in order; their times never decrease
	limit  int          // how many are kept; 0: all
	lost   int          // how many older ones were forgotten
	base   *call.Call   // the fold of those; never nil
	head   *call.Call   // the fold of all; never nil
	at     int          // the position: how many of events are folded into call
	call   *call.Call   // the fold up to the position; head itself while the position is the end
}

func newTimeline(limit int) *timeline {
	head := &call.Call{}
	return &timeline{limit: limit, base: &call.Call{}, head: head, call: head}
}

// add takes new events at the end. A position that is the end stays the end when follow is set. It returns the reset
// for the panes when the position was among events that had to be forgotten.
func (t *timeline) add(events []diag.Event, follow bool) *pane.Reset {
	if !follow && t.call == t.head {
		t.call = t.head.Copy()
	}
	for _, e := range events {
		e.At = max(e.At, t.head.Now) // only an edited file goes back
		t.head.Apply(e)
		t.events = append(t.events, e)
	}
	if follow {
		t.at = len(t.events)
	}
	return t.forget()
}

// forget drops the oldest events when there are too many.
func (t *timeline) forget() *pane.Reset {
	n := len(t.events) - t.limit
	if t.limit == 0 || n <= 0 {
		return nil
	}
	n = min(n+t.limit/10, len(t.events))
	for _, e := range t.events[:n] {
		t.base.Apply(e)
	}
	t.events = append([]diag.Event(nil), t.events[n:]...) // panes may still hold the former ones
	t.lost += n
	t.at -= n
	if t.at >= 0 {
		return nil
	}
	t.at, t.call = 0, t.base.Copy()
	return &pane.Reset{Lost: t.lost}
}

// seek moves the position to n, bounded by the ends. It returns the news for the panes: the events between when it
// went forward, a reset when it went back, nil when it did not move.
func (t *timeline) seek(n int) any {
	n = max(min(n, len(t.events)), 0)
	switch {
	case n == t.at:
		return nil
	case n > t.at:
		news := t.events[t.at:n:n]
		if n == len(t.events) {
			t.at, t.call = n, t.head
			return pane.Events(news)
		}
		for _, e := range news {
			t.call.Apply(e)
		}
		t.at = n
		return pane.Events(news)
	}
	t.at, t.call = n, t.base.Copy()
	for _, e := range t.events[:n] {
		t.call.Apply(e)
	}
	return pane.Reset{Events: t.events[:n:n], Lost: t.lost}
}

// rewind goes to the beginning; no pane exists yet.
func (t *timeline) rewind() { t.at, t.call = 0, t.base.Copy() }

// indexAt is the position at a time: how many of the kept events had happened by then.
func (t *timeline) indexAt(at time.Duration) int {
	return sort.Search(len(t.events), func(i int) bool { return t.events[i].At > at })
}

// start is the earliest time that can be shown.
func (t *timeline) start() time.Duration { return t.base.Now }

// end is the time of the latest event.
func (t *timeline) end() time.Duration { return t.head.Now }

// behind is how many events there are after the position.
func (t *timeline) behind() int { return len(t.events) - t.at }
