package post

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialtone/signal"
	"dialtone/signal/web"
)

const (
	pwd  = "P2uYro0UCOQ4zxjKXaWCBui1"
	pwd2 = "vw5LmwG4y/e6dPP/zAP9Gp5k"
)

func message(kind signal.Kind, text string) signal.Message {
	return signal.Message{Kind: kind, Description: &signal.Description{Type: kind.String(), SDP: text}}
}

func candidate(line string) signal.Message {
	ufrag := "EsAw"
	return signal.Message{Kind: signal.KindCandidate, Candidate: &signal.Candidate{Candidate: line, UsernameFragment: &ufrag}}
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
	o := Options{Shape: Builtin("whip"), URL: home.URL + "/live/whip"}
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
		c := dialed(t, Options{Shape: Builtin("whip"), URL: s.URL + "/a/whip", Trickle: true})
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
		if err := c.alone(t.Context(), c.sendCandidates); err != nil {
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
	c := dialed(t, Options{Shape: Builtin("whip"), URL: s.URL, Trickle: true})
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

func TestSessionAnswersThatAreNone(t *testing.T) {
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
		"a page": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }, false, signal.ReasonProtocol},
		"blank": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, strings.Repeat(" ", 4096))
		}, false, signal.ReasonProtocol},
		"a counter-offer of WHIP": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotAcceptable) }, false, signal.ReasonRejected},
		"a counter-offer of nothing": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/s")
			w.WriteHeader(http.StatusNotAcceptable)
		}, true, signal.ReasonRejected},
		"a counter-offer from nobody": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotAcceptable)
			_, _ = io.WriteString(w, description("sendonly", "SrvA", pwd))
		}, true, signal.ReasonProtocol},
	} {
		t.Run(name, func(t *testing.T) {
			s := scripted(t, test.answer)
			c := dialed(t, Options{URL: s.URL, Shape: Builtin(map[bool]string{false: "whip", true: "whep"}[test.play])})
			var e *signal.Error
			if err := c.Send(t.Context(), message(signal.KindOffer, description("sendonly", "EsAw", pwd))); !errors.As(err, &e) || e.Reason != test.want ||
				name == "blank" && !strings.Contains(e.Error(), "blank: 4096 bytes of white space") {
				t.Errorf("%v", err)
			}
			_ = c.Close(t.Context()) // the goodbye goes to nobody
		})
	}
}

// TestLocationsThatAreNotUsed: the call goes on without the session's address, and the report says why.
func TestLocationsThatAreNotUsed(t *testing.T) {
	for location, want := range map[string]string{
		"file:///etc/passwd":           signal.RemarkLocation,
		"data:text/plain,x":            signal.RemarkLocation,
		"http://u:p@127.0.0.1/s":       signal.RemarkLocation,
		"http://127.0.0.1:99999/s":     signal.RemarkLocation,
		"/" + strings.Repeat("a", 1e4): signal.RemarkLocation,
		"":                             signal.RemarkNoSession,
	} {
		s := scripted(t, creates(location, 200))
		var remarks []string
		c := dialed(t, Options{URL: s.URL, Shape: Builtin("whip"), Options: web.Options{
			OnRequest: func(r signal.Request) { remarks = append(remarks, r.Remarks...) },
		}})
		if err := c.Send(t.Context(), message(signal.KindOffer, description("sendonly", "EsAw", pwd))); err != nil {
			t.Errorf("%.40s: %v", location, err)
		}
		if m := receive(t, c); m.Kind != signal.KindAnswer {
			t.Errorf("%.40s: %+v", location, m)
		}
		_ = c.Close(t.Context())
		if !slices.Contains(remarks, want) || len(s.requests()) != 1 {
			t.Errorf("%.40s: remarks %v, requests %v", location, remarks, s.requests())
		}
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
	c := dialed(t, Options{Shape: Builtin("whip"), URL: s.URL})
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
	c := dialed(t, Options{Shape: Builtin("whip"), URL: s.URL, Trickle: true})
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
	got, err := ICEServers(t.Context(), Options{Shape: Builtin("whip"), URL: s.URL})
	if diff := cmp.Diff([]signal.ICEServer{{URL: "stun:s.example"}}, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if _, err := ICEServers(t.Context(), Options{Shape: Builtin("whip"), URL: "ftp://x"}); err == nil {
		t.Error("an address that is none")
	}
}

// description is an SDP as a WebRTC stack writes it.
func description(direction, ufrag, pwd string) string {
	var b strings.Builder
	b.WriteString("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\na=ice-options:trickle\r\n")
	for i, m := range []string{"audio 9 UDP/TLS/RTP/SAVPF 111", "video 9 UDP/TLS/RTP/SAVPF 96"} {
		fmt.Fprintf(&b, "m=%s\r\na=mid:%d\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=fingerprint:sha-256 DA:7B:57:DC:28:CE:04:4F:31:79:85:C4:31:67:EB:27:58:29:ED:77:2A:0D:24:AE:ED:AD:30:BC:BD:F1:9C:02\r\na=setup:active\r\na=%s\r\na=rtcp-mux\r\n", m, i, ufrag, pwd, direction)
		if i == 0 {
			b.WriteString("a=candidate:1 1 udp 2130706431 127.0.0.1 9 typ host\r\n")
		}
	}
	return b.String()
}
