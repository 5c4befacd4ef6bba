package sockets

import (
	"net"
	"net/netip"

	"dialtone/diag/handover"
)

// socket is one UDP socket of the agent.
type socket struct {
	*handover.Socket
	gate
}

// WriteTo sends what may leave.
func (c *socket) WriteTo(b []byte, to net.Addr) (int, error) {
	return c.WriteToAddrPort(b, addrPortOf(to))
}

// WriteToAddrPort is WriteTo for an agent that keeps addresses so.
func (c *socket) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	if !c.leaves(b, to) {
		return len(b), nil
	}
	c.Sent(b, to)
	n, err := c.Socket.WriteToAddrPort(b, to)
	if err != nil {
		c.failed(b, to, err)
	}
	return n, err
}

// ReadFrom returns the next datagram for the agent.
func (c *socket) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := c.ReadFromAddrPort(b)
	return n, net.UDPAddrFromAddrPort(from), err
}

// ReadFromAddrPort is ReadFrom for an agent that keeps addresses so.
func (c *socket) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	if p, ok := c.released(); ok {
		return copy(b, p.data), p.from, nil
	}
	for {
		n, from, err := c.Socket.ReadFromAddrPort(b)
		if err != nil {
			return n, from, err
		}
		pass := c.arrives(b[:n], from)
		if c.due != nil {
			_, _ = c.Socket.WriteToAddrPort(c.due, from) // a loss like any other
			c.due = nil
		}
		if pass {
			return n, c.Source(b[:n], from), nil
		}
	}
}

// Close closes the socket.
func (c *socket) Close() error {
	c.net.open.Remove(c)
	return c.Socket.Close()
}
