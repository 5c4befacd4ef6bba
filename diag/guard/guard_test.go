package guard

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// guarded is a guard with a clock that stands until it is moved.
func guarded() (*Guard, *time.Time) {
	now := time.Unix(1, 0)
	g := New(Options{Now: func() time.Time { return now }})
	g.Local("local")
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
	return message(t, stun.BindingRequest, stun.TransactionID, stun.NewUsername("remote:local"), controlling)
}

// controlling is the attribute of the agent that nominates.
var controlling = stun.RawAttribute{Type: stun.AttrICEControlling, Value: make([]byte, 8)}

func incomingCheck(t *testing.T) *stun.Message {
	return message(t, stun.BindingRequest, stun.TransactionID, stun.NewUsername("local:remote"))
}

func answerTo(t *testing.T, m *stun.Message) *stun.Message {
	return message(t, m, stun.BindingSuccess, stun.NewShortTermIntegrity("password"))
}

var home = Base{Addr: netip.MustParseAddr("192.0.2.1"), Port: 5000}

// TestChecksAtAHostThatDoesNotAnswer: 100 and then 5 a second, on whichever ports, and none on more than 100 pairs.
func TestChecksAtAHostThatDoesNotAnswer(t *testing.T) {
	g, now := guarded()
	sent := 0
	for second := range 60 {
		for tick := range 5 { // as the agent does, on every pair
			for port := range 300 {
				to := netip.AddrPortFrom(netip.MustParseAddr("198.51.100.9"), uint16(1000+port))
				if g.Sends(home, check(t), to) {
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
	if n := len(g.pairs); n > MaxPairs {
		t.Errorf("%d pairs", n)
	}
	if g.Limited().Checks != uint64(60*5*300-sent) {
		t.Errorf("held back: %d, and %d were sent", g.Limited().Checks, sent)
	}
}

// TestManyThirdHosts: what one description can make of them altogether is bounded by the pairs.
func TestManyThirdHosts(t *testing.T) {
	g, _ := guarded()
	hosts := map[netip.Addr]bool{}
	for i := range 1000 {
		to := netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)}), 1000)
		if g.Sends(home, check(t), to) {
			hosts[to.Addr()] = true
		}
	}
	if len(hosts) > MaxPairs {
		t.Errorf("%d hosts were sent checks", len(hosts))
	}
}

// TestSharedLimiter: calls that share one send a host no more than one would.
func TestSharedLimiter(t *testing.T) {
	shared, now, sent := &Limiter{}, time.Unix(1, 0), 0
	for call := range 50 {
		g := New(Options{Now: func() time.Time { return now }, Hosts: shared})
		for port := range 80 {
			host := netip.MustParseAddr(fmt.Sprintf("2001:db8::%x", call+1)) // another address of the same host
			if g.Sends(home, check(t), netip.AddrPortFrom(host, uint16(1000+port))) {
				sent++
			}
		}
	}
	if sent != StrangerBurst {
		t.Errorf("%d checks", sent)
	}
}

// TestNetworkOfStrangers: calls that share a limiter send the hosts of a network ten times as much as one of them.
func TestNetworkOfStrangers(t *testing.T) {
	shared, now, sent := &Limiter{}, time.Unix(1, 0), map[string]int{}
	for range 50 {
		g := New(Options{Now: func() time.Time { return now }, Hosts: shared})
		for host := range 80 {
			for _, to := range []string{"198.51.100.%d", "2001:db8:0:%x::1"} {
				if g.Sends(home, check(t), netip.AddrPortFrom(netip.MustParseAddr(fmt.Sprintf(to, host)), 1000)) {
					sent[to]++
				}
			}
		}
	}
	for to, n := range sent {
		if n != networkBurst {
			t.Errorf("%s: %d checks", to, n)
		}
	}
}

// TestManyCallsToAHostThatAnswers: calls that share a limiter are not held back by each other if their peer answers,
// and the silent hosts beside it gain nothing.
func TestManyCallsToAHostThatAnswers(t *testing.T) {
	shared, now := &Limiter{}, time.Unix(1, 0)
	silent := 0
	for call := range 2000 {
		g := New(Options{Now: func() time.Time { return now }, Hosts: shared})
		for port := range 10 { // of which nine do not answer
			m := check(t)
			at := netip.AddrPortFrom(netip.MustParseAddr("198.51.100.9"), uint16(1000+port))
			if !g.Sends(home, m, at) {
				t.Fatalf("call %d is held back", call)
			}
			if port == 0 {
				g.Receives(home, answerTo(t, m), at)
			}
		}
		if g.Sends(home, check(t), netip.MustParseAddrPort("198.51.100.10:1000")) {
			silent++
		}
	}
	if silent != StrangerBurst {
		t.Errorf("%d checks at the host beside it", silent)
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
	g.Sends(home, first, to)
	g.Sends(home, check(t), netip.MustParseAddrPort("198.51.100.9:4001")) // a pair, too
	for name, from := range map[string]netip.AddrPort{
		"another port": netip.MustParseAddrPort("198.51.100.9:4001"), "another host": netip.MustParseAddrPort("198.51.100.8:4000"),
	} {
		if g.Receives(home, answerTo(t, first), from); len(g.answered) > 0 {
			t.Errorf("an answer from %s counts", name)
		}
	}
	if g.Receives(home, message(t, first, stun.BindingSuccess), to); len(g.answered) > 0 {
		t.Error("an answer without integrity counts: any STUN server would give it")
	}
	*now = now.Add(30 * time.Millisecond)
	g.Receives(home, answerTo(t, first), to)
	for range 1000 {
		if !g.Sends(home, check(t), to) {
			t.Fatal("held back")
		}
	}
	got, ok := g.Counts(home, to)
	if !ok || got.RequestsSent != 1001 || got.ResponsesReceived != 1 || got.RoundTrip != 30*time.Millisecond {
		t.Errorf("%v %+v", ok, got)
	}
}

func TestPairKinds(t *testing.T) {
	at := func(a string) Base { return Base{Addr: netip.MustParseAddr(a), Port: 5000} }
	relay := Base{Addr: netip.MustParseAddr("203.0.113.9"), Port: 5000, Relayed: true}
	for _, test := range []struct {
		from Base
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
		if got := g.Sends(test.from, check(t), to); got != test.want {
			t.Errorf("a check from %v to %s leaves: %v", test.from, test.to, got)
		}
		if got := g.Receives(test.from, incomingCheck(t), to) == Release; got != test.want {
			t.Errorf("a check at %v from %s is heard: %v", test.from, test.to, got)
		}
	}
}

// TestOneWayPair: an answer waits for a check on the same pair, but not for ever, and not for an ICE-lite peer.
func TestOneWayPair(t *testing.T) {
	to, elsewhere := netip.MustParseAddrPort("198.51.100.9:4000"), netip.MustParseAddrPort("198.51.100.9:4001")
	exchange := func(g *Guard, now *time.Time, after time.Duration) Arrival {
		m := check(t)
		g.Sends(home, m, to)
		*now = now.Add(after)
		return g.Receives(home, answerTo(t, m), to)
	}
	g, now := guarded()
	if got := exchange(g, now, time.Millisecond); got != Hold {
		t.Errorf("before a check: %v", got)
	}
	if g.Receives(home, incomingCheck(t), elsewhere); exchange(g, now, time.Millisecond) != Hold {
		t.Error("a check on another pair counts")
	}
	if got := g.Receives(home, incomingCheck(t), to); got != Release {
		t.Errorf("the check: %v", got)
	}
	if got := exchange(g, now, time.Millisecond); got != Pass {
		t.Errorf("after a check: %v", got)
	}
	g, now = guarded()
	exchange(g, now, 0)
	if got := exchange(g, now, oneWayWait); got != Pass {
		t.Errorf("after the wait: %v", got)
	}
	g, now = guarded()
	if g.RemoteLite(); exchange(g, now, 0) != Pass {
		t.Error("an ICE-lite peer is waited for")
	}
	g, _ = guarded()
	m := message(t, stun.BindingRequest, stun.TransactionID, stun.NewUsername("remote:local"))
	if g.Sends(home, m, to); g.Receives(home, answerTo(t, m), to) != Pass {
		t.Error("an agent that does not nominate has to wait")
	}
}

// TestOneWayPairAfterRestart: between hosts whose checks have arrived both ways, an answer waits for nothing.
func TestOneWayPairAfterRestart(t *testing.T) {
	before, after := netip.MustParseAddrPort("198.51.100.9:4000"), netip.MustParseAddrPort("198.51.100.9:4001")
	elsewhere := netip.MustParseAddrPort("198.51.100.10:4001")
	g, _ := guarded()
	answered := func(to netip.AddrPort) Arrival {
		m := check(t)
		g.Sends(home, m, to)
		return g.Receives(home, answerTo(t, m), to)
	}
	g.Receives(home, incomingCheck(t), before)
	answered(before)
	g.Restart()
	if got := answered(after); got != Pass {
		t.Errorf("a new port: %v", got)
	}
	if got := answered(elsewhere); got != Hold {
		t.Errorf("another host: %v", got)
	}
}

// TestStrangersMakeNoPairs: a check for another session takes no place.
func TestStrangersMakeNoPairs(t *testing.T) {
	g, _ := guarded()
	stranger := message(t, stun.BindingRequest, stun.TransactionID, stun.NewUsername("other:remote"))
	for port := range 1000 {
		from := netip.AddrPortFrom(netip.MustParseAddr("198.51.100.9"), uint16(1000+port))
		if g.Receives(home, stranger, from) != Pass || len(g.pairs) > 0 {
			t.Fatal("it took a place")
		}
	}
}

// TestRelayedPairsHaveRoom: host candidates in numbers do not crowd out the relay.
func TestRelayedPairsHaveRoom(t *testing.T) {
	g, _ := guarded()
	for port := range 300 {
		g.Sends(home, check(t), netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, 100, byte(port)}), uint16(1000+port)))
	}
	if !g.Sends(Base{Port: 6000, Relayed: true}, check(t), netip.MustParseAddrPort("203.0.113.7:4000")) {
		t.Error("no check from the relay")
	}
}

// TestTriggeredCheck: a check that was lost is sent again when one of the peer comes in, once, and within the limits.
func TestTriggeredCheck(t *testing.T) {
	to := netip.MustParseAddrPort("198.51.100.9:4000")
	g, now := guarded()
	if g.Again(home, to) != nil {
		t.Error("a check that was never sent")
	}
	m := check(t)
	g.Sends(home, m, to)
	*now = now.Add(time.Second)
	if again := g.Again(home, to); !bytes.Equal(again, m.Raw) {
		t.Errorf("%x", again)
	}
	if g.Again(home, to) != nil {
		t.Error("it is sent a third time")
	}
	*now = now.Add(time.Millisecond)
	g.Receives(home, answerTo(t, m), to)
	if counts, _ := g.Counts(home, to); counts.RequestsSent != 2 || counts.ResponsesReceived != 1 || counts.RoundTrip != 0 {
		t.Errorf("%+v", counts)
	}
	*now = now.Add(time.Second)
	g.Receives(home, answerTo(t, m), to) // the other one, so the answer before was to the first
	if counts, _ := g.Counts(home, to); counts.RoundTrip != time.Second+time.Millisecond {
		t.Errorf("%+v", counts)
	}
	g.Sends(home, m, to)
	if g.Receives(home, answerTo(t, m), to); g.Again(home, to) != nil {
		t.Error("a check that was answered")
	}
	g, _ = guarded()
	sent := 0
	for range 200 {
		if g.Sends(home, check(t), to) {
			sent++
		}
		if g.Again(home, to) != nil {
			sent++
		}
	}
	if sent != StrangerBurst {
		t.Errorf("%d checks at a host that does not answer", sent)
	}
}

// TestOtherSession: a peer that has other credentials than its description is recognized by its checks, or by what it
// answers to those of this end.
func TestOtherSession(t *testing.T) {
	from := netip.MustParseAddrPort("192.0.2.9:6000")
	denied := func(m *stun.Message) *stun.Message { return message(t, m, stun.BindingError, stun.CodeUnauthorized) }
	for name, test := range map[string]struct {
		announced string
		receive   func(sent *stun.Message) *stun.Message
		want      string
	}{
		"the same":                 {"remote", func(*stun.Message) *stun.Message { return incomingCheck(t) }, ""},
		"another fragment":         {"early", func(*stun.Message) *stun.Message { return incomingCheck(t) }, "its checks have the ice-ufrag remote, its description has early"},
		"no description yet":       {"", func(*stun.Message) *stun.Message { return incomingCheck(t) }, ""},
		"rejects our checks":       {"remote", denied, "it answers checks with the error 401"},
		"rejects what is not ours": {"remote", func(*stun.Message) *stun.Message { return denied(check(t)) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			g, _ := guarded()
			g.Remote(test.announced)
			sent := check(t)
			g.Sends(home, sent, from)
			g.Receives(home, test.receive(sent), from)
			if got := g.OtherSession(); got != test.want {
				t.Errorf("%q", got)
			}
			if g.Restart(); g.OtherSession() != "" {
				t.Error("it is known after a restart")
			}
		})
	}
}

// TestNames: the local network is asked for 6 names in a call and then for one every 5 s, whatever restarts, and for few
// in all calls of a process together.
func TestNames(t *testing.T) {
	now, shared := time.Unix(1, 0), &Limiter{}
	ask := func(g *Guard) (asked int) {
		for range 100 {
			g.Restart()
			if g.AllowName() {
				asked++
			}
		}
		return asked
	}
	call := New(Options{Now: func() time.Time { return now }, Hosts: shared})
	if n := ask(call); n != 6 {
		t.Errorf("%d names", n)
	}
	now = now.Add(11 * time.Second)
	if n := ask(call); n != 2 {
		t.Errorf("%d names in 11 s", n)
	}
	all := 0
	for range 100 {
		all += ask(New(Options{Now: func() time.Time { return now }, Hosts: shared}))
	}
	if all > 60 {
		t.Errorf("%d names in 100 calls", all)
	}
}
