// Package handover keeps media flowing during an ICE restart. The ICE agent gives up its old path as soon as it makes
// new credentials; this package, which stands below it, keeps the path open for what the peer still sends there. And it
// measures for how long media stopped nevertheless.
package handover

import (
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/stun/v4"
	"github.com/pion/transport/v5"
)

// Sockets are the UDP sockets of an agent. One that it closes when it restarts is used again, with its port and the
// packets that wait in it, when it listens on the same address. The zero value is ready.
type Sockets struct {
	mu     sync.Mutex
	keeps  bool // what is closed
	kept   []*shared
	before atomic.Pointer[netip.AddrPort] // where the peer sent from before the restart
}

// shared is a socket of a network, and the address that was listened on.
type shared struct {
	transport.UDPConn
	direct      direct // nil: it is not the operating system's
	network, ip string
	reading     sync.Mutex
}

// direct is a socket of the operating system, whose addresses take no memory.
type direct interface {
	ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error)
	WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error)
}

func (c *shared) readFrom(b []byte) (int, netip.AddrPort, error) {
	if c.direct != nil {
		return c.direct.ReadFromUDPAddrPort(b)
	}
	n, from, err := c.UDPConn.ReadFrom(b)
	a, _ := from.(*net.UDPAddr)
	return n, a.AddrPort(), err
}

func (c *shared) writeTo(b []byte, to netip.AddrPort) (int, error) {
	if c.direct != nil {
		return c.direct.WriteToUDPAddrPort(b, netip.AddrPortFrom(to.Addr().Unmap(), to.Port()))
	}
	return c.UDPConn.WriteTo(b, net.UDPAddrFromAddrPort(to))
}

// Wrap makes a socket that can be kept.
func (s *Sockets) Wrap(conn transport.UDPConn, network string, at *net.UDPAddr) *Socket {
	d, _ := conn.(direct)
	return &Socket{shared: &shared{UDPConn: conn, direct: d, network: network, ip: ipOf(at)}, owner: s}
}

// Restart keeps what the agent closes from now on, until [Sockets.Release]. The peer sent from an address until now.
func (s *Sockets) Restart(peer netip.AddrPort) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keeps = true
	peer = netip.AddrPortFrom(peer.Addr().Unmap().WithZone(""), peer.Port())
	s.before.Store(&peer)
}

// Release closes what was kept and not used again.
func (s *Sockets) Release() {
	s.mu.Lock()
	kept := s.kept
	s.keeps, s.kept = false, nil
	s.mu.Unlock()
	for _, c := range kept {
		_ = c.Close()
	}
}

// Again returns a socket that was kept and listened on this address; nil if there is none.
func (s *Sockets) Again(network string, at *net.UDPAddr) *Socket {
	c := s.take(network, at)
	if c == nil {
		return nil
	}
	c.reading.Lock() // until the reader of the socket that was closed has left
	defer c.reading.Unlock()
	_ = c.SetDeadline(time.Time{})
	return &Socket{shared: c, owner: s}
}

func (s *Sockets) take(network string, at *net.UDPAddr) *shared {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, c := range s.kept {
		if c.network == network && c.ip == ipOf(at) && (at == nil || at.Port == 0) {
			s.kept = append(s.kept[:i:i], s.kept[i+1:]...)
			return c
		}
	}
	return nil
}

func ipOf(at *net.UDPAddr) string {
	if at == nil {
		return ""
	}
	return at.IP.String() + "%" + at.Zone
}

// Socket is a socket as the agent uses it, until it closes it.
type Socket struct {
	*shared
	owner  *Sockets
	closed atomic.Bool

	mu      sync.Mutex
	checked map[netip.AddrPort]bool // remote candidates
	latest  netip.AddrPort          // of those
}

// maxChecked bounds the remote candidates that are remembered.
const maxChecked = 100

// ReadFromAddrPort reads a packet. One goroutine may do so.
func (c *Socket) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	if c.closed.Load() {
		return 0, netip.AddrPort{}, net.ErrClosed
	}
	n, from, err := c.readFrom(b)
	if c.closed.Load() {
		return 0, netip.AddrPort{}, net.ErrClosed
	}
	return n, from, err
}

// WriteToAddrPort sends a packet.
func (c *Socket) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	if c.closed.Load() {
		return 0, net.ErrClosed
	}
	return c.writeTo(b, to)
}

// SetDeadline is that of a connection.
func (c *Socket) SetDeadline(t time.Time) error {
	if c.closed.Load() {
		return net.ErrClosed
	}
	return c.shared.SetDeadline(t)
}

// Close gives the socket back.
func (c *Socket) Close() error {
	if c.closed.Swap(true) {
		return net.ErrClosed
	}
	c.owner.mu.Lock()
	defer c.owner.mu.Unlock()
	if !c.owner.keeps {
		return c.shared.Close()
	}
	c.owner.kept = append(c.owner.kept, c.shared)
	return c.SetReadDeadline(time.Unix(1, 0)) // a pending read returns
}

// Sent notes where the agent has remote candidates: it checks no other address. Before it has the credentials of the
// peer its checks do not count.
func (c *Socket) Sent(b []byte, to netip.AddrPort) {
	if c.owner.before.Load() == nil || !stun.IsMessage(b) {
		return
	}
	m := stun.Message{Raw: b}
	var name stun.Username
	isCheck := m.Decode() == nil && m.Type == stun.BindingRequest && name.GetFrom(&m) == nil
	if !isCheck || strings.HasPrefix(name.String(), ":") {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.checked == nil {
		c.checked = map[netip.AddrPort]bool{}
	}
	if len(c.checked) < maxChecked {
		c.checked[plain(to)] = true
		c.latest = to
	}
}

// Source is where a packet comes from, for the agent. What the peer still sends from where it did before the
// restart comes from one of its new candidates: the agent drops what comes from elsewhere.
func (c *Socket) Source(b []byte, from netip.AddrPort) netip.AddrPort {
	before := c.owner.before.Load()
	if before == nil || plain(from) != *before || stun.IsMessage(b) {
		return from
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.checked[*before] || !c.latest.IsValid() {
		return from
	}
	return c.latest
}

// plain is the address of a packet, in one form.
func plain(p netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(p.Addr().Unmap().WithZone(""), p.Port())
}
