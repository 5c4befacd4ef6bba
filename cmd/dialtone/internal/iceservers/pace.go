package iceservers

import (
	"context"
	"net"
	"time"

	"golang.org/x/time/rate"
)

// pace limits a bitrate; nil does not.
type pace struct{ limiter *rate.Limiter }

// maxDatagram is what must fit into a burst, or it would never pass.
const maxDatagram = 65535

// newPace lets one second's worth pass at once.
func newPace(bits float64) *pace {
	if bits < 0 {
		return nil
	}
	bytes := bits / 8
	return &pace{rate.NewLimiter(rate.Limit(bytes), max(int(bytes), maxDatagram))}
}

func (p *pace) allows(n int) bool { return p == nil || p.limiter.AllowN(time.Now(), n) }

// wait returns when n bytes may pass, at most a datagram's.
func (p *pace) wait(ctx context.Context, n int) error {
	if p == nil {
		return nil
	}
	return p.limiter.WaitN(ctx, n)
}

// inPace reports whether n bytes fit into the bitrate of an allocation, and of all.
func (r *Relay) inPace(one *pace, n int) bool {
	if !one.allows(n) {
		r.refusals.Warn("TURN dropped data: an allocation exceeds its bitrate", "limit", r.o.Bitrate,
			"flag", "--turn-max-bitrate")
		return false
	}
	if !r.pace.allows(n) {
		r.refusals.Warn("TURN dropped data: all allocations together exceed their bitrate", "limit",
			r.o.Bitrate*bitrateShares, "flag", "--turn-max-bitrate")
		return false
	}
	return true
}

// pacedListener paces the connections of peers to a TCP relay.
type pacedListener struct {
	net.Listener
	relay *Relay
}

// Accept implements net.Listener.
func (l *pacedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.relay.paced(c), nil
}

// pacedConn is a connection between a TCP relay and a peer: what is too fast waits, so TCP slows its sender down.
type pacedConn struct {
	net.Conn
	relay   *Relay
	in, out *pace
	open    context.Context //nolint:containedctx // it ends the waits when the connection is closed
	close   context.CancelFunc
}

func (r *Relay) paced(c net.Conn) *pacedConn {
	ctx, cancel := context.WithCancel(context.Background())
	return &pacedConn{Conn: c, relay: r, in: newPace(r.o.Bitrate), out: newPace(r.o.Bitrate), open: ctx, close: cancel}
}

// Read implements net.Conn.
func (c *pacedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b[:min(len(b), maxDatagram)])
	if n > 0 {
		if late := c.wait(c.in, n); late != nil {
			return 0, late
		}
	}
	return n, err
}

// Write implements net.Conn.
func (c *pacedConn) Write(b []byte) (n int, err error) {
	for len(b) > 0 && err == nil {
		part, written := b[:min(len(b), maxDatagram)], 0
		if err = c.wait(c.out, len(part)); err == nil {
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
	if err := c.relay.pace.wait(c.open, n); err != nil {
		return net.ErrClosed
	}
	return nil
}

// Close implements net.Conn.
func (c *pacedConn) Close() error {
	c.close()
	return c.Conn.Close()
}
