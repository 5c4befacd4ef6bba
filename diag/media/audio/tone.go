package audio

import (
	"math"
	"time"

	"dialtone/diag"
)

const (
	toneRate  = 8000            // Hz, of the samples that tones are looked for in
	toneBlock = toneRate / 100  // samples of 10 ms
	toneLow   = 200             // Hz: what is lower is hum
	toneHigh  = 3600            // Hz
	toneQuiet = 1e-3            // RMS: what is quieter is none
	purity    = 0.9             // share of the energy that one sine explains in a tone
	toneKnown = 50              // blocks until a tone is one
	toneApart = 0.03            // relative difference of the frequency of blocks of one tone
	toneWait  = 5 * time.Second // absence after which another tone may take its place
)

// sine is what a block holds of a frequency.
type sine struct {
	share float64 // of the energy, 0–1
	phase float64 // in the middle of the block
}

// fit finds a frequency (radians a sample) in a block by least squares; this is Goertzel's algorithm for frequencies
// that do not fit the block.
func fit(x []float32, w float64) sine {
	var cs, sn, cc, ss, energy float64
	middle := float64(len(x)-1) / 2
	c, s := math.Cos(-w*middle), math.Sin(-w*middle)
	dc, ds := math.Cos(w), math.Sin(w)
	for _, v := range x {
		v := float64(v)
		cs, sn, energy = cs+v*c, sn+v*s, energy+v*v
		cc, ss = cc+c*c, ss+s*s
		c, s = c*dc-s*ds, s*dc+c*ds
	}
	if energy == 0 || cc == 0 || ss == 0 {
		return sine{}
	}
	return sine{share: (cs*cs/cc + sn*sn/ss) / energy, phase: math.Atan2(-sn/ss, cs/cc)}
}

// frequency estimates the frequency of a block that holds one sine and white noise, in Hz (Pisarenko: of lags 1 and 2,
// which the noise does not reach), then by the phases of its halves. 0 if that is not so.
func frequency(x []float32) float64 {
	var one, two float64
	for n := 2; n < len(x); n++ {
		one += float64(x[n-1]) * float64(x[n-2]+x[n]) / 2
		two += float64(x[n]) * float64(x[n-2])
	}
	if one == 0 {
		return 0
	}
	c := (two + math.Sqrt(two*two+8*one*one)) / (4 * one)
	if math.Abs(c) >= 1 {
		return 0
	}
	w, half := math.Acos(c), len(x)/2
	for range 2 {
		ahead := fit(x[half:], w).phase - fit(x[:half], w).phase
		w += math.Remainder(ahead-w*float64(half), 2*math.Pi) / float64(half)
	}
	return w * toneRate / (2 * math.Pi)
}

func radians(hz float64) float64 { return 2 * math.Pi * hz / toneRate }

// tone recognizes a steady tone and measures what is missing of it. The zero value is ready.
type tone struct {
	known     bool
	guess     float64 // Hz, by which phases are measured
	run       int     // blocks in which it was heard, until it is known
	odd       int     // blocks without it since, until it is known
	heard     time.Duration
	absent    time.Duration // since it was last heard
	lost      bool          // packets are missing in this absence
	settled   bool          // the decoder had a block to recover from that
	paused    bool          // the sender muted it
	excused   bool          // it did, and the tone was not heard since
	drops     uint32
	ofLoss    uint32
	dropped   time.Duration
	longest   time.Duration
	phase     float64 // of the last block
	phased    bool    // the last block has one
	turn      float64 // radians, by which phases ran ahead of the guess
	turns     int     // blocks, of these
	lastFound float64 // Hz, in the last interval
}

// block takes 10 ms of sound and reports whether it holds a tone, and one that is pure enough not to be distorted.
func (t *tone) block(x []float32, rms float64) (found, clean bool) {
	if t.known {
		if s := fit(x, radians(t.guess)); rms >= toneQuiet && s.share >= purity {
			t.again(s)
			return true, s.share >= 0.985
		}
	}
	hz := frequency(x)
	s := sine{}
	if rms >= toneQuiet && hz >= toneLow && hz <= toneHigh {
		s = fit(x, radians(hz))
	}
	found = s.share >= purity
	switch {
	case t.known:
		t.miss(blockLength, false)
	case found && t.run > 0 && math.Abs(hz-t.guess) <= toneApart*t.guess:
		t.guess += (hz - t.guess) / float64(t.run+1)
		t.odd = 0
		if t.run++; t.run >= toneKnown {
			t.begin()
		}
	case found:
		t.guess, t.run, t.odd = hz, 1, 0
	default:
		if t.odd++; t.odd > 2 {
			t.run = 0
		}
	}
	return found, s.share >= 0.985
}

// begin makes the tone known: it was heard for all of the run.
func (t *tone) begin() {
	*t = tone{known: true, paused: t.paused, excused: t.excused, guess: t.guess, heard: time.Duration(t.run) * blockLength}
}

// pause notes that the sender muted or unmuted.
func (t *tone) pause(paused bool) {
	t.paused, t.excused = paused, true
	t.absent, t.lost, t.settled = 0, false, false
}

// again processes a block in which the known tone is heard.
func (t *tone) again(s sine) {
	if t.absent > 0 && !t.excused {
		t.drops++
		if t.lost {
			t.ofLoss++
		}
		t.dropped += t.absent
		t.longest = max(t.longest, t.absent)
	}
	if t.absent > 0 {
		t.absent, t.lost, t.settled, t.phased = 0, false, false, false
	}
	t.excused = t.paused
	if t.phased {
		t.turn += math.Remainder(s.phase-t.phase-radians(t.guess)*toneBlock, 2*math.Pi)
		t.turns++
	}
	t.phase, t.phased = s.phase, true
	t.heard += blockLength
}

// miss processes a time in which the tone is not heard, because packets are lost or for another reason.
func (t *tone) miss(d time.Duration, lost bool) {
	if !t.known || t.paused {
		t.phased = false
		return
	}
	if t.phased = false; t.lost && !lost && !t.settled {
		t.settled = true
		return
	}
	t.absent += d
	t.lost = t.lost || lost
	if t.absent >= toneWait && t.heard < toneWait { // it was no test tone
		*t = tone{excused: t.excused}
	}
}

// stats is the tone by now; nil if there was none. Its frequency is that of the time since the last call.
func (t *tone) stats() *diag.Tone {
	if !t.known {
		return nil
	}
	if t.turns > 0 {
		t.lastFound = t.guess + t.turn/float64(t.turns)/(2*math.Pi)*toneRate/toneBlock
		t.turn, t.turns = 0, 0
	}
	d := &diag.Tone{
		Duration: t.heard.Seconds(), Dropouts: t.drops, DropoutsOfLoss: t.ofLoss, DropoutsDuration: t.dropped.Seconds(),
		LongestDropout: t.longest.Seconds(), AbsentFor: t.absent.Seconds(),
	}
	if t.lastFound > 0 {
		d.Frequency = math.Round(t.lastFound*10) / 10
	} else {
		d.Frequency = math.Round(t.guess)
	}
	return d
}
