package media

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// TestNotReceived: what is sent and does not arrive is known by the peer's feedback, and only that.
func TestNotReceived(t *testing.T) {
	const reports, feedback = 1, 2
	for name, tt := range map[string]struct {
		arrives  func(i int) bool // the i-th packet, at 50 a second
		sent     int
		by       int           // the kind of feedback
		every    time.Duration // of it
		delay    time.Duration // one way
		from, to float64       // seconds
	}{
		"all arrives":                     {func(int) bool { return true }, 500, reports, time.Second, 0, 0, 0},
		"all arrives late":                {func(int) bool { return true }, 500, reports | feedback, time.Second, time.Second, 0, 0},
		"a fifth is lost":                 {func(i int) bool { return i%5 > 0 }, 500, reports | feedback, time.Second, 0, 0, 0},
		"the last are lost":               {func(i int) bool { return i < 495 }, 500, reports | feedback, time.Second, 0, 0, 0},
		"no feedback":                     {func(i int) bool { return i < 200 }, 500, 0, time.Second, 0, 0, 0},
		"no number in packets":            {func(i int) bool { return i < 200 }, 500, 4 | feedback, time.Second / 5, 0, 0, 0},
		"it stops, by reports":            {func(i int) bool { return i < 350 }, 500, reports, time.Second, 0, 2, 3},
		"it stops, by rare reports":       {func(i int) bool { return i < 350 }, 750, reports, 5 * time.Second, 0, 4, 8},
		"it stops, by late reports":       {func(i int) bool { return i < 350 }, 500, reports, time.Second, time.Second, 0.4, 1},
		"it stops, by transport feedback": {func(i int) bool { return i < 350 }, 500, feedback | reports*8, time.Second / 5, 0, 2.2, 2.6},
		"it stops, and is long forgotten": {func(i int) bool { return i < 350 }, 5000, reports, time.Second, 0, 92, 93},
		"it stops, and comes back":        {func(i int) bool { return i < 200 || i > 400 }, 500, reports | feedback, time.Second, 0, 0, 0},
		"it is not sent any more":         {func(i int) bool { return i < 350 }, 352, reports | feedback, time.Second, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := newHarness(t)
			r.rec.SetRoundTrip(2 * tt.delay)
			w := r.tap.BindLocalStream(&interceptor.StreamInfo{SSRC: 10, MimeType: "audio/opus", ClockRate: 48000, RTPHeaderExtensions: []interceptor.RTPHeaderExtension{
				{URI: "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01", ID: 5},
			}}, interceptor.RTPWriterFunc(func(_ *rtp.Header, payload []byte, _ interceptor.Attributes) (int, error) { return len(payload), nil }))
			began, next, reported := r.clock, r.clock, false
			first, highest, base := uint16(65500), -1, 0
			for i := range 5000 {
				if r.clock = began.Add(time.Duration(i) * 20 * time.Millisecond); i < tt.sent {
					h := rtp.Header{Version: 2, SequenceNumber: first + uint16(i), SSRC: 10}
					if tt.by&4 == 0 {
						_ = h.SetExtension(5, binary.BigEndian.AppendUint16(nil, uint16(i)))
					}
					if _, err := w.Write(&h, []byte{1}, nil); err != nil {
						t.Fatal(err)
					}
				}
				if r.clock.Before(next) {
					continue
				} else if i > max(500, tt.sent) {
					break
				}
				next = next.Add(tt.every)
				for k := max(highest, 0); k <= min(i-int(2*tt.delay/(20*time.Millisecond)), tt.sent-1); k++ {
					if tt.arrives(k) {
						highest = k
					}
				}
				if highest < 0 {
					continue
				}
				if tt.by&reports != 0 || tt.by&^feedback != 0 && !reported {
					reported = true
					r.read(1, &rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: 10, LastSequenceNumber: uint32(first) + uint32(highest)}}})
				}
				if tt.by&feedback != 0 && highest >= base {
					f := &rtcp.TransportLayerCC{
						Header: rtcp.Header{Count: rtcp.FormatTCC, Type: rtcp.TypeTransportSpecificFeedback}, BaseSequenceNumber: uint16(base),
						PacketStatusCount: uint16(highest - base + 1),
					}
					for ; base <= highest; base++ {
						f.PacketChunks = append(f.PacketChunks, &rtcp.RunLengthChunk{PacketStatusSymbol: rtcp.TypeTCCPacketReceivedSmallDelta, RunLength: 1})
						f.RecvDeltas = append(f.RecvDeltas, &rtcp.RecvDelta{Type: rtcp.TypeTCCPacketReceivedSmallDelta})
					}
					f.Header.Length = uint16((20+2*len(f.PacketChunks)+len(f.RecvDeltas)+3)/4 - 1)
					f.Header.Padding = (20+3*len(f.PacketChunks))%4 != 0
					r.read(1, f)
				} else if tt.by&feedback != 0 { // of another stream
					r.rec.received([]rtcp.Packet{&rtcp.TransportLayerCC{BaseSequenceNumber: 30000}})
				}
			}
			var got float64
			if remote := r.outbound().Remote; remote != nil && remote.NotReceivedFor != nil {
				got = *remote.NotReceivedFor
			}
			if got < tt.from || got > tt.to {
				t.Errorf("%.2f s", got)
			}
		})
	}
}
