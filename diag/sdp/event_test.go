package sdp

import (
	"testing"

	"dialtone/diag"
)

func TestMaskSDP(t *testing.T) {
	parsed := Parse("v=0\r\na=ice-ufrag:u\r\na=ice-pwd:secret\r\na=fingerprint:SHA-256 ab:CD\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-pwd:secret\r\na=candidate:1 1 udp 1 192.0.2.1 5000 typ host\r\n")
	d := parsed.Event(diag.Local, "offer", false)
	if d.Fingerprint != "sha-256 AB:CD" {
		t.Errorf("fingerprint %q", d.Fingerprint)
	}
	if want := "v=0\r\na=ice-ufrag:u\r\na=ice-pwd:***\r\na=fingerprint:SHA-256 ab:CD\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-pwd:***\r\na=candidate:1 1 udp 1 192.0.2.1 5000 typ host\r\n"; d.SDP != want {
		t.Errorf("SDP %q", d.SDP)
	}
}
