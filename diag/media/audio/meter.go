package audio

import (
	"math"
	"strings"
	"time"

	"dialtone/diag"
)

const (
	budgetTime  = time.Second // of sound, over which the cost is watched
	budgetShare = 0.1         // of the time that decoding may take: ten times what it costs on a machine that is not busy
	restTime    = 10 * time.Second
	maxPause    = 10 * time.Second // of timestamps; a longer one is a jump
)

// Meter listens to one stream. It is for one goroutine at a time.
type Meter struct {
	now func() time.Time

	order   order
	sound   sound
	name    string // of the codec
	format  format
	decoder decoder

	played    bool
	last      Packet // without its payload
	lastLen   time.Duration
	source    diag.SoundSource // of the last packet
	known     bool             // anything was measured
	comfort   uint64           // packets
	undecoded uint64
	energy    float64       // at the last call of Sound
	measured  time.Duration // likewise

	spent   time.Duration // of the processor, since the cost was looked at
	decoded time.Duration // of sound, likewise
	rested  time.Time     // until then nothing is decoded
	missed  time.Duration // of sound that was not decoded for that
}

// NewMeter returns a meter with a clock, for what decoding costs.
func NewMeter(now func() time.Time) *Meter { return &Meter{now: now} }

// Restart says that the numbers of the stream begin anew.
func (m *Meter) Restart() {
	m.order.restart()
	m.played = false
}

// Pause says that the sender muted or unmuted: the silence is no dropout of its tone, and ends with that.
func (m *Meter) Pause(paused bool) {
	m.sound.tone.pause(paused)
	if !paused {
		m.sound.loud()
	}
}

// Add takes a packet as it arrives.
func (m *Meter) Add(p Packet) { m.order.add(p, m.play) }

// play listens to a packet in its turn.
func (m *Meter) play(p *Packet, missing int64) {
	if m.name != p.Codec && !isComfort(p.Codec) {
		m.name, m.format = p.Codec, formatOf(p.Codec)
		m.sound.tone.excused = true // a decoder that begins needs a moment
		m.decoder = nil
		if m.format.make != nil {
			m.decoder = m.format.make()
		}
	}
	if missing > 0 && m.played {
		m.sound.absent(time.Duration(min(missing, 1000))*m.lastLen, true)
	} else if d := m.pause(p); d > 0 {
		m.sound.absent(d, false)
	}
	if len(p.Payload) == 0 { // padding
		return
	}
	length := m.listen(p)
	m.played, m.lastLen = true, length
	m.last = *p
	m.last.Payload = nil
}

func isComfort(name string) bool { return strings.EqualFold(name, "CN") }

// pause is the time between the end of the last packet and this one, in which the sender sent nothing on purpose. The
// time of arrival must agree: a clock of another rate is no pause.
func (m *Meter) pause(p *Packet) time.Duration {
	if !m.played || p.ClockRate == 0 {
		return 0
	}
	ticks := int32(p.Timestamp - m.last.Timestamp) // #nosec G115 -- the difference wraps by intent
	step := time.Duration(ticks) * time.Second / time.Duration(p.ClockRate)
	d, arrived := step-m.lastLen, p.At.Sub(m.last.At)-m.lastLen
	if d < blockLength || d > maxPause || arrived < d/2 {
		return 0
	}
	return d
}

// listen measures a packet and returns its length.
func (m *Meter) listen(p *Packet) time.Duration {
	if isComfort(p.Codec) { // RFC 3389; the next packet's timestamp says how long it lasts
		m.comfort++
		m.known, m.source = true, diag.SoundCoding
		m.sound.comfort(0)
		return 0
	}
	if m.format.length == nil {
		m.undecoded++
		return m.stated(p, m.lastLen)
	}
	length := m.format.length(p.Payload)
	if strings.EqualFold(p.Codec, "opus") {
		switch {
		case pausesOpus(p.Payload):
			m.comfort++
			m.known, m.source = true, diag.SoundCoding
			m.sound.comfort(length)
			return length
		case silentOpus(p.Payload):
			m.known, m.source = true, diag.SoundCoding
			m.sound.coded(length)
			return length
		}
	}
	if m.decode(p, length) {
		m.known, m.source = true, diag.SoundDecoder
		return length
	}
	return m.stated(p, length)
}

// decode reports whether the packet was decoded.
func (m *Meter) decode(p *Packet, length time.Duration) bool {
	if m.decoder == nil {
		return false
	}
	if p.At.Before(m.rested) {
		m.missed += length
		return false
	}
	began := m.now()
	x, err := m.decoder.decode(p.Payload)
	if err != nil {
		m.undecoded++
		return false
	}
	m.sound.samples(x, m.format.rate, m.format.full)
	m.spent += m.now().Sub(began)
	if m.decoded += length; m.decoded >= budgetTime {
		if m.spent.Seconds() > budgetShare*m.decoded.Seconds() {
			m.rested = p.At.Add(restTime)
		}
		m.spent, m.decoded = 0, 0
	}
	return true
}

// stated measures a packet that is not decoded by the level that its sender states.
func (m *Meter) stated(p *Packet, length time.Duration) time.Duration {
	if !p.LevelStated {
		m.source = ""
		m.sound.unknown(length)
		return length
	}
	m.known, m.source = true, diag.SoundHeader
	if p.Level >= 127 {
		m.sound.coded(length)
		return length
	}
	rms := math.Pow(10, -float64(p.Level)/20)
	m.sound.peak = max(m.sound.peak, float32(rms))
	m.sound.add(length, rms*rms, rms, false)
	return length
}

// Report adds what was heard until now to the statistics of the stream; nothing before anything could be measured. The
// level is that of the time since the last call.
func (m *Meter) Report(d *diag.InboundRTP) {
	if !m.known {
		return
	}
	s := &m.sound
	d.Sound = &diag.Sound{
		Source: m.source, SilentFor: s.silent.Seconds(), NoiseFor: s.noise.Seconds(), ComfortNoisePackets: m.comfort,
		UndecodedPackets: m.undecoded, Paused: m.played && isComfort(m.last.Codec), RestedDuration: m.missed.Seconds(),
		ClippedDuration: s.clipped.Seconds(),
		Tone:            s.tone.stats(),
	}
	if d.Sound.Paused {
		d.Sound.NoiseFor += max(0, m.now().Sub(m.last.At)).Seconds()
	}
	d.TotalAudioEnergy, d.TotalSamplesDuration = new(s.energy), new(s.length.Seconds())
	if took := (s.measured - m.measured).Seconds(); took > 0 {
		d.AudioLevel = new(math.Sqrt(max(0, s.energy-m.energy) / took))
		d.Sound.Peak = new(float64(s.peak))
	}
	m.energy, m.measured, s.peak = s.energy, s.measured, 0
}
