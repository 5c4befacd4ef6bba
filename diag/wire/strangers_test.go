package wire

import (
	"net/netip"
	"testing"
)

// TestStrangersBegin: what comes before the keys of the call are there is of no unknown stream, as the peer may have its
// keys much earlier where packets of the handshake are lost.
func TestStrangersBegin(t *testing.T) {
	l := NewStrangers(func(ssrc uint32) bool { return ssrc == 7 })
	arrive := func(ssrc byte) {
		l.Arrived([]byte{0x80, 111, 0, 1, 0, 0, 0, 0, 0, 0, 0, ssrc, 1, 2, 3, 4}, netip.AddrPort{})
	}
	arrive(9)
	if list, omitted := l.List(); len(list) > 0 || omitted > 0 {
		t.Errorf("before: %+v", list)
	}
	l.Begin()
	arrive(9)
	arrive(7)
	if list, _ := l.List(); len(list) != 1 || list[0].SSRC != 9 || list[0].Packets != 1 {
		t.Errorf("after: %+v", list)
	}
}
