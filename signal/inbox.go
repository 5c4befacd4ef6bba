package signal

import (
	"context"
	"io"
	"sync"
)

// Inbox is the receiving half of a Channel: it keeps what has arrived until it is received, and then reports the end.
// Channels embed it.
type Inbox struct {
	mu     sync.Mutex
	items  []Message
	end    error
	wake   chan struct{} // buffered, 1: there may be something to receive
	once   sync.Once
	closed chan struct{} // closed when Shut is called
	err    error         // of Shut
}

// NewInbox makes an empty one.
func NewInbox() *Inbox { return &Inbox{wake: make(chan struct{}, 1), closed: make(chan struct{})} }

// Put adds a message.
func (b *Inbox) Put(m Message) {
	b.mu.Lock()
	b.items = append(b.items, m)
	b.mu.Unlock()
	b.notify()
}

// Finish ends the inbox with err; the first end counts.
func (b *Inbox) Finish(err error) {
	b.mu.Lock()
	if b.end == nil {
		b.end = err
	}
	b.mu.Unlock()
	b.notify()
}

// Drop forgets what has not been received.
func (b *Inbox) Drop() {
	b.mu.Lock()
	b.items = nil
	b.mu.Unlock()
}

// Len is how many messages wait.
func (b *Inbox) Len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.items)
}

// Receive implements Channel.
func (b *Inbox) Receive(ctx context.Context) (Message, error) {
	for {
		if err := ctx.Err(); err != nil {
			return Message{}, err
		}
		b.mu.Lock()
		if len(b.items) > 0 {
			m := b.items[0]
			b.items = b.items[1:]
			b.mu.Unlock()
			b.notify() // for a second receiver
			return m, nil
		}
		end := b.end
		b.mu.Unlock()
		if end != nil {
			b.notify()
			return Message{}, end
		}
		select {
		case <-b.wake:
		case <-ctx.Done():
		}
	}
}

func (b *Inbox) notify() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// Closed is closed when the channel is closed on this side.
func (b *Inbox) Closed() <-chan struct{} { return b.closed }

// Check is what each Send begins with: ErrMessage for a message that cannot be sent, ErrClosed after Shut.
func (b *Inbox) Check(m Message) error {
	if err := m.Validate(); err != nil {
		return err
	}
	if isClosed(b.closed) {
		return ErrClosed
	}
	return nil
}

// Shut closes the channel on this side, once: goodbye runs, what has not been received is dropped, and receivers get
// io.EOF. Its result is that of goodbye; nil: there is nothing to do.
func (b *Inbox) Shut(goodbye func() error) error {
	b.once.Do(func() {
		close(b.closed)
		if goodbye != nil {
			b.err = goodbye()
		}
		b.Drop()
		b.Finish(io.EOF)
	})
	return b.err
}
