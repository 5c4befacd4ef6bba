package media

import (
	"slices"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
)

// TestRequestsArePaced: a generator repeats its request every 100 ms; on a path of 300 ms it is sent once per round
// trip, and no more once the repair has come by RTX.
func TestRequestsArePaced(t *testing.T) {
	r := newHarness(t)
	var sent [][]uint16
	write := r.tap.BindRTCPWriter(interceptor.RTCPWriterFunc(
		func(pkts []rtcp.Packet, _ interceptor.Attributes) (int, error) {
			for _, pkt := range pkts {
				sent = append(sent, missing(pkt.(*rtcp.TransportLayerNack)))
			}
			return len(pkts), nil
		}))
	packet, repair := r.arrives(vp8Stream), r.arrives(rtxStream)
	packet(65534, 0, true, vp8Key)
	packet(1, 7200, true, vp8Inter) // 65535 and 0 are lost, across the wrap
	r.rec.SetRoundTrip(300 * time.Millisecond)
	request := func() {
		nack := &rtcp.TransportLayerNack{MediaSSRC: 20, Nacks: rtcp.NackPairsFromSequenceNumbers([]uint16{65535, 0})}
		if _, err := write.Write([]rtcp.Packet{nack}, nil); err != nil {
			t.Fatal(err)
		}
	}
	for range 8 { // 0 … 700 ms
		request()
		r.clock = r.clock.Add(100 * time.Millisecond)
	}
	repair(7, 3600, true, append([]byte{0xff, 0xff}, vp8Inter...))
	for range 100 {
		request()
		r.clock = r.clock.Add(time.Second)
	}
	want := [][]uint16{{65535, 0}, {65535, 0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}}
	if !slices.EqualFunc(want, sent, slices.Equal[[]uint16]) {
		t.Errorf("requested %v, want %v", sent, want)
	}
	if in := r.inbound(); *in.NACKCount != uint32(len(want)) {
		t.Errorf("%d NACK packets counted", *in.NACKCount)
	}
}
