package pairs

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Memory keeps pairs in this process.
type Memory struct {
	expiry time.Duration
	most   int // pairs that are not live of which something is kept; negative: no limit

	mu      sync.Mutex
	pairs   map[string]*Pair
	waiting map[string]*Pair // by room
	ended   []ended          // in the order of the times when they are forgotten
	forget  *time.Timer      // of the first of them
	wake    func(name string)
	closed  bool
}

// ended is a pair that is forgotten at a time.
type ended struct {
	id string
	at time.Time
}

// NewMemory makes an empty store. most bounds the ended pairs of which the reason is kept; negative: no limit.
func NewMemory(expiry time.Duration, most int) *Memory {
	return &Memory{
		expiry: expiry, most: most, pairs: map[string]*Pair{}, waiting: map[string]*Pair{}, wake: func(string) {},
	}
}

// Listen implements server.Store.
func (m *Memory) Listen(wake func(name string)) (prefix string, stop func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.wake = wake
	return "", m.close
}

func (m *Memory) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	if m.forget != nil {
		m.forget.Stop()
	}
}

// Dial implements server.Store.
func (m *Memory) Dial(_ context.Context, room string, change func(waiting *Pair, now time.Time) *Pair) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	if p := change(m.waiting[room], now); p != nil {
		m.pairs[p.ID] = p
		if p.State == Waiting {
			m.waiting[room] = p
		}
		m.keep(p, now)
	}
	return nil
}

// Update implements server.Store.
func (m *Memory) Update(_ context.Context, id string, change func(p *Pair, now time.Time) bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.pairs[id]
	if p == nil {
		return ErrNoPair
	}
	now := time.Now()
	if change(p, now) {
		m.keep(p, now)
	}
	return nil
}

// keep does what follows from a change.
func (m *Memory) keep(p *Pair, now time.Time) {
	if p.State != Waiting && m.waiting[p.Room()] == p {
		delete(m.waiting, p.Room())
	}
	for _, name := range p.Wakes() {
		m.wake(name)
	}
	p.replaced = nil
	if !p.IsLive() {
		m.end(ended{p.ID, now.Add(p.KeptFor(now, m.expiry))})
		m.sweep(now)
	}
}

// end adds an ended pair in the order of times.
func (m *Memory) end(e ended) {
	i := len(m.ended)
	for i > 0 && m.ended[i-1].at.After(e.at) {
		i--
	}
	m.ended = slices.Insert(m.ended, i, e)
}

// sweep forgets the ended pairs whose time is over, and the oldest of too many.
func (m *Memory) sweep(now time.Time) {
	for len(m.ended) > 0 && (!m.ended[0].at.After(now) || m.most >= 0 && len(m.ended) > m.most) {
		if p := m.pairs[m.ended[0].id]; p != nil && m.waiting[p.Room()] == p {
			delete(m.waiting, p.Room())
		}
		delete(m.pairs, m.ended[0].id)
		m.ended = m.ended[1:]
	}
	switch {
	case m.closed || len(m.ended) == 0:
	case m.forget == nil:
		m.forget = time.AfterFunc(m.ended[0].at.Sub(now), m.tick)
	default:
		m.forget.Reset(m.ended[0].at.Sub(now))
	}
}

func (m *Memory) tick() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sweep(time.Now())
}
