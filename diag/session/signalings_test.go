package session

import (
	"context"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/peer"
	"dialtone/signal/offer"
	"dialtone/signal/whip"
)

func TestCallByPostedOffer(t *testing.T) {
	s := offer.NewServer(offer.ServerOptions{})
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	b := start(t, "answer", Options{Config: diag.Config{Code: "w1", Echo: true}, Dial: Listen(s)})
	b.until("the wait", func(c *diag.Call) bool { return c.State() == diag.StateWaiting })
	a := start(t, "call", Options{Config: diag.Config{Code: "w1"}, Dial: Offer(offer.Options{URL: h.URL + "/offer"}), Greeting: "hello"})
	knows := func(c *diag.Call) bool { return connected(c) && c.PeerAgent != "" }
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
	before := a.call.Selected.PairID
	if err := a.RestartICE(); err != nil {
		t.Fatal(err)
	}
	restarted := func(c *diag.Call) bool {
		for _, s := range c.Spans {
			if s.Phase == diag.PhaseRestart && s.Outcome == diag.OutcomeOK {
				return true
			}
		}
		return false
	}
	a.until("the restart", restarted)
	b.until("the restart", restarted)
	a.until("another path", func(c *diag.Call) bool { return c.Selected.PairID != before })
	a.Hangup()
	if v := a.ended(); v.Exit != diag.ExitPass {
		t.Errorf("%s: %s %q", a.name, v.Exit, v.Headline)
	}
	if v := b.ended(); v.Exit != diag.ExitPass || b.call.Ended.Reason != diag.EndPeerHangup {
		t.Errorf("%s: %s %q, ended by %+v", b.name, v.Exit, v.Headline, b.call.Ended)
	}
}

// flows waits until media of both kinds has come in for two seconds, as the judge wants to see it.
func flows(p *party, in bool) {
	p.until("media", func(c *diag.Call) bool {
		s := c.Latest()
		if s == nil || c.ConnectedAt == nil || c.Now-*c.ConnectedAt < 2500*time.Millisecond {
			return false
		}
		if in {
			return len(s.Inbound) == 2 && s.Inbound[0].PacketsReceived > 5 && s.Inbound[1].PacketsReceived > 5
		}
		return len(s.Outbound) == 2
	})
}

func TestWHIPAndWHEP(t *testing.T) {
	for name, play := range map[string]bool{"WHIP": false, "WHEP": true} {
		for _, trickle := range []bool{false, true} {
			t.Run(name+map[bool]string{true: " trickling"}[trickle], func(t *testing.T) {
				s := whip.NewServer(whip.ServerOptions{Play: play, Token: "t0k3n"})
				h := httptest.NewServer(s)
				t.Cleanup(h.Close)
				server, client := peer.FlowReceive, peer.FlowSend
				if play {
					server, client = client, server
				}
				b := start(t, "server", Options{Config: diag.Config{Code: "w1", MediaOnly: true}, Flow: server, Dial: Listen(s)})
				b.until("the wait", func(c *diag.Call) bool { return c.State() == diag.StateWaiting })
				o := whip.Options{URL: h.URL, Play: play, Trickle: trickle}
				o.Token = "t0k3n"
				a := start(t, "client", Options{Config: diag.Config{Code: "w1", MediaOnly: true}, Flow: client, Dial: WHIP(o)})
				flows(a, play)
				flows(b, !play)
				want := map[bool]string{false: "a=recvonly", true: "a=sendonly"}[play]
				for _, d := range a.call.Descriptions {
					if d.Side == diag.Remote && (strings.Count(d.SDP, want) != 2 || strings.Contains(d.SDP, "m=application")) {
						t.Errorf("the answer is not %s, or not of media alone:\n%s", want, d.SDP)
					}
				}
				restartAndHangUp(t, a, b)
			})
		}
	}
}

// desk carries texts from one party to the other, as people do.
type desk struct {
	mine, theirs chan string
	mu           sync.Mutex
	rejected     []error
}

func (d *desk) Show(_, text string) error {
	d.mine <- text
	return nil
}

func (d *desk) Read(ctx context.Context, _ string) (string, error) {
	select {
	case text := <-d.theirs:
		return text, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (d *desk) Reject(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rejected = append(d.rejected, err)
}

func TestCallByPaste(t *testing.T) {
	out, back := make(chan string, 3), make(chan string, 3)
	back <- "what was on the clipboard before"
	caller, callee := &desk{mine: out, theirs: back}, &desk{mine: back, theirs: out}
	a := start(t, "call", Options{Config: diag.Config{Code: "w1"}, Dial: Paste(caller, true)})
	b := start(t, "answer", Options{Config: diag.Config{Code: "w1", Echo: true}, Dial: Paste(callee, false)})
	a.until("a connection", connected)
	b.until("a connection", connected)
	a.Hangup()
	if v := a.ended(); v.Exit != diag.ExitPass {
		t.Errorf("%s %s", v.Exit, v.Headline)
	}
	caller.mu.Lock()
	defer caller.mu.Unlock()
	if len(caller.rejected) != 1 {
		t.Errorf("rejected: %v", caller.rejected)
	}
}
