package peer

import (
	"net"
	"net/netip"
	"sync"

	"github.com/pion/stun/v4"
	"github.com/pion/transport/v5"
)

// socket is one UDP socket of the agent. One goroutine reads from it.
type socket struct {
	transport.UDPConn
	sockets *sockets
	base    netip.AddrPort

	mu       sync.Mutex
	channels map[uint16]netip.AddrPort // of a TURN server: number → peer
	relay    netip.Addr                // allocated there

	held map[netip.AddrPort]datagram // answers that wait for a check of the peer
	next *datagram                   // was held, and is read next
}

// datagram is one that was read.
type datagram struct {
	data []byte
	from net.Addr
}

// WriteTo sends, unless the guard holds the packet back. To the agent, that is a lost packet.
func (c *socket) WriteTo(b []byte, to net.Addr) (int, error) {
	e := c.open(b, to)
	if m := stunMessageIn(e.payload); m != nil {
		if !c.sockets.guard.sends(c.end(e), m, e.peer) {
			return len(b), nil
		}
		if !e.relayed && isServerRequest(m) {
			c.sockets.asked(int(c.base.Port()), to)
		}
	} else if isDTLS(e.payload) {
		if isEncryptedAlert(e.payload) && c.sockets.onAlert != nil {
			c.sockets.onAlert()
		}
		c.sockets.findHello(e.payload)
	}
	return c.UDPConn.WriteTo(b, to)
}

// ReadFrom returns the next datagram that the guard passes.
func (c *socket) ReadFrom(b []byte) (int, net.Addr, error) {
	if d := c.next; d != nil {
		c.next = nil
		return copy(b, d.data), d.from, nil
	}
	for {
		n, from, err := c.UDPConn.ReadFrom(b)
		if err != nil || c.arrived(b[:n], from) {
			return n, from, err
		}
	}
}

// arrived reports whether a datagram is for the agent now.
func (c *socket) arrived(b []byte, from net.Addr) bool {
	e := c.open(b, from)
	m := stunMessageIn(e.payload)
	if m == nil {
		if isDTLS(e.payload) {
			c.sockets.findHello(e.payload)
		}
		return true
	}
	switch c.sockets.guard.receives(c.end(e), m, e.peer) {
	case ignore:
		return false
	case hold:
		if c.held == nil {
			c.held = map[netip.AddrPort]datagram{}
		}
		c.held[e.peer] = datagram{append([]byte{}, b...), from}
		return false
	case release:
		if d, ok := c.held[e.peer]; ok {
			c.next = &d
			delete(c.held, e.peer)
		}
	case pass:
	}
	return true
}

// end is the local end of what an envelope carries.
func (c *socket) end(e envelope) base {
	b := base{c.base.Addr(), c.base.Port(), e.relayed}
	if e.relayed {
		c.mu.Lock()
		defer c.mu.Unlock()
		b.addr = c.relay
	}
	return b
}

// stunMessageIn decodes a STUN message; nil if it is none.
func stunMessageIn(b []byte) *stun.Message {
	if !stun.IsMessage(b) {
		return nil
	}
	m := &stun.Message{Raw: b}
	if m.Decode() != nil {
		return nil
	}
	return m
}

// Close closes the socket.
func (c *socket) Close() error {
	c.sockets.open.remove(c)
	return c.UDPConn.Close()
}
