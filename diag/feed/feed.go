// Package feed is the ordered log of a call: the one place that stamps events with sequence and time.
//
// Append may be called at any time and never waits for a reader. Each [Reader] has its own cursor and gets all events
// since its last read in one batch, so a slow reader gets larger batches, and the order is kept. Events that every open
// reader has read are freed; without readers, the latest 1,024 or more are kept. Only a reader that is stuck, as a
// terminal that was stopped, loses some: of more than 20,000 events that wait the oldest are dropped, and it gets a
// warning with their number in their place.
package feed

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"dialtone/diag"
)

// trimAt is how many events that all readers have read may be kept before they are freed.
const trimAt = 1024

// maxBacklog is how many events wait for the slowest reader, and dropped how many go when there is one more.
const (
	maxBacklog = 20_000
	dropped    = maxBacklog / 4
)

// Feed is a log that grows at its end. The zero value is not usable: see [New].
type Feed struct {
	mu      sync.Mutex
	now     func() time.Time
	start   time.Time
	last    time.Duration
	base    uint64 // sequence number of events[0] minus 1
	events  []diag.Event
	readers map[*Reader]struct{}
	closed  bool
	changed chan struct{} // closed and replaced at each change
}

// New starts a log at the time that now returns; now is time.Now except in tests.
func New(now func() time.Time) *Feed {
	return &Feed{now: now, start: now(), readers: map[*Reader]struct{}{}, changed: make(chan struct{})}
}

// Start is the wall clock at event time 0.
func (f *Feed) Start() time.Time { return f.start }

// Append stamps d and adds it to the log. After Close it does nothing: what happens after the end is not part of the
// call.
func (f *Feed) Append(d diag.Data) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.append(f.now().Sub(f.start).Round(time.Microsecond), d) // the resolution of a recording
}

func (f *Feed) append(at time.Duration, d diag.Data) {
	if f.closed {
		return
	}
	f.last = max(f.last, at) // a clock that was set back does not change the order

	if len(f.readers) == 0 && len(f.events) == 2*trimAt { // such as that of the peer in a demo
		f.events = append([]diag.Event(nil), f.events[trimAt:]...)
		f.base += trimAt
	}
	if len(f.events) == maxBacklog {
		f.events = append([]diag.Event(nil), f.events[dropped:]...)
		f.base += dropped
	}
	f.events = append(f.events, diag.Event{Seq: f.base + uint64(len(f.events)) + 1, At: f.last, Data: d})
	f.wake()
}

// Replay adds an event of a recording and keeps its time.
func (f *Feed) Replay(e diag.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.append(e.At, e.Data)
}

// End adds the last event and closes the log in one step: what other goroutines append has no place after it.
func (f *Feed) End(d diag.Data) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.append(f.now().Sub(f.start).Round(time.Microsecond), d)
	f.close()
}

// Close ends the log: readers get what is left, then io.EOF. It may be called again.
func (f *Feed) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.close()
}

func (f *Feed) close() {
	if !f.closed {
		f.closed = true
		f.wake()
	}
}

func (f *Feed) wake() {
	close(f.changed)
	f.changed = make(chan struct{})
}

// Reader reads the events of a feed in order. It belongs to one goroutine.
type Reader struct {
	feed *Feed
	next uint64 // sequence number of the next event, minus 1
}

// Reader returns a reader that begins at the oldest event which is still kept: open all readers before the call starts.
func (f *Feed) Reader() *Reader {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := &Reader{feed: f, next: f.base}
	f.readers[r] = struct{}{}
	return r
}

// Next waits for events and returns all events since the last call; the slice is the caller's. It returns io.EOF
// after the last event of a closed feed, and the context's error when that ends first.
func (r *Reader) Next(ctx context.Context) ([]diag.Event, error) {
	for {
		batch, changed, closed := r.read()
		if len(batch) > 0 {
			return batch, nil
		}
		if closed {
			return nil, io.EOF
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (r *Reader) read() (batch []diag.Event, changed <-chan struct{}, closed bool) {
	f := r.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, open := f.readers[r]; !open {
		return nil, f.changed, true
	}
	if r.next < f.base {
		cause := fmt.Sprintf("%d events were not read in time", f.base-r.next)
		batch = append(batch, diag.Event{
			Seq: f.base, At: f.events[0].At, Data: diag.Warning{ID: "log.events_dropped", Cause: cause},
		})
		r.next = f.base
	}
	batch = append(batch, f.events[r.next-f.base:]...)
	r.next = f.base + uint64(len(f.events))
	f.trim()
	return batch, f.changed, f.closed
}

// trim frees the events that every reader has read.
func (f *Feed) trim() {
	low := f.base + uint64(len(f.events))
	for r := range f.readers {
		low = min(low, max(r.next, f.base)) // a stuck one may be behind what is kept
	}
	if n := low - f.base; n >= trimAt {
		f.events = append([]diag.Event(nil), f.events[n:]...)
		f.base = low
	}
}

// Close ends reading, so that the feed no longer keeps events for this reader.
func (r *Reader) Close() {
	f := r.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.readers, r)
	f.trim()
}
