package judge

import (
	"time"

	"dialtone/diag"
)

// Load is how late timers fired while a check ran: the only part of a machine's load that a call suffers from.
type Load struct {
	Ticks int           // timers that were watched
	Late  int           // of these, fired more than LateAfter too late
	Worst time.Duration // the latest
}

// TesterShort is the evidence that the program itself got too little CPU.
type TesterShort struct {
	Ticks   int         `json:"timers"`
	Late    int         `json:"late"`
	LimitMs diag.Millis `json:"limit_ms"` // from which on a timer counts as late
	WorstMs diag.Millis `json:"worst_ms"`
}

// LateAfter is the delay from which on a timer counts as late: half of what a packet of audio lasts.
const LateAfter = 10 * time.Millisecond

// lateShare is the share of late timers from which on the program is called short of CPU.
const lateShare = 0.05

// Short reports whether the program itself got too little CPU to be trusted with times.
func (l Load) Short() bool { return l.Ticks >= 20 && float64(l.Late) > lateShare*float64(l.Ticks) }

// Findings names a shortage.
func (l Load) Findings() []Finding {
	if !l.Short() {
		return nil
	}
	return []Finding{{ID: "tester.cpu", Severity: Warn, Evidence: TesterShort{
		l.Ticks, l.Late, diag.Millis(LateAfter), diag.Millis(l.Worst),
	}}}
}

// Window is how a load test itself fared in one second.
type Window struct {
	Load
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

// LoadFindings are those about a load test as a whole.
func LoadFindings(t TesterLimit, d StartsDropped, s CallsStuck) (out []Finding) {
	if t.Seconds > 0 {
		f := Finding{ID: "load.tester_limit", Severity: Warn, Evidence: t}
		if t.Withdrawn() {
			f.Severity = Problem
		}
		out = append(out, f)
	}
	if d.Dropped > 0 {
		out = append(out, Finding{ID: "load.starts_dropped", Severity: Problem, Evidence: d})
	}
	if s.Calls > 0 {
		out = append(out, Finding{ID: "load.stuck", Severity: Warn, Evidence: s})
	}
	return out
}
