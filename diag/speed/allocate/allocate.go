// Package allocate measures how many relays a TURN server allocates in a second.
package allocate

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"dialtone/diag"
	"dialtone/diag/probe"
	"dialtone/diag/speed"
	"dialtone/diag/speed/transfer"
)

// Bounds of a measurement.
const (
	atOnce  = 16    // clients
	Most    = 5_000 // allocations
	maxKind = 20    // kinds of failures that are kept
	// giveUp is how many failures without an allocation end it: a server that refuses is not asked on and on.
	giveUp = 3 * atOnce
)

// meter counts what clients find.
type meter struct {
	mu       sync.Mutex
	started  int
	times    []time.Duration
	failures []speed.AllocationFailure
	failed   int
}

// Measure lets sixteen clients allocate and release, one allocation after another, each from a new socket, until the
// time is over, [Most] allocations were asked for, or the server has refused all of the first.
func Measure(ctx context.Context, t probe.Target, length time.Duration) speed.Allocations {
	ctx, stop := context.WithCancel(ctx) // without a deadline, which would look like a server that does not answer
	defer stop()
	defer time.AfterFunc(length, stop).Stop()
	m := &meter{}
	before := transfer.ReadHost()
	begun := time.Now()
	var clients sync.WaitGroup
	for range atOnce {
		clients.Go(func() {
			for ctx.Err() == nil && m.next() {
				m.add(ctx, probe.Server(ctx, t))
			}
		})
	}
	clients.Wait()
	return m.result(t.URL, time.Since(begun), transfer.ReadHost().Since(before))
}

// next counts an allocation that is to be made; false when it is enough.
func (m *meter) next() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.started >= Most || m.failed >= giveUp && len(m.times) == 0 {
		return false
	}
	m.started++
	return true
}

// add takes what came of one. What the end of the measurement interrupted does not count.
func (m *meter) add(ctx context.Context, s diag.Server) {
	m.mu.Lock()
	defer m.mu.Unlock()
	failed := s.Failed()
	for _, stage := range s.Stages {
		if stage.Name == diag.StageAllocate && stage.Failure == nil {
			m.times = append(m.times, stage.DurationMs.Duration())
			return
		}
	}
	if failed == nil || failed.Failure == nil || ctx.Err() != nil {
		return
	}
	m.failed++
	i := slices.IndexFunc(m.failures, func(f speed.AllocationFailure) bool {
		at := f.Server.Failed()
		return at.Name == failed.Name && at.Failure.Cause == failed.Failure.Cause && at.Failure.Code == failed.Failure.Code
	})
	switch {
	case i >= 0:
		m.failures[i].Count++
	case len(m.failures) < maxKind:
		m.failures = append(m.failures, speed.AllocationFailure{Server: s, Count: 1})
	}
}

// result are the figures. Allocations that were made when the time was over count, as their time does.
func (m *meter) result(url string, took time.Duration, spent diag.SpeedSender) speed.Allocations {
	r := speed.Allocations{
		URL: url, Made: len(m.times), Failed: m.failed, Failures: m.failures, Duration: diag.Millis(took),
		LowerBound: speed.Exhausted(spent),
	}
	slices.SortFunc(r.Failures, func(a, b speed.AllocationFailure) int { return cmp.Compare(b.Count, a.Count) })
	if r.Made > 0 {
		slices.Sort(m.times)
		r.PerSecond = new(float64(r.Made) / took.Seconds())
		at := func(percent int) *diag.Millis {
			return new(diag.Millis(m.times[max(0, (len(m.times)*percent+99)/100-1)]))
		}
		r.P50, r.P95, r.P99 = at(50), at(95), at(99)
	}
	return r
}
