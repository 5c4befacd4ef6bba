package media

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pion/rtcp"

	"dialtone/diag"
)

// TestSizes: packets are counted by their length, and missed ones once, however often the peer asks.
func TestSizes(t *testing.T) {
	var s sizes
	for seq, bytes := range []int{99, 100, 1250, 1250, 4000} {
		s.packet(uint16(65534+seq), bytes)
	}
	for range 2 {
		s.nack([]rtcp.NackPair{{PacketID: 0, LostPackets: 1}, {PacketID: 7}})
	}
	want := []diag.PacketSizes{
		{Bytes: 0, Sent: 1}, {Bytes: 100, Sent: 1}, {Bytes: 1200, Sent: 2, Missed: 2}, {Bytes: 1500, Sent: 1},
	}
	if diff := cmp.Diff(want, s.stats()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	s.packet(sizeRing, 100) // in place of number 0
	s.nack([]rtcp.NackPair{{PacketID: 0}})
	if got := s.stats()[1]; got.Sent != 2 || got.Missed != 0 {
		t.Errorf("%+v", got)
	}
}
