package transfer

import "time"

// sctpState is what the association knows of the path.
type sctpState struct {
	window uint32        // the congestion window, bytes
	rtt    time.Duration // smoothed round trip; 0: not measured
}

// mostQueue bounds what waits in a sender, in bytes.
const mostQueue = 16 << 20

// filler decides how much may wait in a sender, what is on its way included: enough that the path never lacks data. It
// begins as BBR does, with a multiple of what the path has delivered in its shortest round trip. SCTP alone would
// double its window until a queue overflows, and lose half of it at once, which takes seconds to repair. When the rate
// no longer grows, the queue before the narrowest link is filled step by step, as a long transfer does.
type filler struct {
	limit  uint64 // bytes
	least  uint64
	rtt    time.Duration // the shortest
	round  time.Duration // when it began
	acked  uint64        // by then
	best   float64       // bytes per second
	steady int           // rounds in which the rate did not grow
}

const (
	startGain  = 2.5      // of the product of rate and round trip
	grows      = 1.2      // of the rate in a round, while the path is not full
	fullAfter  = 3        // rounds without growth
	queueGain  = 1.15     // of the limit in a round, when the path is full,
	queueStep  = 64 << 10 // but no more bytes than these, so that few packets are lost at a full queue
	windowGain = 1.25     // of the congestion window: SCTP never lacks data
)

func newFiller(size int) filler {
	least := uint64(2 * size) // #nosec G115 -- a positive size
	return filler{limit: least, least: least}
}

// look takes what was acknowledged by a moment of the test.
func (f *filler) look(at time.Duration, acked uint64, s sctpState) {
	if s.rtt > 0 && (f.rtt == 0 || s.rtt < f.rtt) {
		f.rtt = s.rtt
	}
	most := uint64(windowGain*float64(s.window)) + f.least
	if took := at - f.round; took >= max(s.rtt, look) {
		rate := float64(acked-min(f.acked, acked)) / took.Seconds()
		f.round, f.acked = at, acked
		if f.steady++; rate > grows*f.best {
			f.best, f.steady = rate, 0
		}
		f.best = max(f.best, rate)
		if f.steady >= fullAfter {
			f.limit = min(uint64(queueGain*float64(f.limit)), f.limit+queueStep)
		} else {
			f.limit = max(f.limit, uint64(startGain*f.best*f.rtt.Seconds()))
		}
	}
	f.limit = min(max(f.limit, f.least), most, mostQueue)
}
