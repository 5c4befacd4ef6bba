package iceservers

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/pion/turn/v5"
	"golang.org/x/time/rate"

	"dialtone/signal/gate"
)

var errForbidden = errors.New("the peer's address is not allowed")

// permits is a turn.PermissionHandler. Peers at the relay's own address are other allocations of it, which are told by
// their ports when data is sent.
func (r *Relay) permits(_ net.Addr, ip net.IP) bool {
	peer, ok := netip.AddrFromSlice(ip)
	peer = peer.Unmap()
	return ok && (r.allows(peer) || peer == r.o.Listen.Addr().Unmap())
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
	if peer == r.o.Listen.Addr().Unmap() {
		return false // most are other allocations; see permits
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

// reaches reports whether a datagram may go to, or come from, a peer.
func (r *Relay) reaches(a net.Addr) bool {
	peer := gate.AddrOf(a)
	if r.allows(peer) {
		return true
	}
	udp, ok := a.(*net.UDPAddr)
	if !ok || peer != r.o.Listen.Addr().Unmap() {
		return false
	}
	r.mu.Lock()
	known := r.ports[udp.AddrPort().Port()] > 0
	r.mu.Unlock()
	if !known {
		r.refuse(peer, gate.ThisMachine)
	}
	return known
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
		g.relay.opened(s.port, 1)
	}
	return s, addr, nil
}

// AllocateListener implements turn.RelayAddressGenerator.
func (g *generator) AllocateListener(c turn.AllocateListenerConfig) (net.Listener, net.Addr, error) {
	if !g.relay.o.TCP {
		g.relay.refusals.Warn("TURN refused an allocation: TCP (RFC 6062)", "flag", "--turn-tcp")
		return nil, nil, errForbidden
	}
	return g.RelayAddressGenerator.AllocateListener(c)
}

// AllocateConn implements turn.RelayAddressGenerator.
func (g *generator) AllocateConn(c turn.AllocateConnConfig) (net.Conn, error) {
	if !g.relay.o.TCP || !g.relay.allows(gate.AddrOf(c.RemoteAddr)) {
		return nil, errForbidden
	}
	return g.RelayAddressGenerator.AllocateConn(c)
}

func (r *Relay) opened(port uint16, by int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ports[port] += by; r.ports[port] <= 0 {
		delete(r.ports, port)
	}
}

// relaySocket is the socket of an allocation: it drops what goes to or comes from peers that may not be reached, and
// what is too fast.
type relaySocket struct {
	net.PacketConn
	relay   *Relay
	port    uint16
	in, out *pace
	closed  bool
}

// WriteTo implements net.PacketConn.
func (s *relaySocket) WriteTo(b []byte, to net.Addr) (int, error) {
	if !s.relay.reaches(to) {
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
		if err != nil || s.relay.reaches(from) && s.relay.inPace(s.in, n) {
			return n, from, err
		}
	}
}

// Close implements net.PacketConn.
func (s *relaySocket) Close() error {
	s.relay.mu.Lock()
	closed := s.closed
	s.closed = true
	s.relay.mu.Unlock()
	if !closed {
		s.relay.opened(s.port, -1)
	}
	return s.PacketConn.Close()
}

// pace limits a bitrate; nil does not.
type pace struct{ limiter *rate.Limiter }

func newPace(bits float64) *pace {
	if bits < 0 {
		return nil
	}
	bytes := bits / 8
	return &pace{rate.NewLimiter(rate.Limit(bytes), int(bytes))} // one second's worth at once
}

func (p *pace) allows(n int) bool { return p == nil || p.limiter.AllowN(time.Now(), n) }

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
