package web

import (
	"context"
	"sync"
	"time"
)

// turnTime is how long a caller waits while the call before it is being ended and the next seat is not open yet.
const turnTime = time.Second

// Seats hands callers to the calls that wait for one: at most one waits, and others may be under way. The zero value
// has none.
type Seats[T any] struct {
	mu     sync.Mutex
	free   *T
	taken  map[*T]struct{}
	opened chan struct{} // closed when a seat is opened
}

// Open offers a seat; false when another is free.
func (s *Seats[T]) Open(seat *T) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.free != nil {
		return false
	}
	s.free = seat
	if s.opened != nil {
		close(s.opened)
		s.opened = nil
	}
	return true
}

// Take gives the free seat to a caller; nil when there is none: at once while a call is under way, else after a second.
func (s *Seats[T]) Take(ctx context.Context) *T {
	ctx, cancel := context.WithTimeout(ctx, turnTime)
	defer cancel()
	for {
		seat, opened := s.try()
		if seat != nil || opened == nil {
			return seat
		}
		select {
		case <-opened:
		case <-ctx.Done():
			return nil
		}
	}
}

func (s *Seats[T]) try() (*T, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.free != nil:
		seat := s.free
		s.free = nil
		if s.taken == nil {
			s.taken = map[*T]struct{}{}
		}
		s.taken[seat] = struct{}{}
		return seat, nil
	case len(s.taken) > 0:
		return nil, nil
	case s.opened == nil:
		s.opened = make(chan struct{})
	}
	return nil, s.opened
}

// Leave takes a seat out of use.
func (s *Seats[T]) Leave(seat *T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.free == seat {
		s.free = nil
	}
	delete(s.taken, seat)
}
