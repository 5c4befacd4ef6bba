package peer

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/pion/stun/v4"

	"dialtone/diag"
)

const (
	// maxPairs bounds the checklist (RFC 8445 §6.1.2.5).
	maxPairs = 100
	// relayedPairs of them are kept for pairs with a local relay candidate, which come last and work if no other does.
	relayedPairs = 20
	// oneWayWait is how long the answer of a peer that has sent no check on a pair is held back: the pair may not be one
	// of its own, and it never uses such a pair.
	oneWayWait = 400 * time.Millisecond
	// transactionTime is how long a check may be answered; pion waits as long.
	transactionTime = 4 * time.Second
)

// guard stands between the ICE agent, which bounds nothing, and the network. It passes connectivity checks (RFC 8445
// §7) on at most maxPairs candidate pairs, only between addresses of one kind, and few to hosts that have not answered.
// It counts what really passes.
type guard struct {
	now   func() time.Time
	hosts *Limiter

	mu       sync.Mutex
	username string // of checks to this peer: its fragment and a colon; empty before there is one
	trusting bool   // answers are passed at once: the peer sends no checks (ICE-lite), or the agent is to be as it is
	pairs    map[wirePair]*wireChecks
	answered map[netip.AddrPort]bool
	open     map[[stun.TransactionIDSize]byte]transaction
	limits   diag.ICELimits
}

// base is the local end of a check: the socket, or the relayed address behind it.
type base struct {
	addr    netip.Addr // of the interface, or of the relay; unspecified: any of this machine
	port    uint16
	relayed bool
}

// wirePair is a candidate pair as the wire shows it.
type wirePair struct {
	port    uint16 // of the socket
	relayed bool
	remote  netip.AddrPort
}

// wireChecks counts the checks on one pair.
type wireChecks struct {
	requestsSent, responsesReceived uint64
	requestsReceived, responsesSent uint64
	requestsFailed                  uint64
	sendError                       string        // of the latest of those
	roundTrip                       time.Duration // of the latest answer
	answeredAt                      time.Time     // first
}

type transaction struct {
	pair wirePair
	at   time.Time
}

func newGuard(o Options) *guard {
	hosts := o.Limiter
	if hosts == nil {
		hosts = &Limiter{}
	}
	g := &guard{now: o.Now, hosts: hosts, trusting: o.PionDefaults}
	g.restart()
	return g
}

// restart forgets the pairs: an ICE restart makes others.
func (g *guard) restart() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pairs, g.answered = map[wirePair]*wireChecks{}, map[netip.AddrPort]bool{}
	g.open = map[[stun.TransactionIDSize]byte]transaction{}
}

// local learns the username fragment that checks to this peer begin with.
func (g *guard) local(fragment string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.username = fragment + ":"
}

// remoteLite: the peer is ICE-lite, so it never sends a check.
func (g *guard) remoteLite() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.trusting = true
}

// sends reports whether a STUN message of the agent may leave.
func (g *guard) sends(from base, m *stun.Message, to netip.AddrPort) bool {
	key := wirePair{from.port, from.relayed, plain(to)}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case m.Type == stun.BindingSuccess:
		if p := g.pairs[key]; p != nil {
			p.responsesSent++
		}
		return true
	case m.Type != stun.BindingRequest || !m.Contains(stun.AttrUsername):
		return true // no check: a server is asked
	case !sameKind(from.addr, to.Addr()):
		return false
	}
	p := g.pair(key)
	if p == nil {
		return false
	}
	now := g.now()
	if !g.answered[key.remote] && !g.hosts.allow(key.remote.Addr(), 1, now) {
		g.limits.Checks++
		return false
	}
	p.requestsSent++
	g.expire(now)
	g.open[m.TransactionID] = transaction{key, now}
	return true
}

// unsent takes back a check that the operating system did not send.
func (g *guard) unsent(from base, m *stun.Message, to netip.AddrPort, err error) {
	if m.Type != stun.BindingRequest || errors.Is(err, net.ErrClosed) {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.pairs[wirePair{from.port, from.relayed, plain(to)}]
	if _, known := g.open[m.TransactionID]; p == nil || !known {
		return
	}
	delete(g.open, m.TransactionID)
	p.requestsSent--
	p.requestsFailed++
	p.sendError = err.Error()
	var errno syscall.Errno
	if errors.As(err, &errno) {
		p.sendError = errno.Error()
	}
}

// pair is an entry of the checklist, made if there is room; nil if not.
func (g *guard) pair(key wirePair) *wireChecks {
	if p := g.pairs[key]; p != nil {
		return p
	}
	room := maxPairs
	if !key.relayed {
		room -= relayedPairs
	}
	if len(g.pairs) >= room {
		g.limits.Checks++
		return nil
	}
	p := &wireChecks{}
	g.pairs[key] = p
	return p
}

// expire forgets checks that are too old to be answered.
func (g *guard) expire(now time.Time) {
	if len(g.open) < 4*maxPairs {
		return
	}
	for id, t := range g.open {
		if now.Sub(t.at) > transactionTime {
			delete(g.open, id)
		}
	}
}

// arrival is what becomes of a STUN message for the agent.
type arrival uint8

const (
	pass    arrival = iota
	ignore          // it never arrived
	hold            // until a check comes in on the same pair
	release         // it passes, and what was held on its pair after it
)

// receives decides about a STUN message for the agent.
func (g *guard) receives(at base, m *stun.Message, from netip.AddrPort) arrival {
	key := wirePair{at.port, at.relayed, plain(from)}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch m.Type {
	case stun.BindingRequest:
		return g.checkReceived(at, key, m)
	case stun.BindingSuccess:
		return g.answerReceived(key, m)
	}
	return pass
}

func (g *guard) checkReceived(at base, key wirePair, m *stun.Message) arrival {
	var name stun.Username
	if name.GetFrom(m) != nil || g.username == "" || !strings.HasPrefix(name.String(), g.username) {
		return pass // it is of another session: the agent rejects it
	}
	if !sameKind(at.addr, key.remote.Addr()) {
		return ignore
	}
	p := g.pair(key)
	if p == nil {
		return ignore
	}
	p.requestsReceived++
	return release
}

func (g *guard) answerReceived(key wirePair, m *stun.Message) arrival {
	t, known := g.open[m.TransactionID]
	if !known || t.pair != key || !m.Contains(stun.AttrMessageIntegrity) {
		return pass // not symmetric (RFC 8445 §7.2.5.2.1), or no answer to a check: the agent rejects it
	}
	p := g.pairs[key]
	if p == nil {
		return pass
	}
	now := g.now()
	p.responsesReceived++
	p.roundTrip = now.Sub(t.at)
	g.answered[key.remote] = true
	if p.answeredAt.IsZero() {
		p.answeredAt = now
	}
	if !g.trusting && p.requestsReceived == 0 && now.Sub(p.answeredAt) < oneWayWait {
		return hold
	}
	return pass
}

// counts are those of a pair; false: no check has passed on it. A remote candidate that is a name has no valid address:
// its port stands for it.
func (g *guard) counts(from base, remote netip.AddrPort) (wireChecks, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if remote.Addr().IsValid() {
		p := g.pairs[wirePair{from.port, from.relayed, plain(remote)}]
		if p == nil {
			return wireChecks{}, false
		}
		return *p, true
	}
	for key, p := range g.pairs {
		if key.port == from.port && key.relayed == from.relayed && key.remote.Port() == remote.Port() {
			return *p, true
		}
	}
	return wireChecks{}, false
}

// dropped counts a remote candidate that is not used because there are too many.
func (g *guard) dropped() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.limits.Candidates++
}

// limited is what the limits held back by now.
func (g *guard) limited() diag.ICELimits {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.limits
}

// plain makes addresses of one host equal.
func plain(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// sameKind reports whether a pair of these addresses may be checked: a loopback address reaches loopback addresses
// only, and a link-local one those of its link (RFC 8445 §5.1.1.1, §6.1.2.2).
func sameKind(from, to netip.Addr) bool {
	from, to = from.Unmap(), to.Unmap()
	return from.IsLoopback() == to.IsLoopback() && from.IsLinkLocalUnicast() == to.IsLinkLocalUnicast()
}
