package speed

import (
	"math"
	"slices"

	"dialtone/diag"
)

// Onset is what begins at a rate that a path does not carry.
type Onset string

// Onsets.
const (
	OnsetNone   Onset = ""       // the rate holds
	OnsetLoss   Onset = "loss"   // messages are lost
	OnsetQueue  Onset = "queue"  // they wait longer and longer
	OnsetSender Onset = "sender" // the sender holds them back, and the path shows nothing
	OnsetNoData Onset = "nodata" // nothing arrived, or too little to judge
)

// Found is the highest rate that a direction carried without loss and without a queue that grows.
type Found struct {
	Way   diag.SpeedWay `json:"way"`
	Rate  *float64      `json:"rate"`  // bit/s of IPv4 packets with all headers; null: no rate held
	Broke *float64      `json:"broke"` // likewise: the lowest that did not hold; null: none was found
	Onset Onset         `json:"onset"` // what began there
	Steps int           `json:"steps"`
	// the search ended with its time or its bytes, or the sender was the limit: the path may carry more
	LowerBound bool `json:"lower_bound"`

	trials []trial
}

// Bounds of a search, in bit/s of messages.
const (
	searchFrom  = 256e3
	searchLeast = 16e3
	searchMost  = 10e9
	// narrow is how close the rates that hold and do not hold come to each other.
	narrow = 1.02
	// mostSteps bounds a search.
	mostSteps = 30
	// sure is how often the rates of the last interval are tried.
	sure = 2
	// mostAgain is how often a rate is tried again at which the sender was the limit.
	mostAgain = 2
)

// Search looks for the rate at which loss or queueing begins: it doubles the rate until either does, and then halves
// the interval (as RFC 2544 §26.1 searches, but by delay too). Both ends of the last interval are tried once more, so
// that a moment in which a machine was busy does not decide.
type Search struct {
	trials []trial
	again  int // times that the sender was the limit at the same rate
}

// trial is a rate that was tried.
type trial struct {
	rate        float64 // bit/s of messages
	onset       Onset
	wire, bytes uint64 // of packets with all headers, and of the messages in them; 0: unknown
}

// Next is the next rate to try, bit/s of messages; false if the search is over.
func (s *Search) Next() (rate float64, more bool) {
	held, broke := interval(s.trials)
	switch {
	case len(s.trials) >= mostSteps:
		return 0, false
	case held == 0 && broke == 0:
		return searchFrom, true
	case s.again > 0:
		return s.trials[len(s.trials)-1].rate, true
	case broke == 0:
		return 2 * held, 2*held <= searchMost
	case held == 0:
		return broke / 2, broke/2 >= searchLeast
	case broke > narrow*held:
		return math.Sqrt(held * broke), true
	case s.tried(broke) < sure:
		return broke, true
	}
	return held, s.tried(held) < sure
}

// Take takes what a rate came to.
func (s *Search) Take(rate float64, o Onset) {
	s.trials = append(s.trials, trial{rate: rate, onset: o})
	if o == OnsetSender && s.again < mostAgain { // meanwhile its congestion window grows
		s.again++
	} else {
		s.again = 0
	}
}

// tried is how often a rate was tried.
func (s *Search) tried(rate float64) (n int) {
	for _, t := range s.trials {
		if t.rate == rate {
			n++
		}
	}
	return n
}

// interval is the lowest rate that did not hold, and the highest below that did. Of a rate that was tried more than
// once the latest trial counts.
func interval(trials []trial) (held, broke float64) {
	latest := map[float64]Onset{}
	for _, t := range trials {
		latest[t.rate] = t.onset
	}
	for rate, o := range latest {
		if o != OnsetNone && (broke == 0 || rate < broke) {
			broke = rate
		}
	}
	for rate, o := range latest {
		if o == OnsetNone && (broke == 0 || rate < broke) {
			held = max(held, rate)
		}
	}
	return held, broke
}

const (
	// lossOnset is the share of lost messages from which on a rate does not hold: more than a radio link loses anyway.
	lossOnset = 0.02
	// fewLost is how many may be lost beside.
	fewLost = 2
	// queueOnset is how much delay a second adds, as a share: the rate is that much above what the path carries.
	queueOnset = 0.01
	// fullRate is the share of a step's messages that must be sent; when the warm-up ended is not known better.
	fullRate = 0.85
	// overload is the delay at which a step is over, because the rate cannot hold.
	overload = diag.Millis(100e6)
	// leastIntervals is how many a step must have, to judge whether delay grows.
	leastIntervals = 4
)

// Overloaded reports whether a step of a search need not go on: what arrives is late, or missing.
func (t *Test) Overloaded(d diag.Direction) bool {
	i := len(t.Intervals) - 1
	for i >= 0 && t.Intervals[i].Direction != d {
		i--
	}
	if i < 0 || t.Intervals[i].FromMs < t.WarmUpMs {
		return false
	}
	last := t.Intervals[i]
	return last.DelayMs != nil && *last.DelayMs > overload || float64(last.Lost) > float64(last.Messages)/10+1
}

// Onset is what began in a step of a search.
func (t *Test) Onset(d diag.Direction) Onset {
	s, ok := t.settled(d)
	delays := t.delays(d)
	all := float64(s.lost) + float64(s.messages)
	switch {
	case !ok || all <= 0 || len(delays) < leastIntervals && !t.Overloaded(d):
		return OnsetNoData
	case float64(s.lost) > lossOnset*all+fewLost:
		return OnsetLoss
	case t.heldBack(d):
		return OnsetSender
	case slope(delays) <= 1000*queueOnset && !t.Overloaded(d):
		return OnsetNone
	case len(t.Checks) >= leastIntervals && slope(series(t.Checks)) <= slope(delays)/4:
		return OnsetSender
	}
	return OnsetQueue
}

// point is a delay (ms) at a time (s).
type point struct{ at, ms float64 }

// heldBack reports whether the sender sent less than the step's rate, although the path let it.
func (t *Test) heldBack(d diag.Direction) bool {
	i := slices.IndexFunc(t.Senders, func(s diag.SpeedSender) bool { return s.Direction == d })
	if i < 0 || t.Overloaded(d) {
		return false
	}
	s := t.Senders[i]
	return float64(s.Late) > achieved*float64(s.Messages) ||
		float64(8*s.Bytes) < fullRate*t.Rate*(t.ForMs-t.WarmUpMs).Duration().Seconds()
}

// delays are those of the settled intervals of a direction.
func (t *Test) delays(d diag.Direction) (out []point) {
	for _, i := range t.Intervals {
		if i.Direction == d && i.FromMs >= t.WarmUpMs && i.DelayMs != nil && i.Messages > 0 {
			out = append(out, point{i.ToMs.Duration().Seconds(), i.DelayMs.Float()})
		}
	}
	return out
}

// checkTime is about how much lies between two checks of a measurement, in seconds.
const checkTime = 0.05

func series(checks []diag.Millis) (out []point) {
	for i, c := range checks {
		out = append(out, point{checkTime * float64(i), c.Float()})
	}
	return out
}

// slope is by how much a delay grows, ms in a second: the median of the slopes of all pairs (Theil and Sen), so that a
// moment in which this machine was busy does not count.
func slope(list []point) float64 {
	var all []float64
	for i, a := range list {
		for _, b := range list[:i] {
			if a.at > b.at {
				all = append(all, (a.ms-b.ms)/(a.at-b.at))
			}
		}
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// found adds a step of a search to what was found.
func found(list []Found, t *Test) []Found {
	d := diag.Outbound
	if t.Way == diag.SpeedDown {
		d = diag.Inbound
	}
	if n := len(list); n == 0 || list[n-1].Way != t.Way {
		list = append(list, Found{Way: t.Way, LowerBound: true})
	}
	f := &list[len(list)-1]
	f.Steps++
	s, ok := t.settled(d)
	if !ok || !s.wired || s.bytes == 0 {
		return list
	}
	if onset := t.Onset(d); onset != OnsetNoData {
		f.trials = append(f.trials, trial{t.Rate, onset, s.wire + headers*s.packets, s.bytes})
	}
	f.settle()
	return list
}

// near is the least share of a rate at which packets are as much larger than messages: far from it, what else is sent,
// such as checks of the path, is another part of it.
const near = 0.8

// settle computes what was found from the trials.
func (f *Found) settle() {
	held, broke := interval(f.trials)
	var wire, bytes uint64
	for _, t := range f.trials {
		if held == 0 || t.rate >= near*held && (t.onset == OnsetNone || t.onset == OnsetQueue && t.rate <= held/near) {
			wire, bytes = wire+t.wire, bytes+t.bytes
		}
	}
	packets := float64(wire) / float64(bytes)
	f.Rate, f.Broke, f.Onset = nil, nil, OnsetNone
	if held > 0 {
		f.Rate = new(held * packets)
	}
	if broke > 0 {
		f.Broke = new(broke * packets)
		for _, t := range f.trials {
			if t.rate == broke {
				f.Onset = t.onset
			}
		}
	}
	f.LowerBound = f.Broke == nil || f.Rate == nil || f.Onset == OnsetSender || *f.Broke > 1.1**f.Rate
}
