package peer

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// guarded is a guard with a clock that stands until it is moved.
func guarded() (*guard, *time.Time) {
	now := time.Unix(1, 0)
	g := newGuard(Options{Now: func() time.Time { return now }})
	g.local("local")
	return g, &now
}

func message(t *testing.T, setters ...stun.Setter) *stun.Message {
	t.Helper()
	m, err := stun.Build(setters...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func check(t *testing.T) *stun.Message {
	return message(t, stun.BindingRequest, stun.TransactionID, stun.NewUsername("remote:local"))
}

func incomingCheck(t *testing.T) *stun.Message {
	return message(t, stun.BindingRequest, stun.TransactionID, stun.NewUsername("local:remote"))
}

func answerTo(t *testing.T, m *stun.Message) *stun.Message {
	return message(t, m, stun.BindingSuccess, stun.NewShortTermIntegrity("password"))
}

var home = base{addr: netip.MustParseAddr("192.0.2.1"), port: 5000}

// TestChecksAtAHostThatDoesNotAnswer: 100 and then 5 a second, on whichever ports, and none on more than 100 pairs.
func TestChecksAtAHostThatDoesNotAnswer(t *testing.T) {
	g, now := guarded()
	sent := 0
	for second := range 60 {
		for tick := range 5 { // as the agent does, on every pair
			for port := range 300 {
				to := netip.AddrPortFrom(netip.MustParseAddr("198.51.100.9"), uint16(1000+port))
				if g.sends(home, check(t), to) {
					sent++
				}
			}
			*now = time.Unix(1, 0).Add(time.Duration(5*second+tick) * 200 * time.Millisecond)
		}
		if most := 100 + 5*(second+1); sent > most {
			t.Fatalf("%d checks within %d s, at most %d", sent, second+1, most)
		}
	}
	if sent < 100 {
		t.Errorf("%d checks", sent)
	}
	if n := len(g.pairs); n > maxPairs {
		t.Errorf("%d pairs", n)
	}
	if g.limited().Checks != uint64(60*5*300-sent) {
		t.Errorf("held back: %d, and %d were sent", g.limited().Checks, sent)
	}
}

// TestManyThirdHosts: what one description can make of them altogether is bounded by the pairs.
func TestManyThirdHosts(t *testing.T) {
	g, _ := guarded()
	hosts := map[netip.Addr]bool{}
	for i := range 1000 {
		to := netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)}), 1000)
		if g.sends(home, check(t), to) {
			hosts[to.Addr()] = true
		}
	}
	if len(hosts) > maxPairs {
		t.Errorf("%d hosts were sent checks", len(hosts))
	}
}

// TestSharedLimiter: calls that share one send a host no more than one would.
func TestSharedLimiter(t *testing.T) {
	shared, now, sent := &Limiter{}, time.Unix(1, 0), 0
	for call := range 50 {
		g := newGuard(Options{Now: func() time.Time { return now }, Limiter: shared})
		for port := range 80 {
			host := netip.MustParseAddr(fmt.Sprintf("2001:db8::%x", call+1)) // another address of the same host
			if g.sends(home, check(t), netip.AddrPortFrom(host, uint16(1000+port))) {
				sent++
			}
		}
	}
	if sent != strangerBurst {
		t.Errorf("%d checks", sent)
	}
}

func TestLimiterForgets(t *testing.T) {
	l, now := &Limiter{}, time.Unix(1, 0)
	for i := range 2 * maxStrangers {
		l.allow(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 1, now)
	}
	if len(l.hosts) > maxStrangers {
		t.Errorf("%d hosts are kept", len(l.hosts))
	}
	if !l.allow(netip.MustParseAddr("192.0.2.7"), 1, now.Add(time.Minute)) {
		t.Error("a full table is never emptied")
	}
}

// TestAnsweringHost: a peer that answers is checked as often as the agent likes; an answer from elsewhere is none.
func TestAnsweringHost(t *testing.T) {
	g, now := guarded()
	to := netip.MustParseAddrPort("198.51.100.9:4000")
	first := check(t)
	g.sends(home, first, to)
	g.sends(home, check(t), netip.MustParseAddrPort("198.51.100.9:4001")) // a pair, too
	for name, from := range map[string]netip.AddrPort{
		"another port": netip.MustParseAddrPort("198.51.100.9:4001"), "another host": netip.MustParseAddrPort("198.51.100.8:4000"),
	} {
		if g.receives(home, answerTo(t, first), from); len(g.answered) > 0 {
			t.Errorf("an answer from %s counts", name)
		}
	}
	if g.receives(home, message(t, first, stun.BindingSuccess), to); len(g.answered) > 0 {
		t.Error("an answer without integrity counts: any STUN server would give it")
	}
	*now = now.Add(30 * time.Millisecond)
	g.receives(home, answerTo(t, first), to)
	for range 1000 {
		if !g.sends(home, check(t), to) {
			t.Fatal("held back")
		}
	}
	got, ok := g.counts(home, to)
	if !ok || got.requestsSent != 1001 || got.responsesReceived != 1 || got.roundTrip != 30*time.Millisecond {
		t.Errorf("%v %+v", ok, got)
	}
}

func TestPairKinds(t *testing.T) {
	at := func(a string) base { return base{addr: netip.MustParseAddr(a), port: 5000} }
	relay := base{addr: netip.MustParseAddr("203.0.113.9"), port: 5000, relayed: true}
	for _, test := range []struct {
		from base
		to   string
		want bool
	}{
		{at("127.0.0.1"), "127.0.0.1", true},
		{at("127.0.0.1"), "192.168.1.5", false},
		{at("192.168.1.5"), "127.0.0.1", false},
		{at("192.168.1.5"), "203.0.113.7", true},
		{at("192.168.1.5"), "169.254.3.4", false},
		{at("::1"), "::1", true},
		{at("::1"), "2001:db8::1", false},
		{at("fe80::1%eth0"), "fe80::2", true},
		{at("fe80::1"), "2001:db8::2", false},
		{at("2001:db8::2"), "fe80::1", false},
		{at("fd00::1"), "2001:db8::2", true},
		{at("0.0.0.0"), "203.0.113.7", true},
		{at("0.0.0.0"), "127.0.0.1", false},
		{at("::"), "fe80::1", false},
		{at("::ffff:127.0.0.1"), "127.0.0.1", true},
		{relay, "203.0.113.7", true},
		{relay, "127.0.0.1", false},
		{relay, "169.254.169.254", false},
	} {
		g, _ := guarded()
		to := netip.AddrPortFrom(netip.MustParseAddr(test.to), 4000)
		if got := g.sends(test.from, check(t), to); got != test.want {
			t.Errorf("a check from %v to %s leaves: %v", test.from, test.to, got)
		}
		if got := g.receives(test.from, incomingCheck(t), to) == release; got != test.want {
			t.Errorf("a check at %v from %s is heard: %v", test.from, test.to, got)
		}
	}
}

// TestOneWayPair: an answer waits for a check on the same pair, but not for ever, and not for an ICE-lite peer.
func TestOneWayPair(t *testing.T) {
	to, elsewhere := netip.MustParseAddrPort("198.51.100.9:4000"), netip.MustParseAddrPort("198.51.100.9:4001")
	exchange := func(g *guard, now *time.Time, after time.Duration) arrival {
		m := check(t)
		g.sends(home, m, to)
		*now = now.Add(after)
		return g.receives(home, answerTo(t, m), to)
	}
	g, now := guarded()
	if got := exchange(g, now, time.Millisecond); got != hold {
		t.Errorf("before a check: %v", got)
	}
	if g.receives(home, incomingCheck(t), elsewhere); exchange(g, now, time.Millisecond) != hold {
		t.Error("a check on another pair counts")
	}
	if got := g.receives(home, incomingCheck(t), to); got != release {
		t.Errorf("the check: %v", got)
	}
	if got := exchange(g, now, time.Millisecond); got != pass {
		t.Errorf("after a check: %v", got)
	}
	g, now = guarded()
	exchange(g, now, 0)
	if got := exchange(g, now, oneWayWait); got != pass {
		t.Errorf("after the wait: %v", got)
	}
	g, now = guarded()
	if g.remoteLite(); exchange(g, now, 0) != pass {
		t.Error("an ICE-lite peer is waited for")
	}
}

// TestStrangersMakeNoPairs: a check for another session takes no place.
func TestStrangersMakeNoPairs(t *testing.T) {
	g, _ := guarded()
	stranger := message(t, stun.BindingRequest, stun.TransactionID, stun.NewUsername("other:remote"))
	for port := range 1000 {
		from := netip.AddrPortFrom(netip.MustParseAddr("198.51.100.9"), uint16(1000+port))
		if g.receives(home, stranger, from) != pass || len(g.pairs) > 0 {
			t.Fatal("it took a place")
		}
	}
}

// TestRelayedPairsHaveRoom: host candidates in numbers do not crowd out the relay.
func TestRelayedPairsHaveRoom(t *testing.T) {
	g, _ := guarded()
	for port := range 300 {
		g.sends(home, check(t), netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, 100, byte(port)}), uint16(1000+port)))
	}
	if !g.sends(base{port: 6000, relayed: true}, check(t), netip.MustParseAddrPort("203.0.113.7:4000")) {
		t.Error("no check from the relay")
	}
}
