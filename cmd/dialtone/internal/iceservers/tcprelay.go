package iceservers

import (
	"context"
	"net"
	"sync"
)

// maxConnections is how many connections with peers a TCP allocation may have at one time; a client has one of its own
// for each (RFC 6062 §4.3).
const maxConnections = defaultConnectionsOf

// tcpRelay is a TCP allocation: its listener and its connections with peers, which have one bitrate together.
type tcpRelay struct {
	net.Listener
	relay       *Relay
	port        uint16
	in, out     *pace
	connections int // guarded by relay.mu
}

// newTCPRelay notes an allocation, so that the connections that its client asks for count for it.
func (r *Relay) newTCPRelay(ln net.Listener, relayed net.Addr) *tcpRelay {
	t := &tcpRelay{Listener: ln, relay: r, in: newPace(r.o.Bitrate), out: newPace(r.o.Bitrate), port: portOf(relayed)}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.listeners[t.port] = t
	return t
}

// tcpRelayAt is the live allocation with a relayed address; nil: there is none.
func (r *Relay) tcpRelayAt(relayed net.Addr) *tcpRelay {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.listeners[portOf(relayed)]
}

func portOf(a net.Addr) uint16 {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.AddrPort().Port()
	}
	return 0
}

// join counts a connection with a peer, if there is room for it; leave takes it back.
func (t *tcpRelay) join(peer net.Addr) bool {
	t.relay.mu.Lock()
	room := t.connections < maxConnections
	if room {
		t.connections++
	}
	t.relay.mu.Unlock()
	if !room {
		t.relay.refusals.Warn("TURN refused a connection with a peer: the relay has as many as it may", "peer",
			peer.String(), "limit", maxConnections)
	}
	return room
}

func (t *tcpRelay) leave() {
	t.relay.mu.Lock()
	defer t.relay.mu.Unlock()
	t.connections--
}

// paced is a connection that was counted.
func (t *tcpRelay) paced(c net.Conn) *pacedConn {
	ctx, cancel := context.WithCancel(context.Background())
	return &pacedConn{Conn: c, of: t, open: ctx, end: sync.OnceFunc(func() { cancel(); t.leave() })}
}

// Accept implements net.Listener.
func (t *tcpRelay) Accept() (net.Conn, error) {
	for {
		c, err := t.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if t.join(c.RemoteAddr()) {
			return t.paced(c), nil
		}
		_ = c.Close() // the peer notices
	}
}

// Close implements net.Listener.
func (t *tcpRelay) Close() error {
	t.relay.mu.Lock()
	if t.relay.listeners[t.port] == t {
		delete(t.relay.listeners, t.port)
	}
	t.relay.mu.Unlock()
	return t.Listener.Close()
}

// pacedConn is a connection between a TCP relay and a peer: what is too fast waits, so TCP slows its sender down.
type pacedConn struct {
	net.Conn
	of   *tcpRelay
	open context.Context //nolint:containedctx // it ends the waits when the connection is closed
	end  func()
}

// Read implements net.Conn.
func (c *pacedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b[:min(len(b), maxDatagram)])
	if n > 0 {
		if late := c.wait(c.of.in, n); late != nil {
			return 0, late
		}
	}
	return n, err
}

// Write implements net.Conn.
func (c *pacedConn) Write(b []byte) (n int, err error) {
	for len(b) > 0 && err == nil {
		part, written := b[:min(len(b), maxDatagram)], 0
		if err = c.wait(c.of.out, len(part)); err == nil {
			written, err = c.Conn.Write(part)
		}
		n, b = n+written, b[written:]
	}
	return n, err
}

func (c *pacedConn) wait(one *pace, n int) error {
	if err := one.wait(c.open, n); err != nil {
		return net.ErrClosed
	}
	if err := c.of.relay.pace.wait(c.open, n); err != nil {
		return net.ErrClosed
	}
	return nil
}

// Close implements net.Conn.
func (c *pacedConn) Close() error {
	c.end()
	return c.Conn.Close()
}
