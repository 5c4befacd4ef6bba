package transfer

import (
	"context"
	"time"

	"dialtone/diag"
	"dialtone/diag/speed"
)

const (
	// stepTime is how long a rate is tried.
	stepTime = 1600 * time.Millisecond
	// stepWarmUp is the part of it in which the congestion window may still grow.
	stepWarmUp = 400 * time.Millisecond
)

// search does the tests of a search, until it has found the rate, or its time or its bytes would be exceeded.
func (m *measurer) search(ctx context.Context, all diag.SpeedTest) error {
	m.ping.quiet.Store(true) // checks of the path show its queue, and pings would take a part of a slow one
	defer m.ping.quiet.Store(false)
	var s speed.Search
	end, left := time.Now().Add(all.ForMs.Duration()), all.MaxBytes
	for rate, more := s.Next(); more; rate, more = s.Next() {
		step := all
		step.Rate, step.ForMs, step.WarmUpMs = rate, diag.Millis(stepTime), diag.Millis(stepWarmUp)
		step.MaxBytes = uint64(rate*stepTime.Seconds()/8) + uint64(2*all.Size) // #nosec G115 -- both are positive
		if step.MaxBytes > left || time.Now().Add(stepTime).After(end) {
			return nil
		}
		left -= step.MaxBytes
		if err := m.one(ctx, step); err != nil {
			return err
		}
		t := &m.state.Tests[len(m.state.Tests)-1]
		s.Take(rate, t.Onset(direction(all.Way)))
	}
	return nil
}

// direction is the one of a test in one direction.
func direction(w diag.SpeedWay) diag.Direction {
	if w == diag.SpeedDown {
		return diag.Inbound
	}
	return diag.Outbound
}

// overloaded reports whether a step need not go on.
func (r *run) overloaded() bool {
	return r.m.state.Tests[r.number].Overloaded(direction(r.test.Way))
}
