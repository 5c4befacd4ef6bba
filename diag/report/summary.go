package report

import (
	"math"
	"slices"

	"dialtone/diag"
)

// summarize is over all runs.
func summarize(runs []Run) Summary {
	s := Summary{Runs: len(runs), Phases: []PhaseSummary{}}
	var totals []diag.Millis
	times := map[int][]diag.Millis{} // of each phase, by its place in s.Phases
	places := map[diag.PhaseStart]int{}
	for _, r := range runs {
		switch r.Exit.Code {
		case diag.ExitPass:
			s.Passed++
		case diag.ExitInterrupted:
			s.Interrupted++
		default:
			s.Failed++
		}
		if r.Setup.Total != nil {
			totals = append(totals, *r.Setup.Total)
		}
		seen := map[int]bool{}
		for _, p := range r.Setup.Phases {
			key := diag.PhaseStart{Phase: p.Phase, Subject: p.Subject}
			i, known := places[key]
			if !known {
				i = len(s.Phases)
				places[key] = i
				s.Phases = append(s.Phases, PhaseSummary{Phase: p.Phase, Subject: p.Subject})
			}
			if !seen[i] {
				s.Phases[i].Seen++
				seen[i] = true
			}
			switch p.Outcome {
			case diag.OutcomeFailed:
				s.Phases[i].Failed++
			case diag.OutcomeOK:
				times[i] = append(times[i], *p.Duration)
			case diag.OutcomeCancelled:
			}
		}
	}
	s.Setup = PercentilesOf(totals)
	for i := range s.Phases {
		s.Phases[i].Times = PercentilesOf(times[i])
	}
	return s
}

// PercentilesOf sorts times and picks the nearest ranks; nil if there are none.
func PercentilesOf(times []diag.Millis) *Percentiles {
	if len(times) == 0 {
		return nil
	}
	v := slices.Sorted(slices.Values(times))
	at := func(p float64) diag.Millis { return v[rank(len(v), p)] }
	return &Percentiles{N: len(v), Min: v[0], P50: at(50), P95: at(95), P99: at(99), Max: v[len(v)-1]}
}

// quantile is one of the percentiles with its name.
type quantile struct {
	name string
	of   string // from 0 to 1
	time diag.Millis
}

// list has all of them, in ascending order.
func (p Percentiles) list() []quantile {
	return []quantile{
		{"min", "0", p.Min}, {"p50", "0.5", p.P50}, {"p95", "0.95", p.P95}, {"p99", "0.99", p.P99}, {"max", "1", p.Max},
	}
}

// rank is the index of the nearest-rank percentile p (0–100) among n sorted values.
func rank(n int, p float64) int {
	return max(int(math.Ceil(p/100*float64(n)))-1, 0)
}
