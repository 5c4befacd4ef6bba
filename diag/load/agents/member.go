package agents

import (
	"slices"
	"time"

	"dialtone/diag/judge/crowd"
	"dialtone/diag/load"
)

// member is an agent of a test, as the controller knows it.
type member struct {
	name, id string
	part     int // from 1; 0: none yet
	state    state
	heard    time.Time
	silent   bool // for longer than the timeout; it may be heard of again
	pieces   assembly
	report   *load.Report // the newest that arrived whole
	spoilt   bool         // a report contradicted itself, or the test
}

// over reports whether nothing more is expected of the agent.
func (m *member) over() bool {
	return m.part == 0 || m.state == ended || m.state == failed || m.silent || m.spoilt
}

// take takes a report of which all pieces have arrived. What does not fit the part of the agent is not counted, and the
// agent is lost for the test.
func (m *member) take(packed []byte, p load.Plan, due int) {
	r, err := unpack(packed)
	if err != nil || m.spoilt || !fits(r, p, due) || m.report != nil && !follows(r, m.report) {
		m.spoilt = true
		return
	}
	m.report = r
}

// fits reports whether a report is one of the part.
func fits(r *load.Report, p load.Plan, due int) bool {
	return slices.Equal(r.Plan.Stages, p.Stages) && r.Plan.Calls == p.Calls && r.Plan.Part == p.Part &&
		r.Plan.Parts == p.Parts && slices.Equal(r.Complete, []int{p.Part}) && r.Calls.Scheduled <= due && r.Limit == nil &&
		len(r.Agents) == 0
}

// follows reports whether a report can be a later one than another: nothing that was counted becomes less.
func follows(r, before *load.Report) bool {
	a, b := before.Calls, r.Calls
	return a.Scheduled <= b.Scheduled && a.Started <= b.Started && a.Dropped <= b.Dropped && a.Ended <= b.Ended &&
		a.NotPlaced <= b.NotPlaced && a.Stuck <= b.Stuck && r.Target.Kind == before.Target.Kind
}

// summary is what the report says of the agent, of whose calls due were to be placed.
func (m *member) summary(due int, stopped bool) crowd.Agent {
	a := crowd.Agent{Name: m.name, Part: m.part, Calls: due, Unreported: due}
	if m.report != nil {
		c := m.report.Calls
		a.Unreported = due - c.Ended - c.Dropped - c.NotPlaced - c.Stuck
	}
	switch {
	case m.spoilt:
		a.Loss = crowd.Implausible
	case m.state == ended && (a.Unreported == 0 || stopped):
		a.Unreported = 0
	case m.state == ended || m.state == failed:
		a.Loss = crowd.Ended
	case m.silent:
		a.Loss = crowd.Silent
	default:
		a.Loss = crowd.Late
	}
	return a
}
