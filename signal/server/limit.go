package server

import (
	"net/netip"
	"time"

	"golang.org/x/time/rate"
)

const (
	defaultPairsPerAddress   = 256
	defaultRequestsPerSecond = 200
	burstSeconds             = 10
	// limitersKept is how many addresses are remembered before those with a full burst, which need no memory, are
	// forgotten.
	limitersKept = 4096
)

// limits counts per client address. The Server's mutex guards it.
type limits struct {
	pairs         int // negative: no limit
	rate          rate.Limit
	burst         int
	skipLoopback  [2]bool // for pairs, for requests
	pairsOf       map[client]int
	limiters      map[client]*rate.Limiter
	sweepAtLength int
}

// client is what a limit counts by.
type client struct {
	key      string
	loopback bool
}

func newLimits(o Options) *limits {
	l := &limits{
		pairs: o.PairsPerAddress, rate: rate.Limit(o.RequestsPerSecond), burst: o.RequestBurst,
		skipLoopback: [2]bool{o.PairsPerAddress == 0, o.RequestsPerSecond == 0 && o.RequestBurst == 0},
		pairsOf:      make(map[client]int), limiters: make(map[client]*rate.Limiter), sweepAtLength: limitersKept,
	}
	orDefault(&l.pairs, defaultPairsPerAddress)
	orDefault(&l.rate, defaultRequestsPerSecond)
	orDefault(&l.burst, max(1, int(l.rate*burstSeconds)))
	return l
}

// clientOf reads a client from http.Request.RemoteAddr. A text that is not an IP address (a Unix socket, a test) counts
// as one client.
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

// admitRequest counts a request of a client, or returns how long it takes until one is allowed.
func (l *limits) admitRequest(c client, now time.Time) (wait time.Duration, ok bool) {
	if l.rate < 0 || l.burst < 0 || c.loopback && l.skipLoopback[1] {
		return 0, true
	}
	limiter := l.limiters[c]
	if limiter == nil {
		l.sweep(now)
		limiter = rate.NewLimiter(l.rate, l.burst)
		l.limiters[c] = limiter
	}
	r := limiter.ReserveN(now, 1)
	if wait = r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
		return wait, false
	}
	return 0, true
}

// sweep forgets the addresses that have been quiet. The threshold doubles with what stays, so that the work stays
// proportional to the number of new addresses.
func (l *limits) sweep(now time.Time) {
	if len(l.limiters) < l.sweepAtLength {
		return
	}
	for c, limiter := range l.limiters {
		if limiter.TokensAt(now) >= float64(l.burst) {
			delete(l.limiters, c)
		}
	}
	l.sweepAtLength = max(limitersKept, 2*len(l.limiters))
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
