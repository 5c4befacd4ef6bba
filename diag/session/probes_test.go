package session

import (
	"slices"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/lab"
	"dialtone/diag/lab/labtest"
	"dialtone/diag/words/verdict"
)

// allocations is a TURN server whose account allows n of them.
func allocations(t *testing.T, n int) diag.Config {
	t.Helper()
	s, err := lab.StartTURN(lab.TURNOptions{UDP: true, Username: "dialtone", Password: "right", MaxAllocations: n})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return relayConfig(s, "right")
}

// TestProbeTakesNothingFromTheCall: the account allows as many allocations as the call needs, and none more. The call gets them,
// and that the probe gets none is no failure.
func TestProbeTakesNothingFromTheCall(t *testing.T) {
	labtest.NeedTime(t)
	t.Parallel()
	for _, both := range []bool{false, true} {
		n := 1
		if both {
			n = 2
		}
		for range 3 {
			config := allocations(t, n)
			other := diag.Config{Code: "w1", Echo: true}
			if both {
				other = config
			}
			dialA, dialB := piped()
			a := start(t, "a", Options{Config: config, Dial: dialA, Yield: time.Minute})
			b := start(t, "b", Options{Config: other, Dial: dialB, Yield: time.Minute})
			b.until("a connection", isConnected)
			c := a.until("a connection and the probe's end", func(c *call.Call) bool { return isConnected(c) && c.OpenAt != nil && len(c.Servers) == 1 })
			if s := c.Servers[0]; s.OK() || !s.QuotaReached() {
				t.Errorf("the probe: %+v", s.Server)
			}
			for _, span := range c.Spans {
				if span.Phase == diag.PhaseGather && span.Outcome != diag.OutcomeOK {
					t.Errorf("%+v", span)
				}
			}
			a.Hangup()
			if v := a.ended(); v.Exit != diag.ExitPass || len(v.Findings) > 0 {
				t.Errorf("%s %q %+v, with %+v", v.Exit, verdict.Of(v).Headline, v.Findings, c.Local)
			}
			b.ended()
		}
	}
}

// TestEarlyFailureIsExplained: where a relay is refused there is no path after some milliseconds, and the call stays until
// the probe has told why.
func TestEarlyFailureIsExplained(t *testing.T) {
	t.Parallel()
	for range 5 {
		s, err := lab.StartFault(lab.Fault{
			Behavior: lab.AuthError, Code: 486, Reason: "Allocation Quota Reached", Username: "dialtone", Password: "right",
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		config := diag.Config{Code: "w1", RelayOnly: true, ICEServers: []diag.ICEServerAuth{{URL: s.TURN(), Username: "dialtone", Credential: "right"}}}
		dialA, dialB := piped()
		a := start(t, "a", Options{Config: config, Dial: dialA, Explain: time.Second})
		start(t, "b", Options{Config: diag.Config{Code: "w1"}, Dial: dialB}) // it does not end first
		v := a.ended()
		if v.Exit != diag.ExitICE || !slices.ContainsFunc(v.Findings, func(f judge.Finding) bool { return f.ID == "turn.quota_reached" }) {
			t.Errorf("%s %q %+v", v.Exit, verdict.Of(v).Headline, v.Findings)
		}
		for _, span := range a.call.Spans {
			if span.Phase == diag.PhaseGather && (span.Outcome != diag.OutcomeFailed || span.Detail == "") {
				t.Errorf("%+v", span)
			}
		}
	}
}

// TestFailureDoesNotWaitForSilence: a probe that gets no answer holds a call without a path for a bounded time.
func TestFailureDoesNotWaitForSilence(t *testing.T) {
	t.Parallel()
	dialA, dialB := piped()
	a := start(t, "a", Options{Timeouts: quick, Probes: 300 * time.Millisecond, Config: diag.Config{Code: "w1", ICEServers: muteServer(t)}, Dial: mislead(dialA)})
	start(t, "b", Options{Config: diag.Config{Code: "w1"}, Dial: mislead(dialB)})
	if v := a.ended(); v.Exit != diag.ExitICE {
		t.Errorf("%s %q", v.Exit, verdict.Of(v).Headline)
	}
}

// TestSilenceUntilTheEndIsTold: a server that did not answer while a short call lasted is told of; one that had no time is not.
func TestSilenceUntilTheEndIsTold(t *testing.T) {
	t.Parallel()
	const answerTime = 800 * time.Millisecond // as in diag.Server
	for _, lasts := range []time.Duration{answerTime + 200*time.Millisecond, 20 * time.Millisecond} {
		dialA, dialB := piped()
		a := start(t, "a", Options{Config: diag.Config{Code: "w1", For: lasts, ICEServers: muteServer(t)}, Dial: dialA})
		start(t, "b", Options{Config: diag.Config{Code: "w1", Echo: true}, Dial: dialB})
		v := a.ended()
		told := slices.ContainsFunc(v.Findings, func(f judge.Finding) bool { return f.ID == "server.timeout" })
		if told && a.call.EndedAt < answerTime || !told && lasts > answerTime {
			t.Errorf("%s: %s %q %+v", lasts, v.Exit, verdict.Of(v).Headline, v.Findings)
		}
	}
}
