package load

import (
	"context"
	"math"

	"dialtone/diag"
	"dialtone/diag/report"
)

// Limit is the result of a search for the rate from which on an assertion breaks.
type Limit struct {
	Rate       *Rate  `json:"rate"`                // the highest that held, each time it was tried; null: none did
	Broke      *Rate  `json:"broke"`               // the lowest that did not; null: none
	InProgress *int   `json:"in_progress"`         // most calls at once at Rate
	Assertion  string `json:"assertion,omitempty"` // that broke first at Broke
	// the search ended because this machine was the limit: the server holds at least Rate
	Tester bool   `json:"tester"`
	Steps  []Step `json:"steps"`
}

// Step is one rate that was tried.
type Step struct {
	Rate     Rate         `json:"rate"`
	Outcome  StepOutcome  `json:"outcome"`
	Calls    Counts       `json:"calls"`
	SetupP95 *diag.Millis `json:"setup_p95_ms"`
	Broken   string       `json:"broken,omitempty"` // the assertion
}

// StepOutcome is what a step shows about the server.
type StepOutcome string

// Outcomes of a step.
const (
	Held    StepOutcome = "held"
	Broke   StepOutcome = "broke"
	Unknown StepOutcome = "unknown" // this machine was the limit, or it could not run
)

// Bounds of a search.
const (
	maxSteps  = 60
	growth    = 2.0  // of the rate until it breaks
	closeness = 1.03 // of the highest rate that holds and the lowest that breaks
	repeats   = 2    // of each of the two, beyond the first try
)

// stepOf is what a report shows about a rate.
func stepOf(rate Rate, r *Report) Step {
	s := Step{Rate: rate, Outcome: Held, Calls: r.Calls}
	if r.Setup != nil {
		s.SetupP95 = &r.Setup.P95
	}
	if r.Verdict == report.Error {
		s.Outcome = Unknown
		return s
	}
	for _, a := range r.Assertions {
		if !a.Pass {
			s.Outcome, s.Broken = Broke, a.Expr
			break
		}
	}
	return s
}

// search is a search that runs.
type search struct {
	try   func(ctx context.Context, rate Rate) Step
	limit Limit
	low   Rate // the highest that held
	high  Rate // the lowest that broke
	ended func() error
}

// Search raises the rate from start until a step breaks, narrows the two rates around that down to 3 % of each other,
// and repeats both: a rate holds if most of its tries do. A step that is unknown ends the search.
func Search(ctx context.Context, start Rate, try func(ctx context.Context, rate Rate) Step) Limit {
	s := &search{try: try, ended: ctx.Err}
	s.bracket(ctx, start)
	for tries := 0; s.open() && tries < repeats; {
		if s.high > s.low*closeness {
			s.step(ctx, Rate(math.Sqrt(float64(s.low*s.high))))
			continue
		}
		tries++
		low, high := s.low, s.high
		s.again(ctx, low)
		s.again(ctx, high)
		if s.low != low || s.high != high {
			tries = 0
		}
	}
	s.conclude()
	return s.limit
}

// bracket finds a rate that holds and one that breaks.
func (s *search) bracket(ctx context.Context, rate Rate) {
	for s.more() && s.high == 0 && rate <= maxRate {
		s.step(ctx, rate)
		rate *= growth
	}
	for rate = s.high / growth; s.more() && s.low == 0 && s.high > 0 && rate > 0.01; rate /= growth {
		s.step(ctx, rate)
	}
}

// more reports whether another step can be made.
func (s *search) more() bool {
	return s.ended() == nil && !s.limit.Tester && len(s.limit.Steps) < maxSteps
}

func (s *search) open() bool { return s.more() && s.low > 0 && s.high > 0 }

// step tries a rate.
func (s *search) step(ctx context.Context, rate Rate) {
	one := s.try(ctx, rate)
	s.limit.Steps = append(s.limit.Steps, one)
	switch {
	case ctx.Err() != nil:
	case one.Outcome == Held:
		s.low = max(s.low, rate)
	case one.Outcome == Broke:
		if s.high == 0 || rate < s.high {
			s.high = rate
		}
	default:
		s.limit.Tester = true
	}
}

// again tries a rate anew. If most of its tries disagree with what it stands for, the search goes on beside it.
func (s *search) again(ctx context.Context, rate Rate) {
	if !s.more() {
		return
	}
	one := s.try(ctx, rate)
	s.limit.Steps = append(s.limit.Steps, one)
	if one.Outcome == Unknown {
		s.limit.Tester = ctx.Err() == nil
		return
	}
	held, broke := 0, 0
	for _, t := range s.limit.Steps {
		if t.Rate == rate && t.Outcome == Held {
			held++
		} else if t.Rate == rate && t.Outcome == Broke {
			broke++
		}
	}
	switch {
	case rate == s.low && broke > held:
		s.high, s.low = rate, rate/closeness/closeness
	case rate == s.high && held > broke:
		s.low, s.high = rate, rate*closeness*closeness
	}
}

// conclude writes the result.
func (s *search) conclude() {
	l := &s.limit
	l.Steps = filled(l.Steps)
	for i, t := range l.Steps {
		switch {
		case t.Outcome == Held && t.Rate <= s.low && (l.Rate == nil || t.Rate >= *l.Rate):
			l.Rate, l.InProgress = &l.Steps[i].Rate, new(t.Calls.Peak)
		case t.Outcome == Broke && t.Rate >= s.high && (l.Broke == nil || t.Rate <= *l.Broke):
			l.Broke, l.Assertion = &l.Steps[i].Rate, t.Broken
		}
	}
}

// choose returns the report of the highest rate that held, or the last one if none did. A higher rate that held once,
// and broke more often, did not hold.
func (l *Limit) choose(held map[Rate]*Report, last *Report) *Report {
	if l.Rate == nil {
		return last
	}
	return held[*l.Rate]
}

// FindLimit searches with real calls. Each step lasts three times as long as a call, so that as many calls are in
// progress as the rate brings, or as long as it takes to place ten. The report is that of the highest rate that held,
// and has the search; it is nil if ctx ended before the first step.
func FindLimit(ctx context.Context, o Options, start Rate, done func(Step)) (*Report, error) {
	var last *Report
	var fault error
	held := map[Rate]*Report{}
	limit := Search(ctx, start, func(ctx context.Context, rate Rate) Step {
		step := o
		length := 3 * o.Call.Config.For
		step.Plan.Stages = []Stage{{From: rate, To: rate}}
		step.Plan.Calls = min(max(10, int(float64(rate)*length.Seconds())), o.Plan.Calls)
		step.Begin = nil
		r, err := Run(ctx, step)
		if err != nil {
			fault = err
		}
		if r == nil {
			return Step{Rate: rate, Outcome: Unknown}
		}
		one := stepOf(rate, r)
		last = r
		if one.Outcome == Held {
			held[rate] = r
		}
		done(one)
		return one
	})
	if ctx.Err() == nil {
		last = limit.choose(held, last)
	}
	if last == nil {
		return nil, fault
	}
	last.Limit = &limit
	last.Settle()
	return last, fault
}
