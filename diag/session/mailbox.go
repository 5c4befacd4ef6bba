package session

import "sync"

// mailbox is a queue of jobs without bound: callbacks that must not block put in, one goroutine takes out. What can be
// put in is bounded where it comes from (messages of a peer are limited per second).
type mailbox struct {
	ready chan struct{}
	mu    sync.Mutex
	jobs  []func()
}

func newMailbox() *mailbox { return &mailbox{ready: make(chan struct{}, 1)} }

// put adds a job.
func (m *mailbox) put(job func()) {
	m.mu.Lock()
	m.jobs = append(m.jobs, job)
	m.mu.Unlock()
	select {
	case m.ready <- struct{}{}:
	default:
	}
}

// take returns all jobs, oldest first.
func (m *mailbox) take() []func() {
	m.mu.Lock()
	defer m.mu.Unlock()
	jobs := m.jobs
	m.jobs = nil
	return jobs
}
