package whip

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag/sdp"
	"dialtone/signal"
	"dialtone/signal/post"
	"dialtone/signal/web"
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
func pair(t *testing.T, so ServerOptions, co post.Options) (client *post.Client, session signal.Channel, server *Server) {
	t.Helper()
	server = NewServer(so)
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", `<turn:t.example>; rel="ice-server"; username="u"; credential="p\"w"; credential-type="password"`)
		server.ServeHTTP(w, r)
	}))
	t.Cleanup(h.Close)
	session, err := server.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closing(t, session) })
	co.URL, co.Token, co.Shape = h.URL+"/whip", so.Token, post.Builtin("whip")
	client, err = post.Dial(t.Context(), co)
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

// only is the path and the entity-tag of the only session.
func (s *Server) only(t *testing.T) (path, tag string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sessions) != 1 {
		t.Fatalf("%d sessions", len(s.sessions))
	}
	for name, c := range s.sessions {
		path, tag = sessionPath+name, c.tag()
	}
	return path, tag
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
	client, session, server := pair(t, ServerOptions{Token: "t0k3n"}, post.Options{OnICEServers: func(s []signal.ICEServer) { servers = s }})
	if diff := cmp.Diff(ice, servers); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(signal.Traits{Whole: true, Lasting: true, Restarts: true}, client.Traits()); diff != "" {
		t.Error(diff)
	}
	_, first := server.only(t)
	exchange(t, client, session, description("sendonly", "ysXw", pwd2), description("recvonly", "SrvB", pwd2))
	if _, tag := server.only(t); tag == first {
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

// TestLateDelete: the DELETE of a client that closed its connection first is accepted, once.
func TestLateDelete(t *testing.T) {
	client, session, server := pair(t, ServerOptions{}, post.Options{})
	path, _ := server.only(t)
	closing(t, session)
	closing(t, client)
	if w := request(t, server, http.MethodDelete, path, ""); w.Code != http.StatusNotFound {
		t.Errorf("HTTP %d", w.Code)
	}
}

// TestDeleteIsReportedBeforeTheEnd: the request that ends a call is in the call's recording.
func TestDeleteIsReportedBeforeTheEnd(t *testing.T) {
	server := NewServer(ServerOptions{})
	session, err := server.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closing(t, session) })
	posted := make(chan struct{})
	go func() {
		defer close(posted)
		request(t, server, http.MethodPost, "/whip", description("sendonly", "EsAw", pwd), "Content-Type", typeSDP)
	}()
	receive(t, session) // paired
	receive(t, session) // the offer
	if err := session.Send(t.Context(), message(signal.KindAnswer, description("recvonly", "SrvA", pwd))); err != nil {
		t.Fatal(err)
	}
	<-posted
	path, _ := server.only(t)
	h := web.Watched(server, func(web.Served) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if m, err := session.Receive(ctx); err == nil {
			t.Errorf("%+v came before the report", m)
		}
	})
	if w := request(t, h, http.MethodDelete, path, ""); w.Code != http.StatusOK {
		t.Errorf("HTTP %d", w.Code)
	}
	if m := receive(t, session); m.Kind != signal.KindBye {
		t.Errorf("%+v", m)
	}
}

func candidate(line string) signal.Message {
	ufrag := "EsAw"
	return signal.Message{Kind: signal.KindCandidate, Candidate: &signal.Candidate{Candidate: line, UsernameFragment: &ufrag}}
}

func TestTrickle(t *testing.T) {
	client, session, _ := pair(t, ServerOptions{}, post.Options{Trickle: true})
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

// TestRestartStorm: a client gets few restarts at once, also if it does not wait for the answers; what it began is
// finished, and the session is as it says.
func TestRestartStorm(t *testing.T) {
	_, session, server := pair(t, ServerOptions{}, post.Options{})
	path, tag := server.only(t)
	offers, answered := 0, make(chan struct{})
	go func() {
		defer close(answered)
		for {
			m, err := session.Receive(t.Context())
			if err != nil {
				return
			}
			if m.Kind != signal.KindOffer {
				continue
			}
			offers++
			if err := session.Send(t.Context(), message(signal.KindAnswer, description("recvonly", "SrvC", pwd2))); err != nil {
				t.Error(err)
			}
		}
	}()
	var last *httptest.ResponseRecorder
	for n := range 100 {
		ctx, leave := context.WithCancel(t.Context())
		r := httptest.NewRequestWithContext(ctx, http.MethodPatch, path, strings.NewReader(
			fmt.Sprintf("a=ice-ufrag:new%d\r\na=ice-pwd:%s\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n", n, pwd2)))
		r.Header.Set("Content-Type", typeFragment)
		r.Header.Set("If-Match", "*")
		if n%2 == 0 {
			leave()
		}
		last = httptest.NewRecorder()
		server.ServeHTTP(last, r)
		leave()
	}
	if last.Code != http.StatusTooManyRequests || last.Header().Get("Retry-After") != "2" {
		t.Errorf("HTTP %d, %v", last.Code, last.Header())
	}
	if _, now := server.only(t); now == tag {
		t.Error("the session has the tag of before")
	}
	closing(t, session)
	<-answered
	if offers < 5 || offers > 11 {
		t.Errorf("%d offers", offers)
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
	_, session, server := pair(t, ServerOptions{}, post.Options{})
	path, tag := server.only(t)
	body := "a=ice-ufrag:EsAw\r\na=ice-pwd:" + pwd + "\r\na=end-of-candidates\r\n"
	for range 3 {
		if w := request(t, server, http.MethodPatch, path, body, "Content-Type", typeFragment, "If-Match", tag); w.Code != http.StatusNoContent {
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
	_, _, h := pair(t, ServerOptions{Token: "t0k3n"}, post.Options{})
	session, tag := h.only(t)
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
		"all inactive":               {"POST", "/whip", description("inactive", "EsAw", pwd), []string{auth, bearer, kind, typeSDP}, 400},
		"all rejected":               {"POST", "/whip", strings.NewReplacer("m=audio 9", "m=audio 0", "m=video 9", "m=video 0").Replace(description("sendonly", "EsAw", pwd)), []string{auth, bearer, kind, typeSDP}, 400},
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
			if name == "a player" && !strings.Contains(w.Body.String(), "dialtone answer --whep") {
				t.Errorf("no way out: %s", w.Body)
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
