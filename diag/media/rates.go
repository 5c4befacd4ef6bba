package media

import (
	"time"
)

// minInterval is the shortest time that a rate is computed over; what is asked for sooner is the rate before.
const minInterval = 200 * time.Millisecond

// rates turns counters into rates over the time between two calls of update. The zero value is ready.
type rates struct {
	at       time.Time
	bytes    uint64
	frames   uint32
	expected int64
	lost     int64

	known bool // the following have been computed
	bps   float64
	fps   float64
	loss  float64 // −1 when nothing was expected
}

func (r *rates) update(now time.Time, bytes uint64, frames uint32, expected, lost int64) {
	interval := now.Sub(r.at)
	if !r.at.IsZero() && interval < minInterval {
		return
	}
	if !r.at.IsZero() {
		seconds := interval.Seconds()
		r.known = true
		r.bps = 8 * float64(bytes-r.bytes) / seconds
		r.fps = float64(frames-r.frames) / seconds
		r.loss = -1
		if n := expected - r.expected; n > 0 {
			// packets that came late after all make it less than nothing
			r.loss = min(1, max(0, float64(lost-r.lost)/float64(n)))
		}
	}
	r.at, r.bytes, r.frames, r.expected, r.lost = now, bytes, frames, expected, lost
}

func (r *rates) bits() *float64            { return r.value(r.bps) }
func (r *rates) framesPerSecond() *float64 { return r.value(r.fps) }

func (r *rates) fractionLost() *float64 {
	if r.loss < 0 {
		return nil
	}
	return r.value(r.loss)
}

func (r *rates) value(v float64) *float64 {
	if !r.known {
		return nil
	}
	return new(v)
}
