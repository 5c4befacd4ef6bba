package session

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/peer"
	"dialtone/diag/words/verdict"
	"dialtone/signal"
	"dialtone/signal/paste"
	"dialtone/signal/post"
	"dialtone/signal/whip"
)

func TestCallByPostedOffer(t *testing.T) {
	t.Parallel()
	s := post.NewServer(post.ServerOptions{})
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	b := start(t, "answer", Options{Config: diag.Config{Code: "w1", Echo: true}, Dial: Accept(s)})
	b.until("the wait", func(c *call.Call) bool { return c.State() == call.StateWaiting })
	a := start(t, "call", Options{Config: diag.Config{Code: "w1"}, Dial: Over(post.Way, signal.Setup{Address: h.URL + "/offer"}), Greeting: "hello"})
	knows := func(c *call.Call) bool { return isConnected(c) && c.PeerAgent != "" }
	a.until("a hello", knows)
	b.until("a hello", knows)
	for _, d := range a.call.Descriptions {
		if d.Side == diag.Remote && !strings.Contains(d.SDP, "a=candidate:") {
			t.Error("the answer carries no candidates")
		}
	}
	restartAndHangUp(t, a, b)
}

// restartAndHangUp restarts ICE from a, waits until both are through, and ends the call.
func restartAndHangUp(t *testing.T, a, b *party) {
	t.Helper()
	before := selections(a)
	if err := a.RestartICE(); err != nil {
		t.Fatal(err)
	}
	restarted := func(c *call.Call) bool {
		for _, s := range c.Spans {
			if s.Phase == diag.PhaseRestart && s.Outcome == diag.OutcomeOK {
				return true
			}
		}
		return false
	}
	a.until("the restart", restarted)
	b.until("the restart", restarted)
	a.until("a new selection", func(*call.Call) bool { return selections(a) > before })
	a.Hangup()
	if v := a.ended(); v.Exit != diag.ExitPass {
		t.Errorf("%s: %s %q", a.name, v.Exit, verdict.Of(v).Headline)
	}
	if v := b.ended(); v.Exit != diag.ExitPass || b.call.Ended.Reason != diag.EndPeerHangup {
		t.Errorf("%s: %s %q, ended by %+v", b.name, v.Exit, verdict.Of(v).Headline, b.call.Ended)
	}
}

// flows waits until media of both kinds has come in for two seconds, as the judge wants to see it.
func flows(p *party, in bool) {
	p.until("media", func(c *call.Call) bool {
		s := c.Latest()
		if s == nil || c.ConnectedAt == nil || c.Now-*c.ConnectedAt < 2500*time.Millisecond {
			return false
		}
		if in {
			return len(s.Inbound) == 2 && *s.Inbound[0].PacketsReceived > 5 && *s.Inbound[1].PacketsReceived > 5
		}
		return len(s.Outbound) == 2
	})
}

func TestWHIPAndWHEP(t *testing.T) {
	t.Parallel()
	for name, play := range map[string]bool{"WHIP": false, "WHEP": true} {
		for _, trickle := range []bool{false, true} {
			t.Run(name+map[bool]string{true: " trickling"}[trickle], func(t *testing.T) {
				t.Parallel()
				s := whip.NewServer(whip.ServerOptions{Play: play, Token: "t0k3n"})
				h := httptest.NewServer(s)
				t.Cleanup(h.Close)
				server, client := peer.FlowReceive, peer.FlowSend
				if play {
					server, client = client, server
				}
				b := start(t, "server", Options{Config: diag.Config{Code: "w1", MediaOnly: true}, Flow: server, Dial: Accept(s)})
				b.until("the wait", func(c *call.Call) bool { return c.State() == call.StateWaiting })
				o := post.Options{URL: h.URL, Shape: post.Builtin(strings.ToLower(name)), Trickle: trickle}
				o.Token = "t0k3n"
				a := start(t, "client", Options{Config: diag.Config{Code: "w1", MediaOnly: true}, Flow: client, Dial: overWHIP(o)})
				flows(a, play)
				flows(b, !play)
				want := map[bool]string{false: "a=recvonly", true: "a=sendonly"}[play]
				for _, d := range a.call.Descriptions {
					if d.Side == diag.Remote && (strings.Count(d.SDP, want) != 2 || strings.Contains(d.SDP, "m=application")) {
						t.Errorf("the answer is not %s, or not of media alone:\n%s", want, d.SDP)
					}
				}
				patches := 0
				for _, e := range a.events {
					if r, ok := e.Data.(diag.SignalRequest); ok && r.Code == "candidates" && r.Status == http.StatusNoContent {
						patches++
					}
				}
				if trickle != (patches > 0) {
					t.Errorf("candidates were sent %d times", patches)
				}
				restartAndHangUp(t, a, b)
			})
		}
	}
}

// person carries texts from one peer to the other.
type person struct {
	local, remote chan string
	mu            sync.Mutex
	rejected      []error
}

func (d *person) Show(_, text string) error {
	d.local <- text
	return nil
}

func (d *person) Read(ctx context.Context, _ string) (string, error) {
	select {
	case text := <-d.remote:
		return text, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (d *person) Reject(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rejected = append(d.rejected, err)
}

func (*person) Say(string) {}

func TestCallByPaste(t *testing.T) {
	t.Parallel()
	out, back := make(chan string, 3), make(chan string, 3)
	back <- "what was on the clipboard before"
	caller, callee := &person{local: out, remote: back}, &person{local: back, remote: out}
	a := start(t, "call", Options{Config: diag.Config{Code: "w1"}, Dial: Over(paste.Way, signal.Setup{Texts: caller})})
	b := start(t, "answer", Options{Config: diag.Config{Code: "w1", Echo: true}, Dial: Over(paste.Way, signal.Setup{Texts: callee, Answers: true})})
	a.until("a connection", isConnected)
	b.until("a connection", isConnected)
	a.Hangup()
	if v := a.ended(); v.Exit != diag.ExitPass {
		t.Errorf("%s %s", v.Exit, verdict.Of(v).Headline)
	}
	caller.mu.Lock()
	defer caller.mu.Unlock()
	if len(caller.rejected) != 1 {
		t.Errorf("rejected: %v", caller.rejected)
	}
}

// TestWHEPCounterOffer: the server does not take the offer and makes its own, which is answered by PATCH.
func TestWHEPCounterOffer(t *testing.T) {
	t.Parallel()
	gathered := make(chan struct{})
	p, err := peer.New(peer.Options{Loopback: peer.LoopbackOnly, NoChannels: true, Flow: peer.FlowSend, OnGathered: func() { close(gathered) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	deleted := make(chan struct{})
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodPost:
			if _, err := p.Offer(false); err != nil {
				t.Error(err)
			}
			<-gathered
			w.Header().Set("Location", "sessions/1")
			w.Header().Set("Content-Type", `application/sdp; valid-until="Wed, 09 Oct 2024 10:00:00 GMT"`)
			w.WriteHeader(http.StatusNotAcceptable)
			_, _ = io.WriteString(w, p.Local().SDP)
		case http.MethodPatch:
			body, err := io.ReadAll(r.Body)
			if err != nil || r.URL.Path != "/channel/sessions/1" || r.Header.Get("Content-Type") != "application/sdp" {
				t.Errorf("PATCH %s %s: %v", r.URL.Path, r.Header.Get("Content-Type"), err)
			}
			if err := p.SetAnswer(peer.Description{Type: "answer", SDP: string(body)}); err != nil {
				t.Error(err)
			}
			w.WriteHeader(http.StatusNoContent)
		case http.MethodDelete:
			close(deleted)
		}
	}))
	t.Cleanup(h.Close)
	a := start(t, "player", Options{
		Config: diag.Config{Code: "w1", MediaOnly: true}, Flow: peer.FlowReceive,
		Dial: overWHIP(post.Options{URL: h.URL + "/channel/whep", Shape: post.Builtin("whep")}),
	})
	flows(a, true)
	a.Hangup()
	if v := a.ended(); v.Exit != diag.ExitPass {
		t.Errorf("%s %q", v.Exit, verdict.Of(v).Headline)
	}
	<-deleted
}

// TestWHIPRefused: what a server says against an offer is the call's cause, with the next step.
func TestWHIPRefused(t *testing.T) {
	t.Parallel()
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"title":"stream key unknown"}`)
	}))
	t.Cleanup(h.Close)
	a := start(t, "client", Options{Config: diag.Config{Code: "w1", MediaOnly: true}, Flow: peer.FlowSend, Dial: overWHIP(post.Options{URL: h.URL, Shape: post.Builtin("whip")})})
	v := a.ended()
	if v.Exit != diag.ExitSignaling || !strings.Contains(a.call.Ended.Cause, "stream key unknown") || !strings.Contains(strings.Join(verdict.Of(v).Next, " "), "--token") {
		t.Errorf("%s %q %+v", v.Exit, verdict.Of(v).Headline, a.call.Ended)
	}
}
