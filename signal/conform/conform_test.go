package conform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dialtone/diag/sdp"
	"dialtone/signal"
	"dialtone/signal/whip"
)

const fingerprint = "a=fingerprint:sha-256 DA:7B:57:DC:28:CE:04:4F:31:79:85:C4:31:67:EB:27:58:29:ED:77:2A:0D:24:AE:ED:AD:30:BC:BD:F1:9C:02\r\n"

// describe writes a description as a WebRTC stack does.
func describe(direction, setup, ufrag, pwd string) string {
	var b strings.Builder
	b.WriteString("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\na=ice-options:trickle\r\n")
	for i, m := range []string{"audio 9 UDP/TLS/RTP/SAVPF 111", "video 9 UDP/TLS/RTP/SAVPF 96"} {
		fmt.Fprintf(&b, "m=%s\r\nc=IN IP4 0.0.0.0\r\na=mid:%d\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\n%sa=setup:%s\r\na=%s\r\na=rtcp-mux\r\n", m, i, ufrag, pwd, fingerprint, setup, direction)
		if i == 0 {
			b.WriteString("a=candidate:1 1 udp 2130706431 127.0.0.1 9 typ host\r\na=end-of-candidates\r\n")
		}
	}
	return b.String()
}

func freshOffer(context.Context) (string, error) {
	ufrag, pwd := fresh()
	return describe("sendonly", "actpass", ufrag, pwd), nil
}

func playersOffer(context.Context) (string, error) {
	ufrag, pwd := fresh()
	return describe("recvonly", "actpass", ufrag, pwd), nil
}

// answering keeps a server's seat taken, one call after another, until the test ends. Its answers are made of words alone.
func answering(t *testing.T, s *whip.Server) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	t.Cleanup(func() { cancel(); wg.Wait() })
	first, err := s.Accept(ctx)
	if err != nil {
		t.Fatal(err)
	}
	wg.Go(func() {
		for c := first; ; {
			serve(ctx, c)
			_ = c.Close(context.Background()) // it never fails
			next, err := s.Accept(ctx)
			if err != nil || ctx.Err() != nil {
				if next != nil {
					_ = next.Close(context.Background())
				}
				return
			}
			c = next
		}
	})
}

func serve(ctx context.Context, c signal.Channel) {
	for {
		m, err := c.Receive(ctx)
		if err != nil {
			return
		}
		if m.Kind == signal.KindOffer {
			ufrag, pwd := fresh()
			direction := "recvonly"
			if strings.Contains(m.Description.SDP, "a=recvonly") {
				direction = "sendonly"
			}
			_ = c.Send(ctx, signal.Message{Kind: signal.KindAnswer, Description: &signal.Description{Type: "answer", SDP: describe(direction, "passive", ufrag, pwd)}})
		}
	}
}

func run(t *testing.T, h http.Handler, token string) map[string]Result {
	t.Helper()
	o := Options{Offer: freshOffer}
	o.Token = token
	return runWith(t, h, o)
}

func runWith(t *testing.T, h http.Handler, o Options) map[string]Result {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	o.URL, o.Patience = server.URL, time.Second/4
	results, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	byID := map[string]Result{}
	for _, r := range results {
		if _, twice := byID[r.ID]; twice {
			t.Errorf("%s is there twice", r.ID)
		}
		byID[r.ID] = r
	}
	return byID
}

func TestOurOwnServer(t *testing.T) {
	for _, token := range []string{"", "t0k3n"} {
		s := whip.NewServer(whip.ServerOptions{Token: token})
		answering(t, s)
		results := run(t, wrong(s, created(func(a *httptest.ResponseRecorder) {
			a.Header().Set("Link", `<turn:turn.example>; rel="ice-server"; username="u"; credential="p\"w"; credential-type="password"`)
		})), token)
		for id, r := range results {
			switch {
			case r.Outcome == Fail || r.Outcome == Warn:
				t.Errorf("%s (§%s): %s: %s\n%s", id, r.Section, r.Outcome, r.Reason, strings.Join(r.Exchanges, "\n"))
			case r.Outcome == Skipped && id != "link-extensions" && (id != "token-required" || token != ""):
				t.Errorf("%s is skipped: %s", id, r.Reason)
			}
			if text := strings.Join(r.Exchanges, "\n"); strings.Contains(text, "t0k3n") || strings.Contains(text, "/session/") {
				t.Errorf("%s tells a secret: %s", id, text)
			}
		}
		if len(results) < 35 {
			t.Errorf("only %d checks", len(results))
		}
	}
}

// spoil changes what a server answers to the requests that it is for. It gets the request and the recorded answer.
type spoil func(r *http.Request, body []byte, a *httptest.ResponseRecorder)

// wrong puts a fault before a server that has none.
func wrong(h http.Handler, fault spoil) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		a := httptest.NewRecorder()
		fault(r, body, a)
		if a.Code == http.StatusOK && a.Body.Len() == 0 && len(a.Header()) == 0 { // the fault did not answer itself
			h.ServeHTTP(a, r)
			fault(r, body, a)
		}
		for name, values := range a.Header() {
			if name != "Content-Length" {
				w.Header()[name] = values
			}
		}
		w.WriteHeader(a.Code)
		_, _ = w.Write(a.Body.Bytes())
	})
}

// after is a fault of the answers to a method.
func after(method string, change func(r *http.Request, a *httptest.ResponseRecorder)) spoil {
	return func(r *http.Request, _ []byte, a *httptest.ResponseRecorder) {
		if r.Method == method && len(a.Header()) > 0 {
			change(r, a)
		}
	}
}

// before is a fault of what reaches the server.
func before(method string, change func(r *http.Request, body []byte, a *httptest.ResponseRecorder)) spoil {
	return func(r *http.Request, body []byte, a *httptest.ResponseRecorder) {
		if r.Method == method && len(a.Header()) == 0 {
			change(r, body, a)
		}
	}
}

func rewrite(a *httptest.ResponseRecorder, old, now string) {
	text := strings.ReplaceAll(a.Body.String(), old, now)
	a.Body.Reset()
	a.Body.WriteString(text)
}

func without(field string) func(*http.Request, *httptest.ResponseRecorder) {
	return func(_ *http.Request, a *httptest.ResponseRecorder) { a.Header().Del(field) }
}

func status(code int) func(*http.Request, *httptest.ResponseRecorder) {
	return func(_ *http.Request, a *httptest.ResponseRecorder) { a.Code = code }
}

func created(change func(*httptest.ResponseRecorder)) spoil {
	return after(http.MethodPost, func(_ *http.Request, a *httptest.ResponseRecorder) {
		if a.Code == http.StatusCreated {
			change(a)
		}
	})
}

// TestSeededFaults: each check finds the faults that it is for, at an endpoint of WHIP and at one of WHEP.
func TestSeededFaults(t *testing.T) {
	var previous, location atomic.Pointer[string]
	faults := map[string]struct {
		fault spoil
		found string
		as    Outcome
	}{
		"200 instead of 201": {created(func(a *httptest.ResponseRecorder) { a.Code = http.StatusOK }), "post-created", Fail},
		"no Location":        {created(func(a *httptest.ResponseRecorder) { a.Header().Del("Location") }), "post-location", Fail},
		"the answer as JSON": {created(func(a *httptest.ResponseRecorder) { a.Header().Set("Content-Type", "application/json") }), "post-type", Fail},
		"a sendrecv answer": {created(func(a *httptest.ResponseRecorder) {
			rewrite(a, "a=recvonly", "a=sendrecv")
			rewrite(a, "a=sendonly", "a=sendrecv")
		}), "answer-direction", Fail},
		"candidates to follow":             {created(func(a *httptest.ResponseRecorder) { rewrite(a, "a=candidate", "a=x") }), "answer-candidates", Fail},
		"no bundle":                        {created(func(a *httptest.ResponseRecorder) { rewrite(a, "BUNDLE 0 1", "BUNDLE 0") }), "answer-bundle", Fail},
		"no rtcp-mux":                      {created(func(a *httptest.ResponseRecorder) { rewrite(a, "a=rtcp-mux", "a=x") }), "answer-rtcp-mux", Fail},
		"video refused":                    {created(func(a *httptest.ResponseRecorder) { rewrite(a, "m=video 9", "m=video 0") }), "answer-complete", Warn},
		"actpass in the answer":            {created(func(a *httptest.ResponseRecorder) { rewrite(a, "setup:passive", "setup:actpass") }), "answer-setup", Fail},
		"no entity-tag":                    {created(func(a *httptest.ResponseRecorder) { a.Header().Del("ETag") }), "restart-etag-first", Fail},
		"a TURN server without a password": {created(func(a *httptest.ResponseRecorder) { a.Header().Set("Link", `<turn:t.example>; rel="ice-server"`) }), "link-ice-servers", Fail},
		"GET is 405":                       {after(http.MethodGet, status(http.StatusMethodNotAllowed)), "get-endpoint", Warn},
		"GET has content":                  {after(http.MethodGet, func(_ *http.Request, a *httptest.ResponseRecorder) { a.Code = 200; a.Body.WriteString("hello") }), "get-session", Fail},
		"no CORS": {after(http.MethodOptions, func(_ *http.Request, a *httptest.ResponseRecorder) {
			a.Header().Del("Access-Control-Allow-Origin")
			a.Header().Del("Access-Control-Allow-Methods")
		}), "options-cors", Fail},
		"no Accept-Post": {after(http.MethodOptions, without("Accept-Post")), "options-accept-post", Warn},
		"ICE servers in a preflight": {after(http.MethodOptions, func(_ *http.Request, a *httptest.ResponseRecorder) {
			a.Header().Set("Link", `<stun:s.example>; rel="ice-server"`)
		}), "options-no-ice", Warn},
		"any content type is SDP": {before(http.MethodPost, func(r *http.Request, _ []byte, _ *httptest.ResponseRecorder) {
			r.Header.Set("Content-Type", typeSDP)
		}), "post-wrong-type", Fail},
		"garbage is a server's fault": {after(http.MethodPost, func(_ *http.Request, a *httptest.ResponseRecorder) {
			if a.Code == http.StatusBadRequest {
				a.Code = http.StatusInternalServerError
			}
		}), "post-malformed", Fail},
		"302": {before(http.MethodPost, func(_ *http.Request, _ []byte, a *httptest.ResponseRecorder) {
			a.Header().Set("Location", "/elsewhere")
			a.Code = http.StatusFound
		}), "post-redirect", Fail},
		"204 with an ETag": {after(http.MethodPatch, func(_ *http.Request, a *httptest.ResponseRecorder) { a.Header().Set("ETag", `"x"`) }), "trickle-no-etag", Fail},
		"candidates are answered 200": {after(http.MethodPatch, func(_ *http.Request, a *httptest.ResponseRecorder) {
			if a.Code == http.StatusNoContent {
				a.Code = http.StatusOK
			}
		}), "trickle-204", Fail},
		"If-Match is not compared": {before(http.MethodPatch, func(r *http.Request, _ []byte, _ *httptest.ResponseRecorder) {
			r.Header.Set("If-Match", "*")
		}), "patch-412", Fail},
		"If-Match is not needed": {before(http.MethodPatch, func(r *http.Request, _ []byte, _ *httptest.ResponseRecorder) {
			if r.Header.Get("If-Match") == "" {
				r.Header.Set("If-Match", "*")
			}
		}), "patch-428", Fail},
		"odd candidates are refused": {before(http.MethodPatch, func(_ *http.Request, body []byte, a *httptest.ResponseRecorder) {
			if bytes.Contains(body, []byte("pigeon")) {
				a.Header().Set("X", "x")
				a.Code = http.StatusBadRequest
			}
		}), "trickle-odd", Fail},
		"any fragment type is taken": {before(http.MethodPatch, func(r *http.Request, _ []byte, _ *httptest.ResponseRecorder) {
			r.Header.Set("Content-Type", typeFragment)
		}), "patch-type", Fail},
		"the restart keeps its tag": {func(r *http.Request, _ []byte, a *httptest.ResponseRecorder) {
			switch tag := a.Header().Get("ETag"); {
			case tag != "" && r.Method == http.MethodPost:
				previous.Store(&tag)
			case tag != "" && previous.Load() != nil:
				a.Header().Set("ETag", *previous.Load())
			}
		}, "restart-etag", Fail},
		"the restart forgets an option": {after(http.MethodPatch, func(_ *http.Request, a *httptest.ResponseRecorder) { rewrite(a, "a=ice-options:trickle\r\n", "") }), "restart-options", Fail},
		"restarts are answered 400": {after(http.MethodPatch, func(_ *http.Request, a *httptest.ResponseRecorder) {
			if a.Code == http.StatusOK {
				a.Code = http.StatusBadRequest
			}
		}), "restart-200", Fail},
		"DELETE compares entity-tags": {before(http.MethodDelete, func(r *http.Request, _ []byte, a *httptest.ResponseRecorder) {
			if r.Header.Get("If-Match") != "" {
				a.Header().Set("X", "x")
				a.Code = http.StatusPreconditionFailed
			}
		}), "delete", Fail},
		"DELETE does nothing": {before(http.MethodDelete, func(r *http.Request, _ []byte, a *httptest.ResponseRecorder) {
			if r.Header.Get("If-Match") != "" {
				a.Header().Set("X", "x")
			}
		}), "deleted", Fail},
		"PATCH without an entity-tag": {created(func(a *httptest.ResponseRecorder) { a.Header().Del("ETag") }), "trickle-etag", Fail},
		"candidates are answered 400": {before(http.MethodPatch, func(_ *http.Request, _ []byte, a *httptest.ResponseRecorder) {
			a.Header().Set("X", "x")
			a.Code = http.StatusBadRequest
		}), "trickle-204", Fail},
		"a weak entity-tag": {after(http.MethodPost, func(_ *http.Request, a *httptest.ResponseRecorder) {
			a.Header().Set("ETag", "W/"+a.Header().Get("ETag"))
		}), "restart-etag-first", Fail},
		"an extension without a URL": {created(func(a *httptest.ResponseRecorder) {
			a.Header().Set("Link", `<ftp://x/>; rel="urn:ietf:params:whep:ext:core:layer", <ftp://x/>; rel="urn:ietf:params:whip:ext:y"`)
		}), "link-extensions", Fail},
		"a section is missing":     {created(func(a *httptest.ResponseRecorder) { a.Body.Truncate(bytes.Index(a.Body.Bytes(), []byte("m=video"))) }), "answer-sdp", Fail},
		"malformed fragments pass": {before(http.MethodPatch, taken("not a fragment")), "patch-malformed", Fail},
		"impossible restarts pass": {before(http.MethodPatch, taken("ice-pwd:short")), "restart-unsatisfied", Fail},
		"an outdated entity-tag passes": {before(http.MethodPatch, func(r *http.Request, _ []byte, _ *httptest.ResponseRecorder) {
			if r.Header.Get("If-Match") != `"not-the-tag"` {
				r.Header.Set("If-Match", "*")
			}
		}), "restart-outdated", Fail},
		"the restart keeps the credentials": {func(r *http.Request, _ []byte, a *httptest.ResponseRecorder) {
			if f := sdp.Parse(a.Body.String()).Fragment(); f.Ufrag != "" && r.Method == http.MethodPost {
				previous.Store(&f.Ufrag)
			} else if f, err := sdp.ParseFragment(a.Body.Bytes()); err == nil && f.Ufrag != "" && previous.Load() != nil {
				rewrite(a, f.Ufrag, *previous.Load())
			}
		}, "restart-credentials", Fail},
		"the session is elsewhere": {after(http.MethodGet, func(r *http.Request, a *httptest.ResponseRecorder) {
			if strings.Contains(r.URL.Path, "session") {
				a.Header().Set("Location", "/elsewhere")
				a.Code = http.StatusTemporaryRedirect
			}
		}), "session-final", Fail},
		"one address for all sessions": {func(r *http.Request, _ []byte, a *httptest.ResponseRecorder) {
			if l := a.Header().Get("Location"); l != "" {
				location.Store(&l)
				a.Header().Set("Location", "/whip/session/all")
			} else if l := location.Load(); l != nil && r.URL.Path == "/whip/session/all" {
				r.URL.Path = *l
			}
		}, "post-distinct", Fail},
		"both ends begin DTLS": {created(func(a *httptest.ResponseRecorder) { rewrite(a, "setup:passive", "setup:active") }), "setup-active", Warn},
		"no challenge":         {after(http.MethodPost, without("WWW-Authenticate")), "token-required", Fail},
	}
	found := map[string]bool{}
	for name, test := range faults {
		found[test.found] = true
		for _, play := range []bool{false, true} {
			if play && !plays(test.found) {
				continue
			}
			o := Options{Play: play, Offer: freshOffer}
			if play {
				o.Offer = playersOffer
			}
			o.Token = "t0k3n"
			t.Run(fmt.Sprintf("%s, play %t", name, play), func(t *testing.T) {
				previous.Store(nil)
				location.Store(nil)
				s := whip.NewServer(whip.ServerOptions{Play: play, Token: o.Token})
				answering(t, s)
				r := runWith(t, wrong(s, test.fault), o)[test.found]
				if r.Outcome != test.as || r.Reason == "" || len(r.Exchanges) == 0 {
					t.Errorf("%s: %s %q %q", test.found, r.Outcome, r.Reason, r.Exchanges)
				}
			})
		}
	}
	for _, id := range IDs() {
		if !found[id] {
			t.Errorf("there is no fault for %s", id)
		}
	}
}

// plays reports whether a check is made of endpoints of WHEP, too.
func plays(id string) bool {
	return slices.ContainsFunc(slices.Concat(groups...), func(c check) bool { return c.id == id && c.whep != "" })
}

// taken accepts a PATCH whose body contains words.
func taken(words string) func(*http.Request, []byte, *httptest.ResponseRecorder) {
	return func(_ *http.Request, body []byte, a *httptest.ResponseRecorder) {
		if bytes.Contains(body, []byte(words)) {
			a.Header().Set("X", "x")
			a.Code = http.StatusNoContent
		}
	}
}

func TestNoTrickling(t *testing.T) {
	s := whip.NewServer(whip.ServerOptions{})
	answering(t, s)
	results := run(t, wrong(s, before(http.MethodPatch, func(_ *http.Request, _ []byte, a *httptest.ResponseRecorder) {
		a.Header().Set("X", "x")
		a.Code = http.StatusNotImplemented
	})), "")
	for id, r := range results {
		if r.Outcome == Fail || r.Outcome == Warn {
			t.Errorf("%s: %s %s", id, r.Outcome, r.Reason)
		}
	}
	if r := results["trickle-204"]; r.Outcome != Skipped || !strings.Contains(r.Reason, "501") {
		t.Errorf("%+v", r)
	}
}

func TestNothingToCheck(t *testing.T) {
	if _, err := Run(t.Context(), Options{URL: "ftp://x", Offer: freshOffer}); err == nil {
		t.Error("an address that is none")
	}
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	if _, err := Run(t.Context(), Options{URL: closed.URL, Offer: freshOffer}); err == nil {
		t.Error("a server that is none")
	}
	bad := errors.New("no camera")
	if _, err := Run(t.Context(), Options{URL: closed.URL, Offer: func(context.Context) (string, error) { return "", bad }}); !errors.Is(err, bad) {
		t.Errorf("%v", err)
	}
}

// TestPlaying: an endpoint of WHEP without faults.
func TestPlaying(t *testing.T) {
	s := whip.NewServer(whip.ServerOptions{Play: true})
	answering(t, s)
	results := runWith(t, s, Options{Play: true, Offer: playersOffer})
	for id, r := range results {
		if r.Outcome == Fail || r.Outcome == Warn || r.Standard != "draft-ietf-wish-whep" {
			t.Errorf("%s: %s %s", id, r.Outcome, r.Reason)
		}
	}
	if len(results) < 28 || results["get-endpoint"].Section != "4.1" || results["delete"].Section != "4.3" {
		t.Errorf("%d checks, %+v", len(results), results["delete"])
	}
}

// TestServersThatAreRight: what a standard or a draft lets a server do is no failure.
func TestServersThatAreRight(t *testing.T) {
	refusal := func(code int, words string) spoil {
		return before(http.MethodPost, func(_ *http.Request, _ []byte, a *httptest.ResponseRecorder) {
			a.Header().Set("Content-Type", "text/plain")
			a.Code = code
			a.Body.WriteString(words)
		})
	}
	for name, test := range map[string]struct {
		fault spoil
		id    string
		as    Outcome
		why   string
	}{
		"another codec, 406":     {refusal(http.StatusNotAcceptable, "H264 only"), "post-created", Skipped, `rejects what is offered (406), as it may: "H264 only"`},
		"another codec, 422":     {refusal(http.StatusUnprocessableEntity, ""), "post-created", Skipped, "rejects what is offered (422), as it may"},
		"nothing is published":   {refusal(http.StatusConflict, ""), "post-created", Skipped, "nothing to play"},
		"ETag *":                 {created(func(a *httptest.ResponseRecorder) { a.Header().Set("ETag", "*") }), "trickle-etag", Warn, "ETag is *, as servers of drafts"},
		"ETag * is not compared": {created(func(a *httptest.ResponseRecorder) { a.Header().Set("ETag", "*") }), "patch-412", Skipped, "none to match"},
		"GET is 405":             {after(http.MethodGet, status(http.StatusMethodNotAllowed)), "get-session", Warn, "as drafts"},
		"no pages from elsewhere": {after(http.MethodOptions, func(_ *http.Request, a *httptest.ResponseRecorder) {
			a.Header().Del("Access-Control-Allow-Origin")
			a.Header().Set("Access-Control-Allow-Methods", "POST")
		}), "options-cors", Skipped, "may not call the server, which is its choice"},
		"any credentials": {before(http.MethodPatch, func(_ *http.Request, body []byte, a *httptest.ResponseRecorder) {
			if bytes.Contains(body, []byte("ice-pwd:short")) {
				a.Header().Set("Content-Type", typeFragment)
			}
		}), "restart-unsatisfied", Skipped, "RFC 8839"},
		"its words": {refusal(http.StatusForbidden, "stream key unknown"), "post-created", Fail, `the POST is answered 403: "stream key unknown"`},
	} {
		t.Run(name, func(t *testing.T) {
			s := whip.NewServer(whip.ServerOptions{})
			answering(t, s)
			results := run(t, wrong(s, test.fault), "")
			if r := results[test.id]; r.Outcome != test.as || !strings.Contains(r.Reason, test.why) {
				t.Errorf("%+v", r)
			}
			for id, r := range results {
				if r.Outcome == Fail && test.as != Fail {
					t.Errorf("%s: %s", id, r.Reason)
				}
			}
		})
	}
}

// TestServerDies: what comes after the end of a server is skipped, not failed.
func TestServerDies(t *testing.T) {
	s := whip.NewServer(whip.ServerOptions{})
	answering(t, s)
	var dead atomic.Bool
	results := run(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		dead.Store(dead.Load() || r.Method == http.MethodPatch)
		if dead.Load() {
			panic(http.ErrAbortHandler)
		}
		s.ServeHTTP(w, r)
	}), "")
	failed := 0
	for _, r := range results {
		if r.Outcome == Fail {
			failed++
		}
	}
	if r := results["delete"]; failed != 1 || r.Outcome != Skipped || !strings.Contains(r.Reason, "stopped answering") {
		t.Errorf("%d failed; %+v", failed, r)
	}
}

// TestChosen: gates leave requirements out, or ask for some only.
func TestChosen(t *testing.T) {
	s := whip.NewServer(whip.ServerOptions{})
	answering(t, s)
	some := runWith(t, s, Options{Offer: freshOffer, Only: []string{"delete", "patch-412"}})
	if len(some) != 2 || some["patch-412"].Outcome != Pass {
		t.Errorf("%+v", some)
	}
	if most := runWith(t, s, Options{Offer: freshOffer, Skip: []string{"delete"}}); len(most) < 35 || most["delete"].ID != "" {
		t.Errorf("%d", len(most))
	}
}
