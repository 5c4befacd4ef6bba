package session

import "sync"

// mailbox is an unbounded queue of inputs: callbacks that must not block put in, one goroutine takes out. What can be
// put in is bounded where it comes from (messages of a peer are limited per second).
type mailbox struct {
	ready chan struct{}
	mu    sync.Mutex
	queue []input
}

func newMailbox() *mailbox { return &mailbox{ready: make(chan struct{}, 1)} }

func (m *mailbox) put(in input) {
	m.mu.Lock()
	m.queue = append(m.queue, in)
	m.mu.Unlock()
	select {
	case m.ready <- struct{}{}:
	default:
	}
}

// drain returns all inputs, oldest first.
func (m *mailbox) drain() []input {
	m.mu.Lock()
	defer m.mu.Unlock()
	queue := m.queue
	m.queue = nil
	return queue
}
