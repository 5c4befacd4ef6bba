package media

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"dialtone/diag"
)

func TestInboundAudio(t *testing.T) {
	r := newHarness(t)
	r.rec.SetMid(10, "early")
	packet := r.arrives(opusStream)
	if got := r.inbound().Mid; got != "early" {
		t.Errorf("mid %q", got)
	}
	r.rec.SetMid(10, "0"+strings.Repeat("x", 100))
	want := diag.InboundRTP{Kind: "audio", SSRC: 10, Mid: "0" + strings.Repeat("x", 63), MimeType: "audio/opus"}
	if diff := cmp.Diff(counted(want), r.inbound()); diff != "" {
		t.Error("before the first packet:", diff)
	}

	for i := range 11 { // 0 … 10 without 3 and 4, 20 ms apart
		if i > 0 {
			r.clock = r.clock.Add(20 * time.Millisecond)
		}
		if i != 3 && i != 4 {
			packet(uint16(i), uint32(i)*960, false, make([]byte, 80))
		}
		if i == 0 {
			r.inbound() // rates are counted from here
		}
	}
	packet(10, 9600, false, make([]byte, 80))
	r.clock = r.clock.Add(50 * time.Millisecond)
	want.PacketsReceived, want.BytesReceived, want.HeaderBytesReceived = new(uint64(10)), new(uint64(800)), new(uint64(120))
	want.PacketsLost, want.PacketsDuplicated = new(int64(2)), new(uint64(1))
	want.PacketsRepaired, want.PacketsExpected = new(int64(0)), new(int64(11))
	want.FractionLost = new(0.2)
	want.Jitter, want.ClockRate, want.TimestampJumps = new(0.0), 48_000, new(uint32(0))
	want.Bitrate = new(9 * 80 * 8 / 0.25)
	want.LastPacketReceivedAgo, want.LongestPacketGap = new(0.05), new(0.06)
	want.TotalSamplesReceived, want.ConcealedSamples = new(uint64(11*960)), new(uint64(2*960))
	got := r.inbound()
	got.Sound, got.AudioLevel, got.TotalAudioEnergy, got.TotalSamplesDuration = nil, nil, nil, nil // of zeros
	if diff := cmp.Diff(counted(want), got, about); diff != "" {
		t.Error(diff)
	}
	r.sees(diag.FirstPacket{Direction: diag.Inbound, Kind: "audio", SSRC: 10})
}

func TestRatesAreOfTheTimeBetweenSnapshots(t *testing.T) {
	r := newHarness(t)
	packet := r.arrives(opusStream)
	seq := uint16(0)
	second := func(packets, lost int) {
		r.clock = r.clock.Add(time.Second)
		seq += uint16(lost)
		for range packets {
			packet(seq, 0, false, make([]byte, 100))
			seq++
		}
	}
	rates := func(step string, bitrate, fractionLost *float64) {
		t.Helper()
		row := r.inbound()
		if diff := cmp.Diff([]*float64{bitrate, fractionLost}, []*float64{row.Bitrate, row.FractionLost}, about); diff != "" {
			t.Error(step, diff)
		}
	}
	second(10, 0)
	rates("first snapshot", nil, nil)
	second(10, 0)
	rates("nothing lost", new(8000.0), new(0.0))
	second(5, 5)
	r.clock = r.clock.Add(minInterval - time.Second - 1)
	rates("too soon", new(8000.0), new(0.0))
	r.clock = r.clock.Add(time.Second - minInterval + 1)
	rates("half of it lost", new(4000.0), new(0.5))
	r.clock = r.clock.Add(time.Second)
	for i := range uint16(5) { // what was lost comes late
		packet(20+i, 0, false, nil)
	}
	rates("nothing expected", new(0.0), nil)
}

func TestInboundVideoWithRepairs(t *testing.T) {
	r := newHarness(t)
	r.arrives(opusStream)
	packet := r.arrives(vp8Stream)
	repair := r.arrives(rtxStream)
	r.rec.Snapshot()

	packet(100, 0, false, vp8Key)
	packet(101, 0, true, []byte{0x00, 1, 2, 3})
	packet(103, 3600*2, true, vp8Inter) // 102, frame 1, is lost
	repair(5000, 3600, true, append([]byte{0, 102}, vp8Inter...))
	repair(5001, 3600, true, append([]byte{0, 102}, vp8Inter...)) // and once more
	repair(5002, 3600, false, nil)                                // padding

	in, _ := r.rec.Snapshot()
	want := diag.InboundRTP{
		Kind: "video", SSRC: 20, MimeType: "video/VP8",
		PacketsReceived: new(uint64(6)), BytesReceived: new(uint64(11 + 4 + 4 + 4 + 4)), HeaderBytesReceived: new(uint64(6*12 + 2*2)),
		PacketsLost: new(int64(1)), PacketsRepaired: new(int64(1)), PacketsExpected: new(int64(4)),
		PacketsDuplicated: new(uint64(0)), RetransmittedPackets: new(uint64(2)),
		FramesReceived: new(uint32(3)), KeyFramesReceived: new(uint32(1)),
		FrameWidth: new(uint16(320)), FrameHeight: new(uint16(240)),
		FreezeCount: new(uint32(0)), TotalFreezesDuration: new(0.0), TotalGapsDuration: new(0.0), RecentFrameGap: new(0.0),
		Jitter: new(0.0), ClockRate: 90_000, TimestampJumps: new(uint32(0)), LastPacketReceivedAgo: new(0.0),
	}
	if diff := cmp.Diff(counted(want), in[1], cmpopts.IgnoreFields(diag.InboundRTP{}, "Jitter")); diff != "" {
		t.Error(diff)
	}
	r.sees(
		diag.FirstPacket{Direction: diag.Inbound, Kind: "video", SSRC: 20},
		diag.FirstFrame{Direction: diag.Inbound, Kind: "video", SSRC: 20, Width: 320, Height: 240, KeyFrame: true},
		diag.VideoEncoding{SSRC: 20, MimeType: "video/VP8", PayloadType: 96, Profile: "0", Width: 320, Height: 240},
	)
}

// TestRepairsDoNotCountAsJitter: packets come every 40 ms, and a repair 200 ms after its packet was due. Jitter is of the
// network, so it stays 0, with RTX and without.
func TestRepairsDoNotCountAsJitter(t *testing.T) {
	for name, rtx := range map[string]bool{"RTX": true, "on the stream itself": false} {
		t.Run(name, func(t *testing.T) {
			r := newHarness(t)
			packet := r.arrives(vp8Stream)
			repair := packet
			if rtx {
				repair = r.arrives(rtxStream)
			}
			for i := range uint16(100) {
				if i != 50 {
					packet(i, uint32(i)*3600, true, vp8Inter)
				}
				if i == 55 && rtx { // a NACK is not required: some senders repair unasked
					repair(7, 50*3600, true, append([]byte{0, 50}, vp8Inter...))
				} else if i == 55 {
					r.wrote(&rtcp.TransportLayerNack{MediaSSRC: 20, Nacks: []rtcp.NackPair{{PacketID: 50}}})
					packet(50, 50*3600, true, vp8Inter)
				}
				r.clock = r.clock.Add(40 * time.Millisecond)
			}
			in, _ := r.rec.Snapshot()
			if d := in[0]; *d.Jitter != 0 || *d.PacketsLost != 1 || *d.PacketsRepaired != 1 || *d.FramesReceived != 100 ||
				(*d.NACKCount == 0) != rtx {
				t.Errorf("jitter %v, lost %d, repaired %d, frames %d, NACKs %d",
					*d.Jitter, *d.PacketsLost, *d.PacketsRepaired, *d.FramesReceived, *d.NACKCount)
			}
		})
	}
}

func TestOutbound(t *testing.T) {
	r := newHarness(t)
	send := r.leaves(vp8Stream)
	r.rec.SetMid(20, "1")
	if diff := cmp.Diff(counted(diag.OutboundRTP{Kind: "video", SSRC: 20, Mid: "1", MimeType: "video/VP8"}), r.outbound()); diff != "" {
		t.Error("before the first packet:", diff)
	}
	send(20, 65535, false, vp8Key)
	r.outbound()
	send(20, 0, true, []byte{0x00, 1})
	send(20, 1, true, vp8Inter)
	send(21, 7, true, append([]byte{0, 1}, vp8Inter...)) // RTX
	send(20, 0, true, []byte{0x00, 1})                   // a retransmission without RTX
	send(99, 0, true, []byte{1})                         // forward error correction
	r.clock = r.clock.Add(time.Second)
	want := diag.OutboundRTP{
		Sizes: []diag.PacketSizes{{Sent: 3}},
		Kind:  "video", SSRC: 20, Mid: "1", MimeType: "video/VP8",
		PacketsSent: new(uint64(5)), BytesSent: new(uint64(11 + 2 + 4 + 4 + 2)), HeaderBytesSent: new(uint64(5*12 + 2)), RetransmittedPacketsSent: new(uint64(2)),
		Bitrate:    new(12 * 8.0),
		FramesSent: new(uint32(2)), KeyFramesSent: new(uint32(1)), FramesPerSecond: new(2.0),
		FrameWidth: new(uint16(320)), FrameHeight: new(uint16(240)), LastPacketSentAgo: new(1.0),
	}
	if diff := cmp.Diff(counted(want), r.outbound(), about); diff != "" {
		t.Error(diff)
	}
	r.sees(
		diag.FirstPacket{Direction: diag.Outbound, Kind: "video", SSRC: 20},
		diag.FirstFrame{Direction: diag.Outbound, Kind: "video", SSRC: 20, Width: 320, Height: 240, KeyFrame: true},
	)
}

func TestWhatIsNotSentIsNotCounted(t *testing.T) {
	r := newHarness(t)
	n, fail := 0, error(nil)
	w := r.tap.BindLocalStream(vp8Stream, interceptor.RTPWriterFunc(
		func(*rtp.Header, []byte, interceptor.Attributes) (int, error) { return n, fail }))
	write := func() error {
		_, err := w.Write(&rtp.Header{SSRC: 20}, vp8Key, nil)
		return err
	}
	if err := write(); err != nil { // not connected yet
		t.Error(err)
	}
	n, fail = 20, io.ErrClosedPipe
	if err := write(); err == nil {
		t.Error("the error is lost")
	}
	if got := *r.outbound().PacketsSent; got != 0 {
		t.Errorf("%d packets sent", got)
	}
}

func TestCodecsAsNegotiated(t *testing.T) {
	r := newHarness(t)
	r.rec.SetCodec(102, "video/H264", 90000)
	r.rec.SetCodec(200, "video/VP9", 90000) // no payload type
	announced := *vp8Stream
	announced.PayloadType = 102
	packet := r.arrives(&announced)
	packet(1, 0, true, []byte{0x65, 0x88})
	row := r.inbound()
	if row.MimeType != "video/H264" || *row.KeyFramesReceived != 1 {
		t.Errorf("%s, %d key frames", row.MimeType, *row.KeyFramesReceived)
	}

	announced.PayloadType, announced.SSRC = 13, 40 // not negotiated
	packet = r.arrives(&announced)
	packet(1, 0, true, vp8Key)
	packet(2, 50, true, vp8Key)
	in, _ := r.rec.Snapshot()
	if row := in[1]; *row.PacketsReceived != 2 || row.Jitter != nil || row.KeyFramesReceived != nil || row.Kind != "video" {
		t.Errorf("a payload type that was not negotiated: %+v", row)
	}
}

func TestGarbageIsPassedOnAndNotCounted(t *testing.T) {
	r := newHarness(t)
	reader := r.tap.BindRemoteStream(opusStream, interceptor.RTPReaderFunc(
		func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
			return copy(b, "garbage"), a, nil
		}))
	b := make([]byte, 100)
	if n, _, err := reader.Read(b, nil); err != nil || string(b[:n]) != "garbage" {
		t.Errorf("%q, %v", b[:n], err)
	}
	rtcpReader := r.tap.BindRTCPReader(interceptor.RTCPReaderFunc(
		func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
			return copy(b, "garbage"), a, nil
		}))
	if n, _, err := rtcpReader.Read(b, nil); err != nil || n != 7 {
		t.Errorf("%d, %v", n, err)
	}
	if row := r.inbound(); *row.PacketsReceived != 0 {
		t.Errorf("%d packets", *row.PacketsReceived)
	}
}

func TestStreamsAreBounded(t *testing.T) {
	r := newHarness(t)
	bind := func(ssrc uint32) {
		r.arrives(&interceptor.StreamInfo{SSRC: ssrc, MimeType: "audio/opus", ClockRate: 48000})(1, 1, false, nil)
	}
	for i := range uint32(3 * maxStreams) {
		bind(i)
		r.leaves(&interceptor.StreamInfo{SSRC: i + 1000, MimeType: "audio/opus"})(i+1000, 1, false, nil)
		r.arrives(&interceptor.StreamInfo{SSRC: i + 2000, MimeType: "video/rtx"})
	}
	for i := range uint32(1000) {
		r.rec.SetMid(i, "0")
	}
	in, out := r.rec.Snapshot()
	if len(r.rec.mids) != 2*maxStreams {
		t.Errorf("%d media sections", len(r.rec.mids))
	}
	if len(in) != maxStreams || len(out) != maxStreams || len(r.rec.repairs) != 0 {
		t.Fatalf("%d inbound, %d outbound, %d RTX", len(in), len(out), len(r.rec.repairs))
	}
	if in[0].SSRC != 1 || in[1].SSRC != 2 {
		t.Errorf("the first streams are %d, %d", in[0].SSRC, in[1].SSRC)
	}

	// A stream that ended stays until its place is needed, one that never came does not.
	r.tap.UnbindRemoteStream(&interceptor.StreamInfo{SSRC: 5})
	r.tap.UnbindLocalStream(&interceptor.StreamInfo{SSRC: 1005})
	if in, out := r.rec.Snapshot(); len(in) != maxStreams || len(out) != maxStreams {
		t.Errorf("%d inbound, %d outbound", len(in), len(out))
	}
	bind(9999)
	r.leaves(&interceptor.StreamInfo{SSRC: 9998, MimeType: "audio/opus"})
	in, out = r.rec.Snapshot()
	if in[maxStreams-1].SSRC != 9999 || out[maxStreams-1].SSRC != 9998 || in[4].SSRC != 6 {
		t.Errorf("the last are %d, %d; the fifth is %d", in[maxStreams-1].SSRC, out[maxStreams-1].SSRC, in[4].SSRC)
	}
	r.tap.UnbindLocalStream(&interceptor.StreamInfo{SSRC: 9998})
	if _, out := r.rec.Snapshot(); len(out) != maxStreams-1 {
		t.Errorf("%d outbound", len(out))
	}
}

func TestAStreamThatComesBackGoesOn(t *testing.T) {
	r := newHarness(t)
	r.arrives(vp8Stream)(1, 0, true, vp8Key)
	r.arrives(rtxStream)
	r.tap.UnbindRemoteStream(vp8Stream)
	r.tap.UnbindRemoteStream(rtxStream)
	r.arrives(vp8Stream)(3, 7200, true, vp8Inter)
	r.arrives(rtxStream)(9, 3600, true, append([]byte{0, 2}, vp8Inter...))
	if row := r.inbound(); *row.PacketsReceived != 3 || *row.PacketsLost != 1 || *row.PacketsRepaired != 1 || *row.RetransmittedPackets != 1 {
		t.Errorf("%d packets, %d lost, %d retransmitted", *row.PacketsReceived, *row.PacketsLost, *row.RetransmittedPackets)
	}
}

func TestPeerThatPausedIsNotFrozen(t *testing.T) {
	for _, paused := range []bool{true, false} {
		r := newHarness(t)
		packet := r.arrives(vp8Stream)
		seq := uint16(0)
		frame := func(gap time.Duration) {
			r.clock = r.clock.Add(gap)
			packet(seq, uint32(seq)*3600, true, vp8Inter)
			seq++
		}
		for range 40 {
			frame(40 * time.Millisecond)
		}
		r.rec.SetPaused(KindAudio, true)
		if paused {
			r.rec.SetPaused(KindVideo, true)
			r.rec.SetPaused(KindVideo, false)
		}
		frame(3 * time.Second)
		if got := *r.inbound().FreezeCount; (got == 0) != paused {
			t.Errorf("paused %v: %d freezes", paused, got)
		}
	}
}
