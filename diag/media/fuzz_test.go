package media

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"
	"time"

	"dialtone/diag/media/clock"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

func FuzzPayloads(f *testing.F) {
	for _, s := range []string{"", "garbage", "\x80\x60\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x01\x10"} {
		f.Add([]byte(s))
	}
	f.Add(vp8Key)
	f.Add([]byte{0x67, 0x42, 0xc0, 0x0d, 0xd9, 0x01, 0x41, 0xfb, 0x01, 0x10})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, c := range Codecs {
			if c.parse != nil {
				c.parse(b)
			}
		}
		if len(b) < 1000 {
			_, _ = ReadFile(bytes.NewReader(b))
		}
		h, ok := parseRTP(b)
		if !ok {
			return
		}
		if h.overhead+len(h.payload) != len(b) {
			t.Errorf("%d bytes of header and %d of payload in %d", h.overhead, len(h.payload), len(b))
		}
		if o, ok := h.original(); ok && o.overhead+len(o.payload) != len(b) {
			t.Errorf("%d bytes of header and %d of payload in %d", o.overhead, len(o.payload), len(b))
		}
		var p rtp.Packet
		if p.Unmarshal(b) == nil && len(p.Payload) != len(h.payload) {
			t.Errorf("%d bytes of payload; pion sees %d", len(h.payload), len(p.Payload))
		}
	})
}

// FuzzRecorder takes its input for a script of a hostile peer: one byte says what to do, one how many bytes follow.
func FuzzRecorder(f *testing.F) {
	add := func(steps ...[]byte) {
		var script []byte
		for _, s := range steps {
			script = append(append(script, s[0], byte(len(s)-1)), s[1:]...)
		}
		f.Add(script)
	}
	rtpOf := func(op byte, seq uint16, payload []byte) []byte {
		b := []byte{op, 0x80, 0xe0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 20}
		binary.BigEndian.PutUint16(b[3:], seq)
		return append(b, payload...)
	}
	rr, err := rtcp.Marshal([]rtcp.Packet{
		&rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: 30, TotalLost: 0xffffff, LastSenderReport: 1, Delay: 5}}},
		&rtcp.FullIntraRequest{FIR: []rtcp.FIREntry{{SSRC: 30}, {SSRC: 20}}},
	})
	if err != nil {
		f.Fatal(err)
	}
	add(rtpOf(1, 65535, vp8Key), rtpOf(1, 2, vp8Inter), rtpOf(2, 9, append([]byte{0, 0}, vp8Inter...)), []byte{6, 200})
	add(rtpOf(0, 1, nil), rtpOf(0, 40000, nil), rtpOf(0, 40001, nil), []byte{5, 1}, append([]byte{3}, rr...), append([]byte{4}, rr...))
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > 1<<14 {
			return
		}
		p := newPuppet(t)
		for len(script) >= 2 {
			op, n := script[0], min(int(script[1]), len(script)-2)
			p.step(op, script[2:2+n])
			script = script[2+n:]
		}
		p.check()
	})
}

// puppet is a recorder whose network is the fuzzer.
type puppet struct {
	t       *testing.T
	rec     *Recorder
	tap     interceptor.Interceptor
	clock   time.Time
	wire    []byte
	buf     []byte
	readers []interceptor.RTPReader
	rtcpIn  interceptor.RTCPReader
	rtcpOut interceptor.RTCPWriter
	out     interceptor.RTPWriter
}

func newPuppet(t *testing.T) *puppet {
	p := &puppet{t: t, clock: time.Unix(1e9, 0), buf: make([]byte, 300)}
	p.rec = NewRecorder(func() time.Time { return p.clock }, nil)
	p.tap = &tap{rec: p.rec}
	for _, info := range []*interceptor.StreamInfo{opusStream, vp8Stream, rtxStream} {
		p.readers = append(p.readers, p.tap.BindRemoteStream(info, interceptor.RTPReaderFunc(p.read)))
	}
	p.rtcpIn = p.tap.BindRTCPReader(interceptor.RTCPReaderFunc(p.read))
	p.rtcpOut = p.tap.BindRTCPWriter(interceptor.RTCPWriterFunc(
		func([]rtcp.Packet, interceptor.Attributes) (int, error) { return 1, nil }))
	p.out = p.tap.BindLocalStream(&interceptor.StreamInfo{SSRC: 30, SSRCRetransmission: 31, MimeType: "video/H264", ClockRate: 90000},
		interceptor.RTPWriterFunc(func(*rtp.Header, []byte, interceptor.Attributes) (int, error) { return 1, nil }))
	return p
}

func (p *puppet) read(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
	return copy(b, p.wire), a, nil
}

func (p *puppet) step(op byte, data []byte) {
	p.wire = data
	var err error
	switch op % 8 {
	case 0, 1, 2:
		_, _, err = p.readers[op%8].Read(p.buf, nil)
	case 3:
		_, _, err = p.rtcpIn.Read(p.buf, nil)
	case 4:
		if pkts, bad := rtcp.Unmarshal(data); bad == nil {
			_, err = p.rtcpOut.Write(pkts, nil)
		}
	case 5:
		p.clock = p.clock.Add(time.Duration(len(data)) * 37 * time.Millisecond)
		p.check()
	case 6:
		var packet rtp.Packet
		if packet.Unmarshal(data) == nil {
			_, err = p.out.Write(&packet.Header, packet.Payload, nil)
		}
	case 7:
		if len(data) >= 4 {
			info := &interceptor.StreamInfo{SSRC: binary.BigEndian.Uint32(data), MimeType: "video/VP8", ClockRate: 90000}
			p.tap.BindRemoteStream(info, p.readers[0])
			p.tap.UnbindRemoteStream(info)
		}
	}
	if err != nil {
		p.t.Error(err)
	}
}

func (p *puppet) check() {
	p.t.Helper()
	in, out := p.rec.Snapshot()
	if len(in) > maxStreams || len(out) > maxStreams {
		p.t.Errorf("%d inbound, %d outbound", len(in), len(out))
	}
	within := func(what string, v *float64, most float64) {
		if v != nil && !(*v >= 0 && *v <= most) {
			p.t.Errorf("%s %v", what, *v)
		}
	}
	for _, s := range in {
		if s.PacketsLost != nil && *s.PacketsLost < 0 {
			p.t.Errorf("%d packets lost", *s.PacketsLost)
		}
		if s.KeyFramesReceived != nil && *s.KeyFramesReceived > *s.FramesReceived {
			p.t.Errorf("%d key frames of %d frames", *s.KeyFramesReceived, *s.FramesReceived)
		}
		if *s.PacketsDuplicated+*s.RetransmittedPackets > 2**s.PacketsReceived {
			p.t.Errorf("more duplicates and repairs than packets: %+v", s)
		}
		within("fraction lost", s.FractionLost, 1)
		within("jitter", s.Jitter, clock.MaxTransitStep.Seconds())
		within("round trip", s.RoundTripTime, 60)
		within("bitrate", s.Bitrate, math.MaxFloat64)
		within("frame rate", s.FramesPerSecond, math.MaxFloat64)
		within("freezes", s.TotalFreezesDuration, math.MaxFloat64)
		within("age", s.LastPacketReceivedAgo, math.MaxFloat64)
	}
	for _, s := range out {
		within("bitrate", s.Bitrate, math.MaxFloat64)
		if r := s.Remote; r != nil {
			within("remote fraction lost", r.FractionLost, 1)
			within("remote jitter", r.Jitter, 60)
			within("remote round trip", r.RoundTripTime, 60)
		}
	}
}
