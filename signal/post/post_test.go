package post

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/signal"
)

func offerOf(sdp string) signal.Message {
	return signal.Message{Kind: signal.KindOffer, Description: &signal.Description{Type: "offer", SDP: sdp}}
}

func answerOf(sdp string) signal.Message {
	return signal.Message{Kind: signal.KindAnswer, Description: &signal.Description{Type: "answer", SDP: sdp}}
}

func receive(t *testing.T, c signal.Channel) signal.Message {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	m, err := c.Receive(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func closing(t *testing.T, c signal.Channel) {
	t.Helper()
	if err := c.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

func waiting(t *testing.T, s *Server) signal.Channel {
	t.Helper()
	c, err := s.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closing(t, c) })
	return c
}

func TestExchange(t *testing.T) {
	s := NewServer(ServerOptions{Token: "t0k3n"})
	h := httptest.NewServer(s)
	defer h.Close()
	b := waiting(t, s)
	if _, err := s.Accept(t.Context()); err == nil {
		t.Error("two sessions wait at one time")
	}
	o := Options{Shape: Builtin("aiortc"), URL: h.URL + "/offer"}
	o.Token = "t0k3n"
	a, err := Dial(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if !signal.TraitsOf(a).Whole || !signal.TraitsOf(b).Whole {
		t.Error("candidates would trickle")
	}
	want := signal.Message{Kind: signal.KindPaired, Role: signal.RoleOfferer}
	if diff := cmp.Diff(want, receive(t, a)); diff != "" {
		t.Error(diff)
	}
	sent := make(chan error, 1)
	go func() { sent <- a.Send(t.Context(), offerOf(usable)) }()
	want.Role = signal.RoleAnswerer
	if diff := cmp.Diff(want, receive(t, b)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(offerOf(usable), receive(t, b)); diff != "" {
		t.Error(diff)
	}
	if err := b.Send(t.Context(), answerOf("v=0 answer\r\n")); err != nil {
		t.Fatal(err)
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(answerOf("v=0 answer\r\n"), receive(t, a)); diff != "" {
		t.Error(diff)
	}
	closing(t, a)
	closing(t, a)
	if _, err := a.Receive(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
	}
	if err := a.Send(t.Context(), offerOf("x")); !errors.Is(err, signal.ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}

// usable is the least that an offer must say.
const usable = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=fingerprint:sha-256 DA:7B:57:DC:28:CE:04:4F:31:79:85:C4:31:67:EB:27:58:29:ED:77:2A:0D:24:AE:ED:AD:30:BC:BD:F1:9C:02\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n" +
	"a=ice-ufrag:u\r\na=ice-pwd:p\r\n"

var usableJSON = `{"type":"offer","sdp":` + strconv.Quote(usable) + `}`

// TestWhatIsRefused goes through the server's refusals, each with the status that HTTP has for it.
func TestWhatIsRefused(t *testing.T) {
	good := usableJSON
	for name, test := range map[string]struct {
		method, path, kind, token, body string
		want                            int
		field                           string // that must be there
	}{
		"elsewhere":        {"POST", "/x", "application/json", "t0k3n", good, 404, ""},
		"GET":              {"GET", "/", "", "t0k3n", "", 405, "Allow"},
		"a preflight":      {"OPTIONS", "/offer", "", "", "", 204, "Access-Control-Allow-Origin"},
		"no token":         {"POST", "/", "application/json", "", good, 401, "WWW-Authenticate"},
		"another token":    {"POST", "/", "application/json", "t0k3", good, 401, "WWW-Authenticate"},
		"a form":           {"POST", "/", "application/x-www-form-urlencoded", "t0k3n", good, 415, ""},
		"no JSON":          {"POST", "/", "application/json", "t0k3n", "v=0", 400, ""},
		"an answer":        {"POST", "/", "application/json", "t0k3n", `{"type":"answer","sdp":"v=0"}`, 400, ""},
		"no SDP":           {"POST", "/", "application/json", "t0k3n", `{"type":"offer"}`, 400, ""},
		"no fingerprint":   {"POST", "/", "application/json", "t0k3n", strings.Replace(good, "fingerprint", "print", 1), 400, ""},
		"a broken line":    {"POST", "/", "application/json", "t0k3n", strings.Replace(good, "t=0 0", "t=now", 1), 400, ""},
		"too much":         {"POST", "/", "application/json", "t0k3n", `"` + strings.Repeat("x", maxBody) + `"`, 413, ""},
		"nobody to answer": {"POST", "/offer", "application/json", "t0k3n", good, 503, "Retry-After"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), test.method, test.path, strings.NewReader(test.body))
			r.Header.Set("Content-Type", test.kind)
			if test.token != "" {
				r.Header.Set("Authorization", "Bearer "+test.token)
			}
			w := httptest.NewRecorder()
			NewServer(ServerOptions{Token: "t0k3n"}).ServeHTTP(w, r)
			if w.Code != test.want || (test.field != "" && w.Header().Get(test.field) == "") {
				t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
			}
			if wrong := strings.Contains(w.Body.String(), "token is wrong"); wrong != (test.token == "t0k3") {
				t.Errorf("%s: says that the token is wrong: %t", w.Body, wrong)
			}
			if test.want >= 400 && w.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("no problem body: %s", w.Body)
			}
		})
	}
}

// TestForeignPages: a page from elsewhere, of which the browser lets a plain POST through unasked, gets no call.
func TestForeignPages(t *testing.T) {
	s := NewServer(ServerOptions{AnswerTimeout: 30 * time.Millisecond})
	session := waiting(t, s)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/offer", strings.NewReader(usableJSON))
	r.Header.Set("Content-Type", "text/plain")
	r.Header.Set("Origin", "https://evil.example")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "--token") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	closing(t, session)
	if m, err := session.Receive(t.Context()); err == nil {
		t.Errorf("the session got a caller: %v", m)
	}
}

// TestOneAfterAnother: a second caller is asked to come again while a call is in progress, at once.
func TestOneAfterAnother(t *testing.T) {
	s := NewServer(ServerOptions{})
	h := httptest.NewServer(s)
	defer h.Close()
	first := waiting(t, s)
	a, err := Dial(t.Context(), Options{Shape: Builtin("aiortc"), URL: h.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, a)
	sent := make(chan error, 1)
	go func() { sent <- a.Send(t.Context(), offerOf(usable)) }()
	receive(t, first)
	receive(t, first)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/offer", strings.NewReader(usableJSON)))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	closing(t, first) // without an answer
	var e *signal.Error
	if err := a.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-sent; !errors.As(err, &e) {
		t.Errorf("the caller whose call ended: %v", err)
	}
}

// TestUnanswerable: a caller whose offer cannot be answered learns why, and not to come again.
func TestUnanswerable(t *testing.T) {
	s := NewServer(ServerOptions{})
	b := waiting(t, s)
	w, over := httptest.NewRecorder(), make(chan struct{})
	go func() {
		defer close(over)
		s.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/offer", strings.NewReader(usableJSON)))
	}()
	receive(t, b)
	receive(t, b)
	signal.Refuse(b, errors.New("no codec in common"))
	closing(t, b)
	<-over
	if w.Code != http.StatusUnprocessableEntity || w.Header().Get("Retry-After") != "" || !strings.Contains(w.Body.String(), "no codec in common") {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}

func TestNoAnswerInTime(t *testing.T) {
	s := NewServer(ServerOptions{AnswerTimeout: 30 * time.Millisecond})
	b := waiting(t, s)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/offer", strings.NewReader(usableJSON)))
	if w.Code != http.StatusGatewayTimeout {
		t.Errorf("%d", w.Code)
	}
	receive(t, b)
	receive(t, b)
	var e *signal.Error
	if _, err := b.Receive(t.Context()); !errors.As(err, &e) || e.Reason != signal.ReasonTimeout {
		t.Errorf("%v", err)
	}
}

func TestCallerGoesAway(t *testing.T) {
	s := NewServer(ServerOptions{})
	b := waiting(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() {
		defer close(over)
		s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodPost, "/offer", strings.NewReader(usableJSON)))
	}()
	receive(t, b)
	receive(t, b)
	cancel()
	<-over
	if _, err := b.Receive(t.Context()); !errors.Is(err, signal.ErrPeerGone) {
		t.Errorf("%v", err)
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	for name, body := range map[string]string{
		"a page": "<html>", "an offer": `{"type":"offer","sdp":"v=0"}`, "no SDP": `{"type":"answer","sdp":""}`, "nothing": "", "an array": "[]",
	} {
		t.Run(name, func(t *testing.T) {
			h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, body) }))
			defer h.Close()
			c, err := Dial(t.Context(), Options{Shape: Builtin("aiortc"), URL: h.URL})
			if err != nil {
				t.Fatal(err)
			}
			defer closing(t, c)
			var e *signal.Error
			if err := c.Send(t.Context(), offerOf("v=0")); !errors.As(err, &e) || e.Reason != signal.ReasonProtocol {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestWhatCannotBeSent(t *testing.T) {
	c, err := Dial(t.Context(), Options{Shape: Builtin("aiortc"), URL: "http://127.0.0.1:9/"})
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, c)
	for _, m := range []signal.Message{answerOf("x"), {Kind: signal.KindCandidate, Candidate: &signal.Candidate{Candidate: "candidate:1"}}, {Kind: signal.KindOffer}} {
		if err := c.Send(t.Context(), m); !errors.Is(err, signal.ErrMessage) {
			t.Errorf("%s: %v", m.Kind, err)
		}
	}
	if err := c.Send(t.Context(), signal.Message{Kind: signal.KindEndOfCandidates}); err != nil {
		t.Error(err)
	}
}
