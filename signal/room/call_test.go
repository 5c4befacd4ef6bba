package room

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"dialtone/signal"
	"dialtone/signal/server"
	"dialtone/signal/web"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// startServer runs dialtone's own server on loopback.
func startServer(t testing.TB, o server.Options) *httptest.Server {
	t.Helper()
	s := server.New(o)
	h := httptest.NewServer(s)
	t.Cleanup(func() {
		s.Close()
		h.Close()
	})
	return h
}

func testContext(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// recorder collects what OnRequest gets.
type recorder struct {
	mu       sync.Mutex
	requests []signal.Request
}

func (r *recorder) add(q signal.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = append(r.requests, q)
}

func (r *recorder) all() []signal.Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]signal.Request{}, r.requests...)
}

func mustDial(t testing.TB, o Options) signal.Channel {
	t.Helper()
	c, err := Dial(testContext(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(testContext(t)) })
	return c
}

func mustReceive(t testing.TB, c signal.Channel, kind signal.Kind) signal.Message {
	t.Helper()
	m, err := c.Receive(testContext(t))
	if err != nil {
		t.Fatalf("waiting for %s: %v", kind, err)
	}
	if m.Kind != kind {
		t.Fatalf("received %s, want %s", m.Kind, kind)
	}
	return m
}

func mustSend(t testing.TB, c signal.Channel, m signal.Message) {
	t.Helper()
	if err := c.Send(testContext(t), m); err != nil {
		t.Fatalf("sending %s: %v", m.Kind, err)
	}
}

func description(kind signal.Kind, sdp string) signal.Message {
	return signal.Message{Kind: kind, Description: &signal.Description{Type: kind.String(), SDP: sdp}}
}

func candidate(n int) signal.Message {
	mid := "0"
	return signal.Message{Kind: signal.KindCandidate, Candidate: &signal.Candidate{
		Candidate: fmt.Sprintf("candidate:%d 1 udp 1 192.0.2.1 %d typ host", n, n+1), SDPMid: &mid,
	}}
}

// setUp takes two parties to the point where both descriptions are delivered.
func setUp(t testing.TB, a, b signal.Channel) {
	t.Helper()
	if m := mustReceive(t, a, signal.KindPaired); m.Role != signal.RoleOfferer {
		t.Fatalf("first is %s", m.Role)
	}
	mustSend(t, a, description(signal.KindOffer, "offer sdp"))
	if m := mustReceive(t, b, signal.KindPaired); m.Role != signal.RoleAnswerer {
		t.Fatalf("second is %s", m.Role)
	}
	if m := mustReceive(t, b, signal.KindOffer); m.Description.SDP != "offer sdp" {
		t.Fatalf("offer is %q", m.Description.SDP)
	}
	mustSend(t, b, description(signal.KindAnswer, "answer sdp"))
	if m := mustReceive(t, a, signal.KindAnswer); m.Description.SDP != "answer sdp" {
		t.Fatalf("answer is %q", m.Description.SDP)
	}
}

func TestRoundTrip(t *testing.T) {
	h := startServer(t, server.Options{})
	var seen recorder
	a := mustDial(t, Options{Server: h.URL, Code: "w1", Options: web.Options{OnRequest: seen.add}})
	b := mustDial(t, Options{Server: h.URL + "/call", Code: "w1"})
	setUp(t, a, b)
	for n := range 5 {
		mustSend(t, a, candidate(n))
		mustSend(t, b, candidate(100+n))
	}
	mustSend(t, a, signal.Message{Kind: signal.KindEndOfCandidates})
	for n := range 5 {
		if got := mustReceive(t, b, signal.KindCandidate).Candidate.Candidate; got != candidate(n).Candidate.Candidate {
			t.Errorf("candidate %d is %s", n, got)
		}
		if got := mustReceive(t, a, signal.KindCandidate).Candidate.Candidate; got != candidate(100+n).Candidate.Candidate {
			t.Errorf("candidate %d is %s", n, got)
		}
	}
	mustReceive(t, b, signal.KindEndOfCandidates)
	if err := a.Close(testContext(t)); err != nil {
		t.Error(err)
	}
	mustReceive(t, b, signal.KindBye)
	if _, err := b.Receive(testContext(t)); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
	}
	if err := b.Send(testContext(t), candidate(1)); !errors.Is(err, signal.ErrPeerGone) {
		t.Errorf("sending after the end: %v", err)
	}
	for _, q := range seen.all() {
		t.Logf("%-11s try %d long %t status %d answer %q total %s reused %t err %v", q.Op, q.Attempt, q.Wait > 0, q.Status, q.Answer, q.Total, q.Reused, q.Err)
	}
}

func asError(t *testing.T, err error) *signal.Error {
	t.Helper()
	var e *signal.Error
	if !errors.As(err, &e) {
		t.Errorf("no signaling error: %v", err)
		return nil
	}
	return e
}
