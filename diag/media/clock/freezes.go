package clock

import "time"

// gapAfter is the least distance of two frames that is counted as a gap: the rule of freezes hides what is slow
// throughout.
const gapAfter = 200 * time.Millisecond

// Average is over how many frames the mean distance is taken.
const Average = 30

// Freezes applies the rule of webrtc-stats (freezeCount): a frame that comes max(3·avg, avg + 150 ms) or more after the
// one before ends a freeze, avg being the mean distance of the last 30 frames. A frame counts as shown when it is
// complete.
type Freezes struct {
	Count   uint32
	Total   time.Duration
	Gapped  time.Duration // in gaps of more than gapAfter
	paused  bool          // nothing is expected
	last    time.Time
	gaps    [Average]time.Duration
	n, next int
	sum     time.Duration
}

// Shown notes a frame that is complete.
func (z *Freezes) Shown(at time.Time) {
	gap := at.Sub(z.last)
	known := !z.last.IsZero()
	z.last = at
	if z.paused {
		z.last = time.Time{}
	}
	if !known || gap < 0 {
		return
	}
	if gap > gapAfter {
		z.Gapped += gap
	}
	if z.n > 0 {
		avg := z.sum / time.Duration(z.n)
		if gap >= max(3*avg, avg+150*time.Millisecond) {
			z.Count++
			z.Total += gap
		}
	}
	z.sum += gap - z.gaps[z.next]
	z.gaps[z.next] = gap
	z.next = (z.next + 1) % Average
	z.n = min(z.n+1, Average)
}

// Restart forgets the last frame: the source began anew.
func (z *Freezes) Restart() { z.last = time.Time{} }

// Recent is the longest of the last three distances of frames, in seconds; nil before there is one.
func (z *Freezes) Recent() *float64 {
	if z.n == 0 {
		return nil
	}
	return new(z.Longest(3).Seconds())
}

// Longest is the longest of the last distances of frames, of so many at most; 0 before there is one.
func (z *Freezes) Longest(of int) (longest time.Duration) {
	for i := 1; i <= min(z.n, of); i++ {
		longest = max(longest, z.gaps[(z.next+Average-i)%Average])
	}
	return longest
}

// Pause says that no frames are expected for a while, or that they are again. What lies between is no freeze.
func (z *Freezes) Pause(paused bool) {
	z.paused = paused
	z.Restart()
}
