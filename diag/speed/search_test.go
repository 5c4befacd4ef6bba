package speed

import (
	"math"
	"testing"

	"dialtone/diag"
)

// link is a step of a search over a link of so many bit/s of packets, which share of the messages gets lost.
func (s *State) step(d diag.Direction, rate, link, loss float64) {
	const size, header = 1000, 100
	spec := diag.SpeedTest{Way: diag.SpeedUp, Rate: rate, Size: size, ForMs: ms(1600), WarmUpMs: ms(400), Search: true}
	Apply(s, diag.SpeedTestStart{Test: len(s.Tests), Spec: spec})
	n, growth := len(s.Tests)-1, max(0, rate*(size+header)/size/link-1)
	for i := range 16 {
		sent := uint64(rate / 8 / size / 10)
		arrived := uint64(float64(sent) * (1 - loss) / (1 + growth))
		delay := 1 + growth*100*float64(i) + float64(i%3)/2
		Apply(s, diag.SpeedInterval{
			Test: n, Direction: d, FromMs: ms(100 * float64(i)), ToMs: ms(100 * float64(i+1)), Messages: arrived, Bytes: arrived * size,
			Lost: int64(float64(sent) * loss), Packets: new(arrived), WireBytes: new(arrived * (size + header - headers)), DelayMs: new(ms(delay)),
		})
		Apply(s, diag.SpeedRoundTrips{Test: n, BySTUN: []diag.Millis{ms(delay), ms(delay + 1)}, Settled: i >= 4})
	}
	Apply(s, diag.SpeedSender{Test: n, Direction: d, Bytes: uint64(rate / 8 * 1.2), Messages: 1})
	Apply(s, diag.SpeedTestEnd{Test: n, Complete: true})
}

// TestSearch finds the rate of links within 3 %, in a bounded number of steps, and does not blame the path for the sender.
func TestSearch(t *testing.T) {
	for _, link := range []float64{1e6, 5e6, 20e6, 100e6} {
		s, _ := Apply(nil, diag.SpeedStart{})
		var search Search
		for rate, more := search.Next(); more; rate, more = search.Next() {
			s.step(diag.Outbound, rate, link, 0)
			search.Take(rate, s.Tests[len(s.Tests)-1].Onset(diag.Outbound))
		}
		f := s.Result().Search[0]
		if f.Rate == nil || math.Abs(*f.Rate-link) > 0.03*link || f.Broke == nil || *f.Broke < link || f.Onset != OnsetQueue ||
			f.LowerBound || f.Steps > 20 {
			t.Errorf("%v: %+v", link, f)
		}
	}
}

// TestOnset tells what begins at a rate.
func TestOnset(t *testing.T) {
	step := func(rate, link, loss float64, change func(*Test)) Onset {
		s, _ := Apply(nil, diag.SpeedStart{})
		s.step(diag.Outbound, rate, link, loss)
		if change != nil {
			change(&s.Tests[0])
		}
		return s.Tests[0].Onset(diag.Outbound)
	}
	for name, one := range map[string]struct{ got, want Onset }{
		"holds":             {step(1e6, 2e6, 0, nil), OnsetNone},
		"a queue":           {step(1e6, 1e6, 0, nil), OnsetQueue},
		"overload":          {step(4e6, 1e6, 0, nil), OnsetQueue},
		"loss":              {step(1e6, 2e6, 0.1, nil), OnsetLoss},
		"a busy moment":     {step(1e6, 2e6, 0, func(t *Test) { t.Intervals[12].DelayMs = new(ms(80)) }), OnsetNone},
		"nothing":           {step(1e6, 2e6, 0, func(t *Test) { t.Intervals = nil }), OnsetNoData},
		"a slow sender":     {step(1e6, 2e6, 0, func(t *Test) { t.Senders[0].Bytes /= 2 }), OnsetSender},
		"queue of a sender": {step(1e6, 1e6, 0, func(t *Test) { clear(t.Checks) }), OnsetSender},
	} {
		if one.got != one.want {
			t.Errorf("%s: %q, want %q", name, one.got, one.want)
		}
	}
}

// TestSearchEnds: a search in which nothing ever holds, or everything does, or the sender is the limit.
func TestSearchEnds(t *testing.T) {
	for _, o := range []Onset{OnsetNone, OnsetLoss, OnsetSender, OnsetNoData} {
		var s Search
		n := 0
		for rate, more := s.Next(); more; rate, more = s.Next() {
			s.Take(rate, o)
			if n++; n > mostSteps || rate <= 0 || rate > searchMost {
				t.Fatalf("%q: step %d at %v", o, n, rate)
			}
		}
	}
}

// TestSearchTwice: a moment in which the machine was busy, or in which the path took more, does not decide.
func TestSearchTwice(t *testing.T) {
	const link = 1e6
	for name, chance := range map[string]Onset{"seemed not to hold": OnsetQueue, "seemed to hold": OnsetNone} {
		for at := 2; at < 9; at++ {
			var s Search
			n := 0
			for rate, more := s.Next(); more; rate, more = s.Next() {
				o := OnsetNone
				if rate > link {
					o = OnsetQueue
				}
				if n++; n == at {
					o = chance
				}
				s.Take(rate, o)
			}
			if held, broke := interval(s.trials); held > link || held < link/1.03 || broke < link || broke > 1.03*link || n > 20 {
				t.Errorf("%s in step %d: %v to %v after %d steps", name, at, held, broke, n)
			}
		}
	}
}

// TestSearchAgain: a rate that held when it was tried again is not one that does not hold.
func TestSearchAgain(t *testing.T) {
	s, _ := Apply(nil, diag.SpeedStart{})
	s.step(diag.Outbound, 1e6, 5e6, 0)
	s.step(diag.Outbound, 2e6, 5e6, 0)
	s.Tests[1].Senders[0].Late = 1
	if f := s.Result().Search[0]; f.Onset != OnsetSender || f.Broke == nil || *f.Rate >= *f.Broke || !f.LowerBound {
		t.Errorf("%+v", f)
	}
	s.step(diag.Outbound, 2e6, 5e6, 0)
	if f := s.Result().Search[0]; f.Onset != OnsetNone || f.Broke != nil || math.Abs(*f.Rate-2.2e6) > 1e4 {
		t.Errorf("%+v", f)
	}
}
