package conform

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"dialtone/diag/sdp"
	"dialtone/signal/web"
)

const (
	typeSDP      = "application/sdp"
	typeFragment = "application/trickle-ice-sdpfrag"
)

// suite is a run: the client, and the session that the checks share.
type suite struct {
	o        Options
	client   *web.Client
	endpoint *url.URL
	log      []string // exchanges of the check at hand

	options *web.Answer // to a preflight
	posted  *web.Answer
	memory  map[string][]string // exchanges that several checks look at: "post", "options", "restart"
	offer   string
	answer  *sdp.Description // nil: the POST was not accepted
	session *url.URL         // nil: none
	etag    string
	patches bool   // PATCH is taken for candidates
	refusal string // else why not
	restart *web.Answer
	ice     *sdp.Fragment // of the client, as it is now
	next    *sdp.Fragment // as it is after the restart in progress
	deleted bool          // DELETE has ended it
	mute    bool          // the server has stopped answering
	extra   []*url.URL    // further sessions to be deleted
}

// begin makes the session that the checks of a group look at, in the place of the one before.
func (s *suite) begin(ctx context.Context) error {
	s.log = nil
	if s.session != nil {
		_, _ = s.client.Do(ctx, web.Call{Op: "bye", Method: http.MethodDelete, URL: s.session})
	}
	s.answer, s.session, s.etag, s.restart = nil, nil, "", nil
	offer, err := s.o.Offer(ctx)
	if err != nil {
		return fmt.Errorf("making an offer: %w", err)
	}
	a, err := s.post(ctx, offer)
	if a == nil {
		return err
	}
	s.remember("post")
	s.posted, s.offer, s.ice = a, offer, sdp.Parse(offer).Fragment()
	if a.Status/100 == 2 {
		s.answer, s.session, s.etag = sdp.Parse(string(a.Body)), resolve(a), a.Header.Get("ETag")
	}
	return nil
}

// post sends an offer as a client does: with redirects, and again if the server asks for it.
func (s *suite) post(ctx context.Context, offer string) (*web.Answer, error) {
	return s.do(ctx, web.Call{
		Op: "offer", Method: http.MethodPost, URL: s.endpoint, ContentType: typeSDP, Accept: typeSDP,
		Body: []byte(offer), Redirects: true, Expect: []int{http.StatusCreated},
	})
}

// do makes a request and notes it. The answer is nil if there was none.
func (s *suite) do(ctx context.Context, call web.Call) (*web.Answer, error) {
	sent := call.Method + " " + s.name(call.URL)
	if call.ContentType != "" {
		sent += " " + call.ContentType
	}
	if call.IfMatch != "" {
		sent += " If-Match: " + web.Clean(call.IfMatch)
	}
	a, err := s.client.Do(ctx, call)
	if a == nil {
		s.log = append(s.log, sent+" → no answer: "+web.Clean(fmt.Sprint(err)))
		s.mute = s.mute || !s.alive(ctx)
		return nil, err
	}
	seen := fmt.Sprintf("%d %s", a.Status, web.StatusText(a.Status)) + s.says(a)
	for _, field := range []string{"Content-Type", "ETag"} {
		if v := a.Header.Get(field); v != "" {
			seen += ", " + field + ": " + web.Clean(v)
		}
	}
	s.log = append(s.log, fmt.Sprintf("%s → %s, %d bytes", sent, seen, len(a.Body)))
	return a, nil
}

// alive asks the endpoint whether the server still answers at all.
func (s *suite) alive(ctx context.Context) bool {
	if ctx.Err() != nil {
		return true // this end gave up
	}
	a, _ := s.client.Do(ctx, web.Call{Op: "conformance", Method: http.MethodOptions, URL: s.endpoint})
	return a != nil
}

// says quotes what a server says about a refusal; "" if it says nothing.
func (s *suite) says(a *web.Answer) string {
	if words := s.client.Words(a); a.Status >= 400 && words != "" {
		return ": " + strconv.Quote(words)
	}
	return ""
}

// protocol is "whip" or "whep".
func (s *suite) protocol() string {
	if s.o.Play {
		return "whep"
	}
	return "whip"
}

// name is which address is meant, without the address: its path may be a key.
func (s *suite) name(u *url.URL) string {
	if u.String() == s.endpoint.String() {
		return "endpoint"
	}
	return "session"
}

// request is do for calls whose every status is judged; the error is that there was no answer.
func (s *suite) request(ctx context.Context, call web.Call) (*web.Answer, error) {
	call.Op = "conformance"
	return s.answered(s.do(ctx, call))
}

func (s *suite) answered(a *web.Answer, err error) (*web.Answer, error) {
	if a == nil {
		return nil, errors.New("there was no answer: " + web.Clean(fmt.Sprint(err)))
	}
	return a, nil
}

// remember keeps the exchanges of the check at hand for others.
func (s *suite) remember(name string) {
	if s.memory == nil {
		s.memory = map[string][]string{}
	}
	s.memory[name] = s.log
}

// recall notes exchanges of an earlier check.
func (s *suite) recall(name string) { s.log = append(s.log, s.memory[name]...) }

// open posts a fresh offer, changed by change, for a check of its own.
func (s *suite) open(ctx context.Context, change func(string) string) (*web.Answer, error) {
	offer, err := s.o.Offer(ctx)
	if err != nil {
		return nil, SkipError("no offer could be made: " + web.Clean(err.Error()))
	}
	a, err := s.answered(s.post(ctx, change(offer)))
	s.keep(a)
	return a, err
}

// keep notes a session that an answer has made, to be deleted.
func (s *suite) keep(a *web.Answer) {
	if a != nil && a.Status/100 == 2 {
		if u := resolve(a); u != nil {
			s.extra = append(s.extra, u)
		}
	}
}

// closeExtra deletes the sessions of open.
func (s *suite) closeExtra(ctx context.Context) {
	for _, u := range s.extra {
		_, _ = s.client.Do(ctx, web.Call{Op: "bye", Method: http.MethodDelete, URL: u})
	}
	s.extra = nil
}

// cleanUp deletes what is left, also after a run that was cancelled.
func (s *suite) cleanUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	s.closeExtra(ctx)
	if s.session != nil {
		_, _ = s.client.Do(ctx, web.Call{Op: "bye", Method: http.MethodDelete, URL: s.session})
	}
}

// What a check needs.

func hasPosted(s *suite) string {
	s.recall("post")
	return ""
}

func hasAnswer(s *suite) string {
	if s.recall("post"); s.answer == nil {
		return "the POST is not accepted"
	}
	return ""
}

func hasOptions(s *suite) string {
	if s.recall("options"); s.options == nil || s.options.Status/100 != 2 {
		return "OPTIONS is not answered 2xx"
	}
	return ""
}

func hasSession(s *suite) string {
	if s.session == nil {
		return "there is no session"
	}
	return ""
}

func hasDeleted(s *suite) string {
	if why := hasSession(s); why != "" || s.deleted {
		return why
	}
	return "DELETE does not end the session"
}

func takesPatches(s *suite) string {
	if why := hasSession(s); why != "" || s.patches {
		return why
	}
	return s.refusal
}

func hasTag(s *suite) string {
	if why := takesPatches(s); why != "" || isStrong(s.etag) {
		return why
	}
	return "the server gave no entity-tag, so there is none to match"
}

func hasRestarted(s *suite) string {
	if s.recall("restart"); s.restart == nil {
		return "no ICE restart was done"
	}
	return ""
}

// Requests that checks make.

func getEndpoint(s *suite) web.Call { return web.Call{Method: http.MethodGet, URL: s.endpoint} }
func getSession(s *suite) web.Call  { return web.Call{Method: http.MethodGet, URL: s.session} }

// postOf sends a body to where the first POST was answered.
func postOf(contentType string, body func(*suite) string) func(*suite) web.Call {
	return func(s *suite) web.Call {
		return web.Call{Method: http.MethodPost, URL: s.posted.URL, ContentType: contentType, Body: []byte(body(s))}
	}
}

// patchOf sends a body to the session, with the entity-tag of the ICE session or another.
func patchOf(contentType string, ifMatch, body func(*suite) string) func(*suite) web.Call {
	return func(s *suite) web.Call {
		return web.Call{
			Method: http.MethodPatch, URL: s.session, ContentType: contentType, IfMatch: ifMatch(s),
			Body: []byte(body(s)),
		}
	}
}

func text(t string) func(*suite) string { return func(*suite) string { return t } }
func tag(s *suite) string               { return s.etag }
func candidate(s *suite) string         { return s.candidates(someCandidate) }

// Judgments.

// unless says what is wrong, if it is.
func unless(holds bool, wrong string, args ...any) error {
	if holds {
		return nil
	}
	return fmt.Errorf(wrong, args...)
}

func isStatus(want int) holdsFunc {
	return func(_ context.Context, s *suite, a *web.Answer) error {
		return unless(a.Status == want, "it is answered %d, not %d%s", a.Status, want, s.says(a))
	}
}

// isRefused also ends a session that should not exist.
func isRefused(what string) holdsFunc {
	return func(ctx context.Context, s *suite, a *web.Answer) error {
		s.keep(a)
		s.closeExtra(ctx)
		return unless(a.Status/100 == 4, "%s is answered %d, not 4xx", what, a.Status)
	}
}

// state looks at what is known.
func state(holds func(*suite) error) holdsFunc {
	return func(_ context.Context, s *suite, _ *web.Answer) error { return holds(s) }
}

// fresh are ICE credentials that were never used.
func fresh() (ufrag, pwd string) {
	text := rand.Text()
	return text[:8], text
}
