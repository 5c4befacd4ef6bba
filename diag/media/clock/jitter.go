package clock

import (
	"math"
	"time"
)

// MaxTransitStep is the largest difference between two packets that is taken for jitter. What is more is a source that
// set its clock anew.
const MaxTransitStep = 5 * time.Second

// mostAhead is the most by which a frame is sent before others that are shown earlier.
const mostAhead = time.Second

// Jitter estimates the interarrival jitter (RFC 3550, section 6.4.1 and appendix A.8). Timestamps say when a frame is
// shown. If frames are not sent in that order, as with B-frames, the formula yields how far they are apart in it, even
// if the network delays all alike. Of such a stream, those count that are shown after all before. The zero value is
// ready.
type Jitter struct {
	rate     uint32 // of the timestamps, Hz
	packets  uint64
	at       time.Time
	ts       uint32
	value    float64 // in units of the clock
	seq      int64   // extended, of the last packet, whether it counted or not
	shuffled bool    // frames are sent in another order than they are shown
}

// Add processes a packet, with its extended sequence number, in order of arrival. Timestamps are compared as
// differences, so their wrap does not show.
func (j *Jitter) Add(at time.Time, seq int64, ts, rate uint32) {
	if rate == 0 {
		return
	}
	if rate != j.rate {
		*j = Jitter{rate: rate}
	}
	back := int64(int32(j.ts - ts))
	earlier := j.packets > 0 && back > 0 && back <= Units(mostAhead, rate)
	j.shuffled = j.shuffled || earlier && seq == j.seq+1
	if j.seq = seq; earlier && j.shuffled {
		return
	}
	if j.packets > 0 {
		d := Units(at.Sub(j.at), rate) - int64(int32(ts-j.ts))
		if d < 0 {
			d = -d
		}
		if d <= Units(MaxTransitStep, rate) {
			j.value += (float64(d) - j.value) / 16
		}
	}
	j.packets++
	j.at, j.ts = at, ts
}

// Restart forgets the last packet, but not the estimate: the source began anew.
func (j *Jitter) Restart() { j.packets = 0 }

// Units is the estimate as reports have it, in units of the clock of the last packet.
func (j *Jitter) Units() uint32 { return uint32(min(j.value, math.MaxUint32)) }

// Seconds is the estimate; nil while there are no two packets to compare.
func (j *Jitter) Seconds() *float64 {
	if j.rate == 0 || j.packets < 2 {
		return nil
	}
	return new(j.value / float64(j.rate))
}
