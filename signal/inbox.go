package signal

import (
	"context"
	"sync"
)

// Inbox keeps what has arrived until it is received, and then tells the end: the receiving half of a Channel.
type Inbox struct {
	mu    sync.Mutex
	items []Message
	end   error
	wake  chan struct{} // buffered, 1: there may be something to take
}

// NewInbox makes an empty one.
func NewInbox() *Inbox { return &Inbox{wake: make(chan struct{}, 1)} }

// Put adds a message.
func (b *Inbox) Put(m Message) {
	b.mu.Lock()
	b.items = append(b.items, m)
	b.mu.Unlock()
	b.nudge()
}

// Finish ends the inbox with err; the first end counts.
func (b *Inbox) Finish(err error) {
	b.mu.Lock()
	if b.end == nil {
		b.end = err
	}
	b.mu.Unlock()
	b.nudge()
}

// Drop forgets what has not been received: after our own Close nobody wants it.
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

// Take waits for the next message, or returns the end after the last, or ctx's error.
func (b *Inbox) Take(ctx context.Context) (Message, error) {
	for {
		if err := ctx.Err(); err != nil {
			return Message{}, err
		}
		b.mu.Lock()
		if len(b.items) > 0 {
			m := b.items[0]
			b.items = b.items[1:]
			b.mu.Unlock()
			b.nudge() // for a second receiver
			return m, nil
		}
		end := b.end
		b.mu.Unlock()
		if end != nil {
			b.nudge()
			return Message{}, end
		}
		select {
		case <-b.wake:
		case <-ctx.Done():
		}
	}
}

func (b *Inbox) nudge() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}
