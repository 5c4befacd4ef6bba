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
