package server

import (
	"context"
	"time"
)

// status answers get_status: at once where there is news or no wait is wished,
// otherwise when there is, when the pair ends, or when the time is over. It
// returns nil without a failure where the client has gone away.
func (s *store) status(ctx context.Context, r *request) (*statusReply, *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, fail := s.find(r.userID, time.Now())
	if fail != nil {
		return nil, fail
	}
	if r.poll != 0 && r.poll == p.poll && p.reply != nil {
		return p.reply, nil
	}
	p.reply = nil
	if r.wait == 0 || p.hasNews() {
		return s.give(p, r), nil
	}
	w := p.park()
	gone := s.await(ctx, p, w, r.wait)
	if p.parked == w {
		p.parked, p.lastSeen = nil, time.Now()
	}
	switch {
	case gone:
		return nil, nil
	case s.closed:
		return nil, errShuttingDown
	case p.pair.state == stateEnded:
		return nil, p.pair.why
	case w.superseded:
		return &statusReply{}, nil
	}
	return s.give(p, r), nil
}

// give takes the news for p, and remembers them where the poll is numbered.
func (s *store) give(p *party, r *request) *statusReply {
	before := p.pair.state
	reply := p.take()
	if before != stateConnected && p.pair.state == stateConnected {
		s.count.Connected++
	}
	s.bytes -= reply.size()
	p.pair.bytes -= reply.size()
	if r.poll != 0 && reply.takes() {
		p.poll, p.reply = r.poll, reply
	}
	return reply
}

// park makes a new parked request the party's only one.
func (p *party) park() *parked {
	if old := p.parked; old != nil {
		old.superseded = true
		p.rouse()
	}
	p.parked = &parked{wake: make(chan struct{}, 1)}
	return p.parked
}

// await releases the mutex until w has a reason to be answered, and tells
// whether its client is gone.
func (s *store) await(ctx context.Context, p *party, w *parked, wait time.Duration) (gone bool) {
	s.mu.Unlock()
	defer s.mu.Lock()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return true
		case <-timer.C:
			return false
		case <-w.wake:
		}
		if s.isDue(p, w) {
			return false
		}
	}
}

func (s *store) isDue(p *party, w *parked) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed || w.superseded || p.hasNews()
}
