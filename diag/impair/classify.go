package impair

import (
	"encoding/binary"

	"dialtone/diag"
)

// classify says what a datagram carries by its first bytes (RFC 7983 §7, RFC 5761 §4), and for RTP of which stream. RTP
// and RTCP are encrypted behind these bytes. A channel of a TURN server (RFC 8656 §12.4) has a header of its own.
func classify(b []byte) (p diag.Protocol, ssrc uint32) {
	if len(b) >= 4 && b[0] >= 0x40 && b[0] <= 0x4f {
		b = b[4:]
	}
	switch {
	case len(b) < 8 || b[0] < 128 || b[0] > 191:
		return diag.ProtocolOther, 0
	case b[1] >= 192 && b[1] <= 223:
		return diag.ProtocolRTCP, 0
	case len(b) < 12:
		return diag.ProtocolOther, 0
	}
	return diag.ProtocolRTP, binary.BigEndian.Uint32(b[8:])
}
