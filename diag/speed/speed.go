// Package speed computes what a connection carries from the events of a measurement: a fold over them, and the figures
// of its state. It is pure.
package speed

import (
	"slices"

	"dialtone/diag"
)

// maxKept bounds what is kept of each kind in a test: two minutes of intervals, and their round trips.
const maxKept = 4096

// State is a measurement as far as it has come.
type State struct {
	Start diag.SpeedStart
	Tests []Test // those that have begun
	End   *diag.SpeedEnd
}

// Test is one test.
type Test struct {
	diag.SpeedTest
	Intervals []diag.SpeedInterval
	Pings     []diag.Millis // round trips on a data channel, after the warm-up
	STUN      []diag.Millis // likewise, by checks of the candidate pair
	Checks    []diag.Millis // those of the warm-up included
	Lost      int           // pings
	Senders   []diag.SpeedSender
	Complete  bool
}

// Apply takes the next event; false if it is of another kind. A nil state is that before the first.
func Apply(s *State, d diag.Data) (*State, bool) {
	if start, ok := d.(diag.SpeedStart); ok {
		return &State{Start: start}, true
	}
	switch d := d.(type) {
	case diag.SpeedTestStart:
		if s != nil && d.Test == len(s.Tests) && len(s.Tests) < maxKept {
			s.Tests = append(s.Tests, Test{SpeedTest: d.Spec})
		}
	case diag.SpeedInterval:
		if t := s.test(d.Test); t != nil && len(t.Intervals) < maxKept {
			t.Intervals = append(t.Intervals, d)
		}
	case diag.SpeedRoundTrips:
		s.test(d.Test).roundTrips(d)
	case diag.SpeedSender:
		if t := s.test(d.Test); t != nil && len(t.Senders) < 2 {
			t.Senders = append(t.Senders, d)
		}
	case diag.SpeedTestEnd:
		if t := s.test(d.Test); t != nil {
			t.Complete = d.Complete
		}
	case diag.SpeedEnd:
		if s != nil {
			s.End = &d
		}
	default:
		return s, false
	}
	return s, true
}

// test is the n-th; nil if it has not begun.
func (s *State) test(n int) *Test {
	if s == nil || n < 0 || n >= len(s.Tests) {
		return nil
	}
	return &s.Tests[n]
}

// SpentBytes reports whether a sender stopped because its bytes were spent.
func (t Test) SpentBytes() bool {
	return slices.ContainsFunc(t.Senders, func(s diag.SpeedSender) bool { return s.BytesSpent })
}

// Empty reports whether a test was done without a result in a direction that it has, other than because its bytes were
// spent within the warm-up. A step of a search may have none.
func (t *Test) Empty(d diag.Direction) bool {
	if _, any := t.settled(d); any {
		return false
	}
	return t.Complete && t.Way.Has(d) && !t.Search && !t.SpentBytes()
}

// roundTrips keeps those after the warm-up, and all checks.
func (t *Test) roundTrips(d diag.SpeedRoundTrips) {
	if t == nil {
		return
	}
	t.Checks = append(t.Checks, d.BySTUN[:min(len(d.BySTUN), maxKept-len(t.Checks))]...)
	if !d.Settled {
		return
	}
	t.Pings = append(t.Pings, d.ByPing[:min(len(d.ByPing), maxKept-len(t.Pings))]...)
	t.STUN = append(t.STUN, d.BySTUN[:min(len(d.BySTUN), maxKept-len(t.STUN))]...)
	t.Lost += d.Lost
}

// Copy is a state that later events do not change.
func (s *State) Copy() *State {
	if s == nil {
		return nil
	}
	c := *s
	c.Tests = slices.Clone(s.Tests)
	return &c
}
