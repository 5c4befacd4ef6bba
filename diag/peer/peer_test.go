package peer

import (
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/feed"
	"dialtone/diag/lab/labtest"
	"dialtone/diag/words/line"
)

// TestMain looks for goroutines that were left. That of pion's SRTP is not waited for: it may block for ever when a first
// packet of a stream arrives while the connection closes (pion/srtp v3.1.3, session_srtp.go:229).
func TestMain(m *testing.M) {
	labtest.AtOnce()
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/pion/srtp/v3.(*SessionSRTP).decrypt"))
}

// side is a peer with its log.
type side struct {
	*Peer
	feed   *feed.Feed
	reader *feed.Reader
	call   *call.Call
}

// pair makes two peers that pass candidates to each other directly.
func pair(t testing.TB, a, b Options) (offerer, answerer *side) {
	t.Helper()
	var sides [2]*side
	var ready sync.WaitGroup
	ready.Add(1)
	for i, o := range []Options{a, b} {
		s := &side{feed: feed.New(time.Now), call: &call.Call{}}
		s.reader = s.feed.Reader()
		o.Emit = s.feed.Append
		o.Loopback = LoopbackOnly
		o.OnCandidate = func(c Candidate) {
			ready.Wait()
			sides[1-i].AddCandidate(c)
		}
		p, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		s.Peer = p
		sides[i] = s
		t.Cleanup(func() { _ = p.Close(); s.feed.Close() })
	}
	ready.Done()
	return sides[0], sides[1]
}

func connect(t testing.TB, a, b *side) {
	t.Helper()
	negotiate(t, a, b, false)
}

// negotiate has a offer, for an ICE restart or not, and b answer.
func negotiate(t testing.TB, a, b *side, restart bool) {
	t.Helper()
	offer, err := a.Offer(restart)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := b.Answer(offer)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.SetAnswer(answer); err != nil {
		t.Fatal(err)
	}
}

// until folds a side's events until the condition holds.
func (s *side) until(t *testing.T, what string, holds func(*call.Call) bool) *call.Call {
	t.Helper()
	ctx := t.Context()
	deadline := time.AfterFunc(20*time.Second, s.feed.Close)
	defer deadline.Stop()
	for !holds(s.call) {
		batch, err := s.reader.Next(ctx)
		if err != nil {
			t.Fatalf("waiting for %s: %v", what, err)
		}
		for _, e := range batch {
			t.Log(line.Time(e.At), line.Of(e))
			s.call.Apply(e)
		}
	}
	return s.call
}

func TestCallOnLoopback(t *testing.T) {
	t.Parallel()
	a, b := pair(t, Options{}, Options{Echo: true})
	connect(t, a, b)
	c := a.until(t, "media both ways", func(c *call.Call) bool {
		for _, tr := range c.Tracks {
			if tr.Direction == diag.Inbound && tr.Kind == "video" && tr.FirstFrame != nil {
				return c.OpenAt != nil
			}
		}
		return false
	})
	sample := a.Sample(true)
	t.Log(line.Of(diag.Event{Data: sample}))
	if c.DTLS.Version != "DTLS 1.2" || c.DTLS.Cipher == "" || c.DTLS.RemoteFingerprint == "" {
		t.Errorf("DTLS: %+v", c.DTLS)
	}
	if c.Selected == nil {
		t.Error("no path was selected")
	}
}
