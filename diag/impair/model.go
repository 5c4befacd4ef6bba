package impair

import (
	"math/rand/v2"
	"time"

	"dialtone/diag"
)

const (
	// queueTime is what the queue before a limited rate holds, unless its size is given.
	queueTime = 400 * time.Millisecond
	// leastQueue is the least that this queue holds, in bytes: two packets.
	leastQueue = 3000
	// holdBack is how long a packet is held back so that others overtake it.
	holdBack = 30 * time.Millisecond
	// headers are the bytes of IPv4 and UDP, which a rate counts.
	headers = 28
)

// Model decides what becomes of the packets of one direction. In this order a packet is lost, duplicated, waits for the
// limited rate, travels for delay ± jitter without overtaking, and is held back so that later ones overtake it. Times
// are since any moment, and never go back.
type Model struct {
	set    diag.Impairment
	random *rand.Rand
	free   time.Duration // when the link of limited rate is free
	last   time.Duration // when the latest packet arrives that was not held back
	gap    time.Duration // when the gap begins; -1: it is not known yet
}

// NewModel makes the model of an impairment. Its seed decides all that is random; without a seed it is any.
func NewModel(set diag.Impairment) *Model {
	seed := set.Seed
	if seed == 0 {
		seed = rand.Uint64()
	}
	way := uint64(len(set.Direction)) // both directions of one seed differ
	return &Model{set: set, random: rand.New(rand.NewPCG(seed, way)), gap: -1}
}

// Reason says why a packet was dropped.
type Reason uint8

// Reasons.
const (
	Passed Reason = iota
	Lost          // at random
	InGap
	QueueFull
)

// Fate is what becomes of a packet.
type Fate struct {
	Dropped   Reason
	Due       [2]time.Duration // when its copies arrive
	Copies    int
	Reordered bool
}

// Connected sets the begin of the time that a gap is counted from.
func (m *Model) Connected(at time.Duration) { m.gap = at + m.set.GapAtMs.Duration() }

// Packet decides about a packet of a length in bytes at a time. It draws as many random numbers for each packet,
// whatever happens to it, so that the n-th packet of a seed is always treated alike.
func (m *Model) Packet(at time.Duration, bytes int, p diag.Protocol) Fate {
	lost, twice, wait, held := m.random.Float64(), m.random.Float64(), m.random.Float64(), m.random.Float64()
	switch {
	case m.set.GapMs > 0 && m.gap >= 0 && at >= m.gap && at < m.gap+m.set.GapMs.Duration():
		return Fate{Dropped: InGap}
	case lost < m.set.Loss && (m.set.Only == "" || m.set.Only == p):
		return Fate{Dropped: Lost}
	}
	f := Fate{Copies: 1}
	if twice < m.set.Duplicate {
		f.Copies = 2
	}
	for i := range f.Copies {
		due, passes := m.queue(at, bytes)
		if !passes {
			if i == 0 {
				return Fate{Dropped: QueueFull}
			}
			f.Copies = 1
			break
		}
		f.Due[i] = m.travel(due, wait)
	}
	if f.Reordered = held < m.set.Reorder; f.Reordered {
		f.Due[0] += holdBack
	}
	return f
}

// queue is when a packet has passed the link of limited rate, before which a bounded number of bytes wait. What finds
// nothing there always passes.
func (m *Model) queue(at time.Duration, bytes int) (due time.Duration, passes bool) {
	if m.set.Rate <= 0 {
		return at, true
	}
	limit := float64(m.set.Queue)
	if limit == 0 {
		limit = max(leastQueue, m.set.Rate/8*queueTime.Seconds())
	}
	size, waiting := float64(bytes+headers), max(0, m.free-at).Seconds()*m.set.Rate/8
	if waiting > 0 && waiting+size > limit {
		return 0, false
	}
	m.free = max(at, m.free) + time.Duration(8*size/m.set.Rate*float64(time.Second))
	return m.free, true
}

// travel is when a packet arrives that leaves at a time: not before those that left earlier.
func (m *Model) travel(at time.Duration, random float64) time.Duration {
	jitter := float64(m.set.JitterMs.Duration())
	due := at + m.set.DelayMs.Duration() + time.Duration((2*random-1)*jitter)
	m.last = max(m.last, due)
	return m.last
}
