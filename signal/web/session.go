package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"dialtone/signal"
)

// Session is the answerer's end of a call that came by HTTP: a signal.Channel that answers the offers of requests.
type Session struct {
	*signal.Inbox
	traits  signal.Traits
	answer  chan *signal.Description // buffered, 1: from the call to the request that waits for it
	refusal chan error               // buffered, 1: why there will be no answer
	release func()
}

// NewSession makes a session; release is called when it is closed.
func NewSession(traits signal.Traits, release func()) *Session {
	return &Session{
		Inbox: signal.NewInbox(), traits: traits, release: release,
		answer: make(chan *signal.Description, 1), refusal: make(chan error, 1),
	}
}

// Open pairs the session with a caller and returns the answer to its first offer. The problem is what the request is
// answered with instead; then the session has ended.
func (s *Session) Open(ctx context.Context, offer string, patience time.Duration) (string, *Problem) {
	s.Put(signal.Message{Kind: signal.KindPaired, Role: signal.RoleAnswerer})
	answer, problem := s.Ask(ctx, offer, patience)
	if problem != nil {
		s.Finish(problem.Err)
	}
	return answer, problem
}

// Ask passes an offer on and waits for the answer to it.
func (s *Session) Ask(ctx context.Context, offer string, patience time.Duration) (string, *Problem) {
	select {
	case <-s.answer: // to a request that did not wait for it
	default:
	}
	s.Put(signal.Message{Kind: signal.KindOffer, Description: &signal.Description{Type: "offer", SDP: offer}})
	timer := time.NewTimer(patience)
	defer timer.Stop()
	p := &Problem{Status: http.StatusServiceUnavailable, Detail: "Call again.", Retry: retryTime}
	select {
	case answer := <-s.answer:
		return answer.SDP, nil
	case <-ctx.Done():
		p.Title = "the caller left before the answer"
		p.Err = fmt.Errorf("%w: it left before the answer", signal.ErrPeerGone)
	case <-s.Closed():
		select {
		case answer := <-s.answer: // it was sent before the end
			return answer.SDP, nil
		default:
		}
		p.Title, p.Err = "the call ended before the answer", signal.ErrClosed
		select {
		case reason := <-s.refusal:
			p.Status, p.Title, p.Retry = http.StatusUnprocessableEntity, Clean(reason.Error()), 0
			if errors.Is(reason, signal.ErrNoCodec) {
				p.Status = http.StatusNotAcceptable
			}
			p.Detail = "Change the offer: the same one is not answered later either."
		default:
		}
	case <-timer.C:
		p.Status, p.Title, p.Retry = http.StatusGatewayTimeout, "the call was not answered in time", 0
		p.Err = &signal.Error{
			Op: "answer", Reason: signal.ReasonTimeout,
			Err: errors.New("the caller was not answered in time"),
		}
	}
	return "", p
}

// Refuse implements what signal.Refuse asks for.
func (s *Session) Refuse(reason error) {
	select {
	case s.refusal <- reason:
	default:
	}
}

// Traits implements what signal.TraitsOf asks for.
func (s *Session) Traits() signal.Traits { return s.traits }

// Send implements signal.Channel.
func (s *Session) Send(ctx context.Context, m signal.Message) error {
	if err := s.Check(m); err != nil {
		return err
	}
	switch m.Kind {
	case signal.KindAnswer:
		d := *m.Description
		select {
		case s.answer <- &d:
			return nil
		default:
			return fmt.Errorf("%w: the offer has been answered", signal.ErrMessage)
		}
	case signal.KindBye:
		return s.Close(ctx)
	case signal.KindEndOfCandidates:
		return nil // they were all in the answer
	case signal.KindOffer, signal.KindCandidate, signal.KindPaired, signal.KindUnknown:
	}
	return fmt.Errorf("%w: an answer to a request carries no %s", signal.ErrMessage, m.Kind)
}

// Close implements signal.Channel. The client learns of it by the media, or at its next request.
func (s *Session) Close(context.Context) error {
	s.release()
	return s.Shut(nil)
}
