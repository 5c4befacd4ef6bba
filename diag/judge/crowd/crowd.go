// Package crowd judges load tests: whether the tester itself was the limit, and what is missing.
package crowd

import (
	"time"

	"dialtone/diag"
	"dialtone/diag/finding"
	"dialtone/diag/judge"
)

// Window is how a load test itself fared in one second.
type Window struct {
	judge.Load
	CPU   *float64 // share of the processors that this program used, 0–1; nil: unknown
	Drops int      // UDP packets that the machine discarded because a socket's buffer was full
}

// busyCPU is the share of the processors from which on a load test is its own limit, and fewDrops how many discarded
// packets of a second do not count: another program's socket may be full.
const (
	busyCPU  = 0.95
	fewDrops = 2
)

// Short reports whether the second says nothing about the server: timers were late, or no CPU was left, or packets had
// arrived and were discarded here.
func (w Window) Short() bool {
	return w.Load.Short() || w.CPU != nil && *w.CPU > busyCPU || w.Drops > fewDrops
}

// bridged is the lateness up to which a pause of this program breaks nothing but lasts: jitter buffers bridge it, and a
// freeze is longer.
const bridged = 100 * time.Millisecond

// Lost is the share of the second that says nothing about the server, 0-1: all of one that is short, or the share of
// the late timers, if that was all and they were not late for long.
func (w Window) Lost() float64 {
	others := w
	others.Load = judge.Load{}
	switch {
	case !w.Short():
		return 0
	case others.Short() || w.Worst > bridged:
		return 1
	}
	return float64(w.Late) / float64(w.Ticks)
}

// TesterLimit is the evidence that the tester was its own limit.
type TesterLimit struct {
	Seconds    int         `json:"seconds"`       // that say nothing about the server
	Unjudged   int         `json:"unjudged"`      // calls that fell into them
	Calls      int         `json:"calls"`         // that ended
	InProgress int         `json:"in_progress"`   // calls when it began
	Rate       float64     `json:"rate"`          // arrivals in the second in which it began
	LateShare  float64     `json:"late_timers"`   // of that second
	WorstMs    diag.Millis `json:"worst_ms"`      // of all: the latest timer
	CPU        *float64    `json:"cpu,omitempty"` // the highest share
	Drops      int         `json:"socket_drops"`  // of all seconds
}

// unjudgedShare is the share of the calls from which on a load test gives no verdict about the server.
const unjudgedShare = 0.5

// Withdrawn reports whether too few calls were judged for a verdict about the server.
func (t TesterLimit) Withdrawn() bool { return float64(t.Unjudged) > unjudgedShare*float64(t.Calls) }

// StartsDropped is the evidence of calls that could not begin when they were due.
type StartsDropped struct {
	Dropped   int `json:"dropped"`
	Scheduled int `json:"scheduled"`
	Limit     int `json:"limit"` // calls that may be in progress
}

// CallsStuck is the evidence of calls that did not end, because of a fault in this program.
type CallsStuck struct {
	Calls int `json:"calls"`
}

// PartsMissing is the evidence of parts of a test whose reports were not merged.
type PartsMissing struct {
	Missing []int `json:"missing"` // the first of them
	Given   int   `json:"given"`
	Parts   int   `json:"parts"` // of the test
}

// Loss is why an agent, a machine that places one part of a load test, did not report all of its calls.
type Loss string

// The reasons.
const (
	Silent      Loss = "silent"      // nothing was heard from it for the timeout
	Late        Loss = "late"        // it did not end in time
	Ended       Loss = "ended"       // it ended its part before all calls had begun
	Implausible Loss = "implausible" // its last report contradicts itself, or is of another test
)

// Agent is what a load test has of one agent.
type Agent struct {
	Name       string `json:"name"`
	Part       int    `json:"part"`           // from 1
	Calls      int    `json:"calls"`          // of its part
	Unreported int    `json:"unreported"`     // of these, have no result
	Loss       Loss   `json:"loss,omitempty"` // why
}

// AgentsLost is the evidence of agents whose calls have no result.
type AgentsLost struct {
	Agents     int     `json:"agents"`         // of the test
	Lost       []Agent `json:"lost"`           // the first of them
	More       int     `json:"more,omitempty"` // that are not listed
	Calls      int     `json:"calls"`          // of all agents
	Unreported int     `json:"unreported"`     // of these
}

// mostLost bounds the agents that a finding lists.
const mostLost = 20

// LostOf is what is missing of agents; nil if nothing is.
func LostOf(agents []Agent) *AgentsLost {
	e := AgentsLost{Agents: len(agents)}
	for _, a := range agents {
		e.Calls += a.Calls
		switch {
		case a.Loss == "":
			continue
		case len(e.Lost) < mostLost:
			e.Lost = append(e.Lost, a)
		default:
			e.More++
		}
		e.Unreported += a.Unreported
	}
	if len(e.Lost) == 0 {
		return nil
	}
	return &e
}

// Findings are those about a load test as a whole; lost may be nil.
func Findings(t TesterLimit, d StartsDropped, s CallsStuck, p PartsMissing, lost *AgentsLost) (out finding.List) {
	if len(p.Missing) > 0 {
		out.Add("load.parts_missing", judge.Problem, "", p)
	}
	if lost != nil {
		out.Add("load.agents_lost", judge.Problem, "", *lost)
	}
	if t.Seconds > 0 {
		out.Add("load.tester_limit", finding.Graver(t.Withdrawn()), "", t)
	}
	if d.Dropped > 0 {
		out.Add("load.starts_dropped", judge.Problem, "", d)
	}
	if s.Calls > 0 {
		out.Add("load.stuck", judge.Warn, "", s)
	}
	return out
}
