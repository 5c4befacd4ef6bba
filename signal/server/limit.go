package server

import (
	"net/netip"
	"time"
)

const (
	defaultPairsPerAddress   = 256
	defaultRequestsPerSecond = 200
	burstSeconds             = 10
	// bucketsKept is how many addresses are remembered before those with a full
	// bucket, which need no memory, are forgotten.
	bucketsKept = 4096
)

// limits counts per client address. The Server's mutex guards it.
type limits struct {
	pairs         int // negative: no limit
	rate          float64
	burst         float64
	skipLoopback  [2]bool // for pairs, for requests
	pairsOf       map[client]int
	buckets       map[client]*bucket
	sweepAtLength int
}

// client is what a limit counts by.
type client struct {
	key      string
	loopback bool
}

// bucket is a token bucket: full at the beginning, refilled with rate.
type bucket struct {
	tokens float64
	at     time.Time
}

func newLimits(o Options) *limits {
	l := &limits{
		pairs: o.PairsPerAddress, rate: o.RequestsPerSecond, burst: float64(o.RequestBurst),
		skipLoopback:  [2]bool{o.PairsPerAddress == 0, o.RequestsPerSecond == 0 && o.RequestBurst == 0},
		pairsOf:       make(map[client]int),
		buckets:       make(map[client]*bucket),
		sweepAtLength: bucketsKept,
	}
	orDefault(&l.pairs, defaultPairsPerAddress)
	orDefault(&l.rate, defaultRequestsPerSecond)
	orDefault(&l.burst, max(1, l.rate*burstSeconds))
	return l
}

// clientOf reads a client from http.Request.RemoteAddr. What is no IP address
// (a Unix socket, a test) counts as one client by its text.
func clientOf(remote string) client {
	addrPort, err := netip.ParseAddrPort(remote)
	if err != nil {
		return client{key: remote}
	}
	addr := addrPort.Addr().Unmap().WithZone("")
	if addr.Is6() && !addr.IsLoopback() {
		if prefix, err := addr.Prefix(64); err == nil {
			return client{key: prefix.String()}
		}
	}
	return client{key: addr.String(), loopback: addr.IsLoopback()}
}

// admitRequest takes a token of the client's bucket, or tells how long it takes until
// there is one.
func (l *limits) admitRequest(c client, now time.Time) (wait time.Duration, ok bool) {
	if l.rate < 0 || l.burst < 0 || c.loopback && l.skipLoopback[1] {
		return 0, true
	}
	b := l.buckets[c]
	if b == nil {
		l.sweep(now)
		b = &bucket{tokens: l.burst, at: now}
		l.buckets[c] = b
	}
	b.refill(l, now)
	if b.tokens < 1 {
		return time.Duration((1 - b.tokens) / l.rate * float64(time.Second)), false
	}
	b.tokens--
	return 0, true
}

func (b *bucket) refill(l *limits, now time.Time) {
	b.tokens = min(l.burst, b.tokens+now.Sub(b.at).Seconds()*l.rate)
	b.at = now
}

// sweep forgets the addresses that have been quiet. The threshold doubles
// with what stays, so that the work stays proportional to the number of new addresses.
func (l *limits) sweep(now time.Time) {
	if len(l.buckets) < l.sweepAtLength {
		return
	}
	for c, b := range l.buckets {
		b.refill(l, now)
		if b.tokens >= l.burst {
			delete(l.buckets, c)
		}
	}
	l.sweepAtLength = max(bucketsKept, 2*len(l.buckets))
}

// admitPair counts a new pair for c, unless that is one too many.
func (l *limits) admitPair(c client) bool {
	if l.pairs >= 0 && !(c.loopback && l.skipLoopback[0]) && l.pairsOf[c] >= l.pairs {
		return false
	}
	l.pairsOf[c]++
	return true
}

func (l *limits) releasePair(c client) {
	if l.pairsOf[c]--; l.pairsOf[c] <= 0 {
		delete(l.pairsOf, c)
	}
}
