package reach

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"dialtone/diag"
	"dialtone/diag/iceurl"
)

// Bounds of a search by DNS SRV (RFC 2782). Any answer costs the plain one no more than the grace.
const (
	srvGrace     = 200 * time.Millisecond // for SRV, once the plain answer is there
	srvAlone     = 2 * time.Second        // for SRV, where the name has no address of its own
	maxTargets   = 4                      // targets that are looked up
	maxEndpoints = 6                      // addresses that are asked
)

// Endpoint is an address of a server.
type Endpoint struct {
	Addr netip.AddrPort
	Host string // the name that the address belongs to: the URL's, or the target of an SRV record
	SRV  bool   // an SRV record named host and port
	// the proxy that leads there and resolves the name; then Addr is not known
	Proxy *Proxy
}

// Resolve finds the addresses to ask: the first of IPv4, as the ICE agent takes it, then the first of IPv6. Of a name
// without a port those that DNS SRV names come instead, where it names any.
func (d *Dialer) Resolve(ctx context.Context, u iceurl.URL) ([]Endpoint, error) {
	if proxy := d.Proxies.For(u); proxy != nil {
		return []Endpoint{{Host: u.Host, Proxy: proxy}}, nil
	}
	if a, err := netip.ParseAddr(u.Host); err == nil {
		found, err := d.wanted([]Endpoint{{Addr: netip.AddrPortFrom(a, u.Port), Host: u.Host}})
		if err != nil {
			err = d.Step(ctx, diag.StageConfig, func(*diag.Stage) error { return err })
		}
		return found, err
	}
	var found []Endpoint
	err := d.Step(ctx, diag.StageDNS, func(*diag.Stage) (err error) {
		found, err = lookup(ctx, Interruptible(d.Resolver), u)
		if err == nil {
			found, err = d.wanted(found)
		}
		return err
	})
	return found, err
}

// wanted are the endpoints of the families that were asked for.
func (d *Dialer) wanted(found []Endpoint) ([]Endpoint, error) {
	var out []Endpoint
	local := d.Local
	for _, e := range found {
		if d.Families.Has(e.Addr.Addr()) && (!local.IsValid() || local.Unmap().Is4() == e.Addr.Addr().Is4()) {
			out = append(out, e)
		}
	}
	if len(out) == 0 {
		return nil, Misconfigured(diag.DetailFamily, "")
	}
	return out, nil
}

// lookup resolves the host of a URL. Where no port was written, SRV and plain addresses are asked for at once: what SRV
// names counts (RFC 8489 §8.1, RFC 5928 §3), otherwise the plain addresses with the default port. The NAPTR records of
// RFC 5928, which would choose the transport, are not asked for: Go's resolver does not know them, and the URL's
// transport is taken.
func lookup(ctx context.Context, r *net.Resolver, u iceurl.URL) ([]Endpoint, error) {
	if !u.NoPort || u.Host == "localhost" { // RFC 6761 §6.3: no DNS server is asked about localhost
		return lookupHost(ctx, r, u.Host, u.Port, false)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// No one waits for these two after the answer: the end of ctx closes their sockets, and where the system itself looks
	// up (Windows) nothing can end it, as package net knows too.
	srv, plain := make(chan found, 1), make(chan found, 1)
	go func() { srv <- newFound(lookupSRV(ctx, r, u)) }()
	go func() { plain <- newFound(lookupHost(ctx, r, u.Host, u.Port, false)) }()
	select {
	case s := <-srv:
		if s.decides() {
			return s.endpoints, s.err
		}
		select {
		case f := <-plain:
			return f.endpoints, f.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	case f := <-plain:
		wait := srvGrace
		if f.err != nil {
			wait = srvAlone
		}
		grace := time.NewTimer(wait)
		defer grace.Stop()
		select {
		case s := <-srv:
			if s.decides() {
				return s.endpoints, s.err
			}
		case <-grace.C:
		case <-ctx.Done():
		}
		return f.endpoints, f.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// found is what one of the two lookups gave.
type found struct {
	endpoints []Endpoint
	err       error
}

func newFound(e []Endpoint, err error) found { return found{e, err} }

// decides reports whether an SRV lookup makes the plain addresses needless: it has found some, or there is no such
// service.
func (f *found) decides() bool { return f.err == nil || errors.As(f.err, new(*Error)) }

// lookupHost resolves a name to the first address of each family.
func lookupHost(ctx context.Context, r *net.Resolver, host string, port uint16, srv bool) ([]Endpoint, error) {
	found, err := r.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	var four, six netip.Addr
	for _, a := range found {
		a = a.Unmap()
		switch {
		case a.Is4() && !four.IsValid():
			four = a
		case a.Is6() && !six.IsValid():
			six = a
		}
	}
	var out []Endpoint
	for _, a := range []netip.Addr{four, six} {
		if a.IsValid() {
			out = append(out, Endpoint{Addr: netip.AddrPortFrom(a, port), Host: strings.TrimSuffix(host, "."), SRV: srv})
		}
	}
	if len(out) == 0 {
		return nil, &net.DNSError{Err: "no address", Name: host, IsNotFound: true}
	}
	return out, nil
}

// lookupSRV finds what SRV names, in the order of priority and weight: _stun._udp, _stun._tcp, _stuns._tcp, _turn._udp
// and so on, as scheme and transport want it. An error that is a [Error] says that there is no such service.
func lookupSRV(ctx context.Context, r *net.Resolver, u iceurl.URL) ([]Endpoint, error) {
	proto := "tcp"
	if u.UDP {
		proto = "udp"
	}
	_, records, err := r.LookupSRV(ctx, string(u.Scheme), proto, rooted(u.Host))
	if len(records) == 0 {
		return nil, err // with some records an error is about the others
	}
	targets, refused := srvTargets(records)
	if refused {
		return nil, &Error{diag.Failure{Cause: diag.CauseDNS, Detail: diag.DetailNoService}}
	}
	lists := make([][]Endpoint, len(targets))
	var all sync.WaitGroup
	for i, t := range targets {
		all.Go(func() {
			if found, err := lookupHost(ctx, r, rooted(t.host), t.port, true); err == nil {
				lists[i] = found
			}
		})
	}
	all.Wait()
	var out []Endpoint
	for _, list := range lists {
		out = append(out, list...)
	}
	if len(out) == 0 {
		return nil, errors.New("no SRV record leads to an address")
	}
	return out[:min(len(out), maxEndpoints)], nil
}

// srvTarget is what an SRV record names.
type srvTarget struct {
	host string
	port uint16
}

// srvTargets are the records that can be used, in their order, at most [maxTargets]; refused is that the one record
// says there is no such service (RFC 2782: the target "."). Port 0, no host name, an IP address and what is there twice
// do not count.
func srvTargets(records []*net.SRV) (targets []srvTarget, refused bool) {
	if len(records) == 1 && records[0].Target == "." {
		return nil, true
	}
	seen := map[srvTarget]bool{}
	for _, r := range records {
		host, err := iceurl.ParseHost(strings.TrimSuffix(r.Target, "."))
		t := srvTarget{host: host, port: r.Port}
		if err != nil || r.Port == 0 || seen[t] {
			continue
		}
		if _, err := netip.ParseAddr(host); err == nil {
			continue
		}
		seen[t] = true
		if targets = append(targets, t); len(targets) == maxTargets {
			break
		}
	}
	return targets, false
}

// rooted writes a name of several parts so that no search domain is tried behind it.
func rooted(host string) string {
	if strings.Contains(host, ".") && !strings.HasSuffix(host, ".") {
		return host + "."
	}
	return host
}

// Interruptible makes a resolver whose sockets are closed when its context ends; nil is the system's.
func Interruptible(r *net.Resolver) *net.Resolver {
	if r == nil {
		return &net.Resolver{Dial: dialDNS}
	}
	if r.Dial == nil {
		return &net.Resolver{PreferGo: r.PreferGo, StrictErrors: r.StrictErrors, Dial: dialDNS}
	}
	return &net.Resolver{
		PreferGo: r.PreferGo, StrictErrors: r.StrictErrors,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			return closedWith(ctx)(r.Dial(ctx, network, address))
		},
	}
}

// dialDNS connects to a DNS server. When a lookup is cancelled, the resolver of package net abandons a goroutine that
// reads until its own timeout; closing its socket ends it at once.
func dialDNS(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	return closedWith(ctx)(d.DialContext(ctx, network, address))
}

// closedWith closes a connection that was made when ctx ends.
func closedWith(ctx context.Context) func(net.Conn, error) (net.Conn, error) {
	return func(c net.Conn, err error) (net.Conn, error) {
		if err == nil {
			context.AfterFunc(ctx, func() { _ = c.Close() })
		}
		return c, err
	}
}

// Name is how an Endpoint that SRV named is reported: host:port; otherwise empty.
func (e Endpoint) Name() string {
	if !e.SRV {
		return ""
	}
	return net.JoinHostPort(e.Host, strconv.Itoa(int(e.Addr.Port())))
}
