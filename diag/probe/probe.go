package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"dialtone/diag"
	"dialtone/diag/iceurl"
	"dialtone/diag/reach"
)

// DefaultTimeout is how long a whole probe may take.
const DefaultTimeout = 5 * time.Second

// maxParallel is how many servers [All] asks at once.
const maxParallel = 8

// Target is a server to be asked, and how.
type Target struct {
	URL                string         // as [iceurl.Parse] reads it
	Username, Password string         // for turn: and turns:
	TLS                *tls.Config    // RootCAs, InsecureSkipVerify, ServerName; nil: the system's authorities
	Resolver           *net.Resolver  // nil for the system's
	Timeout            time.Duration  // of the whole probe; 0 for [DefaultTimeout]
	Local              netip.Addr     // address of this machine to ask from; the zero value lets the system choose
	Proxies            *reach.Proxies // for TCP and TLS; nil: none
	Dial               reach.Dial     // opens sockets; nil: the system does
	Families           reach.Families // of the server's addresses
	Use                bool           // send bytes through the relay, extend it
	// STUN servers to be asked through the relay, the best first; nil, or none of the relay's family: the TURN server
	// itself
	Through func() []netip.AddrPort
	// Binding requests to be timed once the server has answered; 0 and 1: none but those that ask
	Samples int

	// Straight gets what became of packets sent straight to the relay; nil: none are sent.
	Straight func(diag.NATRelay)

	Direct    bool                   // asked without a proxy, to compare
	Diagnosis bool                   // asked by a diagnosis, and not by a call
	Report    func(diag.ServerStage) // gets each step when it is over, one after another; nil: none is reported
}

// Server asks one server and returns what came of it: when the answer is known, when the timeout is over, or at once
// when ctx ends. It never fails otherwise: a failure is part of the result.
func Server(ctx context.Context, t Target) diag.Server {
	if t.Timeout <= 0 {
		t.Timeout = DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	p := newProber(t)
	_ = p.run(ctx) // the server has the failure
	return p.server
}

// All asks several servers at once, at most eight at a time, and calls emit for each as soon as it is known: in the
// goroutine of the caller, one after another. It returns when every target has been emitted.
func All(ctx context.Context, targets []Target, emit func(diag.Server)) {
	results := make(chan diag.Server)
	slots := make(chan struct{}, maxParallel)
	var running sync.WaitGroup
	for _, t := range targets {
		running.Go(func() {
			slots <- struct{}{}
			r := Server(ctx, t)
			<-slots
			results <- r
		})
	}
	for range targets {
		emit(<-results)
	}
	running.Wait()
}

// prober is one probe while it runs.
type prober struct {
	target Target
	url    iceurl.URL
	dialer reach.Dialer
	to     reach.Endpoint // being asked
	server diag.Server    // what came of it so far

	further bool               // at an address after the first
	held    []diag.ServerStage // what came of that, until the address has answered
	aside   *[]diag.Stage      // what comes of one of several peers of the relay; nil: it is reported
	peer    netip.AddrPort     // of the relay
	ownPeer bool               // that is the TURN server itself

	redirects []string       // servers that named another one, as in [diag.ServerStage]
	alternate netip.AddrPort // the one of them that was named last; the zero value: none
	domain    string         // that goes with it, of ALTERNATE-DOMAIN
	next      netip.AddrPort // that was just named
}

// newProber prepares a probe.
func newProber(t Target) *prober {
	p := &prober{target: t}
	p.dialer = reach.Dialer{
		TLS: t.TLS, Resolver: t.Resolver, Local: t.Local, Families: t.Families, Proxies: t.Proxies, Step: p.step,
		Dial: t.Dial,
	}
	return p
}

// step makes a step and reports it.
func (p *prober) step(ctx context.Context, name diag.StageName, try func(*diag.Stage) error) error {
	stage := diag.Stage{Name: name}
	start := time.Now()
	err := try(&stage)
	stage.DurationMs = diag.Millis(time.Since(start))
	if err != nil {
		if errors.Is(ctx.Err(), context.Canceled) {
			err = ctx.Err() // whatever it interrupted
		}
		stage.Failure = reach.Classify(name, err)
		err = &reach.Error{Failure: *stage.Failure}
	}
	p.report(stage)
	return err
}

// report hands on a step. What happens at another address than the first is held back until that one has answered.
func (p *prober) report(stage diag.Stage) {
	if p.aside != nil {
		*p.aside = append(*p.aside, stage)
		return
	}
	d := diag.ServerStage{
		URL: iceurl.Quotable(p.target.URL), Diagnosis: p.target.Diagnosis, Direct: p.target.Direct,
		Redirects: slices.Clone(p.redirects), Stage: stage,
	}
	if p.url.Host != "" {
		d.URL, d.Transport, d.TURN = p.url.Short(), p.url.Transport(), p.url.Scheme.TURN()
	}
	if p.to.Addr.IsValid() {
		d.Address, d.SRV = p.to.Addr.String(), p.to.Name()
	}
	if p.to.Proxy != nil {
		d.Proxy = p.to.Proxy.String()
	}
	if p.further {
		p.held = append(p.held, d)
		return
	}
	p.emit(d)
}

// emit makes a step part of the result, and reports it.
func (p *prober) emit(d diag.ServerStage) {
	p.server.Apply(d)
	if p.target.Report != nil {
		p.target.Report(d)
	}
}

// run goes through the steps.
func (p *prober) run(ctx context.Context) error {
	if err := p.configure(ctx); err != nil {
		return err
	}
	endpoints, err := p.dialer.Resolve(ctx, p.url)
	if err != nil {
		return err
	}
	return p.tryEach(ctx, endpoints)
}

// configure reads URL and credentials. Its success is reported when the credentials say how long they are valid.
func (p *prober) configure(ctx context.Context) error {
	u, err := iceurl.Parse(p.target.URL)
	switch {
	case err != nil:
		err = reach.Misconfigured(diag.DetailURL, diag.Clean(err.Error(), iceurl.MaxLength+reach.MaxText))
	case u.Scheme.TURN() && (p.target.Username == "" || p.target.Password == ""):
		err = reach.Misconfigured(diag.DetailCredentials, "")
	case len(p.target.Username) > maxUsername:
		err = reach.Misconfigured(diag.DetailUsername, "")
	}
	p.url = u
	expiry, expires := credentialExpiry(p.target.Username)
	if err == nil && !(expires && u.Scheme.TURN()) {
		return nil
	}
	return p.step(ctx, diag.StageConfig, func(s *diag.Stage) error {
		if expires {
			s.CredentialExpires, s.Clock = expiry.Format(time.RFC3339), reach.Clock()
		}
		return err
	})
}

// maxUsername is how many bytes a user name may have (RFC 8489 §14.3).
const maxUsername = 508

// credentialExpiry reads the time that a user name of the REST API for TURN servers carries: "seconds:name",
// "name:seconds" or the seconds alone (draft-uberti-behave-turn-rest-00 §2.2; coturn takes each). False for any
// other user name.
func credentialExpiry(username string) (time.Time, bool) {
	before, after, _ := strings.Cut(username, ":")
	for _, part := range []string{before, after} {
		if expiry, ok := unixTime(part); ok {
			return expiry, true
		}
	}
	return time.Time{}, false
}

// unixTime reads seconds since 1970, of nine to ten digits: years 1973 to 2286.
func unixTime(digits string) (time.Time, bool) {
	if len(digits) < 9 || len(digits) > 10 || strings.Trim(digits, "0123456789") != "" {
		return time.Time{}, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	return time.Unix(n, 0).UTC(), err == nil
}

// tryEach asks the addresses in turn until one answers, each with its share of the time that is left. When none does,
// the failure of the first stands: it is the address that the ICE agent uses.
func (p *prober) tryEach(ctx context.Context, endpoints []reach.Endpoint) error {
	deadline, _ := ctx.Deadline()
	var first error
	for i, e := range endpoints {
		tryCtx, cancel := context.WithTimeout(ctx, time.Until(deadline)/time.Duration(len(endpoints)-i))
		p.further, p.held, p.redirects, p.alternate, p.domain = i > 0, nil, nil, netip.AddrPort{}, ""
		err := p.try(tryCtx, e)
		cancel()
		p.further = false
		if err == nil {
			for _, d := range p.held {
				p.emit(d)
			}
			return nil
		}
		if first == nil {
			first = err
		}
		switch reach.Classify(diag.StageConnect, err).Cause {
		case diag.CauseUnreachable, diag.CauseRefused, diag.CauseTimeout:
		default:
			return first
		}
	}
	return first
}

// try asks at one address, and where that one sends it. RFC 8656 §7.4: when the server believes that our address and
// port are in use (437), another port may be free.
func (p *prober) try(ctx context.Context, e reach.Endpoint) error {
	const ports = 3
	p.to = e
	for n := 1; ; n++ {
		err := p.ask(ctx)
		var f *reach.Error
		switch {
		case p.next.IsValid():
			p.follow()
			n = 0
		case !errors.As(err, &f) || f.Code != 437 || n == ports:
			return err
		}
	}
}

// ask opens a connection and asks on it.
func (p *prober) ask(ctx context.Context) error {
	conn, err := p.connect(ctx)
	if err != nil {
		return p.frontend(ctx, diag.StageTLS, err)
	}
	l := &link{conn: conn, reliable: !p.url.UDP}
	first, cancel := p.reserve(ctx)
	defer cancel()
	// A deadline in the past wakes whatever reads or writes; it knows then that its own context has ended.
	watched := make(chan struct{})
	stop := context.AfterFunc(first, func() {
		defer close(watched)
		_ = l.conn.SetDeadline(time.Unix(1, 0))
	})
	if p.url.Scheme.TURN() {
		err = p.allocate(first, l)
	} else {
		err = p.bind(first, l)
	}
	if !stop() {
		<-watched
	}
	_ = l.conn.Close() // what it says no longer matters
	if err != nil {
		err = p.frontend(ctx, diag.StageBinding, err)
	}
	return err
}

// bind asks a STUN server for our address.
func (p *prober) bind(ctx context.Context, l *link) error {
	var first reply
	err := p.step(ctx, diag.StageBinding, func(s *diag.Stage) (err error) {
		first, err = l.exchange(ctx, methodBinding, true,
			func(id txID) ([]byte, error) { return encode(methodBinding, id, nil) })
		switch {
		case err != nil:
			return err
		case !first.ok:
			note(s, first)
			return p.rejected(first, stunError(first))
		case !first.mapped.IsValid():
			return unusable(diag.DetailMapped)
		}
		note(s, first)
		return nil
	})
	if err == nil {
		p.sample(ctx, l, &first)
	}
	return err
}

// note takes over what every answer may say; the round trip is that of the first.
func note(s *diag.Stage, r reply) {
	if s.RTTMs == nil {
		s.RTTMs = new(diag.Millis(r.rtt))
	}
	if r.software != "" {
		s.Software = r.software
	}
	if r.realm != nil {
		s.Realm, s.EmptyRealm = diag.Clean(trimmed(*r.realm), reach.MaxText), *r.realm == ""
	}
	if r.mapped.IsValid() {
		s.Mapped = r.mapped.String()
	}
}
