package whip

import (
	"fmt"
	"strings"
)

const pwd = "P2uYro0UCOQ4zxjKXaWCBui1"

// description is an SDP as a WebRTC stack writes it.
func description(direction, ufrag, pwd string) string {
	var b strings.Builder
	b.WriteString("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\na=ice-options:trickle\r\n")
	for i, m := range []string{"audio 9 UDP/TLS/RTP/SAVPF 111", "video 9 UDP/TLS/RTP/SAVPF 96"} {
		fmt.Fprintf(&b, "m=%s\r\na=mid:%d\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=fingerprint:sha-256 DA:7B:57:DC:28:CE:04:4F:31:79:85:C4:31:67:EB:27:58:29:ED:77:2A:0D:24:AE:ED:AD:30:BC:BD:F1:9C:02\r\na=%s\r\na=rtcp-mux\r\n", m, i, ufrag, pwd, direction)
		if i == 0 {
			b.WriteString("a=candidate:1 1 udp 2130706431 127.0.0.1 9 typ host\r\n")
		}
	}
	return b.String()
}
