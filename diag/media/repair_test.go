package media

import (
	"testing"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	pionsdp "github.com/pion/sdp/v3"

	"dialtone/diag"
)

// TestRepairsOfLayers: the header extensions of a retransmission name the layer of simulcast that it repairs, in
// whatever order streams begin.
func TestRepairsOfLayers(t *testing.T) {
	const midID, ridID = 4, 11
	r := newHarness(t)
	begins := func(ssrc uint32, mime string) func(mid, rid string) {
		info := &interceptor.StreamInfo{SSRC: ssrc, MimeType: mime, ClockRate: 90_000, PayloadType: 96, RTPHeaderExtensions: []interceptor.RTPHeaderExtension{
			{URI: pionsdp.SDESMidURI, ID: midID}, {URI: pionsdp.SDESRepairRTPStreamIDURI, ID: ridID},
		}}
		p := rtp.Packet{Header: rtp.Header{Version: 2, SSRC: ssrc, PayloadType: 96}, Payload: append([]byte{0, 0}, vp8Inter...)}
		reader := r.tap.BindRemoteStream(info, interceptor.RTPReaderFunc(func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
			n, err := p.MarshalTo(b)
			return n, a, err
		}))
		return func(mid, rid string) {
			t.Helper()
			p.SequenceNumber++
			p.Extension, p.Extensions = false, nil
			for id, value := range map[uint8]string{midID: mid, ridID: rid} {
				if value == "" {
					continue
				}
				if err := p.SetExtension(id, []byte(value)); err != nil {
					t.Fatal(err)
				}
			}
			if _, _, err := reader.Read(make([]byte, 1500), nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	begins(31, "video/VP8")("1", "")
	low := begins(40, mimeRTX) // before what it repairs
	begins(32, "video/VP8")("1", "")
	low("1", "l") // nobody has said yet which stream the layer is
	if in, _ := r.rec.Snapshot(); len(in) != 2 || r.rec.Receives(40) {
		t.Fatalf("%d streams; received: %v", len(in), r.rec.Receives(40))
	}
	for ssrc, layer := range map[uint32]string{31: "h", 32: "l"} {
		r.rec.SetMid(ssrc, "1")
		r.rec.SetRID(ssrc, layer)
	}
	low("2", "l") // of another section
	if r.rec.Receives(40) {
		t.Fatal("retransmissions of another section are taken")
	}
	low("1", "l")
	low("", "") // browsers name the layer until they know that it is known
	layers, _ := r.rec.Snapshot()
	for _, s := range layers {
		if got, want := diag.OrZero(s.RetransmittedPackets), map[string]uint64{"h": 0, "l": 2}[s.RID]; got != want {
			t.Errorf("layer %s: %d retransmissions, want %d", s.RID, got, want)
		}
	}
	begins(34, "video/VP8")("1", "")
	r.rec.SetRID(34, "m")
	if begins(41, mimeRTX)("", ""); r.rec.Receives(41) {
		t.Error("retransmissions that name no layer are those of the last one")
	}

	if begins(44, mimeRTX)("1", "l"); r.rec.Receives(44) {
		t.Error("a layer has two streams of retransmissions")
	}

	begins(33, "video/VP8")("3", "") // a section without simulcast
	plain := begins(43, mimeRTX)
	plain("3", "")
	if !r.rec.Receives(43) {
		t.Error("a stream without layers has no retransmissions")
	}
}
