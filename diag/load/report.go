// Package load places many calls at scheduled times and reports how they, and the server, fared: an open model, in
// which calls arrive however slow earlier ones are. Each call is a log of events; only its folded and judged outcome is
// kept, in histograms that can be merged. The tester watches itself, and calls that it may have spoilt are not judged.
package load

import (
	"slices"
	"time"

	"dialtone/diag"
	"dialtone/diag/assert"
	"dialtone/diag/judge/crowd"
	"dialtone/diag/report"
	said "dialtone/diag/words/load"
)

// Schema names the form of a [Report] in JSON.
const Schema = "dialtone.load/1"

// Report is the result of a load test, or of several parts of one. What was not measured is null or absent.
type Report struct {
	Schema        string        `json:"schema"`
	Tool          string        `json:"tool"`
	Name          string        `json:"name"`
	StartedAt     time.Time     `json:"started_at"`
	Duration      diag.Millis   `json:"duration_ms"`
	Target        report.Target `json:"target"`
	Plan          Plan          `json:"plan"`
	Complete      []int         `json:"parts"`                   // the parts of the plan that are in this report
	Missing       []int         `json:"missing_parts,omitempty"` // parts that a merged report should have, the first of them
	Agents        []crowd.Agent `json:"agents,omitempty"`        // that placed the parts together, by part
	MaxInProgress int           `json:"max_in_progress"`

	Verdict  report.Verdict   `json:"verdict"`
	Exit     report.Exit      `json:"exit"`
	Headline string           `json:"headline"`
	Findings []report.Finding `json:"findings"` // of the test as a whole

	Calls    Counts            `json:"calls"`
	Causes   []Cause           `json:"causes"`  // of the calls that failed and were judged, the most frequent first
	Noticed  []Noticed         `json:"noticed"` // the findings of all calls, the most frequent first
	Metrics                    // of the calls that were judged
	Unjudged Unjudged          `json:"unjudged"`
	Lateness *Times            `json:"lateness"` // of starts, behind the schedule
	Tester   crowd.TesterLimit `json:"tester"`

	Assertions  []report.Assertion `json:"assertions"`
	Series      []Point            `json:"series"`
	Interrupted bool               `json:"interrupted"`
	Limit       *Limit             `json:"limit,omitempty"` // of a search
}

// Counts are over all calls. Scheduled = started + dropped.
type Counts struct {
	Scheduled   int `json:"scheduled"` // that became due
	Started     int `json:"started"`
	Dropped     int `json:"dropped"` // could not begin when they were due
	Ready       int `json:"ready"`   // were set up
	Ended       int `json:"ended"`
	Passed      int `json:"passed"`
	Failed      int `json:"failed"`
	Interrupted int `json:"interrupted"` // neither passed nor failed
	NotPlaced   int `json:"not_placed"`  // dialtone itself could not place them
	Stuck       int `json:"stuck"`       // did not end, and were left: not judged
	Peak        int `json:"peak"`        // most at once; of merged parts the sum of theirs
}

// Judged is how many calls passed or failed.
func (c Counts) Judged() int { return c.Passed + c.Failed }

// Unjudged are calls during which the tester was its own limit.
type Unjudged struct {
	Calls  int    `json:"calls"`
	Failed int    `json:"failed"`
	Setup  *Times `json:"setup"`
}

func (u *Unjudged) add(o *outcome) {
	u.Calls++
	if o.failed() {
		u.Failed++
	}
	if o.setup != nil {
		there(&u.Setup).add(*o.setup)
	}
}

// Noticed is a finding and how many calls had it.
type Noticed struct {
	report.Finding     // of the first of these calls
	Status         int `json:"status,omitempty"` // as of a cause
	Calls          int `json:"calls"`
}

// alike reports whether findings are counted together.
func (n Noticed) alike(o Noticed) bool {
	return n.ID == o.ID && n.Side == o.Side && n.Severity == o.Severity && n.Status == o.Status
}

// addCause counts calls that failed alike; the most frequent come first.
func addCause(list []Cause, c Cause) []Cause {
	i := slices.IndexFunc(list, func(o Cause) bool {
		return o.ID == c.ID && o.Status == c.Status && o.Exit == c.Exit && o.Side == c.Side
	})
	switch {
	case i >= 0:
		if c.First < list[i].First {
			list[i].Finding, list[i].First = c.Finding, c.First
		}
		list[i].Calls += c.Calls
	case len(list) < maxCauses:
		list = append(list, c)
	}
	slices.SortStableFunc(list, func(a, b Cause) int { return b.Calls - a.Calls })
	return list
}

// addNoticed counts the calls of findings that are alike.
func addNoticed(list []Noticed, n Noticed) []Noticed {
	i := slices.IndexFunc(list, n.alike)
	switch {
	case i >= 0:
		list[i].Calls += n.Calls
	case len(list) < maxCauses:
		list = append(list, n)
	}
	slices.SortStableFunc(list, func(a, b Noticed) int { return b.Calls - a.Calls })
	return list
}

// PhaseKey is the name of a phase in reports and expressions.
func PhaseKey(p diag.PhaseName) string { return underscored(string(p)) }

// defaults are the assertions of a test that says nothing else about failures.
var defaults = []string{"calls.failed == 0", "calls.dropped == 0"}

// Settle computes percentiles and draws the conclusion: findings, assertions, exit code and verdict.
func (r *Report) Settle() {
	r.Metrics.settle()
	r.Unjudged.Setup, r.Lateness = r.Unjudged.Setup.settle(), r.Lateness.settle()
	r.Causes, r.Noticed, r.Series = filled(r.Causes), filled(r.Noticed), filled(r.Series)
	r.Plan.Stages, r.Complete, r.Target.ICEServers = filled(r.Plan.Stages), filled(r.Complete), filled(r.Target.ICEServers)
	r.Findings = report.Written(crowd.Findings(r.Tester, crowd.StartsDropped{
		Dropped: r.Calls.Dropped, Scheduled: r.Calls.Scheduled, Limit: r.MaxInProgress,
	}, crowd.CallsStuck{Calls: r.Calls.Stuck}, r.partsMissing(), crowd.LostOf(r.Agents)))
	r.evaluate()
	exit := r.exit()
	r.Exit, r.Verdict = report.ExitOf(exit), report.VerdictOf(exit)
	r.Headline = said.Headline(r.result())
}

// known is how many calls failed, or passed, be it while the tester was short: a failure that the server has caused
// counts at any time, so a share of the judged calls only would be too high.
func (r *Report) known() int { return r.Calls.Judged() + r.Unjudged.Calls - r.Unjudged.Failed }

func (r *Report) partsMissing() crowd.PartsMissing {
	if len(r.Missing) == 0 {
		return crowd.PartsMissing{}
	}
	return crowd.PartsMissing{Missing: r.Missing, Given: len(r.Complete), Parts: r.Plan.Parts}
}

func (r *Report) result() said.Result {
	s := said.Result{
		Known: r.known(), Judged: r.Calls.Judged(), Failed: r.Calls.Failed, Dropped: r.Calls.Dropped,
		Scheduled: r.Calls.Scheduled,
		Lost:      crowd.LostOf(r.Agents), Missing: r.partsMissing(), Withdrawn: r.Tester.Withdrawn(),
		InProgress:  r.Tester.InProgress,
		Interrupted: r.Interrupted,
	}
	if l := r.Limit; l != nil {
		s.Limit = &said.Limit{Tester: l.Tester, Assertion: l.Assertion}
		if l.Rate != nil {
			s.Limit.Rate, s.Limit.InProgress = l.Rate.String(), diag.OrZero(l.InProgress)
		}
		if n := len(l.Steps); n > 0 {
			s.Limit.Beyond = l.Steps[n-1].Rate.String()
		}
		if l.Broke != nil {
			s.Limit.Broke = l.Broke.String()
		}
	}
	if len(r.Causes) > 0 {
		s.Cause, s.CauseCalls = r.Causes[0].Title, r.Causes[0].Calls
	}
	for _, a := range r.Assertions {
		if !a.Pass && !a.Default {
			s.Assertion = a.Expr
			break
		}
	}
	return s
}

// evaluate evaluates the assertions anew, those of dialtone itself if none of the user's is about the same.
func (r *Report) evaluate() {
	var list []*assert.Assertion
	for _, a := range r.Assertions {
		if parsed, err := ParseAssertion(a.Expr); err == nil && !a.Default {
			list = append(list, parsed)
		}
	}
	var own []*assert.Assertion
	for _, text := range defaults {
		a, err := ParseAssertion(text)
		about := func(b *assert.Assertion) bool {
			return b.Mentions("calls", "failed") || b.Mentions("failed_share") || b.Mentions("passed_share")
		}
		if text == defaults[1] {
			about = func(b *assert.Assertion) bool { return b.Mentions("calls", "dropped") }
		}
		if err == nil && !slices.ContainsFunc(list, about) {
			a.Default = true
			own = append(own, a)
		}
	}
	r.Assertions = filled(assert.Evaluate(environment(r), append(own, list...)))
}

// exit is the exit code: of calls that failed that of the gravest cause, if that is not asserted otherwise.
func (r *Report) exit() diag.Exit {
	exit := diag.ExitPass
	for _, a := range r.Assertions {
		switch {
		case a.Pass:
		case a.Default && a.Expr == defaults[0]:
			for _, c := range r.Causes {
				exit = exit.Worse(c.Exit.Code)
			}
		default:
			exit = exit.Worse(diag.ExitAssertion)
		}
	}
	if l := r.Limit; l != nil && l.Broke == nil && l.Tester {
		exit = diag.ExitCannotRun
	}
	if crowd.LostOf(r.Agents) != nil || len(r.Missing) > 0 || r.Tester.Withdrawn() || r.Calls.NotPlaced > 0 ||
		r.Calls.Judged() == 0 {
		exit = diag.ExitCannotRun
	}
	if r.Interrupted {
		exit = exit.Worse(diag.ExitInterrupted)
	}
	return exit
}

func filled[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// Expect sets the assertions that [Report.Settle] evaluates.
func (r *Report) Expect(list []*assert.Assertion) {
	r.Assertions = nil
	for _, a := range list {
		r.Assertions = append(r.Assertions, report.Assertion{Expr: a.Expr})
	}
}
