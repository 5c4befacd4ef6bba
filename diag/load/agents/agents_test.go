package agents

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"go.uber.org/goleak"

	"dialtone/diag"
	"dialtone/diag/assert"
	"dialtone/diag/check"
	"dialtone/diag/judge/crowd"
	"dialtone/diag/lab/labtest"
	"dialtone/diag/load"
	"dialtone/diag/report"
	"dialtone/signal"
)

func TestMain(m *testing.M) {
	labtest.AtOnce()
	goleak.VerifyTestMain(m)
}

// full is a server that refuses each call at once: a test of it costs nothing, and its counts are known.
type full struct{}

func (full) Describe() report.Target { return report.Target{Kind: "post", Role: "offer"} }

func (full) Place(int) check.Placement {
	return check.Placement{Dial: func(context.Context, func(diag.SignalRequest)) (signal.Channel, error) {
		return nil, &signal.Error{Op: "offer", Reason: signal.ReasonRejected, Status: 503, Err: errors.New("full")}
	}}
}

// startBroker starts nats-server, with further arguments.
func startBroker(t *testing.T, args ...string) string {
	t.Helper()
	ports := labtest.Server{
		Program: labtest.NeedProgram(t, "nats-server"), Ports: 1,
		Args: func(ports []string) []string { return append([]string{"-a", "127.0.0.1", "-p", ports[0]}, args...) },
		Answers: func(ctx context.Context, ports []string) bool {
			c, err := new(net.Dialer).DialContext(ctx, "tcp", "127.0.0.1:"+ports[0])
			if err == nil {
				_ = c.Close()
			}
			return err == nil
		},
	}.Start(t)
	return "127.0.0.1:" + ports[0]
}

// crew is a controller and agents on a broker.
type crew struct {
	t      *testing.T
	broker Broker
	plan   load.Plan
	hold   time.Duration
	agents sync.WaitGroup
	mu     sync.Mutex
	said   []string
}

func newCrew(t *testing.T, calls int, rate load.Rate) *crew {
	return &crew{
		t: t, broker: Broker{URL: diag.Secret("nats://" + startBroker(t)), Subject: "test"}, hold: 100 * time.Millisecond,
		plan: load.Plan{Stages: []load.Stage{{From: rate, To: rate}}, Calls: calls},
	}
}

func (c *crew) say(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said = append(c.said, text)
}

// awaitSaid waits until either side has said something.
func (c *crew) awaitSaid(text string) {
	c.t.Helper()
	for begun := time.Now(); time.Since(begun) < time.Minute; time.Sleep(10 * time.Millisecond) {
		c.mu.Lock()
		said := slices.Contains(c.said, text)
		c.mu.Unlock()
		if said {
			return
		}
	}
	c.t.Fatalf("nobody said %q", text)
}

// join runs an agent; the channel gets its error.
func (c *crew) join(ctx context.Context, name string, prepare error) <-chan error {
	result := make(chan error, 1)
	c.agents.Go(func() {
		_, err := Join(ctx, Agent{Broker: c.broker, Name: name, Say: c.say, Prepare: func(p load.Plan, hold time.Duration) (load.Options, error) {
			return load.Options{Call: check.Options{Name: "lab", Target: full{}, Config: diag.Config{For: hold, NoMedia: true}}, Plan: p}, prepare
		}})
		result <- err
	})
	return result
}

// control runs the controller and waits for its agents, too.
func (c *crew) control(ctx context.Context, agents int, timeout time.Duration) (*load.Report, error) {
	r, err := Control(ctx, Controller{
		Broker: c.broker, Agents: agents, Plan: c.plan, Hold: c.hold, Timeout: timeout, Name: "joined", Say: c.say,
		Progress: func(load.Progress) {}, Assertions: []*assert.Assertion{parsed(c.t, "failed_share > 0.5")},
	})
	c.agents.Wait()
	return r, err
}

func parsed(t *testing.T, text string) *assert.Assertion {
	t.Helper()
	a, err := load.ParseAssertion(text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestTogether: the parts of three agents are one test; each call is placed once, and the controller's assertions count.
func TestTogether(t *testing.T) {
	t.Parallel()
	c := newCrew(t, 31, 50)
	for _, name := range []string{"z", "b", "a"} {
		c.join(t.Context(), name, nil)
	}
	r, err := c.control(t.Context(), 3, 20*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	got := r.Calls
	if got.Scheduled != 31 || got.Started+got.Dropped != 31 || got.Ended != got.Started || r.Name != "joined" {
		t.Errorf("%+v", r)
	}
	if len(r.Agents) != 3 || r.Agents[0] != (crowd.Agent{Name: "a", Part: 1, Calls: 11}) || r.Agents[2].Name != "z" || r.Agents[2].Calls != 10 {
		t.Errorf("%+v", r.Agents)
	}
	if got.Dropped == 0 && !r.Tester.Withdrawn() && r.Exit.Code != diag.ExitPass { // else the machine was busy
		t.Errorf("%s", r.Headline)
	}
	if sum := len(r.Assertions); sum != 2 { // that of the user replaces one default
		t.Errorf("%+v", r.Assertions)
	}
}

// actor is an agent that this test plays by hand.
type actor struct {
	*crew
	conn   *nats.Conn
	id     string
	orders chan *nats.Msg
}

func (c *crew) act(name string) *actor {
	c.t.Helper()
	conn, err := nats.Connect(c.broker.URL.Reveal())
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(conn.Close)
	a := &actor{c, conn, newID(), make(chan *nats.Msg, 1000)}
	if _, err := conn.ChanSubscribe(c.broker.Subject+".order."+a.id, a.orders); err != nil {
		c.t.Fatal(err)
	}
	if err := conn.Flush(); err != nil {
		c.t.Fatal(err)
	}
	return a
}

func (a *actor) send(s status) {
	a.t.Helper()
	s.ID = a.id
	raw, err := json.Marshal(s)
	if err != nil {
		a.t.Fatal(err)
	}
	if err := a.conn.Publish(a.broker.Subject+".status", raw); err != nil {
		a.t.Fatal(err)
	}
}

// await joins until an order of the phase comes.
func (a *actor) await(s status, p phase) order {
	a.t.Helper()
	for begun := time.Now(); time.Since(begun) < time.Minute; {
		a.send(s)
		select {
		case m := <-a.orders:
			var o order
			if err := json.Unmarshal(m.Data, &o); err != nil {
				a.t.Fatal(err)
			}
			if o.Phase == p {
				return o
			}
		case <-time.After(50 * time.Millisecond):
		}
	}
	a.t.Errorf("no order %s for %s", p, s.Agent)
	return order{}
}

// reportOf is what an agent sends of its part.
func reportOf(t *testing.T, p load.Plan, change func(*load.Report)) *chunk {
	t.Helper()
	r := &load.Report{
		Schema: load.Schema, Plan: p, Complete: []int{p.Part}, StartedAt: time.Unix(0, 0), // its clock is wrong
		Target: report.Target{Kind: "post", Role: "offer", For: diag.Millis(100 * time.Millisecond)},
	}
	change(r)
	r.Settle()
	packed, err := pack(r, p.Parts)
	if err != nil {
		t.Fatal(err)
	}
	return &chunk{1, 0, 1, packed}
}

// TestLostAgents: what the controller has from an agent that falls silent, ends early or contradicts itself is reported with what is
// missing, and there is no verdict.
func TestLostAgents(t *testing.T) {
	t.Parallel()
	five := func(r *load.Report) { r.Calls = load.Counts{Scheduled: 6, Started: 6, Ended: 5, Passed: 5} }
	for name, c := range map[string]struct {
		state      state
		change     func(*load.Report)
		loss       crowd.Loss
		unreported int
		passed     int
	}{
		"silent":        {placing, five, crowd.Silent, 5, 5},
		"ended":         {ended, five, crowd.Ended, 5, 5},
		"more than due": {placing, func(r *load.Report) { r.Calls = load.Counts{Scheduled: 99, Started: 99} }, crowd.Implausible, 10, 0},
		"negative":      {placing, func(r *load.Report) { r.Calls = load.Counts{Scheduled: -1, Dropped: -1} }, crowd.Implausible, 10, 0},
		"sum":           {placing, func(r *load.Report) { r.Calls = load.Counts{Scheduled: 3, Started: 3, Ended: 3, Passed: 9} }, crowd.Implausible, 10, 0},
		"another part":  {placing, func(r *load.Report) { r.Plan.Part = 1; r.Complete = []int{1} }, crowd.Implausible, 10, 0},
		"other plan":    {placing, func(r *load.Report) { r.Plan.Calls = 7 }, crowd.Implausible, 10, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			crew := newCrew(t, 20, 50)
			crew.join(t.Context(), "a", nil)
			lost := crew.act("b")
			crew.agents.Go(func() {
				o := lost.await(status{Agent: "b", State: joining}, preparing)
				s := status{Agent: "b", Test: o.Test, State: prepared, Report: reportOf(t, o.Plan, func(*load.Report) {})}
				lost.await(s, running)
				s.State, s.Report = c.state, reportOf(t, o.Plan, c.change)
				s.Report.Serial = 2
				lost.send(s)
			})
			r, err := crew.control(t.Context(), 2, 2*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			want := crowd.Agent{Name: "b", Part: 2, Calls: 10, Unreported: c.unreported, Loss: c.loss}
			if r.Agents[1] != want || r.Calls.Passed != c.passed || r.Exit.Code != diag.ExitCannotRun {
				t.Errorf("%+v, %+v, %s", r.Agents, r.Calls, r.Headline)
			}
			if r.Findings[0].ID != "load.agents_lost" || !strings.Contains(strings.Join(r.Findings[0].Text.Evidence, "\n"), "agent b (part 2)") {
				t.Errorf("%+v", r.Findings[0])
			}
		})
	}
}

// TestNoTest: what keeps a test from beginning is said by its cause, on both sides.
func TestNoTest(t *testing.T) {
	t.Parallel()
	c := newCrew(t, 20, 50)
	own := c.join(t.Context(), "a", errors.New("too few files"))
	var r *load.Report
	var err error
	over := make(chan struct{})
	go func() {
		defer close(over)
		r, err = c.control(t.Context(), 2, 20*time.Second)
	}()
	c.awaitSaid("agent a joined: 1 of 2")
	refusal := c.act("a").await(status{Agent: "a", State: joining}, refused)
	other := c.join(t.Context(), "b", nil)
	<-over
	if r != nil || err == nil || !strings.Contains(err.Error(), "agent a cannot place its part: too few files") {
		t.Errorf("%v", err)
	}
	if err := <-own; err == nil || !strings.Contains(err.Error(), "too few files") {
		t.Errorf("%v", err)
	}
	if err := <-other; !errors.Is(err, errStopped) {
		t.Errorf("%v", err)
	}
	if !strings.Contains(refusal.Why, "another agent has its name") {
		t.Errorf("%+v", refusal)
	}
}

// TestOtherController: a controller whose agent takes part in another test says so.
func TestOtherController(t *testing.T) {
	labtest.NeedTime(t)
	t.Parallel()
	c := newCrew(t, 20, 50)
	over := make(chan error, 1)
	go func() {
		_, err := c.control(t.Context(), 1, 20*time.Second)
		over <- err
	}()
	a := c.act("a")
	a.await(status{Agent: "a", State: joining}, preparing)
	a.send(status{Agent: "a", Test: newID(), State: prepared})
	if err := <-over; err == nil || !strings.Contains(err.Error(), "agent a takes part in the test of another controller") {
		t.Errorf("%v", err)
	}
}

// TestCredentials: a file of a JWT, and one of the seed of a key, are told from what is neither.
func TestCredentials(t *testing.T) {
	t.Parallel()
	seed := "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY" // of the documentation of nkeys
	for content, fine := range map[string]bool{"junk": false, seed: true, "-----BEGIN NATS USER JWT-----\nx\n" + seed: true} {
		file := filepath.Join(t.TempDir(), "creds")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		err := Broker{URL: "nats://127.0.0.1:1", Subject: "test", Creds: file}.Check()
		if (err == nil) != fine || err != nil && (!strings.Contains(err.Error(), "nsc generate creds") || strings.Contains(err.Error(), "junk")) {
			t.Errorf("%q: %v", content, err)
		}
	}
}

// TestStopped: if the controller is interrupted, or disappears, the agents end their calls.
func TestStopped(t *testing.T) {
	t.Parallel()
	for name, disappear := range map[string]bool{"interrupted": false, "disappears": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCrew(t, 10_000, 10)
			results := []<-chan error{c.join(t.Context(), "a", nil), c.join(t.Context(), "b", nil)}
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			if disappear { // the controller is played by hand
				boss := c.act("boss")
				o := order{Test: newID(), Phase: running, Plan: c.plan, Hold: diag.Millis(c.hold), Timeout: diag.Millis(time.Second)}
				sub, err := boss.conn.SubscribeSync(c.broker.Subject + ".status")
				if err != nil {
					t.Fatal(err)
				}
				joined := map[string]bool{}
				for len(joined) < 2 {
					m, err := sub.NextMsg(time.Minute)
					if err != nil {
						t.Fatal(err)
					}
					s, err := readStatus(m.Data)
					if err != nil || joined[s.Agent] {
						continue
					}
					joined[s.Agent] = true
					o.Phase, o.Plan.Part, o.Plan.Parts = preparing, len(joined), 2
					raw, _ := json.Marshal(o)
					if err := boss.conn.Publish(c.broker.Subject+".order."+s.ID, raw); err != nil {
						t.Fatal(err)
					}
				}
				for _, result := range results {
					if err := <-result; !errors.Is(err, ErrControllerLost) {
						t.Errorf("%v", err)
					}
				}
				return
			}
			r, err := Control(ctx, Controller{
				Broker: c.broker, Agents: 2, Plan: c.plan, Hold: c.hold, Timeout: 20 * time.Second, Say: c.say,
				Progress: func(load.Progress) { stop() },
			})
			c.agents.Wait()
			if err != nil || !r.Interrupted || r.Exit.Code != diag.ExitInterrupted || r.Calls.Scheduled == 0 ||
				r.Agents[0].Loss != "" || r.Agents[1].Unreported != 0 {
				t.Errorf("%v, %+v", err, r)
			}
		})
	}
}

// TestBrokerSecurity: TLS is verified, a wrong password is said to be one, and no error contains it.
func TestBrokerSecurity(t *testing.T) {
	t.Parallel()
	cert, key, trust := certificate(t)
	at := startBroker(t, "--tls", "--tlscert", cert, "--tlskey", key, "--user", "load", "--pass", "s3cret")
	for name, c := range map[string]struct {
		url   string
		trust *tls.Config
		want  string // "": connects
	}{
		"good":              {"tls://load:s3cret@" + at, trust, ""},
		"good, by upgrade":  {"nats://load:s3cret@" + at, trust, ""},
		"unknown authority": {"tls://load:s3cret@" + at, nil, "--ca"},
		"wrong password":    {"tls://load:hunter2@" + at, trust, "check the user and the password"},
		"nothing listens":   {"nats://load:hunter2@127.0.0.1:1", nil, "nats-server runs"},
	} {
		b := Broker{URL: diag.Secret(c.url), Subject: "test", TLS: c.trust}
		conn, err := b.dial(t.Context(), "test")
		switch {
		case err == nil:
			conn.Close()
			fallthrough
		case c.want == "":
			if err != nil || c.want != "" {
				t.Errorf("%s: %v", name, err)
			}
		case !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "hunter2"):
			t.Errorf("%s: %v", name, err)
		}
	}
}

// certificate writes one for 127.0.0.1.
func certificate(t *testing.T) (cert, key string, trust *tls.Config) {
	t.Helper()
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	pemCert, pemKey, roots := selfSigned(t)
	if err := errors.Join(os.WriteFile(cert, pemCert, 0o600), os.WriteFile(key, pemKey, 0o600)); err != nil {
		t.Fatal(err)
	}
	return cert, key, &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}
