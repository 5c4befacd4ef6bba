// Package loads shows a load test while it runs: arrivals, calls in progress, failures by cause, and the setup times as
// a heat map over time.
package loads

import "time"

// Second is one second of a test.
type Second struct {
	Started, Ended, Failed, InProgress int
	Setup                              []Count // setup times of the calls that became ready
	Short                              bool    // this machine was the limit
}

// Count is how many calls took up to a time.
type Count struct {
	Till time.Duration
	N    int
}

// Cause is why calls failed.
type Cause struct {
	Title string
	Calls int
}

// State is a test after a second.
type State struct {
	At                                    time.Duration // since it began
	Due, Started, Passed, Failed, Dropped int
	Unjudged                              int // calls in which this machine was the limit
	InProgress                            int
	P50, P95                              *time.Duration // setup times of the last second
	CPU                                   *float64       // share of the processors that this program uses, 0–1
	Late                                  float64        // share of late timers in the last second, 0–1
	Second                                Second
	Causes                                []Cause // the most frequent first
}

// maxSeconds bounds what is kept: a day.
const maxSeconds = 24 * 60 * 60

// History is what the screen draws.
type History struct {
	name    string
	seconds []Second
	now     State
}

// New is that of a test with a name before its first second.
func New(name string) *History { return &History{name: name} }

// Take implements [live.Content]: a [State] after a second.
func (h *History) Take(news any) {
	s, ok := news.(State)
	if !ok {
		return
	}
	h.now = s
	if len(h.seconds) < maxSeconds {
		h.seconds = append(h.seconds, s.Second)
	}
}
