package guard

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"
)

// Dial opens a socket to a server.
type Dial = func(ctx context.Context, d *net.Dialer, network, address string) (net.Conn, error)

// errServerLimit is that a server, which a peer or its signaling may have named, gets no more packets for now.
var errServerLimit = errors.New("too much was sent to this host, which does not answer")

// Servers bounds what servers are sent that do not answer, as any other host: another program may have named them.
func (l *Limiter) Servers(dial Dial, now func() time.Time) Dial {
	return func(ctx context.Context, d *net.Dialer, network, address string) (net.Conn, error) {
		to, err := netip.ParseAddrPort(address)
		switch {
		case err != nil: // the name of a proxy
			return dial(ctx, d, network, address)
		case network != "udp" && !l.allowServer(to.Addr(), SYNsPerAttempt, now()):
			return nil, errServerLimit
		}
		conn, err := dial(ctx, d, network, address)
		switch {
		case err != nil:
			return nil, err
		case network == "udp":
			return &serverConn{Conn: conn, l: l, host: to.Addr(), now: now}, nil
		}
		l.serves(to.Addr())
		return conn, nil
	}
}

// Servers is that of the limiter.
func (g *Guard) Servers(dial Dial) Dial { return g.hosts.Servers(dial, g.now) }

// allowServer is allow for a server: one that has answered may be sent what its protocol needs.
func (l *Limiter) allowServer(host netip.Addr, n int, now time.Time) bool {
	l.mu.Lock()
	serving := l.serving[hostOf(host)]
	l.mu.Unlock()
	return serving || l.allow(host, n, now)
}

// serves notes that a server has answered.
func (l *Limiter) serves(host netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.serving == nil || len(l.serving) >= maxStrangers {
		l.serving = map[netip.Prefix]bool{}
	}
	l.serving[hostOf(host)] = true
}

// serverConn is a UDP socket to a server.
type serverConn struct {
	net.Conn
	l    *Limiter
	host netip.Addr
	now  func() time.Time
}

// Write drops what is too much, as a network does.
func (c *serverConn) Write(b []byte) (int, error) {
	if !c.l.allowServer(c.host, 1, c.now()) {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

// Read notes that the server answers.
func (c *serverConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err == nil {
		c.l.serves(c.host)
	}
	return n, err
}
