package load

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	said "dialtone/diag/words/load"
)

// lab is a server in virtual time that degrades from a number of sessions on: a step at a rate has as many as arrive
// while a call lasts.
func lab(sessions, hold float64, wrong func() bool) func(context.Context, Rate) Step {
	return func(_ context.Context, rate Rate) Step {
		atOnce := int(math.Floor(float64(rate)*hold)) + 1
		s := Step{Rate: rate, Outcome: Held, Calls: Counts{Peak: atOnce}}
		if (float64(atOnce) > sessions) != wrong() {
			s.Outcome, s.Broken = Broke, "setup.p95 < duration(\"1s\")"
		}
		return s
	}
}

func never() bool { return false }

// TestKnee: the rate from which on the server degrades is found within 5 %, ten of ten.
func TestKnee(t *testing.T) {
	for _, sessions := range []float64{25, 40, 73, 100, 137, 250, 333, 512, 777, 1000} {
		const hold = 10.0
		l := Search(t.Context(), 1, lab(sessions, hold, never))
		if l.Rate == nil || l.Broke == nil || l.InProgress == nil {
			t.Errorf("%v sessions: %+v", sessions, l)
			continue
		}
		truth := sessions / hold
		if off := float64(*l.Rate)/truth - 1; math.Abs(off) > 0.05 || float64(*l.Broke) < truth || l.Assertion == "" {
			t.Errorf("%v sessions: held %v, broke %v, truth %v: off by %.1f %%", sessions, *l.Rate, *l.Broke, truth, 100*off)
		}
		if off := float64(*l.InProgress)/sessions - 1; math.Abs(off) > 0.05 {
			t.Errorf("%v sessions: %d at once", sessions, *l.InProgress)
		}
	}
}

// TestKneeOfNoise: one wrong step in twenty is outvoted by the repetitions near the limit, or costs little.
func TestKneeOfNoise(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a repeatable sequence
	near := 0
	for range 40 {
		l := Search(t.Context(), 4, lab(200, 10, func() bool { return r.IntN(20) == 0 }))
		if len(l.Steps) > maxSteps {
			t.Fatalf("%d steps", len(l.Steps))
		}
		if l.Rate != nil && math.Abs(float64(*l.Rate)/20-1) < 0.05 {
			near++
		}
	}
	if near < 20 {
		t.Errorf("only %d of 40 near the limit", near)
	}
}

// TestNoKnee: what cannot be found is said: nothing holds, this machine is the limit, or the search was interrupted.
func TestNoKnee(t *testing.T) {
	if l := Search(t.Context(), 8, lab(0, 10, never)); l.Rate != nil || l.Broke == nil || len(l.Steps) > 20 {
		t.Errorf("nothing holds: %+v", l)
	}
	tester := func(ctx context.Context, rate Rate) Step {
		if rate > 30 {
			return Step{Rate: rate, Outcome: Unknown}
		}
		return lab(1e9, 1, never)(ctx, rate)
	}
	if l := Search(t.Context(), 1, tester); !l.Tester || l.Broke != nil || l.Rate == nil || *l.Rate != 16 {
		t.Errorf("the tester is the limit: %+v", l)
	} else if got := said.Headline((&Report{Limit: &l}).result()); got != "16/s held (17 calls in progress); at 32/s this machine was the limit" {
		t.Error(got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	l := Search(ctx, 1, func(ctx context.Context, rate Rate) Step {
		cancel()
		return lab(100, 10, never)(ctx, rate)
	})
	if len(l.Steps) != 1 || l.Tester {
		t.Errorf("interrupted: %+v", l)
	}
}

// TestReportOfKnee: the report is that of the rate that the search found, not of a higher one that held once.
func TestReportOfKnee(t *testing.T) {
	found, once, last := &Report{}, &Report{}, &Report{}
	held, rate := map[Rate]*Report{4.5: found, 4.6: once}, Rate(4.5)
	if (&Limit{Rate: &rate}).choose(held, last) != found || (&Limit{}).choose(nil, last) != last {
		t.Error("another report")
	}
}
