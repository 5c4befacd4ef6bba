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

// isServerRequest reports whether a message is a request to a server: a Binding or Allocate (RFC 8489, RFC 8656) that
// is no connectivity check, which always carries a USERNAME (RFC 8445 §7.2.2).
func isServerRequest(m *stun.Message) bool {
	return m.Type == stun.NewType(stun.MethodAllocate, stun.ClassRequest) ||
		m.Type == stun.BindingRequest && !m.Contains(stun.AttrUsername)
}

// isDTLS reports whether a datagram is DTLS by its first byte (RFC 7983 §7).
func isDTLS(b []byte) bool { return len(b) > 0 && b[0] >= 20 && b[0] <= 63 }

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
