package offer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"dialtone/signal"
	"dialtone/signal/web"
)

// ServerOptions configure a Server. The zero value is usable.
type ServerOptions struct {
	// Token is the bearer token that callers must send; empty: everybody may call.
	Token string
	// AnswerTimeout bounds how long a caller is kept waiting for the answer. Default 20 s.
	AnswerTimeout time.Duration
}

const (
	maxBody = 2 * signal.MaxSDP // JSON may write a byte of SDP as two
	// retryTime is when a caller who found no seat should come again.
	retryTime = time.Second
)

// errBusy is what Dial returns while another seat is free.
var errBusy = errors.New("another call waits at this server already: one call is answered after another")

// Server takes offers on "/" and "/offer". It is an http.Handler.
type Server struct {
	o     ServerOptions
	seats web.Seats[seat]
}

// NewServer makes a server. Offers are refused with 503 until somebody waits for one with Dial.
func NewServer(o ServerOptions) *Server {
	if o.AnswerTimeout <= 0 {
		o.AnswerTimeout = 20 * time.Second
	}
	return &Server{o: o}
}

// Dial opens a seat for the next caller: the channel is paired as the answerer when an offer is posted.
func (s *Server) Dial(context.Context) (signal.Channel, error) {
	c := &seat{server: s, inbox: signal.NewInbox(), answer: make(chan *signal.Description, 1), closed: make(chan struct{})}
	if !s.seats.Open(c) {
		return nil, &signal.Error{Op: "listen", Err: errBusy, Hint: "wait until it has begun"}
	}
	return c, nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	web.CORS(w, "POST, OPTIONS")
	if foreign := web.Foreign(r, s.o.Token); foreign != nil {
		web.Refuse(w, *foreign)
		return
	}
	switch {
	case r.URL.Path != "/" && r.URL.Path != "/offer":
		web.Refuse(w, web.Problem{Status: http.StatusNotFound, Title: "nothing is here",
			Detail: "Offers are taken at /offer."})
	case r.Method == http.MethodOptions:
		web.Reply(w, http.StatusNoContent, "", nil)
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", "POST, OPTIONS")
		web.Refuse(w, web.Problem{Status: http.StatusMethodNotAllowed, Title: "only POST is taken",
			Detail: `Post {"type":"offer","sdp":…}.`})
	case !web.Authorized(r, s.o.Token):
		web.Refuse(w, web.Problem{Status: http.StatusUnauthorized, Title: "a bearer token is needed",
			Detail: "Send the token that this server was started with."})
	default:
		if p := s.post(w, r); p != nil {
			web.Refuse(w, *p)
		}
	}
}

// post hands an offer to the free seat and answers with its answer.
func (s *Server) post(w http.ResponseWriter, r *http.Request) *web.Problem {
	switch kind := web.MediaType(r); kind {
	case "application/json", "text/plain", "":
	default:
		return &web.Problem{Status: http.StatusUnsupportedMediaType, Title: "the body must be JSON",
			Detail: "Send Content-Type: application/json."}
	}
	raw, problem := web.ReadBody(w, r, maxBody)
	if problem != nil {
		return problem
	}
	offer, err := signal.ParseDescription(raw, signal.KindOffer)
	if err != nil {
		return &web.Problem{Status: http.StatusBadRequest, Title: web.Clean(err.Error()),
			Detail: `Post {"type":"offer","sdp":…}.`}
	}
	seat := s.seats.Take(r.Context())
	if seat == nil {
		return &web.Problem{Status: http.StatusServiceUnavailable, Title: "another call is under way",
			Detail: "One call is answered after another.", Retry: retryTime}
	}
	seat.inbox.Put(signal.Message{Kind: signal.KindPaired, Role: signal.RoleAnswerer})
	seat.inbox.Put(signal.Message{Kind: signal.KindOffer, Description: offer})
	return seat.await(w, r, s.o.AnswerTimeout)
}

// seat is the server's end of one call: a signal.Channel.
type seat struct {
	server *Server
	inbox  *signal.Inbox
	answer chan *signal.Description // buffered, 1
	once   sync.Once
	closed chan struct{}
}

// await answers the request when the call has its answer.
func (c *seat) await(w http.ResponseWriter, r *http.Request, patience time.Duration) *web.Problem {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case answer := <-c.answer:
		return reply(w, answer)
	case <-r.Context().Done():
		c.inbox.Finish(fmt.Errorf("%w: it went away before it was answered", signal.ErrPeerGone))
		return nil
	case <-c.closed:
		select {
		case answer := <-c.answer: // it was the last that was done
			return reply(w, answer)
		default:
		}
		return &web.Problem{Status: http.StatusServiceUnavailable, Title: "the call ended before it was answered",
			Detail: "Call again.", Retry: retryTime}
	case <-timer.C:
		c.inbox.Finish(&signal.Error{Op: "answer", Reason: signal.ReasonTimeout,
			Err: errors.New("the caller was not answered in time"), Hint: "look at the servers that gathering waits for"})
		return &web.Problem{Status: http.StatusGatewayTimeout, Title: "the call was not answered in time",
			Detail: "Call again."}
	}
}

func reply(w http.ResponseWriter, answer *signal.Description) *web.Problem {
	raw, err := json.Marshal(answer)
	if err != nil {
		return &web.Problem{Status: http.StatusInternalServerError, Title: "the answer cannot be written"}
	}
	web.Reply(w, http.StatusOK, "application/json", raw)
	return nil
}

// Traits implements what signal.TraitsOf asks for.
func (*seat) Traits() signal.Traits { return signal.Traits{Whole: true} }

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
		d := *m.Description
		select {
		case c.answer <- &d:
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
	return fmt.Errorf("%w: the response to an offer carries no %s", signal.ErrMessage, m.Kind)
}

// Receive implements signal.Channel.
func (c *seat) Receive(ctx context.Context) (signal.Message, error) { return c.inbox.Take(ctx) }

// Close implements signal.Channel.
func (c *seat) Close(context.Context) error {
	c.once.Do(func() {
		c.server.seats.Leave(c)
		close(c.closed)
		c.inbox.Drop()
		c.inbox.Finish(io.EOF)
	})
	return nil
}
