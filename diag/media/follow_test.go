package media

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pion/interceptor"
	"github.com/pion/rtp"

	"dialtone/diag"
)

// sentFrames are the packets of the clip of a codec, by frame, twice around.
func sentFrames(t *testing.T, c *Codec) [][]rtp.Packet {
	t.Helper()
	clip, err := c.ReadClip()
	if err != nil {
		t.Fatal(err)
	}
	var out [][]rtp.Packet
	w := &collectedPackets{}
	p := NewPlayer(clip, w)
	for range 2 * len(clip.frames) {
		w.list = nil
		if err := p.sendFrame(); err != nil {
			t.Fatal(err)
		}
		out = append(out, w.list)
	}
	return out
}

type collectedPackets struct{ list []rtp.Packet }

func (c *collectedPackets) WriteRTP(p *rtp.Packet) error {
	q := *p
	q.Payload = append([]byte{}, p.Payload...)
	c.list = append(c.list, q)
	return nil
}

// TestClipFrames: what became of each frame of the clip is counted exactly, for each codec that has one.
func TestClipFrames(t *testing.T) {
	all := func(frames [][]rtp.Packet) (out []rtp.Packet) {
		for _, f := range frames {
			out = append(out, f...)
		}
		return out
	}
	for name, tt := range map[string]struct {
		arrive func(f [][]rtp.Packet) []rtp.Packet
		want   diag.ClipFrames
	}{
		"all": {all, diag.ClipFrames{Received: 200}},
		"three are lost": {
			func(f [][]rtp.Packet) []rtp.Packet { return append(all(f[:120]), all(f[123:])...) },
			diag.ClipFrames{Received: 197, Skipped: 3},
		},
		"those before a key frame are lost": {
			func(f [][]rtp.Packet) []rtp.Packet { return append(all(f[:45]), all(f[50:])...) },
			diag.ClipFrames{Received: 195, Skipped: 5},
		},
		"one comes after the next": {
			func(f [][]rtp.Packet) []rtp.Packet {
				return append(append(append(all(f[:60]), f[61]...), f[60]...), all(f[62:])...)
			},
			diag.ClipFrames{Received: 200, Late: 1},
		},
		"one packet comes twice": {
			func(f [][]rtp.Packet) []rtp.Packet { return append(append(all(f[:60]), f[60][0]), all(f[60:])...) },
			diag.ClipFrames{Received: 200},
		},
	} {
		for _, codec := range Codecs {
			if codec.Kind != KindVideo || codec.Clip == "" {
				continue
			}
			r := newHarness(t)
			keys := 0
			r.rec.OnKeyFrame(func(Frame) { keys++ })
			packet := r.arrives(&interceptor.StreamInfo{SSRC: 20, PayloadType: codec.PayloadType, MimeType: codec.MimeType(), ClockRate: 90000})
			for _, p := range tt.arrive(sentFrames(t, codec)) {
				r.clock = r.clock.Add(40 * time.Millisecond)
				packet(p.SequenceNumber, p.Timestamp, p.Marker, p.Payload)
			}
			if diff := cmp.Diff(&tt.want, r.inbound().ClipFrames); diff != "" {
				t.Errorf("%s, %s: %s", codec.Name, name, diff)
			}
			if keys != 4 {
				t.Errorf("%s, %s: %d key frames were handed on", codec.Name, name, keys)
			}
		}
	}
}

// TestClipGoesOnElsewhere: a player that is asked for a key frame jumps there; no frame was skipped on the way.
func TestClipGoesOnElsewhere(t *testing.T) {
	f := sentFrames(t, CodecOf("VP8"))
	r := newHarness(t)
	r.rec.OnKeyFrame(func(Frame) {})
	packet := r.arrives(vp8Stream)
	seq, ts := uint16(0), uint32(0)
	for _, frames := range [][][]rtp.Packet{f[:10], f[50:60], f[59:61]} {
		for _, frame := range frames {
			ts += 3600
			for _, p := range frame {
				packet(seq, ts, p.Marker, p.Payload)
				seq++
			}
		}
	}
	if diff := cmp.Diff(&diag.ClipFrames{Received: 22, Cuts: 1, Repeated: 1}, r.inbound().ClipFrames); diff != "" {
		t.Error(diff)
	}
}

// TestOtherVideoIsNotTheClip: nothing is said of frames that are not of the clip, and no more of it is kept than is bounded.
func TestOtherVideoIsNotTheClip(t *testing.T) {
	r := newHarness(t)
	r.rec.OnKeyFrame(func(Frame) {})
	packet := r.arrives(vp8Stream)
	for i := range 20000 {
		packet(uint16(i), uint32(i/1000)*3600, false, append([]byte{0x10}, make([]byte, 1100)...))
	}
	if row := r.inbound(); row.ClipFrames != nil {
		t.Errorf("%+v", row.ClipFrames)
	}
	if c := &r.rec.in.order[0].collector; c.length > maxCollected {
		t.Errorf("%d bytes are kept", c.length)
	}
}
