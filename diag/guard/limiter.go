package guard

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// What a host may be sent while it does not answer, so that no offer makes this program flood another host.
const (
	StrangerBurst  = 100 // packets at once
	StrangerRate   = 5   // packets per second after that
	maxStrangers   = 4096
	SYNsPerAttempt = 4 // packets of a TCP connection that is not answered, within the 15 s that a call waits
)

// Limiter bounds how many packets each host gets that has not answered: a burst of 100, then 5 a second. Calls that
// strangers can place share one. The zero value is ready.
type Limiter struct {
	mu    sync.Mutex
	hosts map[netip.Prefix]*rate.Limiter

	serving map[netip.Prefix]bool // hosts of servers that have answered
}

// allow takes n packets to a host from its budget; false: they must not be sent.
func (l *Limiter) allow(host netip.Addr, n int, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.hosts) >= maxStrangers {
		l.forget(now)
	}
	key := hostOf(host)
	budget, known := l.hosts[key]
	if !known {
		if len(l.hosts) >= maxStrangers {
			return false
		}
		if l.hosts == nil {
			l.hosts = map[netip.Prefix]*rate.Limiter{}
		}
		budget = rate.NewLimiter(StrangerRate, StrangerBurst)
		l.hosts[key] = budget
	}
	return budget.AllowN(now, n)
}

// forget drops the hosts that have their whole budget again.
func (l *Limiter) forget(now time.Time) {
	for key, budget := range l.hosts {
		if budget.TokensAt(now) >= StrangerBurst {
			delete(l.hosts, key)
		}
	}
}

// hostOf is an IPv4 address, or the network of an IPv6 host, which owns all of its addresses.
func hostOf(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	prefix, _ := a.Prefix(bits) // the number of bits fits
	return prefix
}
