package whip

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"dialtone/signal"
	"dialtone/signal/web"
)

// ServerOptions configure a Server. The zero value is a WHIP server for everybody.
type ServerOptions struct {
	// Play makes it a WHEP server: clients receive.
	Play bool
	// Token is the bearer token that clients must send; empty: everybody may come.
	Token string
	// ICEServers are named to clients in Link fields.
	ICEServers []ICEServer
	// AnswerTimeout bounds how long a client is kept waiting for an answer. Default 20 s.
	AnswerTimeout time.Duration
}

// retryTime is when a client that found no seat should come again.
const retryTime = time.Second

// sessionPath stands before the name of a session.
const sessionPath = "/session/"

// Server is a WHIP or WHEP endpoint with its sessions. It is an http.Handler.
type Server struct {
	o     ServerOptions
	seats web.Seats[seat]

	mu       sync.Mutex
	sessions map[string]*seat // by name
}

// NewServer makes a server. Clients are refused with 503 until somebody waits for one with Dial.
func NewServer(o ServerOptions) *Server {
	if o.AnswerTimeout <= 0 {
		o.AnswerTimeout = 20 * time.Second
	}
	return &Server{o: o, sessions: map[string]*seat{}}
}

// Dial opens a seat for the next client: the channel is paired as the answerer when an offer is posted.
func (s *Server) Dial(context.Context) (signal.Channel, error) {
	c := newSeat(s)
	if !s.seats.Open(c) {
		return nil, &signal.Error{
			Op: "listen", Err: errors.New("another call waits at this server already: one call is answered after another"),
			Hint: "wait until it has begun",
		}
	}
	return c, nil
}

// take gives the free seat to a client, under a name that nobody guesses.
func (s *Server) take(ctx context.Context) *seat {
	c := s.seats.Take(ctx)
	if c != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		c.name = secret()
		s.sessions[c.name] = c
	}
	return c
}

func (s *Server) find(name string) *seat {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[name]
}

// forget takes a seat out of use.
func (s *Server) forget(c *seat) {
	s.seats.Leave(c)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, c.name)
}

// secret is 128 random bits.
func secret() string {
	var raw [16]byte
	_, _ = rand.Read(raw[:]) // it never fails
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if foreign := web.Foreign(r, s.o.Token); foreign != nil {
		web.CORS(w, "")
		web.Refuse(w, *foreign)
		return
	}
	problem := &web.Problem{Status: http.StatusNotFound, Title: "nothing is here",
		Detail: "The endpoint is at " + s.endpoint() + "."}
	name, isSession := strings.CutPrefix(r.URL.Path, sessionPath)
	switch {
	case isSession:
		problem = s.serveSession(w, r, name)
	case r.URL.Path == "/", r.URL.Path == s.endpoint():
		problem = s.serveEndpoint(w, r)
	}
	if problem != nil {
		web.CORS(w, "")
		web.Refuse(w, *problem)
	}
}

func (s *Server) endpoint() string {
	if s.o.Play {
		return "/whep"
	}
	return "/whip"
}

var errUnauthorized = &web.Problem{Status: http.StatusUnauthorized, Title: "a bearer token is needed",
	Detail: "Send the token that this server was started with."}

func notAllowed(w http.ResponseWriter, methods string) *web.Problem {
	w.Header().Set("Allow", methods)
	return &web.Problem{Status: http.StatusMethodNotAllowed, Title: "this method is not taken here",
		Detail: "Taken are " + methods + "."}
}

// serveEndpoint does what the endpoint's URL is for.
func (s *Server) serveEndpoint(w http.ResponseWriter, r *http.Request) *web.Problem {
	const methods = "POST, OPTIONS, GET, HEAD"
	web.CORS(w, methods)
	if r.Method == http.MethodOptions { // a preflight carries no token (RFC 9725 §4.7.1)
		w.Header().Set("Accept-Post", typeSDP)
		web.Reply(w, http.StatusOK, "", nil)
		return nil
	}
	if !web.Authorized(r, s.o.Token) {
		return errUnauthorized
	}
	switch r.Method {
	case http.MethodPost:
		return s.post(w, r)
	case http.MethodGet, http.MethodHead: // there is no representation (RFC 9725 §4.1)
		web.Reply(w, http.StatusNoContent, "", nil)
		return nil
	}
	return notAllowed(w, methods)
}

// post makes a session of an offer.
func (s *Server) post(w http.ResponseWriter, r *http.Request) *web.Problem {
	if web.MediaType(r) != typeSDP {
		return &web.Problem{Status: http.StatusUnsupportedMediaType, Title: "the body must be SDP",
			Detail: "Send Content-Type: " + typeSDP + "."}
	}
	raw, problem := web.ReadBody(w, r, signal.MaxSDP)
	if problem != nil {
		return problem
	}
	offer := string(raw)
	if err := s.checkOffer(offer); err != nil {
		return &web.Problem{Status: http.StatusBadRequest, Title: err.Error(), Detail: "Send the offer of a WebRTC session."}
	}
	c := s.take(r.Context())
	if c == nil {
		return &web.Problem{Status: http.StatusServiceUnavailable, Title: "another session is under way",
			Detail: "One is served after another.", Retry: retryTime}
	}
	answer, problem := c.open(r.Context(), offer, s.o.AnswerTimeout)
	if problem != nil {
		s.forget(c)
		return problem
	}
	w.Header().Set("Location", sessionPath+c.name)
	w.Header().Set("ETag", c.tag())
	w.Header().Set("Accept-Patch", typeFragment)
	for _, ice := range s.o.ICEServers {
		w.Header().Add("Link", formatLink(ice))
	}
	web.Reply(w, http.StatusCreated, typeSDP, []byte(answer))
	return nil
}

// checkOffer refuses what cannot be a session of this direction (RFC 9725 §4.2).
func (s *Server) checkOffer(offer string) error {
	if err := checkSDP(offer); err != nil {
		return err
	}
	wrong := []string{"recvonly", "inactive"}
	if s.o.Play {
		wrong[0] = "sendonly"
	}
	for _, direction := range wrong {
		if _, is := attribute(offer, direction); is {
			return fmt.Errorf("%w: a media section is %s", errSDP, direction)
		}
	}
	return nil
}

// serveSession does what a session's URL is for.
func (s *Server) serveSession(w http.ResponseWriter, r *http.Request, name string) *web.Problem {
	const methods = "PATCH, DELETE, OPTIONS, GET, HEAD"
	web.CORS(w, methods)
	if r.Method == http.MethodOptions {
		w.Header().Set("Accept-Patch", typeFragment)
		web.Reply(w, http.StatusOK, "", nil)
		return nil
	}
	if !web.Authorized(r, s.o.Token) {
		return errUnauthorized
	}
	c := s.find(name)
	if c == nil {
		return &web.Problem{Status: http.StatusNotFound, Title: "there is no such session",
			Detail: "It has ended, or never was: make another at " + s.endpoint() + "."}
	}
	switch r.Method {
	case http.MethodDelete: // an entity-tag does not matter here (RFC 9725 §4.3.1)
		s.forget(c)
		c.gone()
		web.Reply(w, http.StatusOK, "", nil)
		return nil
	case http.MethodPatch:
		return c.patch(w, r, s.o.AnswerTimeout)
	case http.MethodGet, http.MethodHead:
		web.Reply(w, http.StatusNoContent, "", nil)
		return nil
	}
	return notAllowed(w, methods)
}
