package report

import (
	"fmt"
	"strings"

	"dialtone/diag"
)

// outcome is the result of a test case, in the terms that test reports have in common.
type outcome string

const (
	passed  outcome = "passed"
	failed  outcome = "failed"
	broken  outcome = "error" // it could not be done
	skipped outcome = "skipped"
)

// testCase is one thing that was tested: the way a report looks to programs that read test results.
type testCase struct {
	group   string // run, assertion, baseline or check
	name    string
	outcome outcome
	kind    string // of a failure: the name of the exit code, or of what failed
	message string
	detail  []string
	time    *diag.Millis // nil: unknown
	facts   []fact
}

// suite is a check as test cases. It has failed or broken cases exactly if its verdict is no pass.
type suite struct {
	*Report
	name  string // unique among the suites
	cases []testCase
}

// id names the suite within a page.
func (suite) id(index int) string { return fmt.Sprintf("check-%d", index+1) }

// suites are the checks as test cases; of a scenario that could not do all of them, that is one suite more.
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
	if r.Verdict != Pass && !worst {
		out = append(out, suite{Report: r, name: r.name() + " as a whole", cases: r.cases()})
	}
	return out
}

// cases are the runs, assertions and values of the baseline. A cause is one failure: what a run has failed by already
// is not another one as a default assertion, and the phases of the described run are facts.
func (r *Report) cases() []testCase {
	var out []testCase
	reported := false
	for _, run := range r.Runs {
		out = append(out, run.asCase())
		reported = reported || run.Verdict != Pass
	}
	for _, a := range r.Assertions {
		c := a.asCase()
		if c.outcome == failed && a.Default && reported {
			c.outcome, c.message = skipped, "counted as the failure of the run: "+c.message
		}
		out = append(out, c)
	}
	for _, b := range r.Baseline {
		out = append(out, b.asCase())
	}
	red := false
	for i := range out {
		if r.Verdict == Pass && (out[i].outcome == failed || out[i].outcome == broken) {
			out[i].outcome = skipped // it did not count
		}
		red = red || out[i].outcome == broken || out[i].outcome == failed && r.Verdict == Fail
	}
	if !red && r.Verdict != Pass || len(out) == 0 {
		out = append(out, r.asCase("check", "check completed"))
	}
	return out
}

// asCase is a result as a test case.
func (r Result) asCase(group, name string) testCase {
	c := testCase{group: group, name: name, outcome: failed, message: clean(r.Headline)}
	switch r.Verdict {
	case Pass:
		c.outcome = passed
	case Error:
		c.outcome = broken
	case Fail:
	}
	if c.outcome == passed {
		return c
	}
	c.kind = clean(r.Exit.Name)
	for _, f := range r.Findings {
		f.Advice = "" // the next steps follow, the best first
		for _, l := range f.lines() {
			c.detail = append(c.detail, strings.TrimPrefix(l.Key+": "+l.Value, ": "))
		}
	}
	for _, n := range r.Next {
		c.detail = append(c.detail, "next: "+clean(n))
	}
	return c
}

func (run Run) asCase() testCase {
	c := run.Result.asCase("run", fmt.Sprintf("run %d", run.Index+1))
	c.time = run.Setup.Total
	c.facts = []fact{{"exit", clean(run.Exit.Name)}, {"setup", span(run.Setup.Total)}, {"path", run.Path.words()}}
	if run.Recording != "" {
		c.facts = append(c.facts, fact{"recording", clean(run.Recording)})
	}
	return c
}

// phaseFacts are the phases of the described run.
func (r *Report) phaseFacts() []fact {
	var out []fact
	for _, p := range r.Setup.Phases {
		value := span(p.Duration)
		switch p.Outcome {
		case diag.OutcomeOK:
		case "":
			value = "in progress when the call ended"
		default:
			value += ", " + clean(string(p.Outcome))
			if p.Detail != "" {
				value += ": " + clean(p.Detail)
			}
		}
		out = append(out, fact{"phase " + title(p.Phase, p.Subject), value})
	}
	return out
}

func (a Assertion) asCase() testCase {
	c := testCase{group: "assertion", name: clean(a.Expr), outcome: passed, facts: []fact{{"value", a.saw()}}}
	if a.Default {
		c.facts = append(c.facts, fact{"origin", "dialtone"})
	}
	if !a.Pass {
		c.outcome, c.kind, c.message = failed, "assertion", "value: "+a.saw()
		if a.Error != "" {
			c.kind, c.message = "unknown", clean(a.Error)
		}
	}
	return c
}

func (c Change) asCase() testCase {
	before, now, noise := c.number(c.Before), c.number(c.Now), c.number(c.Noise)
	out := testCase{
		group: "baseline", name: clean(c.Name), outcome: passed,
		facts: []fact{{"before", before}, {"now", now}, {"noise", noise}},
	}
	if c.Worse {
		out.outcome, out.kind = failed, "baseline"
		out.message = "significant regression: " + before + " before, " + now + " now, noise " + noise
	}
	return out
}
