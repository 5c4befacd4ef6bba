package wire

import (
	"encoding/binary"
	"net/netip"
	"sync"

	"github.com/pion/stun/v4"
)

// Tunnel is the way to a TURN server, if packets take one. It learns the channels and the relay from the messages. The
// zero value is ready.
type Tunnel struct {
	mu       sync.Mutex
	channels map[uint16]netip.AddrPort // number → peer
	relay    netip.Addr
}

// Envelope is a packet out of the TURN message that may carry it.
type Envelope struct {
	Payload []byte
	Peer    netip.AddrPort // where it comes from or goes to; invalid for an unknown channel
	Relayed bool           // it travels in a TURN message
}

// Relay is the address that the server allocated; invalid before.
func (g *Tunnel) Relay() netip.Addr {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.relay
}

// Open takes a packet out of a ChannelData message (RFC 8656 §12.4) or a Send or Data indication.
func (g *Tunnel) Open(b []byte, at netip.AddrPort) Envelope {
	switch {
	case len(b) < 4:
	case b[0] >= 0x40 && b[0] < 0x80:
		if n := int(binary.BigEndian.Uint16(b[2:])); 4+n <= len(b) {
			return Envelope{b[4 : 4+n], g.channel(binary.BigEndian.Uint16(b)), true}
		}
	case stun.IsMessage(b):
		m := stun.Message{Raw: b}
		if m.Decode() != nil {
			break
		}
		switch m.Type {
		case stun.NewType(stun.MethodSend, stun.ClassIndication), stun.NewType(stun.MethodData, stun.ClassIndication):
			data, _ := m.Get(stun.AttrData)
			return Envelope{data, addressIn(&m, stun.AttrXORPeerAddress), true}
		case stun.NewType(stun.MethodChannelBind, stun.ClassRequest):
			g.bind(&m)
		case stun.NewType(stun.MethodAllocate, stun.ClassSuccessResponse):
			g.allocated(addressIn(&m, stun.AttrXORRelayedAddress).Addr())
		}
	}
	return Envelope{b, at, false}
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
func (g *Tunnel) allocated(a netip.Addr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.relay = a
}

// bind remembers the peer of a channel that the agent requests.
func (g *Tunnel) bind(m *stun.Message) {
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

func (g *Tunnel) channel(number uint16) netip.AddrPort {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.channels[number]
}
