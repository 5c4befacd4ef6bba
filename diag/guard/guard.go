// Package guard bounds what an ICE agent sends: pairs, hosts that do not answer, and checks across kinds of addresses.
package guard

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/pion/stun/v4"
	"golang.org/x/time/rate"

	"dialtone/diag"
)

const (
	// MaxPairs bounds the checklist (RFC 8445 §6.1.2.5).
	MaxPairs = 100
	// relayedPairs of them are kept for pairs with a local relay candidate, which come last and work if no other does.
	relayedPairs = 20
	// oneWayWait is how long the answer of a peer that has sent no check on a pair is held back: the pair may not be one
	// of its own, and it never uses such a pair.
	oneWayWait = 400 * time.Millisecond
	// transactionTime is how long a check may be answered; pion waits as long.
	transactionTime = 4 * time.Second
)

// Guard stands between the ICE agent, which bounds nothing, and the network. It passes connectivity checks (RFC 8445
// §7) on at most MaxPairs candidate pairs, only between addresses of one kind, and few to hosts that have not answered.
// It counts what really passes.
type Guard struct {
	now   func() time.Time
	hosts *Limiter
	names *rate.Limiter // that the local network is asked for; an ICE restart changes nothing about that

	mu        sync.Mutex
	username  string // of checks to this peer: its fragment and a colon; empty before there is one
	used      string // the peer's fragment in its latest check
	announced string // the peer's fragment in its description; empty before there is one
	denied    bool   // the peer has rejected the credentials of a check
	trusting  bool   // answers are passed at once: the peer sends no checks (ICE-lite), or the agent is to be as it is
	pairs     map[wirePair]*Checks
	answered  map[netip.AddrPort]bool
	open      map[[stun.TransactionIDSize]byte]transaction
	proven    map[hosts]bool // on which checks came from both peers; an ICE restart changes nothing about that
	limits    diag.ICELimits
}

// Base is the local end of a check: the socket, or the relayed address behind it.
type Base struct {
	Addr    netip.Addr // of the interface, or of the relay; unspecified: any of this machine
	Port    uint16
	Relayed bool
}

// wirePair is a candidate pair as the wire shows it.
type wirePair struct {
	port    uint16 // of the socket
	relayed bool
	remote  netip.AddrPort
}

// Checks counts the checks on one pair.
type Checks struct {
	RequestsSent, ResponsesReceived uint64
	RequestsReceived, ResponsesSent uint64
	RequestsFailed                  uint64
	SendError                       string        // of the latest of those
	RoundTrip                       time.Duration // of the latest answer whose check is known; 0: none is
	answeredAt                      time.Time     // first
	open                            []byte        // the latest request, until it is answered or sent again
}

type transaction struct {
	pair       wirePair
	at         time.Time
	nominating bool // of the controlling agent, which nominates the first pair that is answered
	server     bool // it asks a server for the mapped address
	again      bool // it was sent twice
	answered   time.Time
}

// hosts are the addresses of a pair without their ports.
type hosts struct{ local, remote netip.Addr }

// Options are what a [Guard] depends on.
type Options struct {
	Now      func() time.Time
	Hosts    *Limiter // what hosts that do not answer may be sent; nil: one of its own
	Trusting bool     // the answers of a peer that has sent no check are passed at once
}

// New makes the guard of one peer.
func New(o Options) *Guard {
	if o.Hosts == nil {
		o.Hosts = &Limiter{}
	}
	g := &Guard{
		proven: map[hosts]bool{}, now: o.Now, hosts: o.Hosts, trusting: o.Trusting,
		names: rate.NewLimiter(rate.Every(nameEvery), NamesOfCall),
	}
	g.Restart()
	return g
}

// Restart forgets the pairs: an ICE restart makes others.
func (g *Guard) Restart() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pairs, g.answered = map[wirePair]*Checks{}, map[netip.AddrPort]bool{}
	g.open = map[[stun.TransactionIDSize]byte]transaction{}
	g.used, g.denied = "", false
}

// Local learns the username fragment that checks to this peer begin with.
func (g *Guard) Local(fragment string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.username = fragment + ":"
}

// Remote learns the username fragment that the peer's description announces.
func (g *Guard) Remote(fragment string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.announced = fragment
}

// OtherSession is what shows that the peer's agent has other credentials than its description; "" if nothing does.
func (g *Guard) OtherSession() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.used != "" && g.announced != "" && g.used != g.announced:
		return "its checks have the ice-ufrag " + g.used + ", its description has " + g.announced
	case g.denied:
		return "it answers checks with the error 401"
	}
	return ""
}

// RemoteLite notes that the peer is ICE-lite, so it never sends a check.
func (g *Guard) RemoteLite() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.trusting = true
}

// Sends reports whether a STUN message of the agent may leave.
func (g *Guard) Sends(from Base, m *stun.Message, to netip.AddrPort) bool {
	key := wirePair{from.Port, from.Relayed, plain(to)}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case m.Type == stun.BindingSuccess:
		if p := g.pairs[key]; p != nil {
			p.ResponsesSent++
		}
		return true
	case m.Type != stun.BindingRequest:
		return true
	case !m.Contains(stun.AttrUsername): // no check
		return g.asksServer(key, m)
	case !SameKind(from.Addr, to.Addr()):
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
	p.RequestsSent++
	p.open = bytes.Clone(m.Raw)
	g.expire(now)
	g.open[m.TransactionID] = transaction{pair: key, at: now, nominating: m.Contains(stun.AttrICEControlling)}
	return true
}

// Unsent takes back a check that the operating system did not send.
func (g *Guard) Unsent(from Base, m *stun.Message, to netip.AddrPort, err error) {
	if m.Type != stun.BindingRequest || errors.Is(err, net.ErrClosed) {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.pairs[wirePair{from.Port, from.Relayed, plain(to)}]
	if _, known := g.open[m.TransactionID]; p == nil || !known {
		return
	}
	delete(g.open, m.TransactionID)
	p.RequestsSent--
	p.RequestsFailed++
	p.SendError = err.Error()
	var errno syscall.Errno
	if errors.As(err, &errno) {
		p.SendError = errno.Error()
	}
}

// pair is an entry of the checklist, made if there is room; nil if not.
func (g *Guard) pair(key wirePair) *Checks {
	if p := g.pairs[key]; p != nil {
		return p
	}
	room := MaxPairs
	if !key.relayed {
		room -= relayedPairs
	}
	if len(g.pairs) >= room {
		g.limits.Checks++
		return nil
	}
	p := &Checks{}
	g.pairs[key] = p
	return p
}

// expire forgets checks that are too old to be answered.
func (g *Guard) expire(now time.Time) {
	if len(g.open) < 4*MaxPairs {
		return
	}
	for id, t := range g.open {
		if now.Sub(t.at) > transactionTime {
			delete(g.open, id)
		}
	}
}

// Arrival is what becomes of a STUN message for the agent.
type Arrival uint8

// Values of an [Arrival].
const (
	Pass    Arrival = iota // to the agent
	Ignore                 // it never arrived
	Hold                   // until a check comes in on the same pair
	Release                // it passes, and what was held on its pair after it
)

// Receives decides about a STUN message for the agent.
func (g *Guard) Receives(at Base, m *stun.Message, from netip.AddrPort) Arrival {
	key := wirePair{at.Port, at.Relayed, plain(from)}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch m.Type {
	case stun.BindingRequest:
		return g.checkReceived(at, key, m)
	case stun.BindingSuccess:
		return g.answerReceived(at, key, m)
	case stun.BindingError:
		var code stun.ErrorCodeAttribute
		t, known := g.open[m.TransactionID]
		g.denied = g.denied || known && t.pair == key && code.GetFrom(m) == nil && code.Code == stun.CodeUnauthorized
	}
	return Pass
}

func (g *Guard) checkReceived(at Base, key wirePair, m *stun.Message) Arrival {
	var name stun.Username
	if name.GetFrom(m) != nil || g.username == "" || !strings.HasPrefix(name.String(), g.username) {
		return Pass // it is of another session: the agent rejects it
	}
	if !SameKind(at.Addr, key.remote.Addr()) {
		return Ignore
	}
	p := g.pair(key)
	if p == nil {
		return Ignore
	}
	p.RequestsReceived++
	g.used = strings.TrimPrefix(name.String(), g.username)
	return Release
}

func (g *Guard) answerReceived(at Base, key wirePair, m *stun.Message) Arrival {
	t, known := g.open[m.TransactionID]
	if known && t.server && t.pair == key {
		g.hosts.Serves(key.remote.Addr())
		return Pass
	}
	if !known || t.pair != key || !m.Contains(stun.AttrMessageIntegrity) {
		return Pass // not symmetric (RFC 8445 §7.2.5.2.1), or no answer to a check: the agent rejects it
	}
	p := g.pairs[key]
	if p == nil {
		return Pass
	}
	now := g.now()
	p.ResponsesReceived++
	p.open = nil
	switch { // one answer to a check that was sent twice is to either (RFC 6298 §3); of two, the first is to the first
	case !t.again:
		p.RoundTrip = now.Sub(t.at)
	case t.answered.IsZero():
		t.answered = now
		g.open[m.TransactionID] = t
	default:
		p.RoundTrip = t.answered.Sub(t.at)
	}
	g.answered[key.remote] = true
	g.hosts.answers(key.remote.Addr())
	if p.answeredAt.IsZero() {
		p.answeredAt = now
	}
	way := hosts{at.Addr, key.remote.Addr()}
	if p.RequestsReceived > 0 && len(g.proven) < MaxPairs {
		g.proven[way] = true
	}
	if t.nominating && !g.trusting && !g.proven[way] && now.Sub(p.answeredAt) < oneWayWait {
		return Hold // the agent would nominate it
	}
	return Pass
}

// Again is a check without an answer, to be sent again, once, when one of the peer has come in on the same pair: a
// triggered check (RFC 8445 §7.3.1.4), which pion's controlling agent does not send. It is nil if there is none.
func (g *Guard) Again(at Base, peer netip.AddrPort) []byte {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := wirePair{at.Port, at.Relayed, plain(peer)}
	p := g.pairs[key]
	if p == nil || p.open == nil {
		return nil
	}
	m := stun.Message{Raw: p.open}
	p.open = nil
	if m.Decode() != nil || !g.answered[key.remote] && !g.hosts.allow(key.remote.Addr(), 1, g.now()) {
		return nil
	}
	if t, open := g.open[m.TransactionID]; open {
		t.again = true
		g.open[m.TransactionID] = t
	}
	p.RequestsSent++
	return m.Raw
}

// Counts are those of a pair; false: no check has passed on it. A remote candidate that is a name has no valid address:
// its port stands for it.
func (g *Guard) Counts(from Base, remote netip.AddrPort) (Checks, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if remote.Addr().IsValid() {
		p := g.pairs[wirePair{from.Port, from.Relayed, plain(remote)}]
		if p == nil {
			return Checks{}, false
		}
		return *p, true
	}
	for key, p := range g.pairs {
		if key.port == from.Port && key.relayed == from.Relayed && key.remote.Port() == remote.Port() {
			return *p, true
		}
	}
	return Checks{}, false
}

// Allow reports whether a host that has not answered may be sent n packets more.
func (g *Guard) Allow(host netip.Addr, n int) bool { return g.hosts.allow(host, n, g.now()) }

// AllowName reports whether the local network may be asked for a name (mDNS).
func (g *Guard) AllowName() bool { return g.names.AllowN(g.now(), 1) && g.hosts.allowName(g.now()) }

// Dropped counts a remote candidate that is not used because there are too many.
func (g *Guard) Dropped() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.limits.Candidates++
}

// Pairs is how many candidate pairs have been checked.
func (g *Guard) Pairs() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.pairs)
}

// Limited is what the limits held back by now.
func (g *Guard) Limited() diag.ICELimits {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.limits
}

// plain makes addresses of one host equal.
func plain(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// SameKind reports whether a pair of these addresses may be checked: a loopback address reaches loopback addresses
// only, and a link-local one those of its link (RFC 8445 §5.1.1.1, §6.1.2.2).
func SameKind(from, to netip.Addr) bool {
	from, to = from.Unmap(), to.Unmap()
	return from.IsLoopback() == to.IsLoopback() && from.IsLinkLocalUnicast() == to.IsLinkLocalUnicast()
}
