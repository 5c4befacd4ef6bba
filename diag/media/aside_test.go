package media

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pion/interceptor"
	"github.com/pion/rtp"

	"dialtone/diag"
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

// TestRestored: what is lost and repeated in later packets is repaired, and heard, until it comes after all.
func TestRestored(t *testing.T) {
	red := func(distances ...int) []byte {
		var p []byte
		for _, d := range distances {
			p = append(p, 0x80|111, byte(d*960>>6), byte(d*960<<2), 2)
		}
		p = append(p, 111)
		for range distances {
			p = append(p, 0xf8, 7)
		}
		return append(p, 0xf8, 1, 2)
	}
	for name, tt := range map[string]struct {
		lost    []uint16
		payload []byte // nil: with in-band FEC
		late    uint16
		wants   int64 // repaired
	}{
		"one before":                {[]uint16{7}, red(1), 0, 1},
		"two before, both lost":     {[]uint16{7, 8}, red(2, 1), 0, 2},
		"two before, three lost":    {[]uint16{7, 8, 9}, red(2, 1), 0, 2},
		"only the one but last":     {[]uint16{7, 8}, red(2), 0, 2},
		"no repetition":             {[]uint16{7}, red(), 0, 0},
		"the lost one came late":    {[]uint16{7}, red(1), 7, 0},
		"nothing lost":              {nil, red(1), 0, 0},
		"in-band FEC":               {[]uint16{7}, []byte{1 << 3, 0b1100_0000, 1}, 0, 1},
		"in-band FEC, two are lost": {[]uint16{7, 8}, []byte{1 << 3, 0b1100_0000, 1}, 0, 1},
	} {
		r := newHarness(t)
		r.rec.SetCodec(111, "audio/opus", 48000)
		r.rec.SetAside(63, "red")
		info := *opusStream
		if tt.payload[0]&0x80 != 0 || tt.payload[0] == 111 {
			info.PayloadType = 63
		}
		arrives := r.arrives(&info)
		for seq := uint16(1); seq <= 20; seq++ {
			if r.clock = r.clock.Add(20 * time.Millisecond); !slices.Contains(tt.lost, seq) {
				arrives(seq, uint32(seq)*960, false, tt.payload)
			}
			if tt.late > 0 && seq == tt.late+2 {
				arrives(tt.late, uint32(tt.late)*960, false, tt.payload)
			}
		}
		lost := int64(len(tt.lost))
		if tt.late > 0 {
			lost--
		}
		if in := r.inbound(); *in.PacketsRepaired != tt.wants || *in.PacketsLost != lost || *in.PacketsDuplicated != 0 {
			t.Errorf("%s: %d of %d repaired, %d duplicates", name, *in.PacketsRepaired, *in.PacketsLost, *in.PacketsDuplicated)
		}
	}
}

// TestRepairOfRED: what is retransmitted of RED is read like RED, and pion gets what is in it.
func TestRepairOfRED(t *testing.T) {
	r := newHarness(t)
	r.rec.SetCodec(96, "video/VP8", 90000)
	r.rec.SetAside(98, "red")
	r.rec.SetRepair(99, 98)
	red := *vp8Stream
	red.PayloadType = 98
	arrives := r.arrives(&red)
	repair := *rtxStream
	repair.PayloadType = 99
	again := asideStream(r, &repair)
	key, inter := append([]byte{96}, vp8Key...), append([]byte{96}, vp8Inter...)
	arrives(1, 0, true, key)
	arrives(3, 6000, true, inter)
	got := again(99, 0, append([]byte{0, 2}, inter...))
	if want := append([]byte{0, 2}, vp8Inter...); !bytes.Equal(got.Payload, want) || got.PayloadType != 99 {
		t.Errorf("pion gets %x of payload type %d", got.Payload, got.PayloadType)
	}
	if in := r.inbound(); *in.PacketsRepaired != 1 || *in.PacketsLost != 1 || *in.FramesReceived != 3 {
		t.Errorf("%d of %d repaired, %d frames", *in.PacketsRepaired, *in.PacketsLost, *in.FramesReceived)
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

// TestUnagreedPayloadType: packets of a payload type that neither description has are counted, until it is agreed on.
func TestUnagreedPayloadType(t *testing.T) {
	r := newHarness(t)
	r.rec.SetCodec(111, "audio/opus", 48000)
	r.rec.SetAside(63, "red")
	arrives := asideStream(r, opusStream)
	r.rec.SetAside(105, "cn")
	r.rec.SetAside(126, "telephone-event")
	for _, payloadType := range []uint8{111, 13, 105, 63} {
		arrives(payloadType, 0, []byte{0xf8, 1, 2})
	}
	if got := r.inbound().Unagreed; got != nil {
		t.Errorf("%+v", got)
	}
	for range 3 {
		arrives(77, 0, []byte{1})
	}
	if got := r.inbound().Unagreed; got == nil || *got != (diag.UnagreedPayload{PayloadType: 77, Packets: 3}) {
		t.Errorf("%+v", got)
	}
	r.rec.SetCodec(77, "audio/PCMU", 8000)
	if got := r.inbound().Unagreed; got != nil {
		t.Errorf("it is agreed on: %+v", got)
	}
	arrives(126, 0, []byte{5, 10, 0, 160})
	if got := r.inbound().Unagreed; got == nil || got.Name != "telephone-event" || got.Packets != 1 {
		t.Errorf("%+v", got)
	}
}

// TestAnnouncedOther: a payload type that pion announces and that is not agreed on is given to no packet: pion would end
// the track there, and what comes after it would not be counted.
func TestAnnouncedOther(t *testing.T) {
	r := newHarness(t)
	r.rec.SetCodec(0, "audio/PCMU", 8000)
	r.rec.SetCodec(96, "video/VP8", 90000)
	r.rec.SetCodec(111, "audio/opus", 48000)
	r.rec.SetAside(63, "red")
	r.rec.SetAside(64, "ulpfec")
	for _, announced := range []struct {
		stream           interceptor.StreamInfo
		payloadType, own uint8
	}{{*opusStream, 63, 111}, {*vp8Stream, 63, 96}, {*vp8Stream, 0, 96}} { // 0: none
		announced.stream.SSRC += uint32(announced.payloadType)
		announced.stream.PayloadType = announced.payloadType
		arrives := asideStream(r, &announced.stream)
		for name, payload := range map[string][]byte{"FEC in RED": {64, 1, 2}, "what cannot be read": {0x80}} {
			if got := arrives(63, 0, payload); got.PayloadType != announced.own || len(got.Payload) > 0 {
				t.Errorf("%s: %v", name, got)
			}
		}
	}
}
