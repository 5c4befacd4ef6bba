package report

import (
	"fmt"
	"time"
)

// Combine makes one report of several checks: the worst verdict and exit code, and the checks inside. Interrupted tells
// that some were not begun.
func Combine(tool, name string, begun time.Time, took time.Duration, checks []Report, interrupted bool) *Report {
	r := &Report{
		Schema: Schema, Tool: tool, Name: name, StartedAt: begun.UTC(), DurationMs: ms(took), Target: Target{Kind: "scenario",
			ICEServers: []string{}},
		Setup: Setup{Phases: []Phase{}}, Candidates: []Candidate{}, Pairs: []Pair{}, Channels: []Channel{}, Servers: []ServerReport{},
		Findings: []Finding{}, Assertions: []Assertion{}, Runs: []Run{}, Why: []string{}, Next: []string{},
		Summary: Summary{Phases: []PhaseSummary{}}, Checks: checks, interrupted: interrupted,
	}
	passed := 0
	for _, c := range checks {
		if c.Verdict == Pass {
			passed++
		}
		r.Summary.Runs += c.Summary.Runs
		r.Summary.Failed += c.Summary.Failed
		r.Summary.Interrupted += c.Summary.Interrupted
	}
	r.Headline = fmt.Sprintf("%d of %d checks passed", passed, len(checks))
	r.Settle()
	return r
}
