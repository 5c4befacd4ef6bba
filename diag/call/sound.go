package call

import (
	"math"
	"time"

	"dialtone/diag"
)

const (
	// QuietAfter is how many seconds of nothing but silence or noise are more than a pause between words.
	QuietAfter = 1.5
	// staleAfter is how old the latest statistics of the peer may be; they come once a second.
	staleAfter = 5 * time.Second
	// quietShare is how much of the connection they must be to be all that came.
	quietShare = 0.6
	// ToneLeast is how many seconds a tone must have been heard to be a test tone.
	ToneLeast = 2
)

// Quiet is a time up to now in which audio held nothing but silence, or noise.
type Quiet struct {
	For     time.Duration
	Noise   bool // else silence
	Whole   bool // it is most of the connection
	Level   *float64
	Comfort uint64 // packets of comfort noise, in all
}

// Heard is the audio that a side receives: here, or at a peer that reports its statistics. Nil before the first sample
// of it.
func (c *Call) Heard(direction diag.Direction) []diag.InboundRTP {
	var in []diag.InboundRTP
	if direction == diag.Outbound {
		if n := len(c.RemoteSamples); n > 0 && c.Now-c.RemoteSamples[n-1].At < staleAfter {
			in = c.RemoteSamples[n-1].Inbound
		}
	} else if s := c.Latest(); s != nil {
		in = s.Inbound
	}
	var out []diag.InboundRTP
	for _, s := range in {
		if s.Kind == "audio" && s.Sound != nil && !continued(in, s) {
			out = append(out, s)
		}
	}
	return out
}

// Quiet reports whether all audio that a side receives holds nothing but silence or noise, for longer than a pause.
func (c *Call) Quiet(direction diag.Direction) (Quiet, bool) {
	heard := c.Heard(direction)
	if len(heard) == 0 || c.ConnectedAt == nil {
		return Quiet{}, false
	}
	var q Quiet
	for i, in := range heard {
		seconds := max(in.Sound.SilentFor, in.Sound.NoiseFor)
		if seconds < QuietAfter {
			return Quiet{}, false
		}
		if d := diag.SecondsOf(seconds); i == 0 || d < q.For {
			q.For = d
		}
		if in.Sound.NoiseFor > in.Sound.SilentFor {
			q.Noise, q.Level = true, in.AudioLevel
		}
		q.Comfort += in.Sound.ComfortNoisePackets
	}
	q.Whole = q.For.Seconds() >= quietShare*c.UpTime().Seconds()
	return q, true
}

// IsSilent reports whether all inbound audio since early in the connection is silence or noise.
func (c *Call) IsSilent(kind string) bool {
	q, quiet := c.Quiet(diag.Inbound)
	return kind == "audio" && quiet && q.Whole
}

// TestTone is the tone in the audio that a side receives, if it was heard for so long that it is no music; nil else.
func (c *Call) TestTone(direction diag.Direction) *diag.Tone {
	for _, in := range c.Heard(direction) {
		if t := in.Sound.Tone; t != nil && t.Duration >= ToneLeast && t.DropoutsDuration <= t.Duration/2 {
			return t
		}
	}
	return nil
}

// excuses is the least share of the tone that was dropped for which a stall that was seen explains it.
const excuses = 0.5

// DropoutsOfStalls counts the interruptions of a test tone, without those by lost packets, that came while this program
// did not run: what is known of their time is between which two samples they were counted. The peer's samples come up
// to a second later.
func (c *Call) DropoutsOfStalls(direction diag.Direction) (n uint32) {
	var from time.Duration
	before := map[uint32]diag.Tone{} // by SSRC
	add := func(in []diag.InboundRTP, to time.Duration) {
		for _, s := range in {
			if s.Kind != "audio" || s.Sound == nil || s.Sound.Tone == nil {
				continue
			}
			t, last := *s.Sound.Tone, before[s.SSRC]
			if before[s.SSRC] = t; t.Dropouts < last.Dropouts {
				last = diag.Tone{} // another tone took its place
			}
			own := int64(t.Dropouts) - int64(last.Dropouts) - int64(t.DropoutsOfLoss) + int64(last.DropoutsOfLoss)
			dropped := diag.SecondsOf(t.DropoutsDuration - last.DropoutsDuration)
			stalled := c.Machine.Stalled(from-dropped-time.Second, to)
			if own > 0 && stalled.Seconds() >= excuses*dropped.Seconds() {
				n += uint32(own) // #nosec G115 -- at most those of the tone
			}
		}
		from = to
	}
	if direction == diag.Inbound {
		for _, s := range c.Samples {
			add(s.Inbound, s.At)
		}
	} else {
		for _, s := range c.RemoteSamples {
			add(s.Inbound, s.At)
		}
	}
	return n
}

// listen adds what is heard to the sum of a direction.
func (s *Stream) listen(c *Call, direction diag.Direction) {
	s.Tone = c.TestTone(direction)
	var energy, seconds float64
	for _, in := range c.Heard(direction) {
		energy, seconds = energy+diag.OrZero(in.TotalAudioEnergy), seconds+diag.OrZero(in.TotalSamplesDuration)
	}
	if seconds > 0 {
		s.Level = new(math.Sqrt(max(energy, 0) / seconds))
	}
}
