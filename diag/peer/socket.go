package peer

import (
	"net"

	"github.com/pion/transport/v5"
)

// socket is one UDP socket of the agent.
type socket struct {
	transport.UDPConn
	gate
}

// WriteTo sends what may leave.
func (c *socket) WriteTo(b []byte, to net.Addr) (int, error) {
	if !c.leaves(b, to) {
		return len(b), nil
	}
	n, err := c.UDPConn.WriteTo(b, to)
	if err != nil {
		c.failed(b, to, err)
	}
	return n, err
}

// ReadFrom returns the next datagram for the agent.
func (c *socket) ReadFrom(b []byte) (int, net.Addr, error) {
	if p, ok := c.released(); ok {
		return copy(b, p.data), p.from, nil
	}
	for {
		n, from, err := c.UDPConn.ReadFrom(b)
		if err != nil || c.arrives(b[:n], from) {
			return n, from, err
		}
	}
}

// Close closes the socket.
func (c *socket) Close() error {
	c.sockets.open.Remove(c)
	return c.UDPConn.Close()
}
