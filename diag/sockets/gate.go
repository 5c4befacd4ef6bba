package sockets

import (
	"net/netip"

	"dialtone/diag"
	"dialtone/diag/guard"
	"dialtone/diag/handover"
	"dialtone/diag/wire"
)

// gate is what a socket or a connection to a TURN server has in common: what it carries passes the guard, and is
// watched. One goroutine reads.
type gate struct {
	net *Net
	at  netip.AddrPort // the local address; of a connection to a TURN server the port by which the agent knows it

	// both ends of a connection to a TURN server, as the system knows them; the agent knows others
	local, remote netip.AddrPort

	tunnel wire.Tunnel

	held map[netip.AddrPort]packet // answers that wait for a check of the peer
	next *packet                   // was held, and is read next
	due  []byte                    // a check that is to be sent where the packet came from that was read
}

// packet is one that was read.
type packet struct {
	data []byte
	from netip.AddrPort
}

// leaves reports whether a packet may be sent. To the agent one that may not is a lost one.
func (g *gate) leaves(b []byte, to netip.AddrPort) bool {
	sent := g.mayLeave(b, to)
	if sent {
		g.tap(diag.Outbound, b, to)
	}
	return sent
}

// tap passes a packet on, with both ends of it, if all are recorded.
func (g *gate) tap(way diag.Direction, b []byte, peer netip.AddrPort) {
	switch {
	case g.net.o.Tap == nil:
	case g.remote.IsValid():
		g.net.o.Tap(way, g.local, g.remote, b)
	default:
		g.net.o.Tap(way, g.at, peer, b)
	}
}

func (g *gate) mayLeave(b []byte, to netip.AddrPort) bool {
	e := g.tunnel.Open(b, to)
	if m := wire.STUN(e.Payload); m != nil {
		if !g.net.o.Guard.Sends(g.end(e), m, e.Peer) {
			return false
		}
		if !e.Relayed && wire.IsServerRequest(m) {
			g.net.asked(int(g.at.Port()), to)
		}
		return true
	}
	if wire.IsDTLS(e.Payload) {
		if wire.IsEncryptedAlert(e.Payload) && g.net.o.OnAlert != nil {
			g.net.o.OnAlert()
		}
		g.net.handshake.packet(diag.Outbound, e.Payload)
		g.net.findHello(e.Payload)
	}
	g.net.o.Pause.Packet(diag.Outbound, g.path(e), e.Payload)
	return true
}

// failed takes back a packet that could not be sent.
func (g *gate) failed(b []byte, to netip.AddrPort, err error) {
	e := g.tunnel.Open(b, to)
	if m := wire.STUN(e.Payload); m != nil {
		g.net.o.Guard.Unsent(g.end(e), m, e.Peer, err)
	}
}

// arrives reports whether a packet is for the agent now.
func (g *gate) arrives(b []byte, from netip.AddrPort) bool {
	g.tap(diag.Inbound, b, from)
	e := g.tunnel.Open(b, from)
	for _, r := range e.Refused {
		if g.net.o.OnRefused != nil {
			g.net.o.OnRefused(g.tunnel.Relay(), r)
		}
	}
	m := wire.STUN(e.Payload)
	if m == nil {
		if wire.IsDTLS(e.Payload) {
			g.net.handshake.packet(diag.Inbound, e.Payload)
			g.net.findHello(e.Payload)
		}
		g.net.o.Pause.Packet(diag.Inbound, g.path(e), e.Payload)
		if g.net.o.OnMedia != nil {
			g.net.o.OnMedia(e.Payload, e.Peer)
		}
		return g.net.sources.admit(e.Payload)
	}
	switch g.net.o.Guard.Receives(g.end(e), m, e.Peer) {
	case guard.Ignore:
		return false
	case guard.Hold:
		if g.held == nil {
			g.held = map[netip.AddrPort]packet{}
		}
		g.held[e.Peer] = packet{append([]byte{}, b...), from}
		return false
	case guard.Release:
		if !e.Relayed {
			g.due = g.net.o.Guard.Again(g.end(e), e.Peer)
		}
		if p, ok := g.held[e.Peer]; ok {
			g.next = &p
			delete(g.held, e.Peer)
		}
	case guard.Pass:
	}
	return true
}

// released is a packet that was held and is read now.
func (g *gate) released() (packet, bool) {
	if g.next == nil {
		return packet{}, false
	}
	p := *g.next
	g.next = nil
	return p, true
}

// end is the local end of what an envelope carries.
func (g *gate) end(e wire.Envelope) guard.Base {
	b := guard.Base{Addr: g.at.Addr(), Port: g.at.Port(), Relayed: e.Relayed}
	if e.Relayed {
		b.Addr = g.tunnel.Relay()
	}
	return b
}

func (g *gate) path(e wire.Envelope) handover.Path {
	return handover.Path{Port: g.at.Port(), Remote: netip.AddrPortFrom(e.Peer.Addr().Unmap(), e.Peer.Port())}
}
