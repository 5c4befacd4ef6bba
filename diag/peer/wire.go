package peer

import (
	"encoding/binary"
	"net"
	"net/netip"

	"github.com/pion/stun/v4"
)

const (
	recordAlert     = 21 // DTLS ContentTypes (RFC 6347 §4.1)
	recordHandshake = 22
	helloServer     = 2 // HandshakeType server_hello
)

// isServerRequest reports whether a message is a request to a server: a Binding or Allocate (RFC 8489, RFC 8656) that
// is no connectivity check, which always carries a USERNAME (RFC 8445 §7.2.2).
func isServerRequest(m *stun.Message) bool {
	return m.Type == stun.NewType(stun.MethodAllocate, stun.ClassRequest) ||
		m.Type == stun.BindingRequest && !m.Contains(stun.AttrUsername)
}

// isDTLS reports whether a datagram is DTLS by its first byte (RFC 7983 §7).
func isDTLS(b []byte) bool { return len(b) > 0 && b[0] >= 20 && b[0] <= 63 }

// envelope is a packet on a socket of the agent, out of the TURN message that may carry it.
type envelope struct {
	payload []byte
	peer    netip.AddrPort // where it comes from or goes to; invalid for the server itself and for an unknown channel
	relayed bool           // it travels in a TURN message
}

// open takes a packet out of a ChannelData message (RFC 8656 §12.4) or a Send or Data indication.
func (c *socket) open(b []byte, at net.Addr) envelope {
	switch {
	case len(b) < 4:
	case b[0] >= 0x40 && b[0] < 0x80:
		if n := int(binary.BigEndian.Uint16(b[2:])); 4+n <= len(b) {
			return envelope{b[4 : 4+n], c.channel(binary.BigEndian.Uint16(b)), true}
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
			c.bind(&m)
		case stun.NewType(stun.MethodAllocate, stun.ClassSuccessResponse):
			c.allocated(addressIn(&m, stun.AttrXORRelayedAddress).Addr())
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

// allocated remembers the address of the relay behind this socket.
func (c *socket) allocated(a netip.Addr) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.relay = a
}

// bind remembers the peer of a channel that the agent requests.
func (c *socket) bind(m *stun.Message) {
	number, err := m.Get(stun.AttrChannelNumber)
	if err != nil || len(number) < 2 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.channels == nil {
		c.channels = map[uint16]netip.AddrPort{}
	}
	c.channels[binary.BigEndian.Uint16(number)] = addressIn(m, stun.AttrXORPeerAddress)
}

func (c *socket) channel(number uint16) netip.AddrPort {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.channels[number]
}

// isEncryptedAlert reports whether a record is an alert after the handshake: its epoch is not 0 (RFC 6347 §4.1).
func isEncryptedAlert(record []byte) bool {
	return len(record) >= 5 && record[0] == recordAlert && binary.BigEndian.Uint16(record[3:]) != 0
}

// parseServerHello reads version and cipher suite of an unfragmented DTLS 1.0–1.2 ServerHello (RFC 6347 §4.2.2, RFC
// 5246 §7.4.1.3), the first handshake message of its record.
func parseServerHello(b []byte) (version, cipher uint16, ok bool) {
	const record, handshake = 13, 12
	if len(b) < record+handshake+2+32+1 || b[record] != helloServer {
		return 0, 0, false
	}
	body := b[record+handshake:]
	version = binary.BigEndian.Uint16(body)
	rest := body[2+32:]
	sessionID := int(rest[0])
	if len(rest) < 1+sessionID+2 {
		return 0, 0, false
	}
	return version, binary.BigEndian.Uint16(rest[1+sessionID:]), true
}
