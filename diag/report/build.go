package report

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"dialtone/diag"
	"dialtone/diag/judge"
)

// Input is what a report is made of.
type Input struct {
	Tool        string // "dialtone v1.2.3"
	Name        string // of the check
	StartedAt   time.Time
	Duration    time.Duration
	Target      Target
	Load        judge.Load // how this program fared
	Runs        []Folded
	Interrupted bool // it ended before all was done
}

// Build makes the report. It is pure. The exit code is that of the runs: assertions and a baseline are judged
// afterwards, and [Report.Settle] includes them.
func Build(in Input) *Report {
	r := &Report{
		Schema: Schema, Tool: in.Tool, Name: in.Name, StartedAt: in.StartedAt.UTC(), Duration: diag.Millis(in.Duration),
		Target: in.Target, interrupted: in.Interrupted,
		Details:    Details{[]diag.Candidate{}, []Pair{}, []Channel{}, []ServerReport{}, nil, nil},
		Assertions: []Assertion{}, Runs: []Run{}, Measurements: Measurements{Setup: Setup{Phases: []Phase{}}},
		Result: Result{Why: []string{}, Next: []string{}},
	}
	for i, f := range in.Runs {
		f.Index = i
		if in.Load.Short() {
			f.Result = f.short
		}
		r.Runs = append(r.Runs, f.Run)
	}
	r.Summary = summarize(r.Runs)
	if len(r.Runs) > 0 {
		r.Detail = detail(r.Runs)
		one := r.Runs[r.Detail]
		r.Result, r.Measurements, r.Details = one.Result, one.Measurements, in.Runs[r.Detail].details
	}
	found := Written(in.Load.Findings())
	for _, run := range r.Runs {
		found = append(found, run.Findings...)
	}
	r.Findings = merged(found)
	r.Settle()
	return r
}

// Combine makes one report of several checks: the worst verdict and exit code, and the checks inside. If interrupted is
// set, some were not begun.
func Combine(tool, name string, begun time.Time, took time.Duration, checks []Report, interrupted bool) *Report {
	r := Build(Input{
		Tool: tool, Name: name, StartedAt: begun, Duration: took, Interrupted: interrupted,
		Target: Target{Kind: "scenario", ICEServers: []string{}},
	})
	r.Checks = checks
	passed := 0
	for _, c := range checks {
		if c.Verdict == Pass {
			passed++
		}
		r.Summary.Runs += c.Summary.Runs
		r.Summary.Passed += c.Summary.Passed
		r.Summary.Failed += c.Summary.Failed
		r.Summary.Interrupted += c.Summary.Interrupted
	}
	r.Headline = fmt.Sprintf("%d of %d checks passed", passed, len(checks))
	r.Settle()
	return r
}

// Undone makes the report of a check that was not begun, because of these mistakes.
func Undone(tool, name string, begun time.Time, exit diag.Exit, mistakes []string) *Report {
	r := Build(Input{Tool: tool, Name: name, StartedAt: begun, Target: Target{ICEServers: []string{}}})
	r.Verdict, r.Exit, r.Headline = VerdictOf(exit), ExitOf(exit), "nothing was started"
	r.Why = mistakes
	if len(mistakes) == 1 {
		r.Headline += ": " + mistakes[0]
	}
	if exit == diag.ExitUsage {
		r.Next = []string{"Correct the command line or the file: --help lists what the command accepts."}
	}
	return r
}

// detail chooses the run that the report describes: the worst failure, the first of equals, or else the run with the
// median setup time. Of so many runs that not the events of all were kept, it is the first, or the next to the median,
// of which they were.
func detail(runs []Run) int {
	worst := slices.MinFunc(runs, func(a, b Run) int {
		return cmp.Or(
			b.Exit.Code.Compare(a.Exit.Code),
			cmp.Compare(withoutEvents(a), withoutEvents(b)),
			cmp.Compare(a.Index, b.Index),
		)
	})
	if worst.Exit.Code != diag.ExitPass {
		return worst.Index
	}
	up := slices.DeleteFunc(slices.Clone(runs), func(r Run) bool { return r.Setup.Total == nil })
	if len(up) == 0 {
		return 0
	}
	slices.SortStableFunc(up, func(a, b Run) int { return cmp.Compare(*a.Setup.Total, *b.Setup.Total) })
	median := rank(len(up), 50)
	for away := range up {
		for _, i := range []int{median - away, median + away} {
			if i >= 0 && i < len(up) && up[i].Events != nil {
				return up[i].Index
			}
		}
	}
	return up[median].Index
}

// withoutEvents is 1 for a run whose events were not kept.
func withoutEvents(r Run) int {
	if r.Events == nil {
		return 1
	}
	return 0
}

// Settle draws the conclusion: exit code and verdict of runs, assertions, baseline and the checks inside.
func (r *Report) Settle() {
	exit := diag.ExitPass
	for _, run := range r.Runs {
		exit = exit.Worse(run.Exit.Code)
	}
	for _, c := range r.Checks {
		exit = exit.Worse(c.Exit.Code)
	}
	asserted := r.failing(exit == diag.ExitPass)
	if asserted != "" {
		exit = exit.Worse(diag.ExitAssertion)
	}
	if exit == diag.ExitAssertion && asserted != "" {
		r.Headline = asserted
	}
	if r.interrupted {
		exit = exit.Worse(diag.ExitInterrupted)
		if len(r.Runs) != 1 || r.Runs[0].Exit.Code != diag.ExitInterrupted { // else its headline says what it was doing
			r.Headline = "interrupted"
		}
	}
	if len(r.Runs)+len(r.Checks) == 0 && !r.interrupted {
		exit = exit.Worse(diag.ExitCannotRun)
		r.Headline = "nothing was run"
	}
	r.Exit, r.Verdict = ExitOf(exit), VerdictOf(exit)
}

// VerdictOf is the verdict that goes with an exit code.
func VerdictOf(e diag.Exit) Verdict {
	switch e {
	case diag.ExitPass:
		return Pass
	case diag.ExitUsage, diag.ExitCannotRun, diag.ExitInterrupted:
		return Error
	default:
		return Fail
	}
}

// failing is the headline of the first assertion that failed, or of the baseline; "" if none did. A default assertion
// says what the runs say already: it counts if these passed, so that nothing passes with a failed assertion.
func (r *Report) failing(passed bool) string {
	for _, a := range r.Assertions {
		if !a.Pass && (passed || !a.Default) {
			return "assertion failed: " + diag.Clean(a.Expr, 200)
		}
	}
	for _, b := range r.Baseline {
		if b.Worse {
			return b.Name + " is worse than in the baseline"
		}
	}
	return ""
}
