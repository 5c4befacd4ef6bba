package peer

import (
	"encoding/binary"

	"github.com/pion/stun/v4"
)

const (
	recordAlert     = 21 // DTLS ContentTypes (RFC 6347 §4.1)
	recordHandshake = 22
	helloServer     = 2 // HandshakeType server_hello
)

// isServerRequest reports whether b is a STUN request to a server: a Binding or Allocate (RFC 8489, RFC 8656) that is
// no connectivity check, which always carries a USERNAME with a colon (RFC 8445 §7.2.2).
func isServerRequest(b []byte) bool {
	if !stun.IsMessage(b) {
		return false
	}
	m := stun.Message{Raw: b}
	if m.Decode() != nil {
		return false
	}
	return m.Type == stun.NewType(stun.MethodAllocate, stun.ClassRequest) ||
		m.Type == stun.BindingRequest && !m.Contains(stun.AttrUsername)
}

// dtlsRecord returns what of a datagram may be DTLS: all of it, or what is inside a TURN message; nil for other things.
// The first byte distinguishes them (RFC 7983 §7).
func dtlsRecord(b []byte) []byte {
	isDTLS := func(b []byte) bool { return len(b) > 0 && b[0] >= 20 && b[0] <= 63 }
	if isDTLS(b) {
		return b
	}
	if inner := turnPayload(b); isDTLS(inner) {
		return inner
	}
	return nil
}

// turnPayload returns what a ChannelData message (RFC 8656 §12.4) or a Send or Data indication carries.
func turnPayload(b []byte) []byte {
	switch {
	case len(b) < 4:
	case b[0] >= 0x40 && b[0] < 0x80:
		if n := int(binary.BigEndian.Uint16(b[2:])); 4+n <= len(b) {
			return b[4 : 4+n]
		}
	case stun.IsMessage(b):
		m := stun.Message{Raw: b}
		if m.Decode() == nil && m.Type.Class == stun.ClassIndication &&
			(m.Type.Method == stun.MethodSend || m.Type.Method == stun.MethodData) {
			data, _ := m.Get(stun.AttrData)
			return data
		}
	}
	return nil
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
