package probe

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/diag"
	"dialtone/diag/lab"
)

// TestProgress: a diagnosis tells what it knows while it runs, never too often, the last state before a pause too, and it takes
// nothing for silence that may still come.
func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, err := lab.NewWorld(lab.WorldOptions{Responders: 3, Filtering: lab.AddressAndPortDependent, Delay: 30 * time.Millisecond, Lifetime: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		q := Inquiry{Net: w.Client(0), Deep: true}
		for _, r := range w.Responders() {
			u, err := ParseURL(r.URL())
			if err != nil {
				t.Fatal(err)
			}
			q.URLs = append(q.URLs, u)
		}
		var told []diag.NATProgress
		var at []time.Duration
		start := time.Now()
		q.Progress = func(p diag.NATProgress) { told, at = append(told, p), append(at, time.Since(start)) }
		report, err := Diagnose(t.Context(), q)
		if err := errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > q.Limit() {
			t.Errorf("it took %v, longer than %v", took, q.Limit())
		}
		checkProgress(t, told, at)
		if last := told[len(told)-1]; !last.Final || last.Report.Behavior.Lifetime.Value != report.Behavior.Lifetime.Value || last.Sent == 0 || last.Answered == 0 {
			t.Errorf("the last one: %+v", last)
		}
		known := slices.IndexFunc(told, func(p diag.NATProgress) bool { return p.Report.Behavior.Filtering.Confidence == diag.Proven })
		if known < 0 || at[known] > 2*time.Second || told[known].Report.Exit != diag.ExitPass {
			t.Errorf("the filtering was known in report %d of %v", known, at)
		}
	})
}

// TestBudgetHolds: relays that are silent, and servers that are silent over TCP as well, do not make it take longer.
func TestBudgetHolds(t *testing.T) {
	q := Inquiry{Username: user, Password: password, Budget: 1500 * time.Millisecond}
	for network, schemes := range map[lab.Transport][]string{lab.UDP: {"stun:", "turn:"}, lab.TCP: {"turn:"}} {
		mute, err := lab.StartFault(lab.Fault{Network: network, Behavior: lab.Mute})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = mute.Close() })
		for _, scheme := range schemes {
			u, err := ParseURL(scheme + mute.Addr() + "?transport=" + string(network))
			if err != nil {
				t.Fatal(err)
			}
			q.URLs = append(q.URLs, u)
		}
	}
	start := time.Now()
	r, err := Diagnose(t.Context(), q)
	if took := time.Since(start); err != nil || took > q.Budget+2*time.Second || len(r.TURN) != 2 {
		t.Errorf("after %v: %v, %+v", took, err, r.Verdict)
	}
}

// checkProgress holds interim reports against each other.
func checkProgress(t *testing.T, told []diag.NATProgress, at []time.Duration) {
	t.Helper()
	if len(told) < 10 {
		t.Fatalf("told %d times", len(told))
	}
	if !slices.ContainsFunc(told[0].Report.Servers, func(s diag.NATServer) bool { return s.Waiting }) {
		t.Errorf("the first one waits for nobody: %+v", told[0].Report.Servers)
	}
	for i, p := range told {
		if p.Final != (i == len(told)-1) {
			t.Errorf("report %d of %d: final %v", i, len(told), p.Final)
		}
		if i > 0 && !p.Final && at[i]-at[i-1] < progressEvery {
			t.Errorf("told at %v and at %v", at[i-1], at[i])
		}
		if i > 0 && p.Answered < told[i-1].Answered {
			t.Errorf("%d answers, then %d", told[i-1].Answered, p.Answered)
		}
		for _, f := range p.Report.Findings {
			if f.ID == "server.timeout" {
				t.Errorf("report %d: %+v", i, f)
			}
		}
		if strings.Contains(p.Report.Verdict.Headline, "connectivity") {
			t.Errorf("report %d: %s", i, p.Report.Verdict.Headline)
		}
	}
	// Every pause that a mapping has outlived is told when it has, not with the next one.
	for _, pause := range []string{"at least 7 s", "at least 33 s", "at least 55 s"} {
		if !slices.ContainsFunc(told, func(p diag.NATProgress) bool { return p.Report.Behavior.Lifetime.Value == pause }) {
			t.Errorf("%q was never told", pause)
		}
	}
}

// TestTCPMapping: connections from one port to two addresses show one port where there is no NAT.
func TestTCPMapping(t *testing.T) {
	var servers []diag.NATAsked
	for _, listen := range []string{"127.0.0.1:0", "127.0.0.2:0"} {
		s, err := lab.StartTURN(lab.TURNOptions{Listen: listen, UDP: true, TCP: true})
		if err != nil {
			t.Skipf("a second loopback address is needed: %v", err)
		}
		t.Cleanup(func() { _ = s.Close() })
		u, err := ParseURL(s.STUN())
		if err != nil {
			t.Fatal(err)
		}
		servers = append(servers, diag.NATAsked{URL: u.String(), Address: netip.AddrPortFrom(netip.MustParseAddr(u.Host), u.Port)})
	}
	o := &diag.NATObservations{TCP: tcpMapping(t.Context(), servers, netip.Addr{})}
	b := diag.JudgeNAT(o, nil, nil, nil).Behavior.TCPMapping
	if b.Value != diag.EndpointIndependent || b.Confidence != diag.Proven {
		t.Errorf("%+v", b)
	}
	if list := tcpMapping(t.Context(), servers[:1], netip.Addr{}); list != nil {
		t.Errorf("one server was asked: %+v", list)
	}
	// Nothing listens on a third one: it is named, and the others still tell.
	servers = append(servers, diag.NATAsked{Address: netip.MustParseAddrPort("127.0.0.3:1")})
	o.TCP = tcpMapping(t.Context(), servers, netip.Addr{})
	b = diag.JudgeNAT(o, nil, nil, nil).Behavior.TCPMapping
	if b.Value != diag.EndpointIndependent || !strings.Contains(strings.Join(b.Evidence, "\n"), "127.0.0.3:1 over TCP: ") {
		t.Errorf("%+v", b)
	}
}

// TestOwnQuota: an account that allows one allocation is not used up by asking its server over two transports at once.
func TestOwnQuota(t *testing.T) {
	s := startTURN(t, lab.TURNOptions{UDP: true, TCP: true, Username: user, Password: password, MaxAllocations: 1})
	q := Inquiry{Username: user, Password: password}
	for _, raw := range []string{s.URL(lab.UDP), s.URL(lab.TCP)} {
		u, err := ParseURL(raw)
		if err != nil {
			t.Fatal(err)
		}
		q.URLs = append(q.URLs, u)
	}
	for range 5 {
		report, err := Diagnose(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range report.TURN {
			if !r.OK {
				t.Errorf("%+v", r)
			}
		}
	}
}
