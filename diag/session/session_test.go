package session

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/feed"
	"dialtone/diag/judge"
	"dialtone/diag/lab/labtest"
	"dialtone/diag/words/line"
	"dialtone/diag/words/verdict"
	"dialtone/signal"
)

func TestMain(m *testing.M) {
	labtest.AtOnce()
	// pion/srtp v3.1.3 may block for ever on the first packet of a stream while the connection closes.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/pion/srtp/v3.(*SessionSRTP).decrypt"))
}

// party is a session that runs, with the fold of its log.
type party struct {
	*Session
	t      *testing.T
	name   string
	reader *feed.Reader
	call   *call.Call
	events []diag.Event
	cancel context.CancelFunc
	done   chan struct{}
}

// start runs a session; the test's end ends it.
func start(t *testing.T, name string, o Options) *party {
	t.Helper()
	o.Feed = feed.New(time.Now)
	o.Config.LoopbackOnly = true
	p := &party{Session: New(o), t: t, name: name, reader: o.Feed.Reader(), call: &call.Call{}, done: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	p.cancel = cancel
	go func() {
		defer close(p.done)
		p.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-p.done
		if t.Failed() {
			p.drain()
			for _, e := range p.events {
				t.Log(name, line.Time(e.At), line.Of(e))
			}
		}
	})
	return p
}

// until folds events until the condition holds; the deadline is generous because machines are slow, not because it matters.
func (p *party) until(what string, holds func(*call.Call) bool) *call.Call {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 40*time.Second)
	defer cancel()
	for !holds(p.call) {
		batch, err := p.reader.Next(ctx)
		if err != nil {
			p.t.Fatalf("%s: waiting for %s: %v (state %s, ended %+v)", p.name, what, err, p.call.State(), p.call.Ended)
		}
		p.fold(batch)
	}
	return p.call
}

func (p *party) fold(batch []diag.Event) {
	for _, e := range batch {
		p.call.Apply(e)
		p.events = append(p.events, e)
	}
}

func (p *party) drain() {
	for {
		batch, err := p.reader.Next(context.Background())
		if err != nil {
			return
		}
		p.fold(batch)
	}
}

// ended waits for the end and returns the verdict.
func (p *party) ended() judge.Verdict {
	p.t.Helper()
	p.until("the end", func(c *call.Call) bool { return c.Ended != nil })
	return judge.Judge(p.call)
}

// rendezvous is a room without a server: each second dial meets the one before.
type rendezvous struct {
	mu      sync.Mutex
	waiting signal.Channel
}

func (r *rendezvous) dial(context.Context, func(diag.SignalRequest)) (signal.Channel, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.waiting; c != nil {
		r.waiting = nil
		return c, nil
	}
	a, b := signal.Pipe()
	r.waiting = b
	return a, nil
}

// piped makes two dialers that meet; the first one called offers.
func piped() (a, b Dialer) {
	r := &rendezvous{}
	return r.dial, r.dial
}

func isConnected(c *call.Call) bool { return c.State() == call.StateConnected && c.OpenAt != nil }

func TestCallAndAnswer(t *testing.T) {
	t.Parallel()
	dialA, dialB := piped()
	a := start(t, "call", Options{Config: diag.Config{Code: "w1"}, Dial: dialA, Greeting: "hello"})
	b := start(t, "answer", Options{Config: diag.Config{Code: "w1", Echo: true}, Dial: dialB})
	echoed := func(m call.MessageRow) bool {
		return m.Direction == diag.Inbound && m.Label == diag.LabelChat && m.Text == "hello"
	}
	a.until("media, a ping and an echo", func(c *call.Call) bool {
		s := c.Latest()
		return s != nil && len(s.Inbound) == 2 && min(*s.Inbound[0].PacketsReceived, *s.Inbound[1].PacketsReceived) > 20 &&
			c.Pings.Count > 0 && slices.ContainsFunc(c.Messages, echoed)
	})
	a.Hangup()
	if v := a.ended(); v.Exit != diag.ExitPass {
		t.Errorf("call: %s %q %v", v.Exit, verdict.Of(v).Headline, verdict.Of(v).Why)
	}
	if v := b.ended(); v.Exit != diag.ExitPass || b.call.Ended.Reason != diag.EndPeerHangup {
		t.Errorf("answer: %s %q, ended by %+v", v.Exit, verdict.Of(v).Headline, b.call.Ended)
	}
	last := a.call.Latest()
	if last == nil || !last.Final || len(last.Inbound) != 2 || len(last.Outbound) != 2 {
		t.Fatalf("last sample: %+v", last)
	}
	if len(a.call.Spans) == 0 {
		t.Error("no phases")
	}
	for _, s := range a.call.Spans {
		if s.Outcome != diag.OutcomeOK {
			t.Errorf("phase %s %s: %q", s.Phase, s.Subject, s.Outcome)
		}
	}
}

// selections counts how often a pair was selected: after a restart the addresses may be the same.
func selections(a *party) int {
	n := 0
	for _, e := range a.events {
		if _, ok := e.Data.(diag.Selected); ok {
			n++
		}
	}
	return n
}

func TestRestartOverChannel(t *testing.T) {
	t.Parallel()
	for _, asker := range []string{"offerer", "answerer"} {
		t.Run(asker, func(t *testing.T) {
			dialA, dialB := piped()
			a := start(t, "a", Options{Config: diag.Config{Code: "w1", NoMedia: true}, Dial: dialA})
			b := start(t, "b", Options{Config: diag.Config{Code: "w1", NoMedia: true, Echo: true}, Dial: dialB})
			knows := func(c *call.Call) bool { return isConnected(c) && c.PeerAgent != "" }
			a.until("a hello", knows)
			b.until("a hello", knows)
			who := a
			if (asker == "offerer") != (a.call.Role == diag.RoleOfferer) {
				who = b
			}
			before := selections(a)
			if err := who.RestartICE(); err != nil {
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
				t.Errorf("%s %s", v.Exit, verdict.Of(v).Headline)
			}
		})
	}
}
