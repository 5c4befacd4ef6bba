package whip

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"dialtone/diag/sdp"
	"dialtone/signal"
	"dialtone/signal/web"
)

// ServerOptions configure a Server. The zero value is a WHIP server for everybody.
type ServerOptions struct {
	// Play makes it a WHEP server: clients receive.
	Play bool
	// Token is the bearer token that clients must send; empty: every client is accepted.
	Token string
	// AnswerTimeout bounds how long a client is kept waiting for an answer. Default 20 s.
	AnswerTimeout time.Duration
}

// sessionPath precedes the name of a session.
const sessionPath = "/session/"

// Server is a WHIP or WHEP endpoint with its sessions. It is a signal.Server.
type Server struct {
	o     ServerOptions
	queue web.Queue[session]

	mu       sync.Mutex
	sessions map[string]*session // by name
	ended    []string            // names of the latest that did not end by DELETE
}

// maxEnded bounds the sessions whose late DELETE is accepted.
const maxEnded = 64

// NewServer makes a server. Clients are refused with 503 until a session waits for one.
func NewServer(o ServerOptions) *Server {
	if o.AnswerTimeout <= 0 {
		o.AnswerTimeout = 20 * time.Second
	}
	return &Server{o: o, sessions: map[string]*session{}}
}

// Accept implements signal.Server.
func (s *Server) Accept(context.Context) (signal.Channel, error) {
	c := newSession(s)
	if err := s.queue.Add(c); err != nil {
		return nil, err
	}
	return c, nil
}

// take gives the session that waits to a client, under a name that cannot be guessed.
func (s *Server) take(ctx context.Context) *session {
	c := s.queue.Take(ctx)
	if c != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		c.name = rand.Text()
		s.sessions[c.name] = c
	}
	return c
}

func (s *Server) find(name string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[name]
}

// forget takes a session out of use.
func (s *Server) forget(c *session) {
	s.queue.Remove(c)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, c.name)
}

// end takes a session out of use that its client may still want to end: many close the connection first.
func (s *Server) end(c *session) {
	s.mu.Lock()
	if s.sessions[c.name] == c {
		s.ended = append(s.ended[max(0, len(s.ended)-maxEnded+1):], c.name)
	}
	s.mu.Unlock()
	s.forget(c)
}

// endLate accepts the DELETE of a session that has ended, once.
func (s *Server) endLate(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.ended, name)
	if i >= 0 {
		s.ended = slices.Delete(s.ended, i, i+1)
	}
	return i >= 0
}

// methods are what a URL answers besides OPTIONS.
type methods = map[string]func(http.ResponseWriter, *http.Request) *web.Problem

// ServeHTTP implements http.Handler. There is no representation to be read (RFC 9725 §4.1).
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := web.Resource{Token: s.o.Token}
	name, isSession := strings.CutPrefix(r.URL.Path, sessionPath)
	switch {
	case isSession:
		x.Accept = [2]string{"Accept-Patch", typeFragment}
		x.Methods = s.ofSession(name)
	case r.URL.Path == "/", r.URL.Path == s.endpoint():
		x.Accept = [2]string{"Accept-Post", typeSDP}
		x.Methods = methods{http.MethodPost: s.post, http.MethodGet: web.Empty, http.MethodHead: web.Empty}
	default:
		web.Refuse(w, web.Problem{
			Status: http.StatusNotFound, Title: "nothing is here",
			Detail: "The endpoint is at " + s.endpoint() + ".",
		})
		return
	}
	x.ServeHTTP(w, r)
}

func (s *Server) endpoint() string {
	if s.o.Play {
		return "/whep"
	}
	return "/whip"
}

// ofSession is what a session's URL answers.
func (s *Server) ofSession(name string) methods {
	with := func(do func(*session, http.ResponseWriter, *http.Request) *web.Problem) func(http.ResponseWriter,
		*http.Request) *web.Problem {
		return func(w http.ResponseWriter, r *http.Request) *web.Problem {
			if c := s.find(name); c != nil {
				return do(c, w, r)
			}
			if r.Method == http.MethodDelete && s.endLate(name) {
				web.Reply(w, http.StatusOK, "", nil)
				return nil
			}
			return &web.Problem{
				Status: http.StatusNotFound, Title: "there is no such session",
				Detail: "It has ended or never existed: create another at " + s.endpoint() + ".",
			}
		}
	}
	get := with(func(_ *session, w http.ResponseWriter, r *http.Request) *web.Problem { return web.Empty(w, r) })
	return methods{
		http.MethodPatch: with((*session).patch), http.MethodDelete: with((*session).remove),
		http.MethodGet: get, http.MethodHead: get,
	}
}

// post makes a session of an offer.
func (s *Server) post(w http.ResponseWriter, r *http.Request) *web.Problem {
	if web.MediaType(r.Header) != typeSDP {
		return &web.Problem{
			Status: http.StatusUnsupportedMediaType, Title: "the body must be SDP",
			Detail: "Send Content-Type: " + typeSDP + ".",
		}
	}
	raw, problem := web.ReadBody(w, r, signal.MaxSDP)
	if problem != nil {
		return problem
	}
	offer := string(raw)
	if problem := s.checkOffer(offer); problem != nil {
		return problem
	}
	c := s.take(r.Context())
	if c == nil {
		busy := web.Busy()
		busy.Detail += " That of a client that vanished ends after about 20 seconds."
		return busy
	}
	answer, problem := c.open(r.Context(), offer)
	if problem != nil {
		s.forget(c)
		return problem
	}
	w.Header().Set("Location", sessionPath+c.name)
	w.Header().Set("ETag", c.tag())
	w.Header().Set("Accept-Patch", typeFragment)
	web.Reply(w, http.StatusCreated, typeSDP, []byte(answer))
	return nil
}

// checkOffer refuses what cannot be a session of this direction (RFC 9725 §4.2).
func (s *Server) checkOffer(offer string) *web.Problem {
	d := sdp.Parse(offer)
	if err := d.CheckSession(); err != nil {
		return &web.Problem{Status: http.StatusBadRequest, Title: err.Error(), Detail: "Send the offer of a WebRTC session."}
	}
	wrong, title, detail := "recvonly", "the offer only receives, as a player's does, and this endpoint receives (WHIP)",
		"Offer sendonly sections to publish; to play, use a WHEP endpoint (dialtone answer --whep)."
	if s.o.Play {
		wrong, title, detail = "sendonly", "the offer only sends, as a publisher's does, and this endpoint sends (WHEP)",
			"Offer recvonly sections to play; to publish, use a WHIP endpoint (dialtone answer --whip)."
	}
	unused := true
	for i := range d.Media {
		m := &d.Media[i]
		if m.Direction == wrong {
			return &web.Problem{Status: http.StatusBadRequest, Title: title, Detail: detail}
		}
		unused = unused && (m.Rejected() || m.Direction == "inactive")
	}
	if unused {
		return &web.Problem{
			Status: http.StatusBadRequest, Title: "all media sections of the offer are inactive or rejected (port 0)",
			Detail: "Offer what is to be sent or received.",
		}
	}
	return nil
}
