package post

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"dialtone/diag/sdp"
	"dialtone/signal"
	"dialtone/signal/web"
)

// ServerOptions configure a Server. The zero value is usable.
type ServerOptions struct {
	// Token is the bearer token that callers must send; empty: every caller is accepted.
	Token string
	// AnswerTimeout bounds how long a caller is kept waiting for the answer. Default 20 s.
	AnswerTimeout time.Duration
}

const maxBody = 2 * signal.MaxSDP // JSON may write a byte of SDP as two

// Server accepts offers at "/" and "/offer". It is a signal.Server.
type Server struct {
	o        ServerOptions
	sessions web.Queue[web.Session]
}

// NewServer makes a server. Offers are refused with 503 until a session waits for one.
func NewServer(o ServerOptions) *Server {
	if o.AnswerTimeout <= 0 {
		o.AnswerTimeout = 20 * time.Second
	}
	return &Server{o: o}
}

// Accept implements signal.Server.
func (s *Server) Accept(context.Context) (signal.Channel, error) {
	var c *web.Session
	c = web.NewSession(signal.Traits{Whole: true}, func() { s.sessions.Remove(c) })
	if err := s.sessions.Add(c); err != nil {
		return nil, err
	}
	return c, nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" && r.URL.Path != Way.Path {
		web.Refuse(w, web.Problem{
			Status: http.StatusNotFound, Title: "nothing is here",
			Detail: "Offers are accepted at " + Way.Path + ".",
		})
		return
	}
	web.Resource{
		Token:   s.o.Token,
		Methods: map[string]func(http.ResponseWriter, *http.Request) *web.Problem{http.MethodPost: s.post},
	}.ServeHTTP(w, r)
}

// post hands the offer to the session that waits, and its answer back.
func (s *Server) post(w http.ResponseWriter, r *http.Request) *web.Problem {
	switch web.MediaType(r.Header) {
	case "application/json", "text/plain", "":
	default:
		return &web.Problem{
			Status: http.StatusUnsupportedMediaType, Title: "the body must be JSON",
			Detail: "Send Content-Type: application/json.",
		}
	}
	raw, problem := web.ReadBody(w, r, maxBody)
	if problem != nil {
		return problem
	}
	offer, err := signal.ParseDescription(raw, signal.KindOffer)
	if err != nil {
		return &web.Problem{
			Status: http.StatusBadRequest, Title: web.Clean(err.Error()),
			Detail: `Post {"type":"offer","sdp":…}.`,
		}
	}
	if err := sdp.Parse(offer.SDP).CheckSession(); err != nil {
		return &web.Problem{Status: http.StatusBadRequest, Title: err.Error(), Detail: "Send the offer of a WebRTC session."}
	}
	c := s.sessions.Take(r.Context())
	if c == nil {
		return web.Busy()
	}
	answer, problem := c.Open(r.Context(), offer.SDP, s.o.AnswerTimeout)
	if problem != nil {
		return problem
	}
	if raw, err = json.Marshal(signal.Description{Type: "answer", SDP: answer}); err != nil {
		return &web.Problem{Status: http.StatusInternalServerError, Title: "the answer cannot be written"}
	}
	web.Reply(w, http.StatusOK, "application/json", raw)
	return nil
}
