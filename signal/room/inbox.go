package room

import (
	"context"
	"sync"

	"dialtone/signal"
)

// inbox keeps what has arrived until it is received, and then tells the end.
type inbox struct {
	mu    sync.Mutex
	items []signal.Message
	end   error
	wake  chan struct{} // buffered, 1: there may be something to take
}

func newInbox() *inbox { return &inbox{wake: make(chan struct{}, 1)} }

func (b *inbox) put(m signal.Message) {
	b.mu.Lock()
	b.items = append(b.items, m)
	b.mu.Unlock()
	b.signal()
}

// finish ends the inbox with err; the first end counts.
func (b *inbox) finish(err error) {
	b.mu.Lock()
	if b.end == nil {
		b.end = err
	}
	b.mu.Unlock()
	b.signal()
}

// drop forgets what has not been received: after our own Close nobody wants it.
func (b *inbox) drop() {
	b.mu.Lock()
	b.items = nil
	b.mu.Unlock()
}

func (b *inbox) length() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.items)
}

func (b *inbox) take(ctx context.Context) (signal.Message, error) {
	for {
		if err := ctx.Err(); err != nil {
			return signal.Message{}, err
		}
		b.mu.Lock()
		if len(b.items) > 0 {
			m := b.items[0]
			b.items = b.items[1:]
			b.mu.Unlock()
			b.signal() // for a second receiver
			return m, nil
		}
		end := b.end
		b.mu.Unlock()
		if end != nil {
			b.signal()
			return signal.Message{}, end
		}
		select {
		case <-b.wake:
		case <-ctx.Done():
		}
	}
}

func (b *inbox) signal() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}
