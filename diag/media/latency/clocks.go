package latency

import "time"

// span is the time of which the fastest reports count, at least: clocks that drift apart are followed, and so is a path
// that changes.
const span = 20 * time.Second

// clocks ties the clock of a sender to this one: by its reports that were the fastest lately. The zero value is ready.
type clocks struct {
	from           time.Time // of the present span
	present, older pair
	trip           time.Duration // the latest
}

// pair is the least of a span: of the times that reports took by both clocks, and of the round trips then.
type pair struct {
	transit, trip time.Duration
	known         bool
}

func (c *clocks) add(at time.Time, transit, trip time.Duration) {
	c.pass(at)
	c.trip = trip
	if p := &c.present; !p.known {
		*p = pair{transit, trip, true}
	} else {
		p.transit, p.trip = min(p.transit, transit), min(p.trip, trip)
	}
}

// pass begins the next span when it is due.
func (c *clocks) pass(at time.Time) {
	switch elapsed := at.Sub(c.from); {
	case elapsed < span:
	case elapsed < 2*span:
		c.from, c.older, c.present = c.from.Add(span), c.present, pair{}
	default:
		*c = clocks{from: at}
	}
}

// fastest is the least of both spans; of a path that became another one, what belongs together. False if there was
// nothing lately.
func (c *clocks) fastest(now time.Time) (transit, trip time.Duration, known bool) {
	c.pass(now)
	best := c.present
	if old := c.older; old.known && (!best.known || old.trip < best.trip) {
		best = old
	}
	return best.transit, best.trip, best.known
}
