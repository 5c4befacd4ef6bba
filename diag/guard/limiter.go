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
	networkBurst   = 10 * StrangerBurst
	networkRate    = 10 * StrangerRate
	maxStrangers   = 4096
	sweepEvery     = time.Second // at most: a sweep looks at all of them, and may find nothing to forget
	SYNsPerAttempt = 4           // packets of a TCP connection that is not answered, within the 15 s that a call waits
)

// How many names (mDNS) the local network is asked for, up to 5 times each by each address family.
const (
	NamesOfCall = 6 // at once
	nameEvery   = 5 * time.Second
	namesAtOnce = 10 * NamesOfCall // of all calls together
	namesRate   = 2                // a second
)

// Limiter bounds how many packets each host gets that has not answered: a burst of 100, then 5 a second, and the hosts
// of a network together ten times as many. All calls of a process share one. The zero value is ready.
type Limiter struct {
	mu       sync.Mutex
	hosts    map[netip.Prefix]*stranger
	networks map[netip.Prefix]*rate.Limiter
	swept    time.Time // when hosts were forgotten last

	serving map[netip.Prefix]bool // hosts of servers that have answered
	names   *rate.Limiter         // that the local network is asked for; nil: none has been
}

// stranger is a host, and what is left of its budget.
type stranger struct {
	*rate.Limiter
	answered bool // a check of some call: it is none of the hosts of its network that do not answer
}

func newStranger(answered bool) *stranger {
	return &stranger{rate.NewLimiter(StrangerRate, StrangerBurst), answered}
}

// allow takes n packets to a host from its budget; false: they must not be sent.
func (l *Limiter) allow(host netip.Addr, n int, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.stranger(hostOf(host), now)
	if s == nil || !s.AllowN(now, n) {
		return false
	}
	if s.answered {
		return true
	}
	key := networkOf(host)
	if l.networks[key] == nil {
		l.networks[key] = rate.NewLimiter(networkRate, networkBurst)
	}
	return l.networks[key].AllowN(now, n)
}

// stranger is a host that is known, or becomes known now; nil: there is no room for it.
func (l *Limiter) stranger(key netip.Prefix, now time.Time) *stranger {
	if l.hosts == nil {
		l.hosts, l.networks = map[netip.Prefix]*stranger{}, map[netip.Prefix]*rate.Limiter{}
	}
	s := l.hosts[key]
	if s == nil && len(l.hosts) >= maxStrangers && now.Sub(l.swept) >= sweepEvery {
		l.forget(now)
		l.swept = now
	}
	if s == nil && len(l.hosts) < maxStrangers {
		s = newStranger(false)
		l.hosts[key] = s
	}
	return s
}

// allowName takes a name from the budget of all calls.
func (l *Limiter) allowName(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.names == nil {
		l.names = rate.NewLimiter(namesRate, namesAtOnce)
	}
	return l.names.AllowN(now, 1)
}

// answers gives a host its whole budget again: it has answered a check, as only the peer of a call can.
func (l *Limiter) answers(host netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if key := hostOf(host); l.hosts[key] != nil {
		l.hosts[key] = newStranger(true)
	}
}

// forget drops the hosts that have their whole budget again, and such networks.
func (l *Limiter) forget(now time.Time) {
	for key, s := range l.hosts {
		if s.TokensAt(now) >= StrangerBurst {
			delete(l.hosts, key)
		}
	}
	for key, budget := range l.networks {
		if budget.TokensAt(now) >= networkBurst {
			delete(l.networks, key)
		}
	}
}

// hostOf is an IPv4 address, or the network of an IPv6 host, which owns all of its addresses.
func hostOf(a netip.Addr) netip.Prefix { return prefixOf(a, 32, 64) }

// networkOf is where hosts probably belong to one owner.
func networkOf(a netip.Addr) netip.Prefix { return prefixOf(a, 24, 48) }

func prefixOf(a netip.Addr, ipv4, ipv6 int) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := ipv4
	if a.Is6() {
		bits = ipv6
	}
	prefix, _ := a.Prefix(bits) // the number of bits fits
	return prefix
}
