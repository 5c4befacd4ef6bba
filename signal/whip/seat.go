package whip

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"dialtone/signal"
	"dialtone/signal/web"
)

// seat is the server's end of one session: a signal.Channel.
type seat struct {
	server *Server
	name   string // set when it is taken, under the server's lock
	inbox  *signal.Inbox
	answer chan string   // buffered, 1: from the call to the request that waits for it
	turn   chan struct{} // buffered, 1: held by the request that changes the session
	once   sync.Once
	closed chan struct{}

	mu     sync.Mutex
	offer  string // the client's, as restarted
	ufrag  string
	etag   string
	budget int // candidates that the client may still send
	ended  bool
}

func newSeat(s *Server) *seat {
	return &seat{
		server: s, inbox: signal.NewInbox(), answer: make(chan string, 1), turn: make(chan struct{}, 1),
		closed: make(chan struct{}), budget: maxCandidates,
	}
}

// open hands the first offer to the call and waits for its answer.
func (c *seat) open(ctx context.Context, offer string, patience time.Duration) (string, *web.Problem) {
	c.turn <- struct{}{}
	defer func() { <-c.turn }()
	c.mu.Lock()
	c.offer, c.etag = offer, `"`+secret()+`"`
	c.ufrag, _ = attribute(offer, "ice-ufrag")
	c.mu.Unlock()
	c.inbox.Put(signal.Message{Kind: signal.KindPaired, Role: signal.RoleAnswerer})
	answer, problem := c.ask(ctx, offer, patience)
	if problem != nil {
		c.inbox.Finish(fmt.Errorf("%w: %s", signal.ErrPeerGone, problem.Title))
	}
	return answer, problem
}

// ask passes an offer on and waits for the answer to it.
func (c *seat) ask(ctx context.Context, offer string, patience time.Duration) (string, *web.Problem) {
	select {
	case <-c.answer: // to a request that did not wait for it
	default:
	}
	c.inbox.Put(signal.Message{Kind: signal.KindOffer, Description: &signal.Description{Type: "offer", SDP: offer}})
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case answer := <-c.answer:
		return answer, nil
	case <-ctx.Done():
		return "", &web.Problem{Status: http.StatusServiceUnavailable, Title: "the client went away before it was answered"}
	case <-c.closed:
		select {
		case answer := <-c.answer: // it was the last that was done
			return answer, nil
		default:
		}
		return "", &web.Problem{Status: http.StatusServiceUnavailable, Title: "the session ended before it was answered",
			Detail: "Make another.", Retry: retryTime}
	case <-timer.C:
		return "", &web.Problem{Status: http.StatusGatewayTimeout, Title: "the offer was not answered in time",
			Detail: "Try again."}
	}
}

func (c *seat) tag() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.etag
}

// patch takes candidates or an ICE restart (RFC 9725 §4.3).
func (c *seat) patch(w http.ResponseWriter, r *http.Request, patience time.Duration) *web.Problem {
	if web.MediaType(r) != typeFragment {
		w.Header().Set("Accept-Patch", typeFragment)
		return &web.Problem{Status: http.StatusUnsupportedMediaType, Title: "the body must be an SDP fragment",
			Detail: "Send Content-Type: " + typeFragment + "."}
	}
	raw, problem := web.ReadBody(w, r, maxFragment)
	if problem != nil {
		return problem
	}
	f, err := ParseFragment(raw)
	if err != nil {
		return &web.Problem{Status: http.StatusBadRequest, Title: err.Error(), Detail: "Write it as RFC 8840 §9 says."}
	}
	select {
	case c.turn <- struct{}{}:
	case <-r.Context().Done():
		return &web.Problem{Status: http.StatusServiceUnavailable, Title: "the client went away"}
	}
	defer func() { <-c.turn }()
	if problem := c.precondition(r.Header.Values("If-Match")); problem != nil {
		return problem
	}
	c.mu.Lock()
	restart := f.Ufrag != "" && f.Ufrag != c.ufrag
	c.mu.Unlock()
	if restart {
		return c.restart(w, r, f, patience)
	}
	c.candidates(f)
	web.Reply(w, http.StatusNoContent, "", nil)
	return nil
}

// precondition compares entity-tags (RFC 9110 §13.1.1, RFC 6585 §3). Some clients put the asterisk into quotes, as
// drafts did.
func (c *seat) precondition(fields []string) *web.Problem {
	value := strings.Join(fields, ",")
	if strings.TrimSpace(value) == "" {
		return &web.Problem{Status: http.StatusPreconditionRequired, Title: "an If-Match field is needed",
			Detail: "Send the ETag of the session, or * for an ICE restart."}
	}
	current := c.tag()
	for _, tag := range strings.Split(value, ",") {
		switch strings.TrimSpace(tag) {
		case current, "*", `"*"`:
			return nil
		}
	}
	return &web.Problem{Status: http.StatusPreconditionFailed, Title: "the entity-tag is not this ICE session's",
		Detail: "Send the ETag that the last ICE restart was answered with."}
}

// candidates passes a client's candidates on. Those beyond the bound are dropped in silence, as unusable ones are.
func (c *seat) candidates(f *Fragment) {
	ufrag := f.Ufrag
	for i, s := range f.Sections {
		mid, index := s.Mid, uint16(i) // #nosec G115 -- at most 64 sections
		for _, line := range s.Candidates {
			if c.budget--; c.budget < 0 {
				return
			}
			x := &signal.Candidate{Candidate: line}
			if mid != "" {
				x.SDPMid = &mid
			} else {
				x.SDPMLineIndex = &index
			}
			if ufrag != "" {
				x.UsernameFragment = &ufrag
			}
			c.inbox.Put(signal.Message{Kind: signal.KindCandidate, Candidate: x})
		}
	}
	if f.End && !c.ended {
		c.ended = true
		c.inbox.Put(signal.Message{Kind: signal.KindEndOfCandidates})
	}
}

// restart passes an ICE restart on as an offer that differs in nothing else, and answers with what the call answers.
func (c *seat) restart(w http.ResponseWriter, r *http.Request, f *Fragment, patience time.Duration) *web.Problem {
	c.mu.Lock()
	offer := restarted(c.offer, f)
	c.mu.Unlock()
	answer, problem := c.ask(r.Context(), offer, patience)
	if problem != nil {
		return problem
	}
	theirs := FragmentOf(answer)
	c.mu.Lock()
	c.offer, c.ufrag, c.etag, c.budget, c.ended = offer, f.Ufrag, `"`+secret()+`"`, maxCandidates, false
	w.Header().Set("ETag", c.etag)
	c.mu.Unlock()
	web.Reply(w, http.StatusOK, typeFragment, []byte(theirs.String()))
	return nil
}

// gone tells the call that the client has ended the session.
func (c *seat) gone() {
	c.inbox.Put(signal.Message{Kind: signal.KindBye})
	c.inbox.Finish(io.EOF)
}

// Traits implements what signal.TraitsOf asks for.
func (*seat) Traits() signal.Traits { return signal.Traits{Whole: true, Lasting: true} }

// Send implements signal.Channel.
func (c *seat) Send(ctx context.Context, m signal.Message) error {
	if err := m.Validate(); err != nil {
		return err
	}
	select {
	case <-c.closed:
		return signal.ErrClosed
	default:
	}
	switch m.Kind {
	case signal.KindAnswer:
		select {
		case c.answer <- m.Description.SDP:
			return nil
		default:
			return fmt.Errorf("%w: the offer has been answered", signal.ErrMessage)
		}
	case signal.KindBye:
		return c.Close(ctx)
	case signal.KindEndOfCandidates:
		return nil
	case signal.KindOffer, signal.KindCandidate, signal.KindPaired, signal.KindUnknown:
	}
	return fmt.Errorf("%w: a WHIP server sends no %s", signal.ErrMessage, m.Kind)
}

// Receive implements signal.Channel.
func (c *seat) Receive(ctx context.Context) (signal.Message, error) { return c.inbox.Take(ctx) }

// Close implements signal.Channel. The client learns of it by the media, or at its next request: the session is gone.
func (c *seat) Close(context.Context) error {
	c.once.Do(func() {
		c.server.forget(c)
		close(c.closed)
		c.inbox.Drop()
		c.inbox.Finish(io.EOF)
	})
	return nil
}
