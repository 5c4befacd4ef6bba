package media

import (
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"

	"dialtone/diag"
)

// TestPaddingOfAudio: browsers probe the bandwidth with packets that hold nothing. Their numbers are between those of
// media, and their timestamps anywhere.
func TestPaddingOfAudio(t *testing.T) {
	p := playTones(t, "opus")
	p.play(100, never, never)
	for range 3 {
		p.packet(p.seq, 1<<30, false, nil)
		p.seq++
	}
	p.play(100, never, never)
	in, _ := p.rec.Snapshot()
	switch s := in[0]; {
	case *s.PacketsReceived != 203 || *s.PacketsLost != 0:
		t.Errorf("%d packets, %d lost", *s.PacketsReceived, *s.PacketsLost)
	case *s.TimestampJumps != 0 || *s.Jitter > 0.001:
		t.Errorf("%d jumps, jitter %v s", *s.TimestampJumps, *s.Jitter)
	case s.Sound.Tone == nil || s.Sound.Tone.Dropouts != 0:
		t.Errorf("%+v", s.Sound.Tone)
	}
}

// TestSenderSays: reports and a goodbye after the last packet.
func TestSenderSays(t *testing.T) {
	h := newHarness(t)
	packet := h.arrives(&interceptor.StreamInfo{SSRC: 10, MimeType: "video/VP8", ClockRate: 90000, PayloadType: 96})
	report := func(count uint32) {
		h.clock = h.clock.Add(time.Second)
		h.read(1, &rtcp.SenderReport{SSRC: 10, PacketCount: count})
	}
	report(0)
	packet(1, 0, true, []byte{0x10, 0, 0, 0})
	report(1)
	report(1)
	h.read(1, &rtcp.Goodbye{Sources: []uint32{10}})
	if in, _ := h.rec.Snapshot(); in[0].SentSince == nil || *in[0].SentSince != (diag.SentSince{Over: 1}) || !in[0].Goodbye {
		t.Errorf("%+v", in[0])
	}
	packet(2, 90, true, []byte{0x10, 0, 0, 0})
	if in, _ := h.rec.Snapshot(); in[0].SentSince != nil || in[0].Goodbye {
		t.Errorf("after a packet: %+v", in[0])
	}
}
