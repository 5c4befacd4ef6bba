package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"dialtone/diag"
)

// Inquiry is what a diagnosis of the network asks.
type Inquiry struct {
	URLs               []URL
	Username, Password string // for the TURN servers among them that have no account of their own
	Accounts           map[URL]Account
	TLS                *tls.Config // as in [Target]
	Families           Families
	Bind               netip.Addr // local address; the zero value lets the system choose
	Deep               bool       // binding lifetime and fragments too
	Hairpin            bool       // hairpinning too
	Peer               *diag.NATSide
	Net                Sockets // nil for the operating system
	Budget             time.Duration

	// Progress is told what is known so far, whenever that has changed, at most five times a second, and once more at the
	// end, then with Final. It is called from one goroutine at a time. Nil: nobody is told.
	Progress func(diag.NATProgress)
}

// Account is what a TURN server is asked with. A server with an account of its own, be it an empty one, never sees
// another's: the parties of a call may have been told of servers that are strangers to each other.
type Account struct{ Username, Password string }

// account is what a server is asked with.
func (q *Inquiry) account(u URL) Account {
	if own, ok := q.Accounts[u]; ok {
		return own
	}
	return Account{q.Username, q.Password}
}

// progressEvery is how often an interim report is made at most.
const progressEvery = 200 * time.Millisecond

// leastTime is what every part is given, even where resolving names has used up the budget.
const leastTime = time.Second

// samples are the Binding requests by which the round trip to a server over TCP, TLS and DTLS is told.
const samples = 3

// budget is how long it may take without the further tests.
func (q *Inquiry) budget() time.Duration {
	if q.Budget <= 0 {
		return NATBudget
	}
	return q.Budget
}

// Limit is how long it may take at most.
func (q *Inquiry) Limit() time.Duration {
	limit := q.budget()
	if q.Deep || q.Hairpin {
		limit += FurtherBudget
	}
	return limit
}

// Diagnose asks all servers at once: STUN over UDP as [NAT] does, the others as [Server] and [Relay] do. It fails only
// when no request can be made.
func Diagnose(ctx context.Context, q Inquiry) (diag.NATReport, error) {
	d := &diagnosis{q: q, changed: make(chan struct{}, 1)}
	stop, telling := make(chan struct{}), sync.WaitGroup{}
	if q.Progress != nil {
		telling.Go(func() { d.tell(stop) })
	}
	err := d.run(ctx)
	close(stop)
	telling.Wait()
	if err != nil {
		return diag.NATReport{}, err
	}
	p := d.progress()
	p.Final = true
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		p.Stopped = diag.StoppedTimeOver
	case ctx.Err() != nil:
		p.Stopped = diag.StoppedCancelled
	}
	if q.Progress != nil {
		q.Progress(p)
	}
	return p.Report, nil
}

// diagnosis is one while it runs.
type diagnosis struct {
	q       Inquiry
	changed chan struct{} // holds one when there is something to tell

	mu       sync.Mutex // guards all below: the parts report at the same time
	observed *diag.NATObservations
	others   []diag.ServerResult
	turn     []diag.NATRelay
	streams  []diag.NATStream
	busy     int // parts that are under way, beside STUN over UDP
}

func (d *diagnosis) run(ctx context.Context) error {
	start := time.Now()
	servers := NATServers(ctx, d.q.URLs, d.q.Families)
	d.note(func() {
		d.observed = &diag.NATObservations{Servers: servers, Pending: true, Deep: d.q.Deep, Hairpin: d.q.Hairpin}
	})
	left := max(d.q.budget()-time.Since(start), leastTime) // names may have taken their time
	others, turn := d.q.targets(servers, min(left, DefaultTimeout))
	var asking sync.WaitGroup
	for _, part := range []func(){
		func() {
			All(ctx, others, func(r diag.ServerResult) { d.note(func() { d.others = append(d.others, r) }) })
		},
		func() {
			Relays(ctx, turn, func(r diag.NATRelay) { d.note(func() { d.turn = append(d.turn, r) }) })
			d.askAgain(ctx, turn)
		},
		func() {
			if d.q.Net == nil {
				streams := tcpMapping(ctx, servers, d.q.Bind)
				d.note(func() { d.streams = streams })
			}
		},
	} {
		d.note(func() { d.busy++ })
		asking.Go(func() {
			part()
			d.note(func() { d.busy-- })
		})
	}
	o, err := NAT(ctx, servers, NATOptions{
		Net: d.q.Net, Bind: d.q.Bind, Budget: left, Deep: d.q.Deep, Hairpin: d.q.Hairpin,
		Progress: func(o *diag.NATObservations) { d.note(func() { d.observed = o }) },
	})
	if err == nil {
		overTCP := d.q.overTCP(ctx, o, min(max(d.q.budget()-time.Since(start), leastTime), 2*time.Second))
		d.note(func() { d.observed, d.others = o, append(d.others, overTCP...) })
	}
	asking.Wait()
	return err
}

// note changes what is known.
func (d *diagnosis) note(change func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change()
	select {
	case d.changed <- struct{}{}:
	default: // it is known that there is something to tell
	}
}

// tell hands on what is known whenever that has changed, and rests after each time: what changes meanwhile is told
// then.
func (d *diagnosis) tell(stop <-chan struct{}) {
	for {
		select {
		case <-d.changed:
		case <-stop:
			return
		}
		d.q.Progress(d.progress())
		rest := time.NewTimer(progressEvery)
		select {
		case <-rest.C:
		case <-stop:
			rest.Stop()
			return
		}
	}
}

// progress makes a report of what is known, in an order that does not depend on who answered first.
func (d *diagnosis) progress() diag.NATProgress {
	d.mu.Lock()
	defer d.mu.Unlock()
	slices.SortStableFunc(d.others, func(a, b diag.ServerResult) int { return strings.Compare(a.URL, b.URL) })
	slices.SortStableFunc(d.turn, func(a, b diag.NATRelay) int { return strings.Compare(a.URL, b.URL) })
	o := *d.observed
	o.TCP, o.Pending = d.streams, o.Pending || d.busy > 0
	p := diag.NATProgress{Report: diag.JudgeNAT(&o, d.others, d.turn, d.q.Peer)}
	for _, r := range o.Requests {
		p.Sent++
		if r.Answer != nil {
			p.Answered++
		}
	}
	return p
}

// targets are the servers that are asked otherwise than over UDP, and the relays, each for so long at most.
func (q *Inquiry) targets(servers []diag.NATAsked, timeout time.Duration) (others, turn []Target) {
	for _, u := range q.URLs {
		t := Target{URL: u.Short(), TLS: q.TLS, Families: q.Families, Local: q.Bind, Samples: samples, Timeout: timeout}
		switch {
		case u.Scheme.TURN():
			own := q.account(u)
			t.Username, t.Password, t.Through = own.Username, own.Password, throughRelay(servers)
			turn = append(turn, t)
		case !u.UDP || u.Scheme.Secured():
			others = append(others, t)
		}
	}
	return others, turn
}

// throughRelay is the STUN server that relays are tried with, the zero value where only TURN servers were named: then
// each is tried with itself. A relay over UDP has an IPv4 address.
func throughRelay(servers []diag.NATAsked) netip.AddrPort {
	for _, s := range servers {
		u, err := ParseURL(s.URL)
		if err != nil || !s.Address.Addr().Is4() {
			continue
		}
		if !u.Scheme.TURN() {
			return s.Address
		}
	}
	return netip.AddrPort{}
}

// overTCP asks the servers that are silent over UDP once more, when all are: whether they are there at all tells a
// firewall from a dead server. Those that are silent over TCP too are not told.
func (q *Inquiry) overTCP(ctx context.Context, o *diag.NATObservations, timeout time.Duration) []diag.ServerResult {
	for i := range o.Servers {
		if o.Heard(i) {
			return nil
		}
	}
	var targets []Target
	for _, u := range q.URLs {
		if u.UDP && !u.Scheme.Secured() {
			u.Scheme, u.UDP = STUN, false
			targets = append(targets, Target{URL: u.Short(), Local: q.Bind, Families: q.Families, Timeout: timeout})
		}
	}
	var answered []diag.ServerResult
	All(ctx, targets, func(r diag.ServerResult) {
		if r.OK {
			answered = append(answered, r)
		}
	})
	return answered
}

// maxAgain bounds how many relays are asked a second time.
const maxAgain = 4

// askAgain asks those relays once more, one after another, that were refused for the account's quota while others were
// asked at the same time: it may have been used up by ourselves.
func (d *diagnosis) askAgain(ctx context.Context, turn []Target) {
	if len(turn) < 2 {
		return
	}
	refused := map[string]bool{}
	d.note(func() {
		for i := range d.turn {
			refused[d.turn[i].URL] = d.turn[i].QuotaReached()
		}
	})
	asked := 0
	for _, t := range turn {
		u, err := ParseURL(t.URL)
		if err != nil || !refused[u.String()] || asked == maxAgain {
			continue
		}
		asked++
		t.Timeout = min(t.Timeout, time.Second) // it has answered at once before
		r := Relay(ctx, t)
		d.note(func() {
			if i := slices.IndexFunc(d.turn, func(r diag.NATRelay) bool { return r.URL == u.String() }); i >= 0 {
				d.turn[i] = r
			}
		})
	}
}
