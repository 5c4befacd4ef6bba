package server

import (
	"context"
	"time"
)

// parked is a get_status request that waits. The newest of a party counts: an
// older one has been given up by its client and must not take anything.
type parked struct {
	party      *party
	poll       uint64
	until      time.Time
	superseded bool
	wake       func() // called under the store's mutex when there may be something to answer
}

// begin answers get_status at once where there is news or no wait is wished,
// and parks it otherwise. wake must not block.
func (s *store) begin(r *request, wake func()) (*statusReply, *parked, *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	p, fail := s.find(r.userID, now)
	if fail != nil {
		return nil, nil, fail
	}
	if r.poll != 0 && r.poll == p.poll && p.reply != nil {
		return p.reply, nil, nil
	}
	p.reply = nil
	if r.wait == 0 || p.hasNews() {
		return s.give(p, r.poll), nil, nil
	}
	if old := p.parked; old != nil {
		old.superseded = true
		p.wake()
	}
	s.parked++
	p.parked = &parked{party: p, poll: r.poll, until: now.Add(r.wait), wake: wake}
	return nil, p.parked, nil
}

// finish answers a parked request with whatever there is now. gone:
// its client has left: then nothing is taken, and both results are nil.
func (s *store) finish(w *parked, gone bool) (*statusReply, *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.parked--
	p := w.party
	if p.parked == w {
		p.parked, p.lastSeen = nil, time.Now()
	}
	switch {
	case gone:
		return nil, nil
	case s.closed:
		return nil, errShuttingDown
	case p.left:
		return nil, errUnknownUser
	case p.pair.state == stateEnded:
		return nil, p.pair.why
	case w.superseded:
		return &statusReply{}, nil
	}
	return s.give(p, w.poll), nil
}

// give takes the news for p, and remembers them where the poll is numbered.
func (s *store) give(p *party, poll uint64) *statusReply {
	before := p.pair.state
	reply := p.take()
	if before != stateConnected && p.pair.state == stateConnected {
		s.count.Connected++
		s.drop(p.pair, len(p.pair.offer)+len(p.pair.answer))
		p.pair.offer, p.pair.answer = nil, nil // both peers have them
	}
	s.drop(p.pair, reply.size())
	if poll != 0 && reply.takes() {
		p.poll, p.reply = poll, reply
	}
	return reply
}

// isDue reports whether a parked request has a reason to be answered.
func (s *store) isDue(w *parked) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed || w.superseded || w.party.hasNews()
}

// redirect sets what is woken for w.
func (s *store) redirect(w *parked, wake func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.wake = wake
}

// verdict is how waiting ended.
type verdict uint8

const (
	waitDue      verdict = iota // news, or the time is over
	waitGone                    // the client has left
	waitPatience                // neither, for as long as the goroutine was to wait
)

// await blocks until w has a reason to be answered, its client is gone, or
// patience (if it is positive) is over.
func (s *store) await(ctx context.Context, w *parked, wake <-chan struct{}, patience time.Duration) verdict {
	rest, over := time.Until(w.until), waitDue
	if patience > 0 && patience < rest {
		rest, over = patience, waitPatience
	}
	timer := time.NewTimer(rest)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return waitGone
		case <-timer.C:
			return over
		case <-wake:
		}
		if s.isDue(w) {
			return waitDue
		}
	}
}
