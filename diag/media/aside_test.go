package media

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pion/interceptor"
	"github.com/pion/rtp"
)

// asideStream has packets of several payload types arrive on one stream, as a peer sends them that agreed on others.
func asideStream(r *harness, info *interceptor.StreamInfo) func(payloadType uint8, padding byte, payload []byte) rtp.Packet {
	var wire []byte
	reader := r.tap.BindRemoteStream(info, interceptor.RTPReaderFunc(
		func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
			return copy(b, wire), a, nil
		}))
	seq, buf := uint16(65_530), make([]byte, 1500)
	return func(payloadType uint8, padding byte, payload []byte) rtp.Packet {
		r.t.Helper()
		seq++
		var err error
		if wire, err = (&rtp.Packet{Header: rtp.Header{
			Version: 2, SequenceNumber: seq, Timestamp: uint32(seq) * 960, SSRC: info.SSRC, PayloadType: payloadType, Marker: true,
			Padding: padding > 0, PaddingSize: padding,
		}, Payload: payload}).Marshal(); err != nil {
			r.t.Fatal(err)
		}
		n, _, err := reader.Read(buf, nil)
		var got rtp.Packet
		if err != nil || got.Unmarshal(bytes.Clone(buf[:n])) != nil {
			r.t.Fatalf("payload type %d becomes %x: %v", payloadType, buf[:n], err)
		}
		return got
	}
}

// TestAside: what is no media reaches pion, which ends a track at a payload type that it does not know, as an empty
// packet; RED as what is in it.
func TestAside(t *testing.T) {
	r := newHarness(t)
	r.rec.SetCodec(111, "audio/opus", 48000)
	for payloadType, name := range map[uint8]string{63: "red", 110: "telephone-event", 13: "CN", 9: "G722"} {
		r.rec.SetAside(payloadType, name)
	}
	arrives := asideStream(r, opusStream)
	opus, redundant := []byte{0xf8, 1, 2}, []byte{0x80 | 111, 0x0f, 0, 2, 111, 0xf8, 9, 0xf8, 1, 2}
	for _, test := range []struct {
		name                string
		payloadType, arrive uint8
		padding             byte
		payload, want       []byte
	}{
		{"opus", 111, 111, 0, opus, opus},
		{"RED", 63, 111, 0, redundant, opus},
		{"RED with padding", 63, 111, 4, redundant, opus},
		{"RED that breaks off", 63, 111, 0, redundant[:5], nil},
		{"RED of what is unknown", 63, 111, 0, []byte{99, 1, 2}, nil},
		{"a tone", 110, 111, 0, []byte{1, 2, 3, 4}, nil},
		{"comfort noise", 13, 111, 0, []byte{60}, nil},
		{"what nobody named", 100, 111, 0, []byte{60}, nil},
	} {
		got := arrives(test.payloadType, test.padding, test.payload)
		if got.PayloadType != test.arrive || !bytes.Equal(got.Payload, test.want) || !got.Marker {
			t.Errorf("%s: %v", test.name, got)
		}
	}
	in := r.inbound()
	want := []any{"audio/opus", uint64(8), int64(0), uint64(2), uint64(4), "red"}
	got := []any{in.MimeType, *in.PacketsReceived, *in.PacketsLost, *in.FECPacketsReceived, *in.FECBytesReceived, in.FECFormat}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestVideoFEC: FEC in RED, and alone, is in the sequence of the media and is no frame.
func TestVideoFEC(t *testing.T) {
	r := newHarness(t)
	r.rec.SetCodec(96, "video/VP8", 90000)
	for payloadType, name := range map[uint8]string{127: "red", 125: "ulpfec"} {
		r.rec.SetAside(payloadType, name)
	}
	info := *vp8Stream
	info.PayloadType = 96
	arrives, ulpfec := asideStream(r, &info), bytes.Repeat([]byte{7}, 30)
	for range 3 {
		arrives(127, 0, append([]byte{96}, vp8Key...))
		for _, got := range []rtp.Packet{arrives(127, 0, append([]byte{125}, ulpfec...)), arrives(125, 0, ulpfec)} {
			if got.PayloadType != 96 || len(got.Payload) != 0 {
				t.Errorf("%v", got)
			}
		}
	}
	in := r.inbound()
	want := []any{"video/VP8", uint64(9), int64(0), uint32(3), uint64(6), uint64(180), "ulpfec"}
	got := []any{
		in.MimeType, *in.PacketsReceived, *in.PacketsLost, *in.FramesReceived, *in.FECPacketsReceived, *in.FECBytesReceived,
		in.FECFormat,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestFECStream: FEC on an SSRC of its own belongs to the stream that it protects.
func TestFECStream(t *testing.T) {
	r := newHarness(t)
	r.rec.SetAside(118, "flexfec-03")
	r.arrives(vp8Stream)(1, 0, true, vp8Key)
	if r.rec.Guards(77, 96, 5) {
		t.Error("media is taken for FEC")
	}
	for range 2 { // the count is that of all
		if !r.rec.Guards(77, 118, 5) {
			t.Error("FEC is not known")
		}
	}
	in := r.inbound()
	if *in.FECPacketsReceived != 5 || *in.FECSSRC != 77 || in.FECBytesReceived != nil || in.FECFormat != "flexfec-03" ||
		*in.PacketsReceived != 1 {
		t.Errorf("%+v", in)
	}
	r.rec.SetGuard(78, 1<<31) // of a stream that is not there
	if r.rec.Guards(78, 118, 5) {
		t.Error("FEC protects a stream that is not there")
	}
}

// TestOpusInBand: the frames of Opus with in-band FEC are counted, and its bytes are not known.
func TestOpusInBand(t *testing.T) {
	r := newHarness(t)
	r.rec.SetCodec(111, "audio/opus", 48000)
	arrives := asideStream(r, opusStream)
	arrives(111, 0, []byte{1 << 3, 0b1100_0000, 1})
	arrives(111, 0, []byte{1 << 3, 0b1000_0000, 1})
	if in := r.inbound(); *in.FECPacketsReceived != 1 || in.FECBytesReceived != nil || in.FECFormat != "opus" {
		t.Errorf("%+v", in)
	}
}
