package conform

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"mime"
	"net/http"
	"net/url"
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
	extra   []*url.URL    // further sessions to be deleted
}

// prepare makes the session that most checks look at.
func (s *suite) prepare(ctx context.Context) error {
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
		return nil, err
	}
	seen := fmt.Sprintf("%d %s", a.Status, web.StatusText(a.Status))
	for _, field := range []string{"Content-Type", "ETag"} {
		if v := a.Header.Get(field); v != "" {
			seen += ", " + field + ": " + web.Clean(v)
		}
	}
	s.log = append(s.log, fmt.Sprintf("%s → %s, %d bytes", sent, seen, len(a.Body)))
	return a, nil
}

// name is which address is meant, without the address: its path may be a key.
func (s *suite) name(u *url.URL) string {
	if u.String() == s.endpoint.String() {
		return "endpoint"
	}
	return "session"
}

// request is do for calls whose every status is judged; broken is set if there was no answer.
func (s *suite) request(ctx context.Context, call web.Call) (*web.Answer, verdict) {
	call.Op = "conformance"
	a, err := s.do(ctx, call)
	if a == nil {
		return nil, verdict{broken: "there was no answer: " + web.Clean(fmt.Sprint(err))}
	}
	return a, verdict{}
}

// patch sends a fragment to the session.
func (s *suite) patch(ctx context.Context, contentType, ifMatch, body string) (*web.Answer, verdict) {
	return s.request(ctx, web.Call{Method: http.MethodPatch, URL: s.session, ContentType: contentType, IfMatch: ifMatch,
		Body: []byte(body)})
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
func (s *suite) open(ctx context.Context, change func(string) string) (*web.Answer, verdict) {
	offer, err := s.o.Offer(ctx)
	if err != nil {
		return nil, verdict{skipped: "no offer could be made: " + web.Clean(err.Error())}
	}
	a, err := s.post(ctx, change(offer))
	if a == nil {
		return nil, verdict{broken: "there was no answer: " + web.Clean(fmt.Sprint(err))}
	}
	if u := resolve(a); u != nil && a.Status/100 == 2 {
		s.extra = append(s.extra, u)
	}
	return a, verdict{}
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

// noSession is the reason to skip what needs one.
func (s *suite) noSession() verdict {
	if s.session == nil {
		return verdict{skipped: "there is no session"}
	}
	return verdict{}
}

func isRefused(a *web.Answer) bool { return a.Status/100 == 4 }

func refused(a *web.Answer, what string) verdict {
	if isRefused(a) {
		return verdict{}
	}
	return verdict{broken: fmt.Sprintf("%s is answered %d, not 4xx", what, a.Status)}
}

func mediaType(a *web.Answer) string {
	kind, _, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return kind
}

// fresh are ICE credentials that were never used.
func fresh() (ufrag, pwd string) {
	var raw [16]byte
	_, _ = rand.Read(raw[:]) // it never fails
	text := hex.EncodeToString(raw[:])
	return text[:8], text
}
