// Package wire reads what packets of a call show without being decrypted: STUN, DTLS records, headers of SRTP.
package wire

import (
	"encoding/binary"

	"github.com/pion/stun/v4"
)

// Numbers in DTLS records.
const (
	RecordAlert     = 21 // DTLS ContentTypes (RFC 6347 §4.1)
	RecordHandshake = 22
	HelloClient     = 1 // HandshakeTypes (RFC 6347 §4.3.2)
	HelloServer     = 2
)

// IsServerRequest reports whether a message is a request to a server: a Binding or Allocate (RFC 8489, RFC 8656) that
// is no connectivity check, which always carries a USERNAME (RFC 8445 §7.2.2).
func IsServerRequest(m *stun.Message) bool {
	return m.Type == stun.NewType(stun.MethodAllocate, stun.ClassRequest) ||
		m.Type == stun.BindingRequest && !m.Contains(stun.AttrUsername)
}

// IsDTLS reports whether a datagram is DTLS by its first byte (RFC 7983 §7).
func IsDTLS(b []byte) bool { return len(b) > 0 && b[0] >= 20 && b[0] <= 63 }

// IsEncryptedAlert reports whether a record is an alert after the handshake: its epoch is not 0 (RFC 6347 §4.1).
func IsEncryptedAlert(record []byte) bool {
	return len(record) >= 5 && record[0] == RecordAlert && binary.BigEndian.Uint16(record[3:]) != 0
}

// IsClientHello reports whether a handshake record begins with a ClientHello (RFC 6347 §4.2.2).
func IsClientHello(record []byte) bool {
	return len(record) > recordHeader && record[0] == RecordHandshake && record[recordHeader] == HelloClient
}

// recordHeader is the length of the header of a DTLS record (RFC 6347 §4.1).
const recordHeader = 13

// ParseServerHello reads version and cipher suite of an unfragmented DTLS 1.0–1.2 ServerHello (RFC 6347 §4.2.2, RFC
// 5246 §7.4.1.3), the first handshake message of its record.
func ParseServerHello(b []byte) (version, cipher uint16, ok bool) {
	const handshake = 12
	if len(b) < recordHeader+handshake+2+32+1 || b[recordHeader] != HelloServer {
		return 0, 0, false
	}
	body := b[recordHeader+handshake:]
	version = binary.BigEndian.Uint16(body)
	rest := body[2+32:]
	sessionID := int(rest[0])
	if len(rest) < 1+sessionID+2 {
		return 0, 0, false
	}
	return version, binary.BigEndian.Uint16(rest[1+sessionID:]), true
}

// STUN decodes a STUN message; nil if it is none.
func STUN(b []byte) *stun.Message {
	if !stun.IsMessage(b) {
		return nil
	}
	m := &stun.Message{Raw: b}
	if m.Decode() != nil {
		return nil
	}
	return m
}

// IsRTP reports whether a datagram is RTP, and not RTCP (RFC 7983 §7, RFC 5761 §4).
func IsRTP(b []byte) bool {
	return len(b) >= 12 && b[0]&0xc0 == 0x80 && (b[1]&0x7f < 64 || b[1]&0x7f > 95)
}
