package peer

import "sync"

// latest reports the states of something in their order. pion calls a handler for each change in a goroutine of its
// own, so that an older state may come after a newer one and would stay: what counts is the state that is read then.
type latest[S comparable] struct {
	read   func() S
	report func(S) // a state that differs from the one before

	mu   sync.Mutex
	last S
}

// update reads the state, reports it if it has changed, and returns it.
func (l *latest[S]) update() S {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.read()
	if now != l.last {
		l.last = now
		l.report(now)
	}
	return now
}
