package whip

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"dialtone/diag/sdp"
	"dialtone/signal"
	"dialtone/signal/web"
)

// maxCandidates is how many candidates a client may send for one ICE session.
const maxCandidates = 256

// How often a client may restart ICE.
const (
	restarts     = 10 // at once
	restartPause = 2 * time.Second
)

// session is the server's end of one session.
type session struct {
	*web.Session
	server *Server
	name   string        // set when a client comes, under the server's lock
	turn   chan struct{} // buffered, 1: held by the request that changes the session
	storm  *rate.Limiter // of ICE restarts

	mu     sync.Mutex
	offer  string // the client's, as restarted
	ufrag  string
	etag   string
	budget int // candidates that the client may still send
	ended  bool
}

func newSession(s *Server) *session {
	c := &session{
		server: s, turn: make(chan struct{}, 1), budget: maxCandidates,
		storm: rate.NewLimiter(rate.Every(restartPause), restarts),
	}
	c.Session = web.NewSession(signal.Traits{Whole: true, Lasting: true}, func() { s.end(c) })
	return c
}

// open hands the first offer to the call and waits for its answer.
func (c *session) open(ctx context.Context, offer string) (string, *web.Problem) {
	c.turn <- struct{}{}
	defer func() { <-c.turn }()
	c.mu.Lock()
	c.offer, c.etag = offer, newTag()
	c.ufrag, _ = sdp.Parse(offer).Attribute("ice-ufrag")
	c.mu.Unlock()
	return c.Open(ctx, offer, c.server.o.AnswerTimeout)
}

// newTag makes an entity-tag.
func newTag() string { return `"` + rand.Text() + `"` }

func (c *session) tag() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.etag
}

// patch accepts candidates or an ICE restart (RFC 9725 §4.3).
func (c *session) patch(w http.ResponseWriter, r *http.Request) *web.Problem {
	if web.MediaType(r.Header) != typeFragment {
		w.Header().Set("Accept-Patch", typeFragment)
		return &web.Problem{
			Status: http.StatusUnsupportedMediaType, Title: "the body must be an SDP fragment",
			Detail: "Send Content-Type: " + typeFragment + ".",
		}
	}
	raw, problem := web.ReadBody(w, r, sdp.MaxFragment)
	if problem != nil {
		return problem
	}
	f, err := sdp.ParseFragment(raw)
	if err != nil {
		return &web.Problem{Status: http.StatusBadRequest, Title: err.Error(), Detail: "See RFC 8840 §9."}
	}
	select {
	case c.turn <- struct{}{}:
	case <-r.Context().Done():
		return &web.Problem{Status: http.StatusServiceUnavailable, Title: "the client left"}
	}
	defer func() { <-c.turn }()
	if problem := c.precondition(r.Header.Values("If-Match")); problem != nil {
		return problem
	}
	c.mu.Lock()
	restart := f.Ufrag != "" && f.Ufrag != c.ufrag
	c.mu.Unlock()
	if restart {
		return c.restart(w, r, f)
	}
	c.candidates(f)
	web.Reply(w, http.StatusNoContent, "", nil)
	return nil
}

// precondition compares entity-tags (RFC 9110 §13.1.1, RFC 6585 §3). Some clients put the asterisk into quotes, as
// drafts did.
func (c *session) precondition(fields []string) *web.Problem {
	value := strings.Join(fields, ",")
	if strings.TrimSpace(value) == "" {
		return &web.Problem{
			Status: http.StatusPreconditionRequired, Title: "an If-Match field is required",
			Detail: "Send the ETag of the session, or * for an ICE restart.",
		}
	}
	current := c.tag()
	for tag := range strings.SplitSeq(value, ",") {
		switch strings.TrimSpace(tag) {
		case current, "*", `"*"`:
			return nil
		}
	}
	return &web.Problem{
		Status: http.StatusPreconditionFailed, Title: "the entity-tag is not this ICE session's",
		Detail: "Send the ETag that the last ICE restart was answered with.",
	}
}

// candidates passes a client's candidates on. Those beyond the bound are dropped silently, as unusable ones are.
func (c *session) candidates(f *sdp.Fragment) {
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
			c.Put(signal.Message{Kind: signal.KindCandidate, Candidate: x})
		}
	}
	if f.End && !c.ended {
		c.ended = true
		c.Put(signal.Message{Kind: signal.KindEndOfCandidates})
	}
}

// restart passes an ICE restart on as an offer that differs in nothing else, and answers with what the call answers.
func (c *session) restart(w http.ResponseWriter, r *http.Request, f *sdp.Fragment) *web.Problem {
	if !c.storm.Allow() {
		return &web.Problem{
			Status: http.StatusTooManyRequests, Title: "too many ICE restarts", Detail: "Restart ICE again later.",
			Retry: restartPause,
		}
	}
	c.mu.Lock()
	offer := sdp.Restarted(c.offer, f)
	c.mu.Unlock()
	// A client that leaves has begun the restart: the next request is about the session as it is after that.
	answer, problem := c.Ask(context.WithoutCancel(r.Context()), offer, c.server.o.AnswerTimeout)
	if problem != nil {
		return problem
	}
	remote := sdp.Parse(answer).Fragment()
	c.mu.Lock()
	c.offer, c.ufrag, c.etag, c.budget, c.ended = offer, f.Ufrag, newTag(), maxCandidates, false
	w.Header().Set("ETag", c.etag)
	c.mu.Unlock()
	web.Reply(w, http.StatusOK, typeFragment, []byte(remote.String()))
	return nil
}

// remove ends the session on the client's wish. An entity-tag does not matter here (RFC 9725 §4.3.1).
func (c *session) remove(w http.ResponseWriter, _ *http.Request) *web.Problem {
	c.server.forget(c)
	web.Reply(w, http.StatusOK, "", nil) // and with it the report of this request, before the call ends
	c.Put(signal.Message{Kind: signal.KindBye})
	c.Finish(io.EOF)
	return nil
}
