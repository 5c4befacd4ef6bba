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
	asked    map[[stun.TransactionIDSize]byte][]netip.Addr // peers of requests that wait for an answer
	refused  map[netip.Addr]bool
}

// maxAsked bounds the requests, and the refused peers, that a tunnel remembers.
const maxAsked = 64

// Envelope is a packet out of the TURN message that may carry it.
type Envelope struct {
	Payload []byte
	Peer    netip.AddrPort // where it comes from or goes to; invalid for an unknown channel
	Relayed bool           // it travels in a TURN message
	Refused []Refusal      // what the server answers instead; each peer once
}

// Refusal is an address of a peer that a TURN server relays nothing to (RFC 8656 §9.2, §12.2).
type Refusal struct {
	Peer netip.Addr
	Code int // of the STUN error
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
			return Envelope{Payload: b[4 : 4+n], Peer: g.channel(binary.BigEndian.Uint16(b)), Relayed: true}
		}
	case stun.IsMessage(b):
		m := stun.Message{Raw: b}
		if m.Decode() != nil {
			break
		}
		switch m.Type {
		case stun.NewType(stun.MethodSend, stun.ClassIndication), stun.NewType(stun.MethodData, stun.ClassIndication):
			data, _ := m.Get(stun.AttrData)
			return Envelope{Payload: data, Peer: addressIn(&m, stun.AttrXORPeerAddress), Relayed: true}
		case stun.NewType(stun.MethodChannelBind, stun.ClassRequest):
			g.bind(&m)
			g.ask(&m)
		case stun.NewType(stun.MethodCreatePermission, stun.ClassRequest):
			g.ask(&m)
		case stun.NewType(stun.MethodChannelBind, stun.ClassErrorResponse),
			stun.NewType(stun.MethodCreatePermission, stun.ClassErrorResponse):
			return Envelope{Payload: b, Peer: at, Refused: g.refuse(&m)}
		case stun.NewType(stun.MethodAllocate, stun.ClassSuccessResponse):
			g.allocated(addressIn(&m, stun.AttrXORRelayedAddress).Addr())
		}
	}
	return Envelope{Payload: b, Peer: at}
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

// ask remembers the peers that a request names.
func (g *Tunnel) ask(m *stun.Message) {
	var peers []netip.Addr
	_ = m.ForEach(stun.AttrXORPeerAddress, func(m *stun.Message) error {
		if a := addressIn(m, stun.AttrXORPeerAddress).Addr(); a.IsValid() {
			peers = append(peers, a)
		}
		return nil
	})
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.asked == nil || len(g.asked) >= maxAsked {
		g.asked = map[[stun.TransactionIDSize]byte][]netip.Addr{}
	}
	g.asked[m.TransactionID] = peers
}

// refuse are the peers that an error response is about and that were not refused before. A request without the nonce
// of the moment is repeated with it (RFC 8489 §9.2.5).
func (g *Tunnel) refuse(m *stun.Message) (out []Refusal) {
	var code stun.ErrorCodeAttribute
	if code.GetFrom(m) != nil || code.Code == stun.CodeUnauthorized || code.Code == stun.CodeStaleNonce {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.refused == nil {
		g.refused = map[netip.Addr]bool{}
	}
	for _, a := range g.asked[m.TransactionID] {
		if !g.refused[a] && len(g.refused) < maxAsked {
			g.refused[a] = true
			out = append(out, Refusal{a, int(code.Code)})
		}
	}
	delete(g.asked, m.TransactionID)
	return out
}

func (g *Tunnel) channel(number uint16) netip.AddrPort {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.channels[number]
}
