package server

import (
	"time"

	"golang.org/x/time/rate"

	"dialtone/signal/gate"
)

const (
	defaultPairsPerAddress   = 256
	defaultRequestsPerSecond = 200
	defaultMissesPerSecond   = 1
	burstSeconds             = 10
	// spareMisses are the dials that a client may make in vain beside those of its pairs.
	spareMisses = 64
	// bytesPerAddress is what parties of one address may have stored, in bytes.
	bytesPerAddress = 16 << 20
	// Of pairs and bytes a quarter is kept for clients that hold hardly any: a few pairs, and the descriptions of them.
	reservedPart = 4
	modestPairs  = 4
	modestBytes  = 512 << 10
	// limitersKept is how many addresses are remembered before those with a full burst, which need no memory, are
	// forgotten.
	limitersKept = 4096
)

// limits counts per client address. The Server's mutex guards it.
type limits struct {
	pairs    int // negative: no limit
	bytes    int
	exempt   [3]bool // local clients: from the limits of pairs, requests and misses
	pairsOf  gate.Counter
	bytesOf  gate.Counter
	requests *buckets
	misses   *buckets
}

func newLimits(o Options) *limits {
	l := &limits{
		pairs: o.PairsPerAddress, bytes: bytesPerAddress, exempt: [3]bool{
			o.PairsPerAddress == 0, o.RequestsPerSecond == 0 && o.RequestBurst == 0,
			o.MissesPerSecond == 0,
		},
		requests: newBuckets(o.RequestsPerSecond, defaultRequestsPerSecond, o.RequestBurst),
	}
	orDefault(&l.pairs, defaultPairsPerAddress)
	l.misses = newBuckets(o.MissesPerSecond, defaultMissesPerSecond, max(l.pairs, defaultPairsPerAddress)+spareMisses)
	return l
}

// admitRequest counts a request of a client, or returns how long it takes until one is allowed.
func (l *limits) admitRequest(c gate.Client, now time.Time) (wait time.Duration, ok bool) {
	if c.Local && l.exempt[1] {
		return 0, true
	}
	return l.requests.take(c, now, true)
}

// admitDial returns how long it takes until a client may dial again. It must not depend on who waits under which code.
func (l *limits) admitDial(c gate.Client, now time.Time) (wait time.Duration, ok bool) {
	if c.Local && l.exempt[2] {
		return 0, true
	}
	return l.misses.take(c, now, false)
}

// missed counts a dial of a code that no peer waited for.
func (l *limits) missed(c gate.Client, now time.Time) {
	if !c.Local || !l.exempt[2] {
		l.misses.take(c, now, true)
	}
}

// fitsPair is why a client may not begin a pair beside all that exist; nil: it may.
func (l *limits) fitsPair(c gate.Client, all, most int) *failure {
	switch {
	case exceeds(all+1, most-most/reservedPart) && most > 0 && l.pairsOf.Held(c) >= modestPairs:
		return errPairLimit
	case c.Local && l.exempt[0] || l.pairsOf.Fits(c, 1, l.pairs):
		return nil
	}
	return errAddressLimit
}

// fitsBytes reports whether n more bytes may be kept for a client beside all that are.
func (l *limits) fitsBytes(c gate.Client, n, all, most int) bool {
	if exceeds(all+n, most) {
		return false
	}
	if exceeds(all+n, most-most/reservedPart) && most > 0 && l.bytesOf.Held(c)+n > modestBytes {
		return false
	}
	return c.Local || l.bytesOf.Fits(c, n, l.bytes)
}

// buckets are token buckets, one for each group of clients.
type buckets struct {
	rate    rate.Limit // negative: no limit
	burst   int
	of      map[string]*rate.Limiter
	sweepAt int
}

// newBuckets makes the buckets of a rate per second, 0 for the standard one; a burst of 0 is ten seconds' worth.
func newBuckets(perSecond, standard float64, burst int) *buckets {
	orDefault(&perSecond, standard)
	orDefault(&burst, max(1, int(perSecond*burstSeconds)))
	return &buckets{rate: rate.Limit(perSecond), burst: burst, of: map[string]*rate.Limiter{}, sweepAt: limitersKept}
}

// take takes a token of each of a client's groups, or returns how long it takes until there is one. With really false
// nothing is taken.
func (b *buckets) take(c gate.Client, now time.Time, really bool) (wait time.Duration, ok bool) {
	if b.rate < 0 || b.burst < 0 {
		return 0, true
	}
	taken := make([]*rate.Reservation, 0, len(c.Groups))
	for _, g := range c.Groups {
		r := b.limiter(g, now).ReserveN(now, 1)
		taken = append(taken, r)
		wait = max(wait, r.DelayFrom(now))
	}
	if wait > 0 || !really {
		for _, r := range taken {
			r.CancelAt(now)
		}
	}
	return wait, wait == 0
}

func (b *buckets) limiter(g gate.Group, now time.Time) *rate.Limiter {
	l := b.of[g.Key]
	if l == nil {
		b.sweep(now)
		l = rate.NewLimiter(b.rate*rate.Limit(g.Share), b.burst*g.Share)
		b.of[g.Key] = l
	}
	return l
}

// sweep forgets the clients that have been quiet. The threshold doubles with what stays, so that the work stays
// proportional to the number of new ones.
func (b *buckets) sweep(now time.Time) {
	if len(b.of) < b.sweepAt {
		return
	}
	for key, l := range b.of {
		if l.TokensAt(now) >= float64(l.Burst()) {
			delete(b.of, key)
		}
	}
	b.sweepAt = max(limitersKept, 2*len(b.of))
}
