package web

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"syscall"
	"time"

	"dialtone/signal/gate"
)

// ErrNear is why an address that a server gave is not connected to.
var ErrNear = errors.New("the server leads to an address of this machine or its link")

// connectTime bounds how long a connection may take. The addresses of a name share it, so that one that is dead leaves
// time for the next within most requests.
const connectTime = 10 * time.Second

// isNear is what the tests replace, whose servers are all near.
var isNear = gate.IsNear

// LeadsNear reports whether a host is this machine or of its link, or a name that leads there.
func LeadsNear(ctx context.Context, host string) bool {
	if near(&url.URL{Host: net.JoinHostPort(host, "0")}) {
		return true
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	return err == nil && slices.ContainsFunc(addrs, isNear)
}

// dialer makes the connections of a client. The address that the user gave is free, and so are proxies. Any other was
// given by a server: it must not lead to this machine or its link, whatever its name resolves to, unless the user's own
// address does. Nor may that lead there later if it did not at first (DNS rebinding).
type dialer struct {
	origin string // HOST:PORT

	mu      sync.Mutex
	near    bool            // the origin is of this machine or its link
	far     bool            // it was reached elsewhere: its name must not lead here later
	proxies map[string]bool // by HOST:PORT
}

func newDialer(origin *url.URL) *dialer {
	return &dialer{
		origin: net.JoinHostPort(origin.Hostname(), port(origin)), near: near(origin), proxies: map[string]bool{},
	}
}

// use makes a transport dial here.
func (d *dialer) use(t *http.Transport) {
	choose := t.Proxy
	t.Proxy = func(r *http.Request) (*url.URL, error) {
		u, err := choose(r)
		if u != nil {
			d.mu.Lock()
			d.proxies[proxyAddress(u)] = true
			d.mu.Unlock()
		}
		return u, err
	}
	t.DialContext = d.dial
}

// proxyAddress is where a transport dials for a proxy.
func proxyAddress(u *url.URL) string {
	p := u.Port()
	switch {
	case p != "":
	case u.Scheme == "https":
		p = "443"
	case u.Scheme == "socks5" || u.Scheme == "socks5h":
		p = "1080"
	default:
		p = "80"
	}
	return net.JoinHostPort(u.Hostname(), p)
}

func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	nd := net.Dialer{Timeout: connectTime}
	d.mu.Lock()
	near, free := d.near, d.proxies[address] || address == d.origin && !d.far
	d.mu.Unlock()
	if !free {
		nd.Control = func(_, resolved string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(resolved)
			if err != nil || isNear(to.Addr()) && (!near || gate.PlaceOf(to.Addr()) == gate.Metadata) {
				return ErrNear
			}
			return nil
		}
	}
	c, err := nd.DialContext(ctx, network, address)
	if err == nil && address == d.origin {
		d.mu.Lock()
		d.near = d.near || isNear(gate.AddrOf(c.RemoteAddr()))
		d.far = !d.near
		d.mu.Unlock()
	}
	return c, err
}
