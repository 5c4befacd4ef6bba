package whip

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag/sdp"
	"dialtone/signal"
)

const pwd2 = "vw5LmwG4y/e6dPP/zAP9Gp5k"

func message(kind signal.Kind, text string) signal.Message {
	return signal.Message{Kind: kind, Description: &signal.Description{Type: kind.String(), SDP: text}}
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

// pair is a client and the server's end of its session, with the first exchange done.
func pair(t *testing.T, so ServerOptions, co Options) (client *Client, session signal.Channel, server *httptest.Server) {
	t.Helper()
	s := NewServer(so)
	server = httptest.NewServer(s)
	t.Cleanup(server.Close)
	session, err := s.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closing(t, session) })
	co.URL, co.Token = server.URL+"/whip", so.Token
	client, err = Dial(t.Context(), co)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closing(t, client) })
	if m := receive(t, client); m.Kind != signal.KindPaired || m.Role != signal.RoleOfferer {
		t.Fatalf("%+v", m)
	}
	exchange(t, client, session, description("sendonly", "EsAw", pwd), description("recvonly", "SrvA", pwd))
	return client, session, server
}

// exchange sends an offer and answers it.
func exchange(t *testing.T, client, session signal.Channel, offer, answer string) {
	t.Helper()
	sent := make(chan error, 1)
	go func() { sent <- client.Send(t.Context(), message(signal.KindOffer, offer)) }()
	m := receive(t, session)
	if m.Kind == signal.KindPaired {
		m = receive(t, session)
	}
	if m.Kind != signal.KindOffer || m.Description.SDP != sdp.MuxOnly(offer) {
		t.Errorf("the server's end got %s:\n%s", m.Kind, m.Description.SDP)
	}
	if err := session.Send(t.Context(), message(signal.KindAnswer, answer)); err != nil {
		t.Fatal(err)
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(message(signal.KindAnswer, answer), receive(t, client)); diff != "" {
		t.Error(diff)
	}
}

func TestSession(t *testing.T) {
	var servers []signal.ICEServer
	ice := []signal.ICEServer{{URL: "turn:t.example", Username: "u", Credential: `p"w`}}
	client, session, _ := pair(t, ServerOptions{Token: "t0k3n", ICEServers: ice}, Options{OnICEServers: func(s []signal.ICEServer) { servers = s }})
	if diff := cmp.Diff(ice, servers); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(signal.Traits{Whole: true, Lasting: true, Restarts: true}, client.Traits()); diff != "" {
		t.Error(diff)
	}
	first := client.etag
	exchange(t, client, session, description("sendonly", "ysXw", pwd2), description("recvonly", "SrvB", pwd2))
	if client.etag == first || client.etag == "" {
		t.Errorf("the ICE session is still %s", first)
	}
	closing(t, client)
	if m := receive(t, session); m.Kind != signal.KindBye {
		t.Errorf("%+v", m)
	}
	if _, err := session.Receive(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
	if err := client.Send(t.Context(), message(signal.KindOffer, "x")); !errors.Is(err, signal.ErrClosed) {
		t.Errorf("%v", err)
	}
}

func candidate(line string) signal.Message {
	ufrag := "EsAw"
	return signal.Message{Kind: signal.KindCandidate, Candidate: &signal.Candidate{Candidate: line, UsernameFragment: &ufrag}}
}

func TestTrickle(t *testing.T) {
	client, session, _ := pair(t, ServerOptions{}, Options{Trickle: true})
	for _, line := range []string{"candidate:1 1 udp 1 192.0.2.1 9 typ host", "candidate:2 1 udp 1 192.0.2.2 9 typ host"} {
		if err := client.Send(t.Context(), candidate(line)); err != nil {
			t.Fatal(err)
		}
		m := receive(t, session)
		if m.Kind != signal.KindCandidate || m.Candidate.Candidate != line || *m.Candidate.SDPMid != "0" || *m.Candidate.UsernameFragment != "EsAw" {
			t.Errorf("%+v", m.Candidate)
		}
	}
	if err := client.Send(t.Context(), signal.Message{Kind: signal.KindEndOfCandidates}); err != nil {
		t.Fatal(err)
	}
	if m := receive(t, session); m.Kind != signal.KindEndOfCandidates {
		t.Errorf("%+v", m)
	}
}

// request makes one request of a session's server.
func request(t *testing.T, h http.Handler, method, path, body string, fields ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	for i := 0; i+1 < len(fields); i += 2 {
		r.Header.Set(fields[i], fields[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestForeignPages: a page from elsewhere gets no session.
func TestForeignPages(t *testing.T) {
	server := NewServer(ServerOptions{})
	w := request(t, server, http.MethodPost, "/whip", description("sendonly", "EsAw", pwd), "Content-Type", typeSDP, "Origin", "https://evil.example")
	if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "--token") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestEndIsToldOnce: a client that says again and again that no candidates will come does not fill the memory.
func TestEndIsToldOnce(t *testing.T) {
	client, session, server := pair(t, ServerOptions{}, Options{})
	body := "a=ice-ufrag:EsAw\r\na=ice-pwd:" + pwd + "\r\na=end-of-candidates\r\n"
	for range 3 {
		if w := request(t, server.Config.Handler, http.MethodPatch, client.session.Path, body, "Content-Type", typeFragment, "If-Match", client.etag); w.Code != http.StatusNoContent {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	receive(t, session)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if m, err := session.Receive(ctx); err == nil {
		t.Errorf("and again: %+v", m)
	}
}

func TestServerRefuses(t *testing.T) {
	client, _, server := pair(t, ServerOptions{Token: "t0k3n"}, Options{})
	h, session, tag := server.Config.Handler, client.session.Path, client.etag
	const auth, bearer, kind, match = "Authorization", "Bearer t0k3n", "Content-Type", "If-Match"
	good := "a=ice-ufrag:EsAw\r\na=ice-pwd:" + pwd + "\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n"
	offer := description("sendonly", "EsAw", pwd)
	for name, test := range map[string]struct {
		method, path, body string
		fields             []string
		want               int
	}{
		"elsewhere":                  {"POST", "/x", offer, []string{auth, bearer, kind, typeSDP}, 404},
		"no token":                   {"POST", "/whip", offer, []string{kind, typeSDP}, 401},
		"another token":              {"POST", "/whip", offer, []string{auth, "Bearer x", kind, typeSDP}, 401},
		"another scheme":             {"POST", "/whip", offer, []string{auth, "Basic t0k3n", kind, typeSDP}, 401},
		"JSON":                       {"POST", "/whip", offer, []string{auth, bearer, kind, "application/json"}, 415},
		"no content type":            {"POST", "/whip", offer, []string{auth, bearer}, 415},
		"no SDP":                     {"POST", "/whip", "hello", []string{auth, bearer, kind, typeSDP}, 400},
		"no media":                   {"POST", "/whip", "v=0\r\n", []string{auth, bearer, kind, typeSDP}, 400},
		"no ICE":                     {"POST", "/whip", "v=0\r\nm=audio 9 RTP/AVP 0\r\n", []string{auth, bearer, kind, typeSDP}, 400},
		"a player":                   {"POST", "/whip", description("recvonly", "EsAw", pwd), []string{auth, bearer, kind, typeSDP}, 400},
		"too much":                   {"POST", "/whip", strings.Repeat("x", signal.MaxSDP+1), []string{auth, bearer, kind, typeSDP}, 413},
		"a second":                   {"POST", "/whip", offer, []string{auth, bearer, kind, typeSDP}, 503},
		"GET":                        {"GET", "/whip", "", []string{auth, bearer}, 204},
		"HEAD":                       {"HEAD", "/whip", "", []string{auth, bearer}, 204},
		"PUT":                        {"PUT", "/whip", offer, []string{auth, bearer}, 405},
		"a preflight":                {"OPTIONS", "/whip", "", nil, 204},
		"GET a session":              {"GET", session, "", []string{auth, bearer}, 204},
		"POST to a session":          {"POST", session, offer, []string{auth, bearer, kind, typeSDP}, 405},
		"a session of no name":       {"GET", sessionPath, "", []string{auth, bearer}, 404},
		"a session guessed":          {"DELETE", sessionPath + "1", "", []string{auth, bearer}, 404},
		"PATCH without the token":    {"PATCH", session, good, []string{kind, typeFragment, match, tag}, 401},
		"DELETE without the token":   {"DELETE", session, "", nil, 401},
		"PATCH of an SDP":            {"PATCH", session, offer, []string{auth, bearer, kind, typeSDP, match, tag}, 415},
		"PATCH of garbage":           {"PATCH", session, "hello", []string{auth, bearer, kind, typeFragment, match, tag}, 400},
		"PATCH without If-Match":     {"PATCH", session, good, []string{auth, bearer, kind, typeFragment}, 428},
		"PATCH with another tag":     {"PATCH", session, good, []string{auth, bearer, kind, typeFragment, match, `"x"`}, 412},
		"PATCH with the tag":         {"PATCH", session, good, []string{auth, bearer, kind, typeFragment, match, `"x", ` + tag}, 204},
		"PATCH with any tag":         {"PATCH", session, good, []string{auth, bearer, kind, typeFragment, match, "*"}, 204},
		"PATCH, as drafts quoted it": {"PATCH", session, good, []string{auth, bearer, kind, typeFragment, match, `"*"`}, 204},
	} {
		t.Run(name, func(t *testing.T) {
			w := request(t, h, test.method, test.path, test.body, test.fields...)
			if w.Code != test.want {
				t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
			}
			problem := w.Header().Get("Content-Type") == "application/problem+json"
			if problem != (w.Code >= 400) || strings.Contains(w.Body.String(), "t0k3n") {
				t.Errorf("%v %s", w.Header(), w.Body)
			}
			needs := map[int]string{401: "WWW-Authenticate", 405: "Allow", 503: "Retry-After"}[w.Code]
			if needs != "" && w.Header().Get(needs) == "" {
				t.Errorf("%d without %s", w.Code, needs)
			}
			if w.Code == http.StatusNoContent && w.Header().Get("ETag") != "" {
				t.Error("a 204 with an ETag")
			}
		})
	}
}

// script is a server whose answers a test writes, with what it was asked.
type script struct {
	mu    sync.Mutex
	asked []string // "METHOD /path Authorization If-Match"
	bodys []string
	*httptest.Server
}

func scripted(t *testing.T, answer http.HandlerFunc) *script {
	t.Helper()
	s := &script{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		s.mu.Lock()
		s.asked = append(s.asked, strings.TrimRight(r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization")+" "+r.Header.Get("If-Match"), " "))
		s.bodys = append(s.bodys, string(body))
		s.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *script) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.asked...)
}

// creates answers a POST as a server should, and others with a status.
func creates(location string, others int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.WriteHeader(others)
			return
		}
		w.Header().Set("Location", location)
		w.Header().Set("ETag", `"one"`)
		w.Header().Set("Content-Type", typeSDP)
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, description("recvonly", "SrvA", pwd))
	}
}

func dialed(t *testing.T, o Options) *Client {
	t.Helper()
	c, err := Dial(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if m := receive(t, c); m.Kind != signal.KindPaired {
		t.Fatalf("%+v", m)
	}
	return c
}

// TestTheTokenStaysAtHome: a session at another origin is used, but gets no token.
func TestTheTokenStaysAtHome(t *testing.T) {
	other := scripted(t, creates("", http.StatusOK))
	home := scripted(t, creates(other.URL+"/s/1", http.StatusOK))
	o := Options{URL: home.URL + "/live/whip"}
	o.Token = "t0k3n"
	c := dialed(t, o)
	if err := c.Send(t.Context(), message(signal.KindOffer, description("sendonly", "EsAw", pwd))); err != nil {
		t.Fatal(err)
	}
	closing(t, c)
	if diff := cmp.Diff([]string{"POST /live/whip Bearer t0k3n"}, home.requests()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"DELETE /s/1"}, other.requests()); diff != "" {
		t.Error(diff)
	}
}

// TestTrickleIsGivenUp: a server that does not take candidates is not asked again.
func TestTrickleIsGivenUp(t *testing.T) {
	for _, status := range []int{405, 501, 422, 428} {
		s := scripted(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodDelete {
				return
			}
			creates("s/1", status)(w, r)
		})
		c := dialed(t, Options{URL: s.URL + "/a/whip", Trickle: true})
		if err := c.Send(t.Context(), message(signal.KindOffer, description("sendonly", "EsAw", pwd))); err != nil {
			t.Fatal(err)
		}
		for len(s.requests()) < 2 {
			if err := c.Send(t.Context(), candidate("candidate:1 1 udp 1 192.0.2.1 9 typ host")); err != nil {
				t.Fatal(err)
			}
			if err := c.alone(t.Context(), func(context.Context) error { return nil }); err != nil {
				t.Fatal(err)
			}
		}
		// The next request is made only after the answer to the first was understood.
		if err := c.alone(t.Context(), c.patch); err != nil {
			t.Errorf("%d: %v", status, err)
		}
		closing(t, c)
		want := []string{"POST /a/whip", `PATCH /a/s/1  "one"`, "DELETE /a/s/1"}
		if diff := cmp.Diff(want, s.requests()); diff != "" {
			t.Errorf("%d: %s", status, diff)
		}
	}
}

// TestCandidatesAreCollected: what is found before the 201 goes out in one PATCH.
func TestCandidatesAreCollected(t *testing.T) {
	patched := make(chan struct{})
	s := scripted(t, func(w http.ResponseWriter, r *http.Request) {
		creates("/s/1", http.StatusNoContent)(w, r)
		if r.Method == http.MethodPatch {
			close(patched)
		}
	})
	c := dialed(t, Options{URL: s.URL, Trickle: true})
	defer closing(t, c)
	for _, line := range []string{"candidate:1", "candidate:2", "candidate:3"} {
		if err := c.Send(t.Context(), candidate(line)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Send(t.Context(), message(signal.KindOffer, description("sendonly", "EsAw", pwd))); err != nil {
		t.Fatal(err)
	}
	<-patched
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, line := range []string{"a=ice-ufrag:EsAw", "a=mid:0", "a=candidate:1", "a=candidate:3"} {
		if !strings.Contains(s.bodys[1], line+"\r\n") {
			t.Errorf("no %s in %q", line, s.bodys[1])
		}
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		play   bool
		want   signal.Reason
	}{
		"JSON": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusCreated)
		}, false, signal.ReasonProtocol},
		"no SDP": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", typeSDP)
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, "hello")
		}, false, signal.ReasonProtocol},
		"a page":                  {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }, false, signal.ReasonProtocol},
		"a session in a file":     {creates("file:///etc/passwd", 200), false, signal.ReasonProtocol},
		"a counter-offer of WHIP": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotAcceptable) }, false, signal.ReasonRejected},
		"a counter-offer of nothing": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/s")
			w.WriteHeader(http.StatusNotAcceptable)
		}, true, signal.ReasonRejected},
		"a counter-offer from nobody": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotAcceptable) }, true, signal.ReasonProtocol},
	} {
		t.Run(name, func(t *testing.T) {
			s := scripted(t, test.answer)
			c := dialed(t, Options{URL: s.URL, Play: test.play})
			var e *signal.Error
			if err := c.Send(t.Context(), message(signal.KindOffer, description("sendonly", "EsAw", pwd))); !errors.As(err, &e) || e.Reason != test.want {
				t.Errorf("%v", err)
			}
			_ = c.Close(t.Context()) // the goodbye goes to nobody
		})
	}
}

// TestRestartRefused: the error is the restart's; the session goes on.
func TestRestartRefused(t *testing.T) {
	s := scripted(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			return
		}
		creates("/s/1", http.StatusUnprocessableEntity)(w, r)
	})
	c := dialed(t, Options{URL: s.URL})
	defer closing(t, c)
	if err := c.Send(t.Context(), message(signal.KindOffer, description("sendonly", "EsAw", pwd))); err != nil {
		t.Fatal(err)
	}
	var e *signal.Error
	if err := c.Send(t.Context(), message(signal.KindOffer, description("sendonly", "ysXw", pwd2))); !errors.As(err, &e) || e.Status != 422 {
		t.Errorf("%v", err)
	}
	if got := s.requests(); got[1] != "PATCH /s/1  *" {
		t.Errorf("%q", got)
	}
}

// TestCloseDuringThePost: the request is given up, and Close does not wait for the server.
func TestCloseDuringThePost(t *testing.T) {
	reached := make(chan struct{})
	s := scripted(t, func(_ http.ResponseWriter, r *http.Request) {
		close(reached)
		<-r.Context().Done()
	})
	c := dialed(t, Options{URL: s.URL, Trickle: true})
	sent := make(chan error, 1)
	go func() { sent <- c.Send(t.Context(), message(signal.KindOffer, description("sendonly", "EsAw", pwd))) }()
	<-reached
	closing(t, c)
	if err := <-sent; err == nil {
		t.Error("it was sent")
	}
	if _, err := c.Receive(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
}

func TestICEServersByOptions(t *testing.T) {
	s := scripted(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Access-Control-Request-Headers") == "Link" {
			w.Header().Set("Link", `<stun:s.example>; rel="ice-server"`)
		}
	})
	got, err := ICEServers(t.Context(), Options{URL: s.URL})
	if diff := cmp.Diff([]signal.ICEServer{{URL: "stun:s.example"}}, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if _, err := ICEServers(t.Context(), Options{URL: "ftp://x"}); err == nil {
		t.Error("an address that is none")
	}
}
