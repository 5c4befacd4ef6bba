package iceservers

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"

	"github.com/pion/turn/v5"

	"dialtone/signal/gate"
)

var errForbidden = errors.New("the peer's address is not allowed")

// permits is a turn.PermissionHandler. Peers at the relay's own address are other allocations of it, and those at the
// addresses of its STUN servers are these: what is sent shows by its port whether that is so.
func (r *Relay) permits(client net.Addr, ip net.IP) bool {
	peer, ok := netip.AddrFromSlice(ip)
	peer = peer.Unmap()
	return ok && (r.isHost(peer) || isSelf(gate.AddrOf(client), peer) || r.allows(peer)) && r.hasRoom(client, peer)
}

// isSelf reports whether a peer is the client itself, which a diagnosis asks for: it reaches nothing new. A client that
// appears to be this machine may come from elsewhere, through a proxy.
func isSelf(client, peer netip.Addr) bool {
	return client == peer && gate.PlaceOf(peer) != gate.ThisMachine
}

// isHost reports whether an address is one of the relay or of its STUN servers.
func (r *Relay) isHost(a netip.Addr) bool {
	return a == r.o.Listen.Addr().Unmap() ||
		slices.ContainsFunc(r.o.STUN, func(s netip.AddrPort) bool { return s.Addr() == a })
}

// allows reports whether a peer may be reached, and logs it if not.
func (r *Relay) allows(peer netip.Addr) bool {
	if slices.ContainsFunc(r.o.Allow, func(p netip.Prefix) bool { return p.Contains(peer) }) {
		return true
	}
	place := gate.PlaceOf(peer)
	if place == gate.Everywhere {
		return true
	}
	if r.isHost(peer) {
		return false // see permits
	}
	r.refuse(peer, place)
	return false
}

// refuse logs a peer that may not be reached.
func (r *Relay) refuse(peer netip.Addr, place gate.Place) {
	network := netip.PrefixFrom(peer, peer.BitLen())
	if place == gate.Private {
		bits := 24
		if peer.Is6() {
			bits = 64
		}
		network = netip.PrefixFrom(peer, bits).Masked()
	}
	r.refusals.Warn("TURN refused a peer: "+string(place), "peer", peer, "flag", "--turn-allow "+network.String())
}

// sendsTo reports whether a datagram may be sent to a peer.
func (r *Relay) sendsTo(a net.Addr, data []byte, client netip.Addr) bool {
	peer := gate.AddrOf(a)
	if isSelf(client, peer) || r.allows(peer) {
		return true
	}
	udp, ok := a.(*net.UDPAddr)
	if !ok || !r.isHost(peer) {
		return false
	}
	to := netip.AddrPortFrom(peer, udp.AddrPort().Port())
	r.mu.Lock()
	relayed := peer == r.o.Listen.Addr().Unmap() && r.sockets[to.Port()] != nil
	server := to == netip.AddrPortFrom(r.o.Listen.Addr().Unmap(), r.port) || slices.Contains(r.o.STUN, to)
	r.mu.Unlock()
	if relayed || server && isBinding(data) {
		return true
	}
	r.refuse(peer, gate.ThisMachine)
	return false
}

// isBinding recognizes a STUN Binding request (RFC 8489 §5): a diagnosis sends it through the relay, and its answer is
// harmless. Through the relay's own port nothing else may come: it would be a client at this machine.
func isBinding(data []byte) bool {
	return len(data) >= 20 && binary.BigEndian.Uint16(data) == 1 && binary.BigEndian.Uint32(data[4:]) == 0x2112A442
}

// generator makes relay sockets with bounds.
type generator struct {
	turn.RelayAddressGenerator
	relay *Relay
}

// AllocatePacketConn implements turn.RelayAddressGenerator.
func (g *generator) AllocatePacketConn(c turn.AllocateListenerConfig) (net.PacketConn, net.Addr, error) {
	pc, addr, err := g.RelayAddressGenerator.AllocatePacketConn(c)
	if err != nil {
		return nil, nil, err
	}
	s := &relaySocket{PacketConn: pc, relay: g.relay, in: newPace(g.relay.o.Bitrate), out: newPace(g.relay.o.Bitrate)}
	if udp, ok := addr.(*net.UDPAddr); ok {
		s.port = udp.AddrPort().Port()
		g.relay.mu.Lock()
		g.relay.sockets[s.port] = s
		g.relay.mu.Unlock()
	}
	return s, addr, nil
}

// AllocateListener implements turn.RelayAddressGenerator.
func (g *generator) AllocateListener(c turn.AllocateListenerConfig) (net.Listener, net.Addr, error) {
	if !g.relay.o.TCP {
		g.relay.refusals.Warn("TURN refused an allocation: TCP (RFC 6062)", "flag", "--turn-tcp")
		return nil, nil, errForbidden
	}
	ln, addr, err := g.RelayAddressGenerator.AllocateListener(c)
	if err != nil {
		return nil, nil, err
	}
	return g.relay.newTCPRelay(ln, addr), addr, nil
}

// AllocateConn implements turn.RelayAddressGenerator.
func (g *generator) AllocateConn(c turn.AllocateConnConfig) (net.Conn, error) {
	t := g.relay.tcpRelayAt(c.LocalAddr)
	if t == nil || !g.relay.allows(gate.AddrOf(c.RemoteAddr)) || !t.join(c.RemoteAddr) {
		return nil, errForbidden
	}
	conn, err := g.RelayAddressGenerator.AllocateConn(c)
	if err != nil {
		t.leave()
		return nil, err
	}
	return t.paced(conn), nil
}

// relaySocket is the socket of an allocation: it drops what is sent to peers that may not be reached, and what is too
// fast.
type relaySocket struct {
	net.PacketConn
	relay   *Relay
	port    uint16
	in, out *pace
	client  atomic.Pointer[netip.Addr] // nil until the allocation is made
}

// WriteTo implements net.PacketConn.
func (s *relaySocket) WriteTo(b []byte, to net.Addr) (int, error) {
	var client netip.Addr
	if c := s.client.Load(); c != nil {
		client = *c
	}
	if !s.relay.sendsTo(to, b, client) {
		return 0, errForbidden
	}
	if !s.relay.inPace(s.out, len(b)) {
		return len(b), nil // as a full queue drops it
	}
	return s.PacketConn.WriteTo(b, to)
}

// ReadFrom implements net.PacketConn.
func (s *relaySocket) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := s.PacketConn.ReadFrom(b)
		if err != nil || s.relay.inPace(s.in, n) {
			return n, from, err
		}
	}
}

// Close implements net.PacketConn.
func (s *relaySocket) Close() error {
	s.relay.mu.Lock()
	if s.relay.sockets[s.port] == s {
		delete(s.relay.sockets, s.port)
	}
	s.relay.mu.Unlock()
	return s.PacketConn.Close()
}
