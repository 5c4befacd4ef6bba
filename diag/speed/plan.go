package speed

import (
	"time"

	"dialtone/diag"
)

// Request is what a user wants to know.
type Request struct {
	Ways           []diag.SpeedWay
	For            time.Duration // of each test
	WarmUp         time.Duration // of each test, left out of its result; 0: a third of it, at most 3 s
	Size           int           // bytes of a message
	Unordered      bool
	MaxRetransmits *uint16
	Rates          []float64 // bit/s, of paced tests in each way instead
	Search         bool      // first the rate in each way at which loss or queueing begins
	MaxBytes       uint64    // of all tests together
}

// idleTime is how long the path is observed without load.
const idleTime = 2 * time.Second

// pacedSize is that of a paced message: with its headers it fits into a packet.
const pacedSize = 1000

// searchTime bounds a search in a direction.
const searchTime = 40 * time.Second

// PlanOf makes the plan of a request: round trips without load first, then each way.
func PlanOf(r Request) diag.SpeedPlan {
	if r.WarmUp == 0 {
		r.WarmUp = min(r.For/3, 3*time.Second)
	}
	p := diag.SpeedPlan{MaxBytes: r.MaxBytes}
	p.Tests = append(p.Tests, diag.SpeedTest{Way: diag.SpeedIdle, ForMs: diag.Millis(min(idleTime, r.For))})
	flows := uint64(0)
	add := func(t diag.SpeedTest) {
		t.ForMs, t.WarmUpMs = diag.Millis(r.For), diag.Millis(r.WarmUp)
		p.Tests = append(p.Tests, t)
		if flows++; t.Way == diag.SpeedBoth {
			flows++
		}
	}
	for _, way := range r.Ways { // first: once messages were lost, SCTP does not reach the rate of a long path for a while
		if r.Search && way != diag.SpeedBoth {
			add(diag.SpeedTest{Way: way, Size: pacedSize, Unordered: true, MaxRetransmits: new(uint16(0)), Search: true})
			t := &p.Tests[len(p.Tests)-1]
			t.ForMs, t.WarmUpMs = diag.Millis(searchTime), 0
		}
	}
	for _, way := range r.Ways {
		if len(r.Rates) == 0 {
			add(diag.SpeedTest{Way: way, Size: r.Size, Unordered: r.Unordered, MaxRetransmits: r.MaxRetransmits})
		}
		for _, rate := range r.Rates {
			size := r.Size
			if size == 0 || size > pacedSize {
				size = pacedSize
			}
			add(diag.SpeedTest{Way: way, Size: size, Unordered: true, MaxRetransmits: new(uint16(0)), Rate: rate})
		}
	}
	for i := range p.Tests {
		if t := &p.Tests[i]; t.Way != diag.SpeedIdle {
			t.MaxBytes = r.MaxBytes / flows
		}
		p.MaxMs += p.Tests[i].ForMs
	}
	return p
}
