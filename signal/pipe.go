package signal

import (
	"context"
	"io"
	"sync"
)

// pipeDepth is how many messages one side may be ahead of the other: more than
// a call's candidates, so that Send does not wait in practice.
const pipeDepth = 256

// Pipe is a pair in memory: what one end sends the other receives, in order.
// Both are paired from the beginning. Send waits, as long as its context
// allows, once the peer is 256 messages behind.
func Pipe() (offerer, answerer Channel) {
	a, b := newPipeEnd(RoleOfferer), newPipeEnd(RoleAnswerer)
	a.peer, b.peer = b, a
	return a, b
}

type pipeEnd struct {
	peer   *pipeEnd
	in     chan Message
	closed chan struct{} // closed by the owner of this end
	once   sync.Once

	mu    sync.Mutex
	ended bool // a KindBye was handed to our receiver: from now on io.EOF
}

func newPipeEnd(role Role) *pipeEnd {
	e := &pipeEnd{in: make(chan Message, pipeDepth), closed: make(chan struct{})}
	e.in <- Message{Kind: KindPaired, Role: role}
	return e
}

// Send implements Channel.
func (e *pipeEnd) Send(ctx context.Context, m Message) error {
	if err := m.Validate(); err != nil {
		return err
	}
	if err := e.usable(ctx); err != nil {
		return err
	}
	if m.Kind == KindBye {
		return e.Close(ctx)
	}
	select {
	case e.peer.in <- m.clone():
		return nil
	case <-e.closed:
		return ErrClosed
	case <-e.peer.closed:
		return ErrPeerGone
	case <-ctx.Done():
		return ctx.Err()
	}
}

// usable answers first what select would leave to chance.
func (e *pipeEnd) usable(ctx context.Context) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case isClosed(e.closed):
		return ErrClosed
	case isClosed(e.peer.closed):
		return ErrPeerGone
	}
	return nil
}

// Receive implements Channel.
func (e *pipeEnd) Receive(ctx context.Context) (Message, error) {
	if isClosed(e.closed) {
		return Message{}, io.EOF
	}
	select {
	case m := <-e.in:
		return m, nil
	default:
	}
	select {
	case m := <-e.in:
		return m, nil
	case <-e.closed:
		return Message{}, io.EOF
	case <-e.peer.closed:
		return e.last()
	case <-ctx.Done():
		return Message{}, ctx.Err()
	}
}

// last hands out what the peer sent before it closed, then one KindBye.
func (e *pipeEnd) last() (Message, error) {
	select {
	case m := <-e.in:
		return m, nil
	default:
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		return Message{}, io.EOF
	}
	e.ended = true
	return Message{Kind: KindBye}, nil
}

// Close implements Channel.
func (e *pipeEnd) Close(context.Context) error {
	e.once.Do(func() { close(e.closed) })
	return nil
}

// clone keeps a sender from changing what is already sent.
func (m Message) clone() Message {
	if m.Description != nil {
		d := *m.Description
		m.Description = &d
	}
	if m.Candidate != nil {
		c := *m.Candidate
		m.Candidate = &c
	}
	return m
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
