package load

import (
	"strings"
	"sync"

	"dialtone/diag"
	"dialtone/diag/assert"
)

// phaseNames are the phases that expressions can name.
var phaseNames = []diag.PhaseName{
	diag.PhaseDial, diag.PhaseWait, diag.PhaseGather, diag.PhaseOfferAnswer, diag.PhaseICE, diag.PhaseNomination,
	diag.PhaseDTLS, diag.PhaseSCTP, diag.PhaseChannel, diag.PhaseFirstPacket, diag.PhaseFirstFrame, diag.PhaseRestart,
}

func underscored(s string) string { return strings.ReplaceAll(s, "-", "_") }

// environment is the report as expressions use it: that of its JSON with times as durations, phases by their names, and
// the shares of the judged calls that passed and failed.
func environment(r *Report) assert.Object {
	env := assert.Fields(*r)
	for _, name := range []string{"series", "plan", "duration", "limit"} { // duration is a function of expressions
		delete(env, name)
	}
	phases := assert.Object{}
	for _, name := range phaseNames {
		key := underscored(string(name))
		phases[key] = nil
		if t := r.Phases[key]; t != nil {
			phases[key] = assert.Fields(*t)
		}
	}
	env["phases"] = phases
	env["failed_share"], env["passed_share"] = nil, nil
	if n := r.known(); n > 0 {
		failed := float64(r.Calls.Failed) / float64(n)
		env["failed_share"], env["passed_share"] = failed, 1-failed
	}
	return env
}

// subject is what assertions of a load test are about.
var subject = sync.OnceValue(func() *assert.Subject {
	r := &Report{}
	assert.Fill(r)
	r.Calls.Passed, r.Calls.Failed = 1, 1
	r.Phases = map[string]*Times{}
	for _, name := range phaseNames {
		r.Phases[underscored(string(name))] = r.Setup
	}
	return assert.NewSubject(environment(r))
})

// ParseAssertion reads an expression over the report of a load test. It evaluates nothing. The error is an
// [*assert.ExpressionError].
func ParseAssertion(text string) (*assert.Assertion, error) { return subject().Parse(text) }
