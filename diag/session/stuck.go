package session

import (
	"context"
	"sync/atomic"
	"time"

	"dialtone/diag"
)

// stuckAfter is how many seconds in which the program ran a session may work on one thing. Everything it does by itself
// is bounded by less; what exceeds it waits in the connection for a lock that is never released. A suspended program
// does not count seconds.
const stuckAfter = 15

// pulse counts what a session begins and finishes: an odd number while it works.
type pulse struct{ beats atomic.Uint64 }

func (p *pulse) during(work func()) {
	p.beats.Add(1)
	work()
	p.beats.Add(1)
}

// stops waits until done is closed, and reports false, or until the session is stuck.
func (p *pulse) stops(done <-chan struct{}) bool {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	last, seconds := uint64(0), 0
	for seconds < stuckAfter {
		select {
		case <-done:
			return false
		case <-tick.C:
		}
		if now := p.beats.Load(); now != last || now%2 == 0 {
			last, seconds = now, 0
			continue
		}
		seconds++
	}
	return true
}

// attend runs the call and ends it in its place if it gets stuck.
func (s *Session) attend(ctx context.Context) {
	inner, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.pulse.during(func() { s.begin(inner) })
		for s.state != over {
			s.step(ctx)
		}
		s.pulse.during(func() {
			stop()
			s.finish()
		})
	}()
	if s.pulse.stops(done) { // so what belongs to its goroutine is not used there
		if s.stopDial != nil {
			s.stopDial()
		}
		s.leave()
		s.o.Feed.End(diag.CallEnded{Reason: diag.EndInternal, By: diag.ByLocal, Code: diag.CodeStuck})
	}
}
