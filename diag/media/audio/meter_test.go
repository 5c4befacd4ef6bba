package audio

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/zaf/g711"

	"dialtone/diag"
)

const frame = 20 * time.Millisecond

// source is sound at a time in seconds, −1 to 1.
type source func(s float64) float64

func sineOf(hz, amplitude float64) source {
	return func(s float64) float64 { return amplitude * math.Sin(2*math.Pi*hz*s) }
}

func noiseOf(rms float64) source {
	rnd := rand.New(rand.NewPCG(1, 2))
	return func(float64) float64 { return rms * rnd.NormFloat64() }
}

func quieter(of source, by float64) source { return func(s float64) float64 { return by * of(s) } }

// speech has syllables: harmonics of a voice that glides, with pauses in a room with some noise.
func speech() source {
	room, phase := noiseOf(2e-3), 0.0
	return func(s float64) float64 {
		phase += (120 + 40*math.Sin(s*5)) / 8000
		v := 0.0
		for h := 1.0; h < 20; h++ {
			v += math.Sin(2*math.Pi*h*phase) / h
		}
		return 0.2*v*max(0, math.Sin(s*9))*max(0, math.Sin(s*1.3)) + room(s)
	}
}

func ulaw(of source, at, length time.Duration) []byte {
	out := make([]byte, length*8000/time.Second)
	for i := range out {
		v := min(max(of(at.Seconds()+float64(i)/8000), -1), 1)
		out[i] = g711.EncodeUlawFrame(int16(v * 32767))
	}
	return out
}

// sender sends packets to a meter.
type sender struct {
	Packet
	now   time.Time
	step  time.Duration // of the clock with each look at it
	meter *Meter
}

func newSender(codec string, rate uint32) *sender {
	s := &sender{now: time.Unix(1000, 0), Packet: Packet{Codec: codec, ClockRate: rate, Seq: 65000}}
	s.meter = NewMeter(func() time.Time { s.now = s.now.Add(s.step); return s.now })
	return s
}

func (s *sender) send(payload []byte, length time.Duration) {
	s.At, s.Payload = s.now, payload
	s.meter.Add(s.Packet)
	s.skip(length)
	s.Seq++
}

func (s *sender) skip(length time.Duration) {
	s.Timestamp += uint32(length * time.Duration(s.ClockRate) / time.Second)
	s.now = s.now.Add(length)
}

// play sends a source for a time; what is lost does not arrive.
func (s *sender) play(of source, length time.Duration, lost ...func(i int) bool) {
	for i := range int(length / frame) {
		if len(lost) > 0 && lost[0](i) {
			s.skip(frame)
			s.Seq++
			continue
		}
		s.send(ulaw(of, s.now.Sub(time.Unix(1000, 0)), frame), frame)
	}
}

func (s *sender) heard() diag.InboundRTP {
	var d diag.InboundRTP
	s.meter.Report(&d)
	return d
}

func about(got, want, by float64) bool { return math.Abs(got-want) <= by }

func TestLevels(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		of             source
		level          float64
		silent, noise  bool
		clipped, tonal bool
	}{
		"tone":                       {of: sineOf(440, 0.125), level: 0.0884, tonal: true},
		"tone of 1 kHz at the limit": {of: sineOf(1000, 1), level: 0.70, tonal: true},
		"clipped tone":               {of: sineOf(300, 4), level: 0.91, clipped: true},
		"speech":                     {of: speech(), level: 0.0437},
		"quiet speech":               {of: quieter(speech(), 0.05), level: 0.00219},
		"very quiet speech":          {of: quieter(speech(), 0.01), level: 0.0004},
		"comfort noise":              {of: noiseOf(2e-3), level: 0.002, noise: true},
		"loud noise":                 {of: noiseOf(0.1), level: 0.1},
		"silence":                    {of: sineOf(440, 0), silent: true},
		"a constant is silence":      {of: func(float64) float64 { return 0.01 }, level: 0.01, silent: true},
		"hum is no tone":             {of: sineOf(50, 0.1), level: 0.07},
	} {
		s := newSender("pcmu", 8000)
		s.play(tt.of, 5*time.Second)
		d := s.heard()
		if d.Sound == nil || d.AudioLevel == nil || !about(*d.AudioLevel, tt.level, 0.1*tt.level+0.0005) {
			t.Errorf("%s: %+v, level %v", name, d.Sound, diag.OrZero(d.AudioLevel))
			continue
		}
		silent, noise, clipped := d.Sound.SilentFor > 4.9, d.Sound.NoiseFor > 4.8, d.Sound.ClippedDuration > 0.25
		if silent != tt.silent || noise != tt.noise || clipped != tt.clipped || (d.Sound.Tone != nil) != tt.tonal {
			t.Errorf("%s: %+v", name, d.Sound)
		}
		if !about(*d.TotalSamplesDuration, 5, 0.001) || !about(*d.TotalAudioEnergy, *d.AudioLevel**d.AudioLevel*5, 1e-6) {
			t.Errorf("%s: %v s, energy %v", name, *d.TotalSamplesDuration, *d.TotalAudioEnergy)
		}
		if again := s.heard(); again.AudioLevel != nil || again.Sound.Peak != nil {
			t.Errorf("%s: a level of no time: %v", name, *again.AudioLevel)
		}
	}
}

func TestTone(t *testing.T) {
	t.Parallel()
	tone := sineOf(440, 0.125)
	pieces := func(s *sender, drop func()) {
		for range 3 {
			s.play(tone, 2*time.Second)
			drop()
		}
		s.play(tone, 2*time.Second)
	}
	for name, tt := range map[string]struct {
		play func(s *sender)
		want diag.Tone
	}{
		"whole": {func(s *sender) { s.play(tone, 10*time.Second) }, diag.Tone{Frequency: 440, Duration: 10}},
		"another one": {
			func(s *sender) { s.play(sineOf(1234.5, 0.5), 10*time.Second) }, diag.Tone{Frequency: 1234.5, Duration: 10},
		},
		"in noise": {
			func(s *sender) {
				noise := noiseOf(0.02)
				s.play(func(at float64) float64 { return tone(at) + noise(at) }, 10*time.Second)
			}, diag.Tone{Frequency: 440, Duration: 10},
		},
		"three dropouts of 40 ms": {
			func(s *sender) { pieces(s, func() { s.play(sineOf(1, 0), 2*frame) }) },
			diag.Tone{Frequency: 440, Duration: 8, Dropouts: 3, DropoutsDuration: 0.12, LongestDropout: 0.04},
		},
		"by loss": {
			func(s *sender) {
				pieces(s, func() { s.play(tone, 2*frame, func(int) bool { return true }) })
			},
			diag.Tone{Frequency: 440, Duration: 8, Dropouts: 3, DropoutsOfLoss: 3, DropoutsDuration: 0.12, LongestDropout: 0.04},
		},
		"the sender sends nothing": {
			func(s *sender) { pieces(s, func() { s.skip(2 * frame) }) },
			diag.Tone{Frequency: 440, Duration: 8, Dropouts: 3, DropoutsDuration: 0.12, LongestDropout: 0.04},
		},
		"an outage": {
			func(s *sender) {
				s.play(tone, 2*time.Second)
				s.play(tone, 3*time.Second, func(int) bool { return true })
				s.play(tone, 2*time.Second)
			},
			diag.Tone{Frequency: 440, Duration: 4, Dropouts: 1, DropoutsOfLoss: 1, DropoutsDuration: 3, LongestDropout: 3},
		},
		"gone": {
			func(s *sender) { s.play(tone, 3*time.Second); s.play(noiseOf(2e-3), 2*time.Second) },
			diag.Tone{Frequency: 440, Duration: 3, AbsentFor: 2},
		},
	} {
		s := newSender("PCMU", 8000)
		tt.play(s)
		d := s.heard()
		if d.Sound == nil || d.Sound.Tone == nil {
			t.Errorf("%s: no tone", name)
			continue
		}
		got, w := *d.Sound.Tone, tt.want
		if !about(got.Frequency, w.Frequency, 0.3) || !about(got.Duration, w.Duration, 0.021) || got.Dropouts != w.Dropouts ||
			got.DropoutsOfLoss != w.DropoutsOfLoss || !about(got.DropoutsDuration, w.DropoutsDuration, 0.001) ||
			!about(got.LongestDropout, w.LongestDropout, 0.001) || !about(got.AbsentFor, w.AbsentFor, 0.011) {
			t.Errorf("%s: got %+v, want %+v", name, got, w)
		}
	}
}

func TestOrder(t *testing.T) {
	t.Parallel()
	s := newSender("PCMU", 8000)
	var held []Packet
	for i := range 500 {
		p := s.Packet
		p.At, p.Payload = s.now, ulaw(sineOf(440, 0.1), s.now.Sub(time.Unix(1000, 0)), frame)
		s.skip(frame)
		s.Seq++
		if held = append(held, p); i%4 == 3 { // in reverse, and one of them twice
			for _, j := range []int{3, 2, 1, 0, 2} {
				s.meter.Add(held[j])
			}
			held = nil
		}
	}
	if d := s.heard(); d.Sound.Tone.Dropouts != 0 || !about(*d.TotalSamplesDuration, 9.94, 0.001) { // the first three came too late
		t.Errorf("%+v, %v s", d.Sound.Tone, *d.TotalSamplesDuration)
	}
}

func TestWithoutDecoding(t *testing.T) {
	t.Parallel()
	level := func(dB uint8) func(*sender) {
		return func(s *sender) {
			for range 250 {
				s.Level, s.LevelStated = dB, true
				s.send(make([]byte, 160), frame)
			}
		}
	}
	for name, tt := range map[string]struct {
		codec  string
		rate   uint32
		play   func(s *sender)
		source diag.SoundSource
		silent float64
		noise  float64
		level  float64
	}{
		"stated level":           {"G722", 8000, level(20), diag.SoundHeader, 0, 0, 0.1},
		"stated silence":         {"G722", 8000, level(127), diag.SoundHeader, 5, 0, 0},
		"stated noise":           {"G722", 8000, level(60), diag.SoundHeader, 0, 5, 0.001},
		"silence of Opus":        {"opus", 48000, func(s *sender) { each(s, []byte{0xf8, 0xff, 0xfe}) }, diag.SoundCoding, 5, 0, 0},
		"pauses of Opus":         {"opus", 48000, func(s *sender) { each(s, []byte{0x08, 0x0b}) }, diag.SoundCoding, 0, 5, 0},
		"pauses of Opus at 0.4s": {"opus", 48000, rarely([]byte{0xf8}), diag.SoundCoding, 0, 5, 0},
		"comfort noise, seldom":  {"CN", 8000, rarely([]byte{60}), diag.SoundCoding, 0, 5.2, 0},
	} {
		s := newSender(tt.codec, tt.rate)
		tt.play(s)
		d := s.heard()
		if d.Sound == nil {
			t.Errorf("%s: nothing", name)
			continue
		}
		if d.Sound.Source != tt.source || d.Sound.Paused != (tt.codec == "CN") || !about(d.Sound.SilentFor, tt.silent, 0.01) || !about(d.Sound.NoiseFor, tt.noise, 0.41) ||
			!about(diag.OrZero(d.AudioLevel), tt.level, 1e-9) {
			t.Errorf("%s: %+v, level %v", name, *d.Sound, diag.OrZero(d.AudioLevel))
		}
	}
	unknown := newSender("G722", 8000)
	each(unknown, make([]byte, 160))
	if d := unknown.heard(); d.Sound != nil || d.AudioLevel != nil || d.TotalSamplesDuration != nil {
		t.Errorf("G722 that states no level: %+v", d)
	}
}

func each(s *sender, payload []byte) {
	for range 250 {
		s.send(payload, frame)
	}
}

// rarely sends a packet every 400 ms.
func rarely(payload []byte) func(s *sender) {
	return func(s *sender) {
		for range 13 {
			s.send(payload, 400*time.Millisecond)
		}
	}
}

// TestWrongClock: steps of timestamps that the times of arrival contradict are no pauses.
func TestWrongClock(t *testing.T) {
	t.Parallel()
	s := newSender("PCMU", 8000)
	for range 500 {
		s.send(ulaw(sineOf(440, 0.1), s.now.Sub(time.Unix(1000, 0)), frame), frame)
		s.Timestamp += 800 // six times as fast
	}
	if d := s.heard(); d.Sound.Tone == nil || d.Sound.Tone.Dropouts != 0 || !about(*d.TotalSamplesDuration, 10, 0.001) {
		t.Errorf("%+v", d.Sound)
	}
}

func TestGarbage(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(3, 4))
	s := newSender("opus", 48000)
	for range 2000 {
		b := make([]byte, rnd.IntN(200))
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		s.send(b, frame)
	}
	s.send([]byte{0xff, 0xff}, frame)
	if d := s.heard(); d.Sound == nil || *d.AudioLevel < 0 || *d.AudioLevel > 1 || math.IsNaN(*d.AudioLevel) {
		t.Errorf("%+v", d)
	}
}

// TestBusy: a machine on which decoding takes long decodes nothing for ten seconds.
func TestBusy(t *testing.T) {
	t.Parallel()
	s := newSender("PCMU", 8000)
	tone := sineOf(440, 0.1)
	s.play(tone, 2*time.Second)
	if d := s.heard(); d.Sound.Source != diag.SoundDecoder || d.Sound.Tone == nil {
		t.Fatalf("%+v", d.Sound)
	}
	s.step = 3 * time.Millisecond // a decoding takes as long
	s.play(tone, 2*time.Second)
	if d := s.heard(); d.Sound.Source != "" || d.Sound.Tone.Dropouts+uint32(d.Sound.Tone.AbsentFor) != 0 {
		t.Errorf("busy: %+v, %+v", d.Sound, d.Sound.Tone)
	}
	missed := s.heard().Sound.RestedDuration
	if missed < 0.8 || missed > 1.2 { // the first second of the two was decoded
		t.Errorf("%v s were not decoded", missed)
	}
	s.step = 0
	s.play(tone, 10*time.Second)
	if d := s.heard(); d.Sound.Source != diag.SoundDecoder || d.Sound.Tone.Dropouts != 0 ||
		d.Sound.RestedDuration < 9 || d.Sound.RestedDuration > 10.1 {
		t.Errorf("again: %+v, %+v", d.Sound, d.Sound.Tone)
	}
}

func FuzzMeter(f *testing.F) {
	f.Add([]byte{0xf8, 0xff, 0xfe}, uint16(1), uint32(960))
	f.Fuzz(func(t *testing.T, payload []byte, seq uint16, ts uint32) {
		s := newSender("opus", 48000)
		for range 3 {
			s.send(payload, frame)
			s.Seq += int64(seq)
			s.Timestamp += ts
		}
		if d := s.heard(); d.AudioLevel != nil && !(*d.AudioLevel >= 0) {
			t.Errorf("level %v", *d.AudioLevel)
		}
	})
}
