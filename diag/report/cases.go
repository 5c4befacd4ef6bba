package report

import (
	"fmt"
	"strconv"

	"dialtone/diag"
)

// result is how a case ended, in the terms that test reports have in common.
type result string

const (
	passed  result = "passed"
	failed  result = "failed"
	broken  result = "error" // it could not be done
	skipped result = "skipped"
)

// testCase is one thing that was tested: the way a report looks to programs that read test results.
type testCase struct {
	group   string // run, phase, assertion, baseline or check
	name    string
	result  result
	kind    string // of a failure: the name of the exit code, or of what went wrong
	message string
	detail  []string
	seconds *float64 // nil: not known
	facts   []fact
}

// fact is a value that is told beside a case.
type fact struct{ key, value string }

// suite is a check as cases. It has failed or broken cases exactly where its verdict is no pass.
type suite struct {
	*Report
	name  string // unique among the suites
	cases []testCase
}

// suites are the checks as cases; of a scenario that could not do all of them, that is one suite more.
func (r *Report) suites() []suite {
	var out []suite
	names := map[string]int{}
	worst := false
	for _, c := range r.checks() {
		name := c.name()
		if names[name]++; names[name] > 1 {
			name = fmt.Sprintf("%s (%d)", name, names[name])
			names[name]++
		}
		worst = worst || c.Verdict == r.Verdict
		out = append(out, suite{Report: c, name: name, cases: c.cases()})
	}
	if len(r.Checks) > 0 && r.Verdict != Pass && !worst {
		out = append(out, suite{Report: r, name: r.name() + " as a whole", cases: r.cases()})
	}
	return out
}

// count is how many cases ended so.
func (s suite) count(of result) (n int) {
	for _, c := range s.cases {
		if c.result == of {
			n++
		}
	}
	return n
}

func (r *Report) cases() []testCase {
	var out []testCase
	for _, run := range r.Runs {
		out = append(out, run.asCase())
	}
	for _, p := range r.Setup.Phases {
		out = append(out, r.phaseCase(p))
	}
	for _, a := range r.Assertions {
		out = append(out, a.asCase())
	}
	for _, b := range r.Baseline {
		out = append(out, b.asCase())
	}
	bad := false
	for i := range out {
		if r.Verdict == Pass && (out[i].result == failed || out[i].result == broken) {
			out[i].result = skipped // it did not count
		}
		bad = bad || out[i].result == broken || out[i].result == failed && r.Verdict == Fail
	}
	if !bad && r.Verdict != Pass || len(out) == 0 {
		out = append(out, testCase{
			group: "check", name: "the check was completed", result: resultOf(r.Verdict), kind: clean(r.Exit.Name), message: clean(r.Headline),
			detail: append(findingLines(r.Findings), nextLines(r.Next)...),
		})
	}
	return out
}

func resultOf(v Verdict) result {
	switch v {
	case Pass:
		return passed
	case Error:
		return broken
	case Fail:
	}
	return failed
}

func (run Run) asCase() testCase {
	c := testCase{
		group: "run", name: fmt.Sprintf("call %d", run.Index+1), result: resultOf(run.Verdict), message: clean(run.Headline),
		facts: []fact{{"exit", clean(run.Exit.Name)}, {"setup", millis(run.Setup.TotalMs)}, {"path", unknown}},
	}
	if run.Path != nil {
		c.facts[2].value = run.Path.Local.words() + " - " + run.Path.Remote.words() + ", " + run.Path.kind()
	}
	if run.Setup.TotalMs != nil {
		c.seconds = diag.Ptr(*run.Setup.TotalMs / 1000)
	}
	if run.Recording != "" {
		c.facts = append(c.facts, fact{"recording", clean(run.Recording)})
	}
	if c.result != passed {
		c.kind, c.detail = clean(run.Exit.Name), findingLines(run.Findings)
	}
	return c
}

// phaseCase is a phase of the described run. One that failed counts where the run failed too: a call that came up
// without a server passed.
func (r *Report) phaseCase(p Phase) testCase {
	c := testCase{group: "phase", name: p.title(), result: passed, message: clean(p.Detail)}
	if p.DurationMs != nil {
		c.seconds = diag.Ptr(*p.DurationMs / 1000)
	}
	run := r.detailRun()
	switch p.Outcome {
	case string(diag.OutcomeOK):
	case string(diag.OutcomeFailed):
		c.result, c.kind = failed, "phase"
		if run != nil && run.Verdict == Pass {
			c.result, c.message = skipped, clean("failed, and the call came up without it: "+p.Detail)
		}
	case string(diag.OutcomeCancelled):
		c.result, c.message = skipped, clean("the call ended before it was over. "+p.Detail)
	default:
		c.result, c.message = skipped, clean("it was not over. "+p.Detail)
	}
	return c
}

func (a Assertion) asCase() testCase {
	c := testCase{group: "assertion", name: clean(a.Expr), result: passed, facts: []fact{{"saw", a.saw()}}}
	if a.Default {
		c.facts = append(c.facts, fact{"origin", "dialtone"})
	}
	if !a.Pass {
		c.result, c.kind, c.message = failed, "assertion", "saw "+a.saw()
		if a.Error != "" {
			c.kind, c.message = "unknown", clean(a.Error)
		}
	}
	return c
}

func (b Change) asCase() testCase {
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) + " " + clean(b.Unit) }
	c := testCase{
		group: "baseline", name: clean(b.Name), result: passed,
		facts: []fact{{"before", number(b.Before)}, {"now", number(b.Now)}, {"noise", number(b.Noise)}},
	}
	if b.Worse {
		c.result, c.kind, c.message = failed, "baseline", "worse: "+number(b.Before)+" before, "+number(b.Now)+" now, the noise is "+number(b.Noise)
	}
	return c
}

// findingLines tell findings in lines: what, how it is known, what to do.
func findingLines(list []Finding) []string {
	var out []string
	for _, f := range list {
		out = append(out, clean(fmt.Sprintf("%s: %s [%s]", f.Severity, f.Title, f.ID)))
		for _, e := range f.Evidence {
			out = append(out, "  "+clean(e))
		}
		if f.Advice != "" {
			out = append(out, "  next: "+clean(f.Advice))
		}
	}
	return out
}

func nextLines(list []string) []string {
	out := make([]string, 0, len(list))
	for _, s := range list {
		out = append(out, "next: "+clean(s))
	}
	return out
}
