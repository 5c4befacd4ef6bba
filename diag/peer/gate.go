package peer

import (
	"encoding/binary"
	"net"
	"net/netip"
	"sync"

	"github.com/pion/stun/v4"

	"dialtone/diag"
	"dialtone/diag/guard"
	"dialtone/diag/handover"
	"dialtone/diag/wire"
)

// gate is what a socket or a connection to a TURN server has in common: what it carries passes the guard, and is
// watched. One goroutine reads.
type gate struct {
	sockets *sockets
	at      netip.AddrPort // the local address; of a connection to a TURN server the port by which the agent knows it

	mu       sync.Mutex
	channels map[uint16]netip.AddrPort // of a TURN server: number → peer
	relay    netip.Addr                // allocated there

	held map[netip.AddrPort]packet // answers that wait for a check of the peer
	next *packet                   // was held, and is read next
	due  []byte                    // a check that is to be sent where the packet came from that was read
}

// packet is one that was read.
type packet struct {
	data []byte
	from net.Addr
}

// envelope is a packet out of the TURN message that may carry it.
type envelope struct {
	payload []byte
	peer    netip.AddrPort // where it comes from or goes to; invalid for an unknown channel
	relayed bool           // it travels in a TURN message
}

// leaves reports whether a packet may be sent. To the agent one that may not is a lost one.
func (g *gate) leaves(b []byte, to net.Addr) bool {
	e := g.open(b, to)
	if m := wire.STUN(e.payload); m != nil {
		if !g.sockets.guard.Sends(g.end(e), m, e.peer) {
			return false
		}
		if !e.relayed && wire.IsServerRequest(m) {
			g.sockets.asked(int(g.at.Port()), to)
		}
		return true
	}
	if wire.IsDTLS(e.payload) {
		if wire.IsEncryptedAlert(e.payload) && g.sockets.onAlert != nil {
			g.sockets.onAlert()
		}
		g.sockets.findHello(e.payload)
	}
	g.sockets.pause.Packet(diag.Outbound, g.path(e), e.payload)
	return true
}

// failed takes back a packet that could not be sent.
func (g *gate) failed(b []byte, to net.Addr, err error) {
	e := g.open(b, to)
	if m := wire.STUN(e.payload); m != nil {
		g.sockets.guard.Unsent(g.end(e), m, e.peer, err)
	}
}

// arrives reports whether a packet is for the agent now.
func (g *gate) arrives(b []byte, from net.Addr) bool {
	e := g.open(b, from)
	m := wire.STUN(e.payload)
	if m == nil {
		if wire.IsDTLS(e.payload) {
			g.sockets.findHello(e.payload)
		}
		g.sockets.pause.Packet(diag.Inbound, g.path(e), e.payload)
		if g.sockets.onMedia != nil {
			g.sockets.onMedia(e.payload)
		}
		return true
	}
	switch g.sockets.guard.Receives(g.end(e), m, e.peer) {
	case guard.Ignore:
		return false
	case guard.Hold:
		if g.held == nil {
			g.held = map[netip.AddrPort]packet{}
		}
		g.held[e.peer] = packet{append([]byte{}, b...), from}
		return false
	case guard.Release:
		if !e.relayed {
			g.due = g.sockets.guard.Again(g.end(e), e.peer)
		}
		if p, ok := g.held[e.peer]; ok {
			g.next = &p
			delete(g.held, e.peer)
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
func (g *gate) end(e envelope) guard.Base {
	b := guard.Base{Addr: g.at.Addr(), Port: g.at.Port(), Relayed: e.relayed}
	if e.relayed {
		g.mu.Lock()
		defer g.mu.Unlock()
		b.Addr = g.relay
	}
	return b
}

func (g *gate) path(e envelope) handover.Path {
	return handover.Path{Port: g.at.Port(), Remote: netip.AddrPortFrom(e.peer.Addr().Unmap(), e.peer.Port())}
}

// open takes a packet out of a ChannelData message (RFC 8656 §12.4) or a Send or Data indication.
func (g *gate) open(b []byte, at net.Addr) envelope {
	switch {
	case len(b) < 4:
	case b[0] >= 0x40 && b[0] < 0x80:
		if n := int(binary.BigEndian.Uint16(b[2:])); 4+n <= len(b) {
			return envelope{b[4 : 4+n], g.channel(binary.BigEndian.Uint16(b)), true}
		}
	case stun.IsMessage(b):
		m := stun.Message{Raw: b}
		if m.Decode() != nil {
			break
		}
		switch m.Type {
		case stun.NewType(stun.MethodSend, stun.ClassIndication), stun.NewType(stun.MethodData, stun.ClassIndication):
			data, _ := m.Get(stun.AttrData)
			return envelope{data, addressIn(&m, stun.AttrXORPeerAddress), true}
		case stun.NewType(stun.MethodChannelBind, stun.ClassRequest):
			g.bind(&m)
		case stun.NewType(stun.MethodAllocate, stun.ClassSuccessResponse):
			g.allocated(addressIn(&m, stun.AttrXORRelayedAddress).Addr())
		}
	}
	return envelope{b, addrPortOf(at), false}
}

// addressIn is an address that a TURN message holds in the form of XOR-MAPPED-ADDRESS; invalid if there is none.
func addressIn(m *stun.Message, kind stun.AttrType) netip.AddrPort {
	var x stun.XORMappedAddress
	if x.GetFromAs(m, kind) != nil {
		return netip.AddrPort{}
	}
	ip, _ := netip.AddrFromSlice(x.IP)
	return netip.AddrPortFrom(ip.Unmap(), uint16(x.Port)) // #nosec G115 -- a port
}

// allocated remembers the address of the relay.
func (g *gate) allocated(a netip.Addr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.relay = a
}

// bind remembers the peer of a channel that the agent requests.
func (g *gate) bind(m *stun.Message) {
	number, err := m.Get(stun.AttrChannelNumber)
	if err != nil || len(number) < 2 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.channels == nil {
		g.channels = map[uint16]netip.AddrPort{}
	}
	g.channels[binary.BigEndian.Uint16(number)] = addressIn(m, stun.AttrXORPeerAddress)
}

func (g *gate) channel(number uint16) netip.AddrPort {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.channels[number]
}
