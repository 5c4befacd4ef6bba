package server

import (
	"context"
	"errors"
	"time"

	"dialtone/signal/pairs"
)

// Store keeps pairs. Each change is atomic: a store that cannot keep what the change has made, because another came
// first, makes it again with what is there then. Changes do not block.
type Store interface {
	// Dial makes a change of the pair that waits under a code, nil if there is none, and keeps what that returns, the
	// same pair or a new one that waits in its place; nil changes nothing.
	Dial(ctx context.Context, code string, change func(waiting *pairs.Pair, now time.Time) *pairs.Pair) error
	// Update makes a change of the pair with an ID, and keeps it if that returns true. pairs.ErrNoPair: there is none.
	Update(ctx context.Context, id string, change func(p *pairs.Pair, now time.Time) bool) error
	// Listen gives the prefix for the names of this server's parked requests. wake is called with the name of one that
	// has to look again after a change on any server, with "" for all of them. It does not block.
	Listen(wake func(name string)) (prefix string, stop func())
}

// commit makes a change of a pair and keeps the ledger up to date.
func (s *Server) commit(ctx context.Context, id string, change func(p *pairs.Pair, now time.Time) bool) error {
	connects := false
	err := s.store.Update(ctx, id, func(p *pairs.Pair, now time.Time) bool {
		before := p.State
		changed := change(p, now)
		connects = before != pairs.Connected && p.State == pairs.Connected
		s.ledger.note(p, now)
		return changed
	})
	if err == nil && connects {
		s.ledger.add(&s.ledger.count.Connected)
	}
	return err
}

// update does one request of a party of a live pair.
func (s *Server) update(
	ctx context.Context, userID string, change func(p *pairs.Pair, party *pairs.Party, now time.Time) *failure,
) (fail *failure) {
	if s.ledger.isClosed() {
		return s.closing()
	}
	err := s.commit(ctx, pairs.PairOf(userID), func(p *pairs.Pair, now time.Time) bool {
		party, why := p.Find(userID, now, s.options.Expiry)
		if why != "" {
			fail = refusals[why]
			return false
		}
		fail = change(p, party, now)
		return true
	})
	if err != nil {
		return s.storeFailure(err)
	}
	return fail
}

// closing is why a server that shuts down refuses.
func (s *Server) closing() *failure {
	if s.options.Store != nil {
		return errLeaving
	}
	return errShuttingDown
}

// storeFailure is the refusal where a store fails; nil for nil.
func (s *Server) storeFailure(err error) *failure {
	var refused *pairs.StoreError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, pairs.ErrNoPair):
		return errUnknownUser
	case errors.As(err, &refused):
		s.refusals.Warn("the store of rooms does not keep them", "error", err.Error(), "flag", "--store")
		return storeFails("which answers, but does not keep them: " + refused.Why)
	case !errors.Is(err, context.Canceled):
		s.refusals.Warn("the store of rooms does not answer", "error", err.Error(), "flag", "--store")
	}
	return storeFails("which does not answer")
}

// onTime ends a pair whose time is over.
func (s *Server) onTime(id string) {
	if !s.ledger.begin() {
		return
	}
	defer s.ledger.running.Done()
	var expired bool
	var due time.Duration
	var code string
	err := s.commit(context.Background(), id, func(p *pairs.Pair, now time.Time) bool {
		expired = p.Expire(now, s.options.Expiry)
		due, code = p.Deadline(s.options.Expiry).Sub(now), p.Code
		return expired
	})
	switch {
	case errors.Is(err, pairs.ErrNoPair):
		s.ledger.gone(id)
	case err != nil:
		s.ledger.watch(id, time.Second)
	case expired:
		s.ledger.add(&s.ledger.count.Expired)
		s.options.Logger.Info("call expired", "call", s.names.hash(code))
	default:
		s.ledger.watch(id, due)
	}
}
