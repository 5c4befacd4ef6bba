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
	Username, Password string      // for the TURN servers among them
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

// progressEvery is how often an interim report is made at most.
const progressEvery = 200 * time.Millisecond

// Diagnose asks all servers at once: STUN over UDP as [NAT] does, the others as [Server] and [Relay] do. It fails only when
// no request can be made.
func Diagnose(ctx context.Context, q Inquiry) (diag.NATReport, error) {
	d := &diagnosis{q: q}
	report, err := d.run(ctx)
	if err == nil && q.Progress != nil {
		p := diag.NATProgress{Final: true, Report: report}
		p.Sent, p.Answered = d.counts()
		switch {
		case errors.Is(ctx.Err(), context.DeadlineExceeded):
			p.Stopped = diag.StoppedTimeOver
		case ctx.Err() != nil:
			p.Stopped = diag.StoppedCancelled
		}
		q.Progress(p)
	}
	return report, err
}

// diagnosis is one while it runs.
type diagnosis struct {
	q Inquiry

	mu       sync.Mutex // guards all below: three parts report at the same time
	observed *diag.NATObservations
	others   []diag.ServerResult
	turn     []diag.NATRelay
	told     time.Time
}

func (d *diagnosis) run(ctx context.Context) (diag.NATReport, error) {
	servers := NATServers(ctx, d.q.URLs, d.q.Families)
	d.observed = &diag.NATObservations{Servers: servers}
	others, turn := d.q.targets(servers)
	var asking sync.WaitGroup
	asking.Go(func() {
		All(ctx, others, func(r diag.ServerResult) { d.note(func() { d.others = append(d.others, r) }) })
	})
	asking.Go(func() { Relays(ctx, turn, func(r diag.NATRelay) { d.note(func() { d.turn = append(d.turn, r) }) }) })
	o, err := NAT(ctx, servers, NATOptions{
		Net: d.q.Net, Bind: d.q.Bind, Budget: d.q.Budget, Deep: d.q.Deep, Hairpin: d.q.Hairpin,
		Progress: func(o *diag.NATObservations) { d.note(func() { d.observed = o }) },
	})
	asking.Wait()
	if err != nil {
		return diag.NATReport{}, err
	}
	overTCP := d.q.overTCP(ctx, o)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.observed, d.others = o, append(d.others, overTCP...)
	return d.judge(), nil
}

// note changes what is known, and tells it unless that was done a moment ago.
func (d *diagnosis) note(change func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change()
	if d.q.Progress == nil || time.Since(d.told) < progressEvery {
		return
	}
	d.told = time.Now()
	p := diag.NATProgress{Report: d.judge()}
	p.Sent, p.Answered = counts(d.observed)
	d.q.Progress(p)
}

// judge makes a report of what is known, in an order that does not depend on who answered first.
func (d *diagnosis) judge() diag.NATReport {
	slices.SortStableFunc(d.others, func(a, b diag.ServerResult) int { return strings.Compare(a.URL, b.URL) })
	slices.SortStableFunc(d.turn, func(a, b diag.NATRelay) int { return strings.Compare(a.URL, b.URL) })
	return diag.JudgeNAT(d.observed, d.others, d.turn, d.q.Peer)
}

func (d *diagnosis) counts() (sent, answered int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return counts(d.observed)
}

func counts(o *diag.NATObservations) (sent, answered int) {
	for _, r := range o.Requests {
		sent++
		if r.Answer != nil {
			answered++
		}
	}
	return sent, answered
}

// targets are the servers that are asked otherwise than over UDP, and the relays.
func (q *Inquiry) targets(servers []diag.NATAsked) (others, turn []Target) {
	for _, u := range q.URLs {
		t := Target{URL: u.String(), TLS: q.TLS}
		switch {
		case u.Scheme.TURN():
			t.Username, t.Password, t.Through = q.Username, q.Password, throughRelay(servers)
			turn = append(turn, t)
		case !u.UDP || u.Scheme.Secured():
			others = append(others, t)
		}
	}
	return others, turn
}

// throughRelay is the STUN server that relays are tried with: one that is no relay itself, where there is one. A relay over
// UDP has an IPv4 address.
func throughRelay(servers []diag.NATAsked) netip.AddrPort {
	var found netip.AddrPort
	for _, s := range servers {
		u, err := ParseURL(s.URL)
		if err != nil || !s.Address.Addr().Is4() {
			continue
		}
		if !u.Scheme.TURN() {
			return s.Address
		}
		if !found.IsValid() {
			found = s.Address
		}
	}
	return found
}

// overTCP asks the servers that are silent over UDP once more, when all are: whether they are there at all tells a firewall
// from a dead server. Those that are silent over TCP too are not told.
func (q *Inquiry) overTCP(ctx context.Context, o *diag.NATObservations) []diag.ServerResult {
	for i := range o.Servers {
		if o.Heard(i) {
			return nil
		}
	}
	var targets []Target
	for _, u := range q.URLs {
		if u.UDP && !u.Scheme.Secured() {
			u.Scheme, u.UDP = STUN, false
			targets = append(targets, Target{URL: u.String(), Timeout: 2 * time.Second})
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
