package guard

import (
	"context"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/pion/stun/v4"

	"dialtone/diag"
)

// Dial opens a socket to a server.
type Dial = func(ctx context.Context, d *net.Dialer, network, address string) (net.Conn, error)

// requestPackets is how often a request is sent that is not answered (RFC 8489 §6.2.1).
const requestPackets = 7

// LimitError is that a server, which a peer or its signaling may have named, gets no more packets for now.
type LimitError struct{}

// Error implements error.
func (LimitError) Error() string { return "too much was sent to this host, which does not answer" }

// Failure is what a probe reports.
func (LimitError) Failure() diag.Failure {
	return diag.Failure{Cause: diag.CauseUnreachable, Detail: diag.DetailLimited}
}

// Servers bounds what servers are sent that do not answer, as any other host: another program may have named them.
func (l *Limiter) Servers(dial Dial, now func() time.Time) Dial {
	return func(ctx context.Context, d *net.Dialer, network, address string) (net.Conn, error) {
		to, err := netip.ParseAddrPort(address)
		switch {
		case err != nil: // the name of a proxy
			return dial(ctx, d, network, address)
		case network == "udp" && !l.awaitServer(ctx, to.Addr(), requestPackets, now),
			network != "udp" && !l.awaitServer(ctx, to.Addr(), SYNsPerAttempt, now):
			return nil, LimitError{}
		}
		conn, err := dial(ctx, d, network, address)
		switch {
		case err != nil:
			return nil, err
		case network == "udp":
			return &serverConn{Conn: conn, l: l, host: to.Addr(), now: now}, nil
		}
		return &serverStream{Conn: conn, l: l, host: to.Addr()}, nil
	}
}

// Servers is that of the limiter.
func (g *Guard) Servers(dial Dial) Dial { return g.hosts.Servers(dial, g.now) }

// asksServer reports whether the agent may send a request to a server, which it repeats until there is an answer.
func (g *Guard) asksServer(key wirePair, m *stun.Message) bool {
	now := g.now()
	if !g.hosts.allowServer(key.remote.Addr(), 1, now) {
		return false
	}
	g.expire(now)
	g.open[m.TransactionID] = transaction{pair: key, at: now, server: true}
	return true
}

// allowServer is allow for a server: one that has answered may be sent what its protocol needs.
func (l *Limiter) allowServer(host netip.Addr, n int, now time.Time) bool {
	l.mu.Lock()
	serving := l.serving[hostOf(host)]
	l.mu.Unlock()
	return serving || l.allow(host, n, now)
}

// A socket waits for its turn: of many calls that begin at once, the first ones show that the server answers.
const (
	serverWait  = 2 * time.Second
	serverPause = 20 * time.Millisecond
)

// awaitServer is allowServer, after a wait if need be.
func (l *Limiter) awaitServer(ctx context.Context, host netip.Addr, n int, now func() time.Time) bool {
	for end := now().Add(serverWait); !l.allowServer(host, n, now()); {
		if now().After(end) {
			return false
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(serverPause):
		}
	}
	return true
}

// AllowServer reports whether a server may be sent n packets more.
func (l *Limiter) AllowServer(host netip.Addr, n int) bool { return l.allowServer(host, n, time.Now()) }

// Serves notes that a server has answered.
func (l *Limiter) Serves(host netip.Addr) {
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
	sent atomic.Int32
}

// Write drops what is too much, as a network does. The first request was counted when the socket was opened.
func (c *serverConn) Write(b []byte) (int, error) {
	if c.sent.Add(1) > requestPackets && !c.l.allowServer(c.host, 1, c.now()) {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

// Read notes that the server answers: with STUN, or with a handshake of DTLS. Hosts of other protocols may answer what
// they do not understand, or send it back.
func (c *serverConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	const firstOfHandshake = 13
	switch {
	case err != nil || n <= firstOfHandshake:
	case stun.IsMessage(b[:n]) && isResponse(b[0]), b[0] == handshake && b[firstOfHandshake] != clientHello:
		c.l.Serves(c.host)
	}
	return n, err
}

// serverStream is a TCP connection to a server.
type serverStream struct {
	net.Conn
	l      *Limiter
	host   netip.Addr
	serves bool
}

// Read notes that the server answers: with STUN, or with a handshake of TLS.
func (c *serverStream) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 && !c.serves && (isResponse(b[0]) || b[0] == handshake) {
		c.serves = true
		c.l.Serves(c.host)
	}
	return n, err
}

// The first bytes of messages: of TLS and DTLS (RFC 8446 §5.1 and §4).
const (
	handshake   = 22
	clientHello = 1
)

// isResponse reports whether a STUN message that begins so is a success or an error (RFC 8489 §5).
func isResponse(first byte) bool { return first == 1 }
