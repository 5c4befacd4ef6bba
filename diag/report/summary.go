package report

import (
	"math"
	"slices"

	"dialtone/diag"
)

// summarize is over all runs.
func summarize(runs []Run) Summary {
	s := Summary{Runs: len(runs), Phases: []PhaseSummary{}}
	var totals []float64
	times := map[int][]float64{} // of each phase, by its place in s.Phases
	places := map[[2]string]int{}
	for _, r := range runs {
		switch diag.Exit(r.Exit.Code) {
		case diag.ExitPass:
		case diag.ExitInterrupted:
			s.Interrupted++
		default:
			s.Failed++
		}
		if r.Setup.TotalMs != nil {
			totals = append(totals, *r.Setup.TotalMs)
		}
		seen := map[int]bool{}
		for _, p := range r.Setup.Phases {
			key := [2]string{p.Name, p.Subject}
			i, known := places[key]
			if !known {
				i = len(s.Phases)
				places[key] = i
				s.Phases = append(s.Phases, PhaseSummary{Name: p.Name, Subject: p.Subject})
			}
			if !seen[i] {
				s.Phases[i].Seen++
				seen[i] = true
			}
			switch p.Outcome {
			case string(diag.OutcomeFailed):
				s.Phases[i].Failed++
			case string(diag.OutcomeOK):
				times[i] = append(times[i], *p.DurationMs)
			}
		}
	}
	s.Setup = PercentilesOf(totals)
	for i := range s.Phases {
		s.Phases[i].Times = PercentilesOf(times[i])
	}
	return s
}

// PercentilesOf sorts values (in milliseconds) and picks the nearest ranks; nil where there are none.
func PercentilesOf(values []float64) *Percentiles {
	if len(values) == 0 {
		return nil
	}
	v := slices.Sorted(slices.Values(values))
	at := func(p float64) float64 { return v[rank(len(v), p)] }
	return &Percentiles{N: len(v), MinMs: v[0], P50Ms: at(50), P95Ms: at(95), P99Ms: at(99), MaxMs: v[len(v)-1]}
}

// rank is the index of the nearest-rank percentile p (0–100) among n sorted values.
func rank(n int, p float64) int {
	return min(max(int(math.Ceil(p/100*float64(n)))-1, 0), n-1)
}
