package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"dialtone/diag"
	"dialtone/diag/assert"
	"dialtone/diag/judge"
	"dialtone/diag/report"
	"dialtone/diag/speed"
)

// object is a part of a report as expressions use it: nil if a value is absent.
type object = assert.Object

// phaseNames are the phases that expressions can name, with "_" for "-".
var phaseNames = []diag.PhaseName{
	diag.PhaseDial, diag.PhaseWait, diag.PhaseGather, diag.PhaseOfferAnswer, diag.PhaseICE, diag.PhaseNomination,
	diag.PhaseDTLS, diag.PhaseSCTP, diag.PhaseChannel, diag.PhaseFirstPacket, diag.PhaseFirstFrame, diag.PhaseRestart,
}

// part is an object inside another one; empty if there is none.
func part(o object, name string) object {
	inner, _ := o[name].(object)
	if inner == nil {
		inner = object{}
	}
	return inner
}

// environment is the report as expressions use it: that of its JSON, with times as durations, and five shortcuts:
//   - what dialtone speed measured is there by its own names, idle, up, down, both and paced;
//   - setup has the percentiles over the runs beside the total of the described run;
//   - phases has each phase by its name;
//   - servers has those too that had not answered when the call ended;
//   - nat has the value of each behavior by its name.
func environment(r *report.Report) object {
	env := assert.Fields(*r)
	delete(env, "duration") // a function of expressions
	setup := part(env, "setup")
	maps.Copy(setup, percentiles(r.Summary.Setup))
	phases := object{}
	for _, name := range phaseNames {
		phases[strings.ReplaceAll(string(name), "-", "_")] = phaseEnv(r.Summary.Phases, name)
	}
	env["phases"] = phases
	rows, _ := env["servers"].([]any)
	env["servers"] = append(rows, silentServers(r)...)
	measured, _ := env["speed"].(object)
	for name := range assert.Fields(speed.Result{}) {
		env[name] = measured[name]
	}
	if nat, ok := env["nat"].(object); ok {
		values := object{}
		for name, b := range part(nat, "behaviors") {
			if behavior, ok := b.(object); ok {
				values[name] = behavior["value"]
			}
		}
		env["nat"] = values
	}
	return env
}

// percentiles are those of p, or absent ones.
func percentiles(p *report.Percentiles) object {
	if p != nil {
		return assert.Fields(*p)
	}
	e := assert.Fields(report.Percentiles{})
	for name := range e {
		e[name] = nil
	}
	e["n"] = 0
	return e
}

// phaseEnv is a phase over all runs: of several subjects (servers, channels) the one with the worst 95th percentile.
func phaseEnv(phases []report.PhaseSummary, name diag.PhaseName) object {
	worst := report.PhaseSummary{}
	for _, p := range phases {
		if p.Phase == name && (worst.Times == nil || p.Times != nil && p.Times.P95 > worst.Times.P95) {
			worst = p
		}
	}
	e := percentiles(worst.Times)
	e["seen"], e["failed"] = worst.Seen, worst.Failed
	return e
}

// silentServers are those that were given and had not answered when the call ended: nothing but their URL is known.
func silentServers(r *report.Report) (out []any) {
	for _, url := range r.Target.ICEServers {
		if !slices.ContainsFunc(r.Servers, func(s report.ServerReport) bool { return s.URL == url }) {
			e := assert.Fields(report.ServerReport{})
			for name := range e {
				e[name] = nil
			}
			e["url"] = url
			out = append(out, e)
		}
	}
	return out
}

// example is a report in which nothing is absent.
func example() *report.Report {
	r := &report.Report{}
	assert.Fill(r)
	r.Checks = nil
	r.Summary.Phases = nil
	for _, name := range phaseNames {
		r.Summary.Phases = append(r.Summary.Phases, report.PhaseSummary{Phase: name, Seen: 1, Times: r.Summary.Setup})
	}
	return r
}

// ParseAssertion reads an expression over the report of a check. It evaluates nothing. The error is an
// [*assert.ExpressionError].
func ParseAssertion(text string) (*assert.Assertion, error) { return subject().Parse(text) }

// subject is what assertions of a check are about.
var subject = sync.OnceValue(func() *assert.Subject { return assert.NewSubject(environment(example())) })

// Assert evaluates assertions over the report and adds the results.
func Assert(r *report.Report, list []*assert.Assertion) {
	r.Assertions = append(r.Assertions, assert.Evaluate(environment(r), list)...)
	r.Settle()
}

// DefaultAssertions are those of every check: connected, something answered on a channel and media until the end as far
// as that is expected. They repeat the verdicts of the runs in a form that a report can list.
func DefaultAssertions(x judge.Expectation) []*assert.Assertion {
	texts := []string{"all(runs, .connected)"}
	if x.Echo {
		texts = append(texts, "all(runs, .answered)")
	}
	for _, m := range x.Media {
		texts = append(texts, fmt.Sprintf("all(runs, .media.%s.%s.flows)", m.Kind, m.Direction))
	}
	list := make([]*assert.Assertion, 0, len(texts))
	for _, text := range texts {
		a, err := ParseAssertion(text)
		if err != nil {
			continue // a test holds all of them to be valid
		}
		a.Default = true
		list = append(list, a)
	}
	return list
}
