package probe

import (
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"dialtone/diag"
	"dialtone/diag/iceurl"
	"dialtone/diag/judge"
	"dialtone/diag/judge/network"
	"dialtone/diag/lab"
	"dialtone/diag/nat"
	"dialtone/diag/reach"
	"dialtone/diag/report"
	"dialtone/diag/words"
)

// TestFacts: the facts of a diagnosis make sense at every moment: what is judged so far takes nothing for silence that may
// still come, and what is replayed is judged as it was.
func TestFacts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, err := lab.NewWorld(lab.WorldOptions{Responders: 3, Filtering: lab.AddressAndPortDependent, Delay: 30 * time.Millisecond, Lifetime: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		q := Inquiry{Accounts: map[iceurl.URL]Account{}, Net: w.Client(0), Deep: true}
		for _, r := range w.Responders() {
			u, err := iceurl.Parse(r.URL())
			if err != nil {
				t.Fatal(err)
			}
			q.URLs, q.Accounts[u] = append(q.URLs, u), Account{user, password}
		}
		var facts []diag.Data
		var at []time.Duration
		start := time.Now()
		q.Report = func(d diag.Data) { facts, at = append(facts, d), append(at, time.Since(start)) }
		state, err := Diagnose(t.Context(), q)
		if err := errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > q.Longest() {
			t.Errorf("it took %v, longer than %v", took, q.Longest())
		}
		checkFacts(t, facts, at)
		live, again := network.Judge(state), network.Judge(replayed(t, facts))
		if diff := cmp.Diff(report.NewNetwork(live), report.NewNetwork(again), cmpopts.EquateComparable(netip.Addr{})); diff != "" {
			t.Errorf("judged again (-live +replayed):\n%s", diff)
		}
		if live.Behaviors.Lifetime.Confidence != nat.Proven || live.Exit != diag.ExitPass {
			t.Errorf("%v, %+v", live.Exit, live.Behaviors.Lifetime)
		}
	})
}

// replayed is the fold of facts that were written and read.
func replayed(t *testing.T, facts []diag.Data) *nat.State {
	t.Helper()
	s := &nat.State{}
	for i, fact := range facts {
		raw, err := json.Marshal(diag.Event{Seq: uint64(i + 1), Data: fact})
		if err != nil {
			t.Fatal(err)
		}
		var e diag.Event
		if err := json.Unmarshal(raw, &e); err != nil {
			t.Fatal(err)
		}
		s.Apply(e.Data)
	}
	return s
}

// TestBudgetHolds: relays that are silent, and servers that are silent over TCP as well, do not make it take longer.
func TestBudgetHolds(t *testing.T) {
	q := Inquiry{Accounts: map[iceurl.URL]Account{}, Budget: 1500 * time.Millisecond}
	for transport, schemes := range map[lab.Transport][]string{lab.UDP: {"stun:", "turn:"}, lab.TCP: {"turn:"}} {
		mute, err := lab.StartFault(lab.Fault{Network: transport, Behavior: lab.Mute})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = mute.Close() })
		for _, scheme := range schemes {
			u, err := iceurl.Parse(scheme + mute.Addr() + "?transport=" + string(transport))
			if err != nil {
				t.Fatal(err)
			}
			q.URLs, q.Accounts[u] = append(q.URLs, u), Account{user, password}
		}
	}
	start := time.Now()
	r, err := Diagnose(t.Context(), q)
	if took := time.Since(start); err != nil || took > q.Budget+2*time.Second || len(r.Asked) != 2 {
		t.Errorf("after %v: %v, %+v", took, err, r.Asked)
	}
}

// checkFacts judges after each fact.
func checkFacts(t *testing.T, facts []diag.Data, at []time.Duration) {
	t.Helper()
	s := &nat.State{}
	var known time.Duration
	lifetimes := map[string]bool{}
	answered := 0
	for i, fact := range facts {
		s.Apply(fact)
		_, start := fact.(diag.DiagnosisStart)
		_, end := fact.(diag.DiagnosisEnd)
		if start != (i == 0) || end != (i == len(facts)-1) {
			t.Errorf("fact %d of %d: %+v", i, len(facts), fact)
		}
		n := network.Judge(s)
		if now := count(s); now < answered {
			t.Errorf("%d answers, then %d", answered, now)
		} else {
			answered = now
		}
		if !end && (n.Outcome == network.NoAnswer || slices.ContainsFunc(n.Findings, func(f judge.Finding) bool { return f.ID == "server.timeout" })) {
			t.Errorf("fact %d: %s, %+v", i, n.Outcome, n.Findings)
		}
		if known == 0 && n.Behaviors.Filtering.Confidence == nat.Proven {
			known = at[i]
		}
		lifetimes[words.BehaviorValue(n.Behaviors.Lifetime)] = true
	}
	if known == 0 || known > 2*time.Second {
		t.Errorf("the filtering was known after %v", known)
	}
	// Every pause that a mapping has outlived is known when it has, not with the next one.
	for _, pause := range []string{"at least 7 s", "at least 33 s", "at least 55 s"} {
		if !lifetimes[pause] {
			t.Errorf("%q was never known: %v", pause, lifetimes)
		}
	}
}

func count(s *nat.State) int {
	_, answered := s.Count()
	return answered
}

// TestTCPMapping: connections from one port to two addresses show one port where there is no NAT.
func TestTCPMapping(t *testing.T) {
	var servers []diag.NATServer
	for _, listen := range []string{"127.0.0.1:0", "127.0.0.2:0"} {
		s, err := lab.StartTURN(lab.TURNOptions{Listen: listen, UDP: true, TCP: true})
		if err != nil {
			t.Skipf("a second loopback address is needed: %v", err)
		}
		t.Cleanup(func() { _ = s.Close() })
		u, err := iceurl.Parse(s.STUN())
		if err != nil {
			t.Fatal(err)
		}
		servers = append(servers, diag.NATServer{URL: u.String(), Address: netip.AddrPortFrom(netip.MustParseAddr(u.Host), u.Port)})
	}
	o := &nat.State{Streams: tcpMapping(t.Context(), servers, &reach.Dialer{})}
	b := judged(o).Behaviors.TCPMapping
	if b.Value != nat.EndpointIndependent || b.Confidence != nat.Proven {
		t.Errorf("%+v", b)
	}
	if list := tcpMapping(t.Context(), servers[:1], &reach.Dialer{}); list != nil {
		t.Errorf("one server was asked: %+v", list)
	}
	// Nothing listens on a third one: it is named, and the others still tell.
	servers = append(servers, diag.NATServer{Address: netip.MustParseAddrPort("127.0.0.3:1")})
	o.Streams = tcpMapping(t.Context(), servers, &reach.Dialer{})
	b = judged(o).Behaviors.TCPMapping
	if b.Value != nat.EndpointIndependent || !strings.Contains(strings.Join(words.BehaviorEvidence(b), "\n"), "127.0.0.3:1 over TCP: ") {
		t.Errorf("%+v", b)
	}
}

// TestOwnQuota: an account that allows one allocation is not used up by asking its server over two transports at once.
func TestOwnQuota(t *testing.T) {
	s := startTURN(t, lab.TURNOptions{UDP: true, TCP: true, Username: user, Password: password, MaxAllocations: 1})
	q := Inquiry{Accounts: map[iceurl.URL]Account{}}
	for _, raw := range []string{s.URL(lab.UDP), s.URL(lab.TCP)} {
		u, err := iceurl.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		q.URLs, q.Accounts[u] = append(q.URLs, u), Account{user, password}
	}
	for range 5 {
		state, err := Diagnose(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range state.Asked {
			if !r.OK() {
				t.Errorf("%+v", r)
			}
		}
	}
}
