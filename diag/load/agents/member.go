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
	packed   []byte     // the newest report that arrived whole
	tail     *load.Tail // of it
	spoilt   bool       // a report contradicted itself, or the test
}

// over reports whether nothing more is expected of the agent.
func (m *member) over() bool {
	return m.part == 0 || m.state == ended || m.state == failed || m.silent || m.spoilt
}

// part is what an agent is to do, and what of its report is shown next.
type part struct {
	plan    load.Plan
	due     int // calls
	seconds int // that it lasts at most
	shown   int // seconds
}

// add takes a piece of a report, and returns whether it is whole. What does not fit the part of the agent is not
// counted, and the agent is lost for the test.
func (m *member) add(c *chunk, p part) bool {
	packed, err := m.pieces.add(c, shareOf(p.plan.Parts))
	if err != nil || m.spoilt {
		m.spoilt = true
		return true
	}
	if packed == nil {
		return false
	}
	r, err := unpack(packed)
	if err != nil || !fits(r, p) || m.tail != nil && !follows(r, m.tail) {
		m.spoilt = true
		return true
	}
	m.packed, m.tail = packed, r.Tail(p.shown)
	return true
}

// fits reports whether a report is one of the part.
func fits(r *load.Report, want part) bool {
	p := want.plan
	return len(r.Series) <= want.seconds && slices.Equal(r.Plan.Stages, p.Stages) && r.Plan.Calls == p.Calls &&
		r.Plan.Part == p.Part && r.Plan.Parts == p.Parts && slices.Equal(r.Complete, []int{p.Part}) &&
		r.Calls.Scheduled <= want.due && r.Limit == nil &&
		len(r.Agents) == 0
}

// follows reports whether a report can be a later one than another: nothing that was counted becomes less.
func follows(r *load.Report, before *load.Tail) bool {
	a, b := before.Calls, r.Calls
	return a.Scheduled <= b.Scheduled && a.Started <= b.Started && a.Dropped <= b.Dropped && a.Ended <= b.Ended &&
		a.NotPlaced <= b.NotPlaced && a.Stuck <= b.Stuck && r.Target.Kind == before.Kind
}

// summary is what the report says of the agent, of whose calls due were to be placed.
func (m *member) summary(due int, stopped bool) crowd.Agent {
	a := crowd.Agent{Name: m.name, Part: m.part, Calls: due, Unreported: due}
	if m.tail != nil {
		c := m.tail.Calls
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
