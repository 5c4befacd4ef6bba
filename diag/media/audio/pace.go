package audio

import (
	"math"
	"time"
)

const (
	paceRun   = 40   // packets in a row that agree
	paceShare = 0.05 // by which the clock must differ: what is closer is measured by the times of arrival
	paceLate  = 1.5  // by which the times of arrival may differ from the length of the sound
)

// Pace compares the steps of the timestamps of a stream of audio with the length of the sound in its packets: a clock
// of another rate shows within a second, where times of arrival take several. The zero value is ready.
type Pace struct {
	known  bool
	seq    int64
	ts     uint32
	length time.Duration // of the last packet
	step   int64         // ticks for a packet of this length, in the run
	run    int
	since  time.Time
	at     time.Time
}

// Add processes a packet that arrived in order.
func (p *Pace) Add(at time.Time, seq int64, ts uint32, name string, payload []byte) {
	length := Length(name, payload)
	step := int64(int32(ts - p.ts)) // #nosec G115 -- the difference wraps by intent
	if same := p.known && seq == p.seq+1 && length == p.length && length > 0; !same || step != p.step || step <= 0 {
		p.step, p.run, p.since = step, 0, at
	} else {
		p.run++
	}
	p.known, p.seq, p.ts, p.length, p.at = true, seq, ts, length, at
}

// Restart forgets the packets.
func (p *Pace) Restart() { *p = Pace{} }

// Rate is the clock of the timestamps, Hz, if it is another than was announced; 0 if it is not, or not known.
func (p *Pace) Rate(announced uint32) float64 {
	if p.run < paceRun {
		return 0
	}
	took, sound := p.at.Sub(p.since).Seconds(), float64(p.run)*p.length.Seconds()
	hz := float64(p.step) / p.length.Seconds()
	if took > sound*paceLate || sound > took*paceLate || math.Abs(hz-float64(announced)) <= paceShare*float64(announced) {
		return 0 // a sender with pauses between its packets
	}
	return hz
}
