package media

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
)

// inboundPath is the way of one video packet through the recorder; every call is the next packet of a stream of two packets a
// frame.
func inboundPath(tb testing.TB) func() {
	tb.Helper()
	rec := NewRecorder(time.Now, nil)
	p := rtp.Packet{
		Header:  rtp.Header{Version: 2, SSRC: vp8Stream.SSRC, PayloadType: 96},
		Payload: append([]byte{0x90, 0x80, 0x80, 0x01, 0x11}, make([]byte, 1100)...),
	}
	wire, err := p.Marshal()
	if err != nil {
		tb.Fatal(err)
	}
	reader := (&tap{rec: rec}).BindRemoteStream(vp8Stream, interceptor.RTPReaderFunc(
		func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
			return copy(b, wire), a, nil
		}))
	buf := make([]byte, 1500)
	n := uint32(0)
	return func() {
		n++
		wire[1] = byte(n&1)<<7 | 96
		wire[12] = 0x80 | byte(n&1^1)<<4
		binary.BigEndian.PutUint16(wire[2:], uint16(n))
		binary.BigEndian.PutUint32(wire[4:], n/2*3600)
		if _, _, err := reader.Read(buf, nil); err != nil {
			tb.Fatal(err)
		}
	}
}

func outboundPath(tb testing.TB) func() {
	tb.Helper()
	rec := NewRecorder(time.Now, nil)
	writer := (&tap{rec: rec}).BindLocalStream(vp8Stream, interceptor.RTPWriterFunc(
		func(_ *rtp.Header, payload []byte, _ interceptor.Attributes) (int, error) { return len(payload), nil }))
	h := rtp.Header{Version: 2, SSRC: vp8Stream.SSRC, PayloadType: 96, Marker: true}
	payload := append([]byte{0x90, 0x80, 0x80, 0x01, 0x11}, make([]byte, 1100)...)
	return func() {
		h.SequenceNumber++
		if _, err := writer.Write(&h, payload, nil); err != nil {
			tb.Fatal(err)
		}
	}
}

func TestThePathOfAPacketDoesNotAllocate(t *testing.T) {
	for name, path := range map[string]func(testing.TB) func(){"inbound": inboundPath, "outbound": outboundPath} {
		packet := path(t)
		packet()
		if n := testing.AllocsPerRun(2000, packet); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkInboundPacket(b *testing.B) {
	packet := inboundPath(b)
	b.ReportAllocs()
	for b.Loop() {
		packet()
	}
}

func BenchmarkOutboundPacket(b *testing.B) {
	packet := outboundPath(b)
	b.ReportAllocs()
	for b.Loop() {
		packet()
	}
}
