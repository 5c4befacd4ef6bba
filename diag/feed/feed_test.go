package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"dialtone/diag"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a time that only the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Unix(1767323045, 0)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) step(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// numbered is an event that says who appended it and as which of his.
func numbered(who, n int) diag.Data {
	return diag.Message{Label: fmt.Sprint(who), Bytes: n}
}

// drain reads to the end of a closed feed.
func drain(t *testing.T, r *Reader) []diag.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var all []diag.Event
	for {
		batch, err := r.Next(ctx)
		all = append(all, batch...)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Errorf("after %d events: %v", len(all), err)
			return all
		}
	}
}

func TestStamps(t *testing.T) {
	c := newClock()
	f := New(c.Now)
	r := f.Reader()
	f.Append(diag.ICEState{State: "new"})
	c.step(250 * time.Millisecond)
	f.Append(diag.ICEState{State: "checking"})
	c.step(-time.Hour) // somebody sets the clock
	f.Append(diag.ICEState{State: "connected"})
	c.step(time.Hour + time.Second)
	f.Append(diag.ICEState{State: "closed"})
	f.Close()
	want := []diag.Event{
		{Seq: 1, At: 0, Data: diag.ICEState{State: "new"}},
		{Seq: 2, At: 250 * time.Millisecond, Data: diag.ICEState{State: "checking"}},
		{Seq: 3, At: 250 * time.Millisecond, Data: diag.ICEState{State: "connected"}},
		{Seq: 4, At: 1250 * time.Millisecond, Data: diag.ICEState{State: "closed"}},
	}
	if diff := cmp.Diff(want, drain(t, r)); diff != "" {
		t.Error(diff)
	}
	if !f.Start().Equal(time.Unix(1767323045, 0)) {
		t.Errorf("the log starts at %v", f.Start())
	}
}

// TestOrder lets many append while several read: every reader gets the same gapless log, in which the events of one
// appender keep their order.
func TestOrder(t *testing.T) {
	const appenders, each, readers = 8, 2000, 3
	f := New(time.Now)
	logs := make([][]diag.Event, readers)
	var reading, appending sync.WaitGroup
	for i := range readers {
		r := f.Reader()
		reading.Go(func() { logs[i] = drain(t, r) })
	}
	for who := range appenders {
		appending.Go(func() {
			for n := range each {
				f.Append(numbered(who, n))
			}
		})
	}
	appending.Wait()
	f.Close()
	reading.Wait()
	for i := range logs {
		checkLog(t, logs[i], appenders, each)
		if !slices.Equal(logs[0], logs[i]) {
			t.Fatalf("readers 0 and %d saw different logs", i)
		}
	}
}

// checkLog fails unless events are all that the appenders appended, numbered without gaps and in order.
func checkLog(t *testing.T, events []diag.Event, appenders, each int) {
	t.Helper()
	if len(events) != appenders*each {
		t.Fatalf("%d events, want %d", len(events), appenders*each)
	}
	next := map[string]int{}
	var last time.Duration
	for i, e := range events {
		m, ok := e.Data.(diag.Message)
		if !ok || e.Seq != uint64(i+1) || e.At < last || m.Bytes != next[m.Label] {
			t.Fatalf("event %d is %+v after %v; its appender's next is %d", i, e, last, next[m.Label])
		}
		next[m.Label]++
		last = e.At
	}
}

// TestSlowReader gets everything in one batch, long after; nobody waited for it.
func TestSlowReader(t *testing.T) {
	f := New(time.Now)
	slow, quick := f.Reader(), f.Reader()
	const n = 5 * trimAt
	for i := range n {
		f.Append(numbered(0, i))
		if i%100 == 0 {
			if _, err := quick.Next(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	batch, err := slow.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	checkLog(t, batch, 1, n)
	f.Close()
	if rest := drain(t, slow); len(rest) != 0 {
		t.Errorf("%d events came twice", len(rest))
	}
}

// TestStuckReader: what waits for a reader is bounded, it learns how much it missed, and others miss nothing.
func TestStuckReader(t *testing.T) {
	f := New(time.Now)
	stuck, quick := f.Reader(), f.Reader()
	const n = 10*maxBacklog + 7
	before, seen := heap(), 0
	for i := range n {
		f.Append(diag.Message{Label: "0", Bytes: i, Text: string(make([]byte, 1000))})
		if i%100 == 0 {
			batch, err := quick.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			seen += len(batch)
		}
	}
	if grown := int64(heap()) - int64(before); grown > 50<<20 { // 200 MB went through
		t.Errorf("the heap grew by %d bytes", grown)
	}
	f.Close()
	if seen += len(drain(t, quick)); seen != n {
		t.Errorf("a quick reader got %d of %d events", seen, n)
	}
	got := drain(t, stuck)
	missed := n - (len(got) - 1)
	want := diag.Warning{ID: "log.events_dropped", Cause: fmt.Sprintf("%d events were not read in time", missed)}
	if len(got) > maxBacklog+1 || got[0].Data != want || got[0].Seq != uint64(missed) || got[1].Seq != uint64(missed+1) {
		t.Errorf("%d events, from %+v", len(got), got[0])
	}
	if last := got[len(got)-1]; last.Seq != n {
		t.Errorf("the last is %d", last.Seq)
	}
}

// TestBatchIsTheReaders: changing it changes nobody else's view.
func TestBatchIsTheReaders(t *testing.T) {
	f := New(time.Now)
	a, b := f.Reader(), f.Reader()
	f.Append(numbered(0, 1))
	f.Append(numbered(0, 2))
	f.Close()
	batch := drain(t, a)
	batch[0].Data, batch[0].Seq = nil, 99
	if other := drain(t, b); other[0].Seq != 1 || other[0].Data == nil {
		t.Errorf("the other reader got %+v", other[0])
	}
}

// TestTrim looks at what is kept: nothing that all have read, everything that one has not.
func TestTrim(t *testing.T) {
	f := New(time.Now)
	a, b := f.Reader(), f.Reader()
	next := func(r *Reader) {
		t.Helper()
		if _, err := r.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 2 * trimAt {
		f.Append(numbered(0, i))
	}
	next(a)
	if len(f.events) != 2*trimAt {
		t.Fatalf("%d events are kept while a reader has not taken them, want %d", len(f.events), 2*trimAt)
	}
	next(b)
	if len(f.events) != 0 {
		t.Errorf("%d events are kept after all readers took them", len(f.events))
	}
	for i := range trimAt {
		f.Append(numbered(0, i))
	}
	next(a)
	b.Close()
	if len(f.events) != 0 {
		t.Errorf("%d events are kept for a reader that is closed", len(f.events))
	}
	f.Append(numbered(0, 0))
	batch, err := a.Next(t.Context())
	if err != nil || len(batch) != 1 || batch[0].Seq != 3*trimAt+1 {
		t.Errorf("after trimming: %+v, %v; the numbers must go on", batch, err)
	}
}

// TestTrimFreesMemory runs a long log past a reader and looks at the heap.
func TestTrimFreesMemory(t *testing.T) {
	f := New(time.Now)
	r := f.Reader()
	before := heap()
	for range 100 {
		for range trimAt {
			f.Append(diag.Message{Text: string(make([]byte, 1000))})
		}
		if _, err := r.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if grown := int64(heap()) - int64(before); grown > 20<<20 { // 100 MB went through
		t.Errorf("the heap grew by %d bytes", grown)
	}
	runtime.KeepAlive(f)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestEnd(t *testing.T) {
	f := New(time.Now)
	r := f.Reader()
	f.Append(numbered(0, 0))
	f.Close()
	f.Close()
	f.Append(numbered(0, 1))
	f.Replay(diag.Event{Data: numbered(0, 2)})
	checkLog(t, drain(t, r), 1, 1)
	if _, err := r.Next(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v, want io.EOF again", err)
	}
	late := f.Reader()
	if rest := drain(t, late); len(rest) != 1 {
		t.Errorf("a reader of an ended feed got %d events, want what is kept", len(rest))
	}
	late.Close()
	late.Close()
	if _, err := late.Next(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("a closed reader: %v, want io.EOF", err)
	}
}

// TestWake: a reader that waits is woken by an event, by the end, and by its own context.
// TestLastEvent: nothing comes between the last event and the end.
func TestLastEvent(t *testing.T) {
	for range 200 {
		f := New(time.Now)
		r := f.Reader()
		started := make(chan struct{})
		var others sync.WaitGroup
		others.Go(func() {
			for i := range 50 {
				if i == 1 {
					close(started)
				}
				f.Append(diag.Warning{ID: "other"})
			}
		})
		<-started
		f.End(diag.CallEnded{})
		others.Wait()
		batch, err := r.Next(t.Context())
		if err != nil || batch[len(batch)-1].Type() != "call.ended" {
			t.Fatalf("%v, %v", batch[len(batch)-1], err)
		}
		if _, err := r.Next(t.Context()); !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
	}
}

func TestWake(t *testing.T) {
	tests := []struct {
		name string
		wake func(f *Feed, cancel func())
		want error
		n    int
	}{
		{"by an event", func(f *Feed, _ func()) { f.Append(numbered(0, 0)) }, nil, 1},
		{"by the end", func(f *Feed, _ func()) { f.Close() }, io.EOF, 0},
		{"by its context", func(_ *Feed, cancel func()) { cancel() }, context.Canceled, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { checkWake(t, tt.wake, tt.want, tt.n) }) })
	}
}

// checkWake runs in a bubble of synctest, which knows when the reader has gone to sleep.
func checkWake(t *testing.T, wake func(f *Feed, cancel func()), want error, n int) {
	f := New(time.Now)
	r := f.Reader()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var batch []diag.Event
	var err error
	returned := false
	go func() {
		batch, err = r.Next(ctx)
		returned = true
	}()
	synctest.Wait()
	if returned {
		t.Fatalf("returned %d events, %v, with nothing to return", len(batch), err)
	}
	wake(f, cancel)
	synctest.Wait()
	if !returned || len(batch) != n || !errors.Is(err, want) {
		t.Errorf("returned %v: %d events, %v; want %d, %v", returned, len(batch), err, n, want)
	}
}

// TestEventsBeforeContext: what has come is delivered even to a reader whose context is over, so that a last look at an
// ended call is whole.
func TestEventsBeforeContext(t *testing.T) {
	f := New(time.Now)
	r := f.Reader()
	f.Append(numbered(0, 0))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if batch, err := r.Next(ctx); err != nil || len(batch) != 1 {
		t.Errorf("%d events, %v", len(batch), err)
	}
	if _, err := r.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("then %v", err)
	}
}

// TestReplay keeps the times of the recording and numbers anew.
func TestReplay(t *testing.T) {
	f := New(newClock().Now)
	r := f.Reader()
	f.Replay(diag.Event{Seq: 40, At: time.Second, Data: numbered(0, 0)})
	f.Replay(diag.Event{Seq: 3, At: 5 * time.Second, Data: numbered(0, 1)})
	f.Replay(diag.Event{Seq: 3, At: 2 * time.Second, Data: numbered(0, 2)}) // a damaged order is straightened
	f.Close()
	want := []diag.Event{
		{Seq: 1, At: time.Second, Data: numbered(0, 0)}, {Seq: 2, At: 5 * time.Second, Data: numbered(0, 1)}, {Seq: 3, At: 5 * time.Second, Data: numbered(0, 2)},
	}
	if diff := cmp.Diff(want, drain(t, r)); diff != "" {
		t.Error(diff)
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, readers := range []int{0, 1, 3} {
		b.Run(fmt.Sprintf("readers=%d", readers), func(b *testing.B) {
			f := New(time.Now)
			var wg sync.WaitGroup
			for range readers {
				r := f.Reader()
				wg.Go(func() {
					for {
						if _, err := r.Next(context.Background()); err != nil {
							return
						}
					}
				})
			}
			data := numbered(0, 0)
			b.ReportAllocs()
			for b.Loop() {
				f.Append(data)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
			f.Close()
			wg.Wait()
		})
	}
}

// TestNoReaders: a log that is not read does not grow.
func TestNoReaders(t *testing.T) {
	f := New(time.Now)
	const all = 10_000
	for range all {
		f.Append(diag.Warning{})
	}
	f.Close()
	batch, err := f.Reader().Next(t.Context())
	if err != nil || len(batch) < trimAt || len(batch) > 2*trimAt || batch[len(batch)-1].Seq != all || batch[0].Seq != all-uint64(len(batch))+1 {
		t.Errorf("%d events are kept, %v", len(batch), err)
	}
}
