package clock

import (
	"time"

	"dialtone/diag"
)

const (
	// minPause is the shortest time without media that is reported, if it is many times the usual distance of packets.
	minPause   = time.Second
	pauseTimes = 10
	// sparseTimes is how many times the recent distances of frames it is: a screen that is shared has few of them.
	sparseTimes = 3
)

// Presence is when the media of a stream comes: padding, and what is repeated to probe the bandwidth, is none. The zero
// value is ready.
type Presence struct {
	Packets uint64 // with media
	Last    time.Time
	Longest time.Duration // without media, while the peer had not muted

	began   time.Time
	muted   bool      // by the peer
	unmuted time.Time // when that ended
	resumed *diag.Millis
}

// Add notes a packet with media. recent is the longest of the recent distances of frames, 0 if there is none.
func (p *Presence) Add(now time.Time, recent time.Duration) {
	if p.Packets == 0 {
		p.began = now
	} else {
		gap := now.Sub(p.Last)
		if !p.muted {
			p.Longest = max(p.Longest, min(gap, now.Sub(p.unmuted)))
		}
		usual := p.Last.Sub(p.began) / time.Duration(p.Packets) // #nosec G115 -- fewer than 2⁶³
		if gap >= max(minPause, pauseTimes*usual, sparseTimes*recent) {
			p.resumed = new(diag.Millis(gap))
		}
	}
	p.Last = now
	p.Packets++
}

// Pause notes that the peer stopped or resumed sending on purpose.
func (p *Presence) Pause(paused bool, now time.Time) {
	if p.muted && !paused {
		p.unmuted = now
	}
	p.muted = paused
}

// Ago is the time since media came; nil before any did.
func (p *Presence) Ago(now time.Time) *float64 {
	if p.Packets == 0 {
		return nil
	}
	return new(max(0, now.Sub(p.Last).Seconds()))
}

// Resumed takes the length of a pause that has ended; nil if there was none since the last call.
func (p *Presence) Resumed() *diag.Millis {
	d := p.resumed
	p.resumed = nil
	return d
}
