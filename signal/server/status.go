package server

import (
	"context"
	"net/http"
	"time"

	"dialtone/signal/pairs"
)

// parked is a get_status request that waits.
type parked struct {
	poll  pairs.Poll
	until time.Time
	wake  func() // called under the ledger's mutex when there may be something to answer; it does not block
}

// outcome is what a get_status request is answered with; neither: it stays parked.
type outcome struct {
	reply *pairs.Reply
	fail  *failure
}

func (o outcome) isDone() bool { return o.reply != nil || o.fail != nil }

// serveStatus answers get_status, now or when there is news.
func (s *Server) serveStatus(w http.ResponseWriter, r *http.Request, id string, req *request) *failure {
	if fail := req.parseWait(); fail != nil {
		return fail
	}
	wake := make(chan struct{}, 1)
	p := &parked{
		poll: pairs.Poll{UserID: req.userID, Number: req.poll}, until: time.Now().Add(req.wait),
		wake: func() {
			select {
			case wake <- struct{}{}:
			default:
			}
		},
	}
	if req.wait > 0 {
		s.ledger.park(p)
	}
	result := s.begin(r.Context(), p, req.wait > 0)
	if !result.isDone() {
		note(w, func(a *Access) { a.Parked = true })
		at, can := canDetach(r)
		if can && !s.ledger.isCrowded() {
			result = s.await(r.Context(), p, wake, patience)
		}
		if !result.isDone() && r.Context().Err() == nil {
			if can && s.detach(w, r, id, p, at) {
				return nil
			}
			result = s.await(r.Context(), p, wake, 0)
		}
		if !result.isDone() {
			s.leave(r.Context(), p)
			note(w, func(a *Access) { a.Status = statusGone })
		}
	}
	s.ledger.unpark(p)
	s.answerStatus(w, id, r.RemoteAddr, result)
	return nil
}

// answerStatus answers get_status, and says nothing where the client is gone.
func (s *Server) answerStatus(w http.ResponseWriter, id, remote string, o outcome) {
	switch {
	case o.fail != nil:
		s.refuse(w, id, remote, o.fail)
	case o.reply != nil:
		writeJSON(w, http.StatusOK, o.reply)
	}
}

// begin answers get_status at once where there is news or it does not wait, and parks it otherwise.
func (s *Server) begin(ctx context.Context, w *parked, wait bool) (o outcome) {
	fail := s.update(ctx, w.poll.UserID, func(p *pairs.Pair, party *pairs.Party, now time.Time) *failure {
		o.reply = p.Begin(party, w.poll, wait, s.vouch(w, now))
		return nil
	})
	if fail != nil {
		return outcome{fail: fail}
	}
	return o
}

// look answers a parked request if there is a reason to, or its time is over.
func (s *Server) look(ctx context.Context, w *parked) (o outcome) {
	closed := s.ledger.isClosed()
	if closed && s.options.Store == nil {
		return outcome{fail: errShuttingDown}
	}
	over := closed || !time.Now().Before(w.until)
	err := s.commit(ctx, pairs.PairOf(w.poll.UserID), func(p *pairs.Pair, now time.Time) bool {
		reply, why := p.Look(w.poll, over, now, s.vouch(w, now))
		o = outcome{reply, refusals[why]}
		return why == ""
	})
	if fail := s.storeFailure(err); fail != nil {
		return outcome{fail: fail}
	}
	return o
}

// leave ends a parked request whose client has gone: nothing is taken.
func (s *Server) leave(ctx context.Context, w *parked) {
	err := s.commit(context.WithoutCancel(ctx), pairs.PairOf(w.poll.UserID), func(p *pairs.Pair, now time.Time) bool {
		return p.Leave(w.poll, now)
	})
	_ = s.storeFailure(err) // it is logged; the pair expires then
}

// vouch is until when the party of a parked request is known to be alive. Other servers of a store cannot know that
// this one ends, so it promises nothing, but says again that its party is alive, see renewal.
func (s *Server) vouch(w *parked, now time.Time) time.Time {
	if s.options.Store != nil {
		return now
	}
	return now.Add(time.Until(w.until))
}

// renewal is how often a parked request reports to a shared store that its party is alive.
func (s *Server) renewal() time.Duration {
	if s.options.Store == nil {
		return maxWait
	}
	return s.options.Expiry / 3
}

// await blocks until w has a reason to be answered, its client is gone, or patience (if it is positive) is over. In the
// latter two cases the outcome is neither.
func (s *Server) await(ctx context.Context, w *parked, wake <-chan struct{}, patience time.Duration) outcome {
	var limit <-chan time.Time
	if patience > 0 && patience < time.Until(w.until) {
		limit = time.After(patience)
	}
	for {
		timer := time.NewTimer(min(time.Until(w.until), s.renewal()))
		select {
		case <-ctx.Done():
			timer.Stop()
			return outcome{}
		case <-limit:
			timer.Stop()
			return outcome{}
		case <-timer.C:
		case <-wake:
			timer.Stop()
		}
		if o := s.look(ctx, w); o.isDone() {
			return o
		}
	}
}
