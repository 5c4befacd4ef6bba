package signal

import (
	"context"
	"io"
)

// Pipe is a pair in memory: what one end sends the other receives, in order. Both are paired from the beginning.
func Pipe() (offerer, answerer Channel) {
	a, b := &pipeEnd{Inbox: NewInbox()}, &pipeEnd{Inbox: NewInbox()}
	a.peer, b.peer = b, a
	a.Put(Message{Kind: KindPaired, Role: RoleOfferer})
	b.Put(Message{Kind: KindPaired, Role: RoleAnswerer})
	return a, b
}

type pipeEnd struct {
	*Inbox
	peer *pipeEnd
}

// Send implements Channel.
func (e *pipeEnd) Send(ctx context.Context, m Message) error {
	if err := e.Check(m); err != nil {
		return err
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case isClosed(e.peer.Closed()):
		return ErrPeerGone
	case m.Kind == KindBye:
		return e.Close(ctx)
	}
	e.peer.Put(m.clone())
	return nil
}

// Close implements Channel.
func (e *pipeEnd) Close(context.Context) error {
	return e.Shut(func() error {
		e.peer.Put(Message{Kind: KindBye})
		e.peer.Finish(io.EOF)
		return nil
	})
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
