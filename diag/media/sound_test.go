package media

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"

	"dialtone/diag"
)

// tones plays the clip of a codec to a recorder.
type tones struct {
	*harness
	clip   *Clip
	packet func(seq uint16, ts uint32, marker bool, payload []byte)
	seq    uint16
	at     time.Duration
	index  int
	clock  float64 // rate of the timestamps
}

func playTones(t *testing.T, name string) *tones {
	t.Helper()
	c := CodecOf(name)
	clip, err := c.ReadClip()
	if err != nil {
		t.Fatal(err)
	}
	info := &interceptor.StreamInfo{SSRC: 10, MimeType: c.MimeType(), ClockRate: c.ClockRate, PayloadType: c.PayloadType}
	p := &tones{harness: newHarness(t), clip: clip, clock: float64(c.ClockRate)}
	p.packet = p.arrives(info)
	return p
}

// play plays n frames: the clip, silence in its place, or what is lost.
func (p *tones) play(n int, silent, lost func(i int) bool) {
	for i := range n {
		f := p.clip.frames[p.index%len(p.clip.frames)]
		data := f.data
		if silent(i) {
			data = p.clip.Codec.mute(len(data))
		}
		if !lost(i) {
			p.packet(p.seq, uint32(p.at.Seconds()*p.clock+0.5), false, data)
		}
		p.seq++
		p.index++
		p.at += f.length
		p.harness.clock = p.harness.clock.Add(f.length)
	}
}

func never(int) bool  { return false }
func always(int) bool { return true }

// TestToneOfClips: the tone that dialtone sends is recognized as what it is, over the seam of each clip and with loss, and
// each dropout is as long as it was.
func TestToneOfClips(t *testing.T) {
	for _, name := range []string{"opus", "PCMU", "PCMA"} {
		p := playTones(t, name)
		p.play(1100, never, never)
		for range 3 {
			p.play(2, always, never)
			p.play(100, never, never)
		}
		for range 2 {
			p.play(3, never, always)
			p.play(100, never, never)
		}
		d := p.inbound()
		if d.Sound == nil || d.Sound.Tone == nil {
			t.Fatalf("%s: %+v", name, d)
		}
		tone := *d.Sound.Tone
		if math.Abs(tone.Frequency-440) > 0.3 || tone.Dropouts != 5 || tone.DropoutsOfLoss != 2 ||
			math.Abs(tone.DropoutsDuration-0.24) > 0.035 || math.Abs(tone.LongestDropout-0.06) > 0.001 || tone.AbsentFor > 0 {
			t.Errorf("%s: %+v", name, tone)
		}
		if level := 20 * math.Log10(*d.AudioLevel); math.Abs(level+21.1) > 0.2 { // ffmpeg's sine: 1/8 of full scale
			t.Errorf("%s: %v dBFS", name, level)
		}
		if d.Sound.ClippedDuration > 0 || d.Sound.SilentFor > 0 || d.Sound.NoiseFor > 0 {
			t.Errorf("%s: %+v", name, *d.Sound)
		}
	}
}

// TestToneWithLoss: of 5 % that is lost, nothing else is made.
func TestToneWithLoss(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 10 {
		lost := uint64(0)
		p := playTones(t, "opus")
		p.play(100, never, never)
		p.play(1500, never, func(int) bool {
			if random.Float64() < 0.05 {
				lost++
				return true
			}
			return false
		})
		p.play(1, never, never)
		tone := p.inbound().Sound.Tone
		if tone.Dropouts != tone.DropoutsOfLoss || math.Abs(tone.DropoutsDuration-float64(lost)*0.02) > 0.03 {
			t.Errorf("%d packets lost: %+v", lost, tone)
		}
	}
}

// TestClockOfAudio: timestamps of another rate show after a second, before times of arrival can.
func TestClockOfAudio(t *testing.T) {
	for clock, want := range map[float64]float64{48000: 0, 8000: 8000, 44100: 44100, 96000: 96000, 48010: 0} {
		p := playTones(t, "opus")
		p.clock = clock
		p.play(50, never, never)
		d := p.inbound()
		if got := diag.OrZero(d.TimestampRate); got != want {
			t.Errorf("%v Hz: %v", clock, got)
		}
		if d.Sound.Tone == nil || d.Sound.Tone.Dropouts > 0 {
			t.Errorf("%v Hz: tone %+v", clock, d.Sound.Tone)
		}
	}
	p := playTones(t, "opus") // a packet of 20 ms every 40 ms is no clock of twice the rate
	for range 100 {
		p.play(1, never, never)
		p.at += 20 * time.Millisecond
		p.harness.clock = p.harness.clock.Add(20 * time.Millisecond)
	}
	if d := p.inbound(); d.TimestampRate != nil && *d.TimestampRate != 48000 {
		t.Errorf("seldom: %v", *d.TimestampRate)
	}
}

// TestStatedLevel: the level in the header extension counts for a codec that is not decoded.
func TestStatedLevel(t *testing.T) {
	for name, test := range map[string]struct {
		profile uint16
		id      uint8
		want    float64
	}{
		"one byte": {0xbede, 3, 0.1}, "two bytes": {0x1000, 3, 0.1}, "another number": {0xbede, 4, 0},
	} {
		r := newHarness(t)
		r.rec.SetLevels(3)
		p := rtp.Packet{Header: rtp.Header{Version: 2, SSRC: 9, PayloadType: 9, Extension: true, ExtensionProfile: test.profile}, Payload: make([]byte, 160)}
		if err := p.SetExtension(test.id, []byte{0x80 | 20}); err != nil {
			t.Fatal(err)
		}
		wire, err := p.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		info := &interceptor.StreamInfo{SSRC: 9, MimeType: "audio/G722", ClockRate: 8000, PayloadType: 9}
		reader := r.tap.BindRemoteStream(info, interceptor.RTPReaderFunc(
			func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
				return copy(b, wire), a, nil
			}))
		if _, _, err := reader.Read(make([]byte, 1500), nil); err != nil {
			t.Fatal(err)
		}
		if got := diag.OrZero(r.inbound().AudioLevel); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// BenchmarkListen is one packet of 20 ms, decoded and measured: 20 ms / ns/op is how many calls fill a core.
func BenchmarkListen(b *testing.B) {
	for _, name := range []string{"opus", "PCMU"} {
		b.Run(name, func(b *testing.B) {
			clip, err := CodecOf(name).ReadClip()
			if err != nil {
				b.Fatal(err)
			}
			rec := NewRecorder(time.Now, nil)
			s := newInbound(rec, &interceptor.StreamInfo{SSRC: 1, MimeType: clip.Codec.MimeType(), ClockRate: clip.Codec.ClockRate})
			b.ReportAllocs()
			now, i := time.Now(), 0
			for b.Loop() {
				s.listen(int64(i), header{timestamp: uint32(i) * clip.Codec.ClockRate / 50, payload: clip.frames[i%len(clip.frames)].data}, now)
				now = now.Add(20 * time.Millisecond)
				i++
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/20e6*100, "%core/call")
		})
	}
}

// TestOtherFormatBetween: packets of another format, such as those of keys that were pressed, interrupt no tone, and
// neither does the decoder that begins after them.
func TestOtherFormatBetween(t *testing.T) {
	p := playTones(t, "opus")
	p.rec.SetCodec(CodecOf("opus").PayloadType, "audio/opus", 48000)
	keys := *opusStream
	keys.PayloadType = 126
	opus, key := p.packet, p.arrives(&keys)
	for i := range 9 {
		p.packet = opus
		p.play(90-i, never, never)
		p.packet = key
		p.play(10, never, never)
	}
	if d := p.inbound(); d.Sound == nil || d.Sound.Tone == nil || d.Sound.Tone.Dropouts > 0 || d.Unagreed.Packets != 90 {
		t.Errorf("%+v, %+v", d.Sound.Tone, d.Unagreed)
	}
}
