package web

import (
	"context"
	"errors"
	"sync"
	"time"

	"dialtone/signal"
)

// turnTime is how long a caller waits while the session before it is being ended and the next one is not ready yet.
const turnTime = time.Second

// Queue hands callers to the sessions that wait for one: at most one waits, and others may be in progress. The zero
// value has none.
type Queue[T any] struct {
	mu     sync.Mutex
	free   *T
	taken  map[*T]struct{}
	opened chan struct{} // closed when a session is added
}

// Add lets a session wait; an error if another one does.
func (q *Queue[T]) Add(session *T) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.free != nil {
		return &signal.Error{Op: "listen", Err: errors.New("another session already waits for a caller at this server")}
	}
	q.free = session
	if q.opened != nil {
		close(q.opened)
		q.opened = nil
	}
	return nil
}

// Take gives the waiting session to a caller; nil if there is none: at once while another is in progress, else after a
// second.
func (q *Queue[T]) Take(ctx context.Context) *T {
	ctx, cancel := context.WithTimeout(ctx, turnTime)
	defer cancel()
	for {
		session, opened := q.try()
		if session != nil || opened == nil {
			return session
		}
		select {
		case <-opened:
		case <-ctx.Done():
			return nil
		}
	}
}

func (q *Queue[T]) try() (*T, <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.free != nil:
		session := q.free
		q.free = nil
		if q.taken == nil {
			q.taken = map[*T]struct{}{}
		}
		q.taken[session] = struct{}{}
		return session, nil
	case len(q.taken) > 0:
		return nil, nil
	case q.opened == nil:
		q.opened = make(chan struct{})
	}
	return nil, q.opened
}

// Remove takes a session out of use.
func (q *Queue[T]) Remove(session *T) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.free == session {
		q.free = nil
	}
	delete(q.taken, session)
}
