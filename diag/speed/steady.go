package speed

import (
	"cmp"
	"math"
	"slices"

	"dialtone/diag"
)

// Shift is a rate that changed during a test, and held before and after.
type Shift struct {
	At     diag.Millis `json:"at_ms"`  // since the first message arrived
	Before float64     `json:"before"` // bit/s of IPv4 packets with all headers
	After  float64     `json:"after"`
}

const (
	// leastPart is how many intervals a part of a test must have to be judged: half a second.
	leastPart = 5
	// constant is how far the rate of an interval may be from the median of a rate that a link sets, as a share;
	// the rates of a sender that lacks CPU differ by more.
	constant = 0.03
	// holds is how far it may be from the median of a rate that holds,
	holds = 0.1
	// most is the share of the intervals for which that must be so,
	most = 0.85
	// changes is by which factor two rates differ that are not the same,
	changes = 1.25
	// growth is by which factor a rate grows in the last third of a test that was too short.
	growth = 1.15
)

// span is the rate of packets (bit/s) that was counted from a time (s) on.
type span struct{ at, rate float64 }

// rates are those of the packets in the intervals after the warm-up; nil if one is unknown.
func (t *Test) rates(d diag.Direction) (out []span) {
	for _, i := range t.Intervals {
		if i.Direction != d || i.FromMs < t.WarmUpMs || i.ToMs > t.ForMs+slack || i.ToMs <= i.FromMs {
			continue
		}
		if i.WireBytes == nil || i.Packets == nil {
			return nil
		}
		out = append(out, span{i.FromMs.Duration().Seconds(), rate(*i.WireBytes+headers**i.Packets, i.ToMs-i.FromMs)})
	}
	return out
}

// within reports whether most of some rates are so near to their median.
func within(part []span, share float64) bool {
	if len(part) < leastPart {
		return false
	}
	m, n := median(part), 0
	for _, p := range part {
		if p.rate >= m*(1-share) && p.rate <= m*(1+share) {
			n++
		}
	}
	return float64(n) >= most*float64(len(part))
}

// median is that of some rates.
func median(part []span) float64 {
	sorted := slices.SortedFunc(slices.Values(part), func(a, b span) int { return cmp.Compare(a.rate, b.rate) })
	return sorted[len(sorted)/2].rate
}

// isConstant reports whether a link set the rate, however busy the sender was.
func (t *Test) isConstant(d diag.Direction) bool { return within(t.rates(d), constant) }

// change is a rate that held and was then another one that held; nil if there is none. It divides the intervals so that
// they differ least from the medians of both parts.
func (t *Test) change(d diag.Direction) *Shift {
	all := t.rates(d)
	split, least := 0, math.Inf(1)
	for n := leastPart; n+leastPart <= len(all); n++ {
		if v := deviation(all[:n]) + deviation(all[n:]); v < least {
			split, least = n, v
		}
	}
	if split == 0 || !within(all[:split], holds) || !within(all[split:], holds) {
		return nil
	}
	s := &Shift{diag.Millis(all[split].at * 1e9), median(all[:split]), median(all[split:])}
	if min(s.Before, s.After) <= 0 || max(s.Before/s.After, s.After/s.Before) < changes {
		return nil
	}
	return s
}

// deviation is by how much rates differ from their median, all together.
func deviation(part []span) (sum float64) {
	m := median(part)
	for _, p := range part {
		sum += math.Abs(p.rate - m)
	}
	return sum
}

// grows reports whether the rate was still growing when the test ended.
func (t *Test) grows(d diag.Direction) bool {
	all := t.rates(d)
	third := len(all) / 3
	if third < 2 || t.change(d) != nil {
		return false
	}
	first, middle, last := median(all[:third]), median(all[third:len(all)-third]), median(all[len(all)-third:])
	return first < middle && middle*growth <= last
}

// messages is the share of all bytes of the packets of a direction that were messages; nil if it is unknown. A message
// that arrives late, since one before it was lost, is in packets that came in their time: what is counted between two
// moments would be too little, or too much. When a test is complete, all have arrived.
func (t *Test) messages(d diag.Direction) *float64 {
	var bytes, wire uint64
	for _, i := range t.Intervals {
		if i.Direction != d {
			continue
		}
		if i.WireBytes == nil || i.Packets == nil {
			return nil
		}
		bytes += i.Bytes
		wire += *i.WireBytes + headers**i.Packets
	}
	first := uint64(max(t.Size, 0)) // #nosec G115 -- its packets came before the count began
	if !t.Complete || t.Rate > 0 || bytes <= first || wire == 0 {
		return nil
	}
	return new(min(1, float64(bytes-first)/float64(wire)))
}
