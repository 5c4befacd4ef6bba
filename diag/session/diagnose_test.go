package session

import (
	"slices"
	"strings"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/lab"
	"dialtone/diag/words/verdict"
)

// stunServer is a server on the loopback interface.
func stunServer(t *testing.T) []diag.ICEServerAuth {
	t.Helper()
	r, err := lab.StartResponder(lab.ResponderOptions{Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return []diag.ICEServerAuth{{URL: r.URL()}}
}

func muteServer(t *testing.T) []diag.ICEServerAuth {
	t.Helper()
	f, err := lab.StartFault(lab.Fault{Network: lab.UDP, Behavior: lab.Mute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return []diag.ICEServerAuth{{URL: f.STUN()}}
}

// checkLast: whatever a diagnosis tells comes before the end.
func checkLast(t *testing.T, p *party) {
	t.Helper()
	p.drain()
	if _, ended := p.events[len(p.events)-1].Data.(diag.CallEnded); !ended {
		t.Errorf("the last event is %s", p.events[len(p.events)-1].Type())
	}
	if d := p.call.Diagnosis(); d == nil || d.Running() {
		t.Errorf("the diagnosis has no end: %+v", d)
	}
}

// TestFailureIsDiagnosed: the failure is told when it happens, its servers are asked, and the verdict tells both.
func TestFailureIsDiagnosed(t *testing.T) {
	t.Parallel()
	dialA, dialB := piped()
	a := start(t, "a", Options{Timeouts: quick, Probes: 300 * time.Millisecond, Config: diag.Config{Code: "w1", ICEServers: stunServer(t)}, Dial: mislead(dialA), Explain: 5 * time.Second})
	start(t, "b", Options{Config: diag.Config{Code: "w1"}, Dial: mislead(dialB)})
	c := a.until("the failure", (*call.Call).Failing)
	if v := judge.Judge(c); v.Exit != diag.ExitICE || v.Done {
		t.Errorf("at once: %+v", v)
	}
	v := a.ended()
	why := strings.Join(verdict.Of(v).Why, " ")
	if v.Exit != diag.ExitICE || !strings.Contains(why, "none answered") || a.call.Ended.Reason != diag.EndICE {
		t.Errorf("%s %q", v.Exit, verdict.Of(v).Why)
	}
	if d := a.call.Diagnosed(); d == nil || d.Start.Because != diag.BecauseICEFailed || !d.Heard(0) {
		t.Errorf("diagnosis %+v", d)
	}
	checkLast(t, a)
}

// TestFailureDiagnosedInTime: servers that are silent do not keep the call.
func TestFailureDiagnosedInTime(t *testing.T) {
	t.Parallel()
	const limit = 300 * time.Millisecond
	dialA, dialB := piped()
	a := start(t, "a", Options{Timeouts: quick, Probes: 300 * time.Millisecond, Config: diag.Config{Code: "w1", ICEServers: muteServer(t)}, Dial: mislead(dialA), Explain: limit})
	start(t, "b", Options{Config: diag.Config{Code: "w1"}, Dial: mislead(dialB)})
	if v := a.ended(); v.Exit != diag.ExitICE {
		t.Errorf("%s", v.Exit)
	}
	d := a.call.Diagnosis()
	if d.Start.BudgetMs.Duration() != limit || !d.Complete() {
		t.Errorf("%+v, %+v", d.Start, d.Ended)
	}
	checkLast(t, a)
}

// TestInterruptedWhileDiagnosed: who does not want to wait is told of the failure nevertheless.
func TestInterruptedWhileDiagnosed(t *testing.T) {
	t.Parallel()
	dialA, dialB := piped()
	a := start(t, "a", Options{Timeouts: quick, Probes: 300 * time.Millisecond, Config: diag.Config{Code: "w1", ICEServers: muteServer(t)}, Dial: mislead(dialA), Explain: time.Hour})
	start(t, "b", Options{Config: diag.Config{Code: "w1"}, Dial: mislead(dialB)})
	a.until("the failure", (*call.Call).Failing)
	a.cancel()
	if v := a.ended(); v.Exit != diag.ExitICE || a.call.Diagnosis().Ended.Stopped != diag.StoppedCancelled {
		t.Errorf("%s, %+v", v.Exit, a.call.Diagnosis())
	}
	checkLast(t, a)
}

// TestDiagnosisAskedFor: one at a time, beside the call, and cancelled with it.
func TestDiagnosisAskedFor(t *testing.T) {
	t.Parallel()
	dialA, dialB := piped()
	servers := slices.Concat(stunServer(t), muteServer(t))
	a := start(t, "a", Options{Config: diag.Config{Code: "w1", NoMedia: true, ICEServers: servers}, Dial: dialA})
	start(t, "b", Options{Config: diag.Config{Code: "w1", NoMedia: true, Echo: true}, Dial: dialB})
	a.until("a connection", isConnected)
	for range 2 {
		if err := a.Diagnose(); err != nil {
			t.Fatal(err)
		}
	}
	a.until("a refusal", func(c *call.Call) bool { return len(c.Warnings) > 0 })
	if w := a.call.Warnings[0]; w.ID != "diagnosis.in_progress" || len(a.call.NAT) != 1 || a.call.NAT[0].Start.Because != diag.BecauseAsked {
		t.Errorf("%+v %+v", w, a.call.NAT)
	}
	a.Hangup()
	if v := a.ended(); v.Exit != diag.ExitPass || a.call.Diagnosis().Ended.Stopped != diag.StoppedCancelled {
		t.Errorf("%s, %+v", v.Exit, a.call.Diagnosis().Ended)
	}
	checkLast(t, a)
}

func TestDiagnosisWithoutServers(t *testing.T) {
	t.Parallel()
	a := start(t, "a", Options{Config: diag.Config{Code: "w1"}, Dial: through(roomServer(t), "w1")})
	if err := a.Diagnose(); err != nil {
		t.Fatal(err)
	}
	c := a.until("a refusal", func(c *call.Call) bool { return len(c.Warnings) > 0 })
	if c.Warnings[0].ID != "diagnosis.no_servers" || len(c.NAT) > 0 {
		t.Errorf("%+v %+v", c.Warnings, c.NAT)
	}
}

// TestDiagnosisKeepsAccountsApart: one of the servers may have been named by a stranger, who must not see the other's account.
func TestDiagnosisKeepsAccountsApart(t *testing.T) {
	t.Parallel()
	var servers []diag.ICEServerAuth
	for _, user := range []string{"ann", "stranger"} {
		relay, err := lab.StartTURN(lab.TURNOptions{UDP: true, Username: user, Password: "of " + user})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := relay.Close(); err != nil {
				t.Error(err)
			}
		})
		servers = append(servers, diag.ICEServerAuth{URL: relay.URL(lab.UDP), Username: user, Credential: diag.Secret("of " + user)})
	}
	dialA, dialB := piped()
	a := start(t, "a", Options{Config: diag.Config{Code: "w1", NoMedia: true, ICEServers: servers}, Dial: dialA})
	start(t, "b", Options{Config: diag.Config{Code: "w1", NoMedia: true}, Dial: dialB})
	a.until("a connection", isConnected)
	if err := a.Diagnose(); err != nil {
		t.Fatal(err)
	}
	c := a.until("a diagnosis", func(c *call.Call) bool { return c.Diagnosed() != nil })
	relays := c.Diagnosed().Asked
	if len(relays) != len(servers) {
		t.Fatalf("%d relays: %+v", len(relays), relays)
	}
	for _, r := range relays {
		if !r.OK() {
			t.Errorf("%s was asked with another's account: %+v", r.URL, r)
		}
	}
	a.Hangup()
	a.ended()
}
