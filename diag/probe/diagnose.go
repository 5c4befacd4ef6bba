package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"net/netip"
	"sync"
	"time"

	"dialtone/diag"
	"dialtone/diag/guard"
	"dialtone/diag/iceurl"
	"dialtone/diag/nat"
	"dialtone/diag/reach"
)

// Inquiry is what a diagnosis of the network asks.
type Inquiry struct {
	URLs     []iceurl.URL
	Accounts map[iceurl.URL]Account
	TLS      *tls.Config    // as in [Target]
	Proxies  *reach.Proxies // as in [Target]
	Dial     reach.Dial     // as in [Target]
	Limiter  *guard.Limiter // as in [NATOptions]
	Families reach.Families
	Bind     netip.Addr // local address; the zero value lets the system choose
	Deep     bool       // binding lifetime and fragments too
	Hairpin  bool       // hairpinning too
	Net      Sockets    // nil for the operating system
	Budget   time.Duration

	Limit   time.Duration // it is stopped after that; 0: it takes as long as it needs
	Because diag.Because  // as in [diag.DiagnosisStart]
	Run     int           // as in [diag.DiagnosisStart]
	Peer    string        // as in [diag.DiagnosisStart]

	// Report gets each fact, one at a time, from diagnosis.start to diagnosis.end; nil: none is reported.
	Report func(diag.Data)
}

// Account is what a TURN server is asked with. A server with an account of its own, be it an empty one, never sees
// another's: the servers of a call may have been named by different peers.
type Account struct{ Username, Password string }

// leastTime is what every part is given, even when resolving names has used up the budget.
const leastTime = time.Second

// samples are the Binding requests by which the round trip to a server over TCP, TLS and DTLS is measured.
const samples = 3

// budget is how long it may take without the further tests.
func (q *Inquiry) budget() time.Duration {
	if q.Budget <= 0 {
		return NATBudget
	}
	return q.Budget
}

// Longest is how long it may take.
func (q *Inquiry) Longest() time.Duration {
	switch {
	case q.Limit > 0:
		return q.Limit
	case q.Deep || q.Hairpin:
		return q.budget() + FurtherBudget
	}
	return q.budget()
}

// start is the first fact.
func (q *Inquiry) start() diag.DiagnosisStart {
	d := diag.DiagnosisStart{
		Deep: q.Deep, Hairpin: q.Hairpin, Run: q.Run, BudgetMs: diag.Millis(q.Longest()), Because: q.Because, Peer: q.Peer,
	}
	for _, u := range q.URLs {
		d.URLs = append(d.URLs, u.Short())
	}
	return d
}

// Diagnosis is one that has begun.
type Diagnosis struct {
	q Inquiry

	mu    sync.Mutex // guards all below: the parts report at the same time
	state nat.State
	busy  int // parts of the usual tests that are in progress
}

// Begin reports that a diagnosis begins; [Diagnosis.Run] makes it.
func Begin(q Inquiry) *Diagnosis {
	d := &Diagnosis{q: q}
	d.report(q.start())
	return d
}

// Diagnose is [Begin] and [Diagnosis.Run].
func Diagnose(ctx context.Context, q Inquiry) (*nat.State, error) { return Begin(q).Run(ctx) }

// Run asks all servers at once: STUN over UDP as [NAT] does, the others as [Server] does. It returns the fold of what
// it has reported. It fails only when no request can be made.
func (d *Diagnosis) Run(ctx context.Context) (*nat.State, error) {
	if d.q.Limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d.q.Limit)
		defer cancel()
	}
	err := d.run(ctx)
	var end diag.DiagnosisEnd
	switch {
	case err != nil:
		end.Stopped, end.Reason = diag.StoppedError, diag.Clean(err.Error(), 300)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		end.Stopped = diag.StoppedTimeout
	case ctx.Err() != nil:
		end.Stopped = diag.StoppedCancelled
	}
	d.report(end)
	return &d.state, err
}

func (d *Diagnosis) run(ctx context.Context) error {
	start := time.Now()
	servers := NATServers(ctx, d.q.URLs, d.q.Families)
	families := d.q.families(ctx, servers)
	left := max(d.q.budget()-time.Since(start), leastTime) // names may have taken their time
	others, turn := d.targets(servers, min(left, DefaultTimeout))
	parts := []func(){
		func() { d.askServers(ctx, others, turn) },
		func() {
			if d.q.Net == nil {
				for _, s := range tcpMapping(ctx, servers, d.dialer()) {
					d.report(s)
				}
			}
		},
	}
	d.busy = len(parts) + 1
	var asking sync.WaitGroup
	for _, part := range parts {
		asking.Go(func() {
			part()
			d.done()
		})
	}
	o, err := NAT(ctx, servers, NATOptions{
		Net: d.q.Net, Bind: d.q.Bind, Budget: left, Deep: d.q.Deep, Hairpin: d.q.Hairpin,
		Families: families, Limiter: d.q.Limiter,
		Report: func(fact diag.Data) {
			if _, further := fact.(diag.DiagnosisFurther); further {
				d.done()
				return
			}
			d.report(fact)
		},
	})
	if err == nil {
		d.overTCP(ctx, o, min(max(d.q.budget()-time.Since(start), leastTime), 2*time.Second))
	}
	asking.Wait()
	if err == nil && d.q.Net == nil {
		d.besideUDP(ctx, max(d.q.budget()-time.Since(start), leastTime))
	}
	return err
}

// besideUDP asks over TCP where UDP is silent.
func (d *Diagnosis) besideUDP(ctx context.Context, timeout time.Duration) {
	d.mu.Lock()
	silent := d.state.SilentPorts()
	d.mu.Unlock()
	for _, s := range besideUDP(ctx, silent, d.dialer(), min(timeout, tcpTime)) {
		d.report(s)
	}
}

// askServers asks the servers over other transports, and for relays.
func (d *Diagnosis) askServers(ctx context.Context, others, turn []Target) {
	var asking sync.WaitGroup
	var through []diag.Server
	asking.Go(func() { All(ctx, d.reporting(others), func(s diag.Server) { through = append(through, s) }) })
	var relays []diag.Server
	All(ctx, d.reporting(turn), func(s diag.Server) { relays = append(relays, s) })
	d.askAgain(ctx, turn)
	asking.Wait()
	d.withoutProxy(ctx, append(through, relays...))
}

// report hands on a fact.
func (d *Diagnosis) report(fact diag.Data) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.state.Apply(fact)
	if d.q.Report != nil {
		d.q.Report(fact)
	}
}

// dialer opens the sockets that no target has.
func (d *Diagnosis) dialer() *reach.Dialer { return &reach.Dialer{Local: d.q.Bind, Dial: d.q.Dial} }

// done ends a part of the usual tests. When all have ended, only those that take long are left.
func (d *Diagnosis) done() {
	d.mu.Lock()
	d.busy--
	last := d.busy == 0
	d.mu.Unlock()
	if last {
		d.report(diag.DiagnosisFurther{})
	}
}

// reporting are targets whose steps become facts.
func (d *Diagnosis) reporting(targets []Target) []Target {
	for i := range targets {
		targets[i].Report = func(s diag.ServerStage) { d.report(s) }
	}
	return targets
}

// targets are the servers that are asked otherwise than over UDP, and the relays, each for so long at most.
func (d *Diagnosis) targets(servers []diag.NATServer, timeout time.Duration) (others, turn []Target) {
	q := &d.q
	for _, u := range q.URLs {
		t := Target{
			URL: u.Short(), TLS: q.TLS, Proxies: q.Proxies, Dial: q.Dial, Families: q.Families, Local: q.Bind, Samples: samples,
			Timeout: timeout, Diagnosis: true,
		}
		switch {
		case u.Scheme.TURN():
			own := q.Accounts[u]
			t.Username, t.Password, t.Use = own.Username, own.Password, true
			t.Through = func() []netip.AddrPort { return d.throughRelay(servers) }
			if q.Net == nil {
				t.Straight = func(r diag.NATRelay) { d.report(r) }
			}
			turn = append(turn, t)
		case !u.UDP || u.Scheme.Secured():
			others = append(others, t)
		}
	}
	return others, turn
}

// throughRelay are the STUN servers that relays are tried with: those that have answered, or if none has so far,
// those that were named. None, when only TURN servers were.
func (d *Diagnosis) throughRelay(servers []diag.NATServer) []netip.AddrPort {
	d.mu.Lock()
	defer d.mu.Unlock()
	var heard, named []netip.AddrPort
	for _, s := range servers {
		u, err := iceurl.Parse(s.URL)
		if err != nil || u.Scheme.TURN() || !s.Address.IsValid() {
			continue
		}
		named = append(named, s.Address)
		if d.state.HeardFrom(s.Address) {
			heard = append(heard, s.Address)
		}
	}
	if len(heard) > 0 {
		return heard
	}
	return named
}

// overTCP asks the servers that are silent over UDP once more, when all are: whether they are there at all reports a
// firewall from a dead server. Those that are silent over TCP too are not reported.
func (d *Diagnosis) overTCP(ctx context.Context, o *nat.State, timeout time.Duration) {
	for i := range o.Servers {
		if o.Heard(i) {
			return
		}
	}
	var targets []Target
	stages := map[string][]diag.ServerStage{} // by URL
	var mu sync.Mutex
	for _, u := range d.q.URLs {
		if u.UDP && !u.Scheme.Secured() {
			u.Scheme, u.UDP = iceurl.STUN, false
			targets = append(targets, Target{
				URL: u.Short(), Local: d.q.Bind, Families: d.q.Families, Dial: d.q.Dial, Timeout: timeout, Diagnosis: true,
				Report: func(s diag.ServerStage) {
					mu.Lock()
					defer mu.Unlock()
					stages[s.URL] = append(stages[s.URL], s)
				},
			})
		}
	}
	All(ctx, targets, func(s diag.Server) {
		mu.Lock()
		defer mu.Unlock()
		if s.OK() {
			for _, stage := range stages[s.URL] {
				d.report(stage)
			}
		}
	})
}

// maxAgain bounds how many relays are asked a second time.
const maxAgain = 4

// askAgain asks those relays once more, one after another, that were rejected for the account's quota while others
// were asked at the same time: our own requests may have used it up.
func (d *Diagnosis) askAgain(ctx context.Context, turn []Target) {
	if len(turn) < 2 {
		return
	}
	rejected := map[string]bool{}
	d.mu.Lock()
	for _, s := range d.state.Asked {
		rejected[s.URL] = s.TURN && s.QuotaReached()
	}
	d.mu.Unlock()
	asked := 0
	for _, t := range turn {
		if !rejected[t.URL] || asked == maxAgain {
			continue
		}
		asked++
		t.Timeout = min(t.Timeout, time.Second) // it has answered at once before
		Server(ctx, t)
	}
}

// Bounds of the requests that compare a proxy with the direct way.
const (
	maxDirect  = 2               // servers
	directTime = 2 * time.Second // for each
)

// withoutProxy asks servers that work through a proxy once more without it, for a Binding: whether they are reached
// shows if only the proxy leads out.
func (d *Diagnosis) withoutProxy(ctx context.Context, through []diag.Server) {
	var targets []Target
	seen := map[string]bool{}
	for _, s := range through {
		u, err := iceurl.Parse(s.URL)
		if err != nil || s.Proxy == "" || !s.OK() || seen[u.Address()] || len(targets) == maxDirect {
			continue
		}
		seen[u.Address()] = true
		u.Scheme = iceurl.STUN
		if s.Transport == "tls" {
			u.Scheme = iceurl.STUNS
		}
		targets = append(targets, Target{
			URL: u.Short(), TLS: d.q.TLS, Families: d.q.Families, Local: d.q.Bind, Dial: d.q.Dial, Timeout: directTime,
			Diagnosis: true, Direct: true,
		})
	}
	All(ctx, d.reporting(targets), func(diag.Server) {})
}
