package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"dialtone/diag"
)

// DefaultTimeout is how long a whole probe may take.
const DefaultTimeout = 5 * time.Second

// maxParallel is how many servers [All] asks at once.
const maxParallel = 8

// Target is a server to be asked, and how.
type Target struct {
	URL                string         // as [ParseURL] reads it
	Username, Password string         // for turn: and turns:
	TLS                *tls.Config    // RootCAs, InsecureSkipVerify, ServerName; nil: the system's authorities
	Resolver           *net.Resolver  // nil for the system's
	Through            netip.AddrPort // a STUN server to be asked through the relay, see [Relay]
	Timeout            time.Duration  // of the whole probe; 0 for [DefaultTimeout]
	Local              netip.Addr     // address of this machine to ask from; the zero value lets the system choose
	Families           Families       // of the server's addresses
	// Binding requests to be timed once the server has answered; 0 and 1: none but those that ask
	Samples int
}

// Server asks one server and tells what came of it. It returns when the answer is known, when the timeout is over, or
// at once when ctx ends. It never fails otherwise: a failure is part of the result, with Stage, Cause and Advice.
func Server(ctx context.Context, t Target) diag.ServerResult {
	p := probe(ctx, t, false)
	return p.result
}

// Relay asks as [Server] does. Where a relay is had, it also sends bytes through it, extends it and releases it. The
// peer is t.Through; without one it is the TURN server itself, which answers Binding requests over UDP as a STUN server
// does.
func Relay(ctx context.Context, t Target) diag.NATRelay {
	p := probe(ctx, t, true)
	p.carried.ServerResult = p.result
	return p.carried
}

// probe goes through all stages and sums up.
func probe(ctx context.Context, t Target, use bool) *prober {
	start := time.Now()
	if t.Timeout <= 0 {
		t.Timeout = DefaultTimeout
	}
	timed, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()

	p := &prober{target: t, use: use}
	err := p.run(timed)
	if err != nil {
		if errors.Is(ctx.Err(), context.Canceled) {
			err = ctx.Err() // whatever it interrupted
		}
		f := classify(p.at, p.stage, err)
		r := &p.result
		r.Stage, r.Cause, r.ErrorCode, r.ErrorText, r.Advice = f.stage, f.cause, f.code, f.text, f.advice
		if !f.expired.IsZero() {
			r.CredentialExpired = f.expired.Format(time.RFC3339)
		}
	}
	p.result.OK = err == nil
	p.result.DurationMs = diag.Millis(time.Since(start))
	return p
}

// All asks several servers at once, at most eight at a time, and calls emit for each as soon as it is known: in the
// goroutine of the caller, one after another. It returns when every target has been emitted.
func All(ctx context.Context, targets []Target, emit func(diag.ServerResult)) {
	each(ctx, targets, Server, emit)
}

// Relays is [All] with [Relay].
func Relays(ctx context.Context, targets []Target, emit func(diag.NATRelay)) {
	each(ctx, targets, Relay, emit)
}

// each asks all targets, at most eight at a time, and emits their results in the goroutine of the caller.
func each[R any](ctx context.Context, targets []Target, ask func(context.Context, Target) R, emit func(R)) {
	results := make(chan R)
	slots := make(chan struct{}, maxParallel)
	var running sync.WaitGroup
	for _, t := range targets {
		running.Go(func() {
			slots <- struct{}{}
			r := ask(ctx, t)
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
	url    URL
	at     URL            // as url, with host and port that DNS SRV named instead: for what is told
	addr   netip.AddrPort // being asked
	stage  string         // being tried
	result diag.ServerResult

	use     bool           // send bytes through the relay
	peer    netip.AddrPort // of the relay
	carried diag.NATRelay  // what went through it
}

// run goes through the stages.
func (p *prober) run(ctx context.Context) error {
	u, err := ParseURL(p.target.URL)
	if err != nil {
		p.result.URL = quotable(p.target.URL)
		return &stageError{
			cause: CauseConfig, text: err.Error(),
			advice: "write stun:host, or turn:host with user name and password; host may be host:port, then ?transport=udp or tcp",
		}
	}
	p.url, p.at = u, u
	p.result.URL, p.result.Transport = u.Short(), u.Transport()
	if u.Scheme.TURN() && (p.target.Username == "" || p.target.Password == "") {
		return &stageError{
			cause: CauseConfig, text: "a TURN server needs user name and password",
			advice: "give both with the server (--ice-user, --ice-pass)",
		}
	}
	if len(p.target.Username) > maxUsername {
		return &stageError{
			cause: CauseConfig, text: fmt.Sprintf("the user name is longer than %d bytes", maxUsername),
			advice: "use the user name of the TURN server's account",
		}
	}
	endpoints, err := p.resolve(ctx)
	if err != nil {
		return err
	}
	return p.tryEach(ctx, endpoints)
}

// tryEach asks the addresses in turn until one answers, each with its share of the time that is left. The failure of
// the first is the one that is told: it is the address that the ICE agent uses.
func (p *prober) tryEach(ctx context.Context, endpoints []endpoint) error {
	deadline, _ := ctx.Deadline()
	var first error
	var firstResult diag.ServerResult
	for i, e := range endpoints {
		share := time.Until(deadline) / time.Duration(len(endpoints)-i)
		tryCtx, cancel := context.WithTimeout(ctx, share)
		before := p.result
		err := p.try(tryCtx, e)
		cancel()
		if err == nil {
			return nil
		}
		f := classify(p.at, p.stage, err)
		if first == nil {
			first, firstResult = f, p.result
		}
		if f.cause != CauseUnreachable && f.cause != CauseRefused && f.cause != CauseTimeout {
			break
		}
		p.result = before
	}
	p.result = firstResult
	return first
}

// try asks at one address. RFC 8656 §7.4: where the server believes that our address and port are in use (437),
// another port may be free.
func (p *prober) try(ctx context.Context, e endpoint) error {
	const ports = 3
	p.addr, p.at.Host, p.at.Port = e.addr, e.host, e.addr.Port()
	p.result.Address, p.result.SRV = e.addr.String(), e.name()
	for n := 1; ; n++ {
		err := p.ask(ctx)
		var f *stageError
		if !errors.As(err, &f) || f.code != 437 || n == ports {
			return err
		}
	}
}

// ask opens a connection and asks on it.
func (p *prober) ask(ctx context.Context) error {
	l, err := p.open(ctx, p.addr)
	if err != nil {
		return err
	}
	// A deadline in the past wakes whoever reads or writes.
	watched := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(watched)
		_ = l.conn.SetDeadline(time.Unix(1, 0))
	})
	if p.url.Scheme.TURN() {
		err = p.allocate(ctx, l)
	} else {
		err = p.bind(ctx, l)
	}
	if !stop() {
		<-watched
	}
	_ = l.conn.Close() // what it says no longer matters
	return err
}

// bind asks a STUN server for our address.
func (p *prober) bind(ctx context.Context, l *link) error {
	p.stage = StageBinding
	r, err := l.exchange(ctx, methodBinding, true, func(id txID) ([]byte, error) { return encode(methodBinding, id, nil) })
	if err != nil {
		return err
	}
	p.note(r.answer)
	p.result.RTTMs = diag.Ptr(diag.Millis(r.rtt))
	if !r.ok {
		return stunError(p.at, p.stage, r.code, r.phrase, r.alternate)
	}
	if !r.mapped.IsValid() {
		return errNoMapped
	}
	p.times(ctx, l, &r)
	return nil
}

// note takes over what every answer may tell.
func (p *prober) note(a *answer) {
	if a.software != "" {
		p.result.Software = a.software
	}
	if a.realm != "" {
		p.result.Realm = diag.Clean(a.realm, maxText)
	}
	if a.mapped.IsValid() {
		p.result.MappedAddress = a.mapped.String()
	}
}
