package sockets

import (
	"encoding/binary"
	"testing"
)

// TestManySources: a peer that sends from ever new sources costs no more than the first ones, which go on.
func TestManySources(t *testing.T) {
	var s sources
	packet := func(ssrc uint32) []byte {
		return binary.BigEndian.AppendUint32([]byte{0x80, 111, 0, 1, 0, 0, 0, 0}, ssrc)
	}
	for n := range uint32(3 * maxSources) {
		if got := s.admit(packet(n)); got != (n < maxSources) {
			t.Fatalf("source %d: %t", n, got)
		}
	}
	for name, b := range map[string][]byte{
		"a known source": packet(7), "RTCP": {0x80, 200, 0, 1, 9, 9, 9, 9, 9, 9, 9, 9}, "DTLS": {22, 0xfe, 0xfd}, "short": {0x80}, "nothing": nil,
	} {
		if !s.admit(b) {
			t.Errorf("%s is dropped", name)
		}
	}
}
