package judge

import (
	"slices"
	"testing"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/nat"
)

// toyEvidence is the evidence of a finding that this test adds.
type toyEvidence struct{ Channels int }

// TestToyFinding adds a finding as the design promises: one rule here, and one entry in package words (its test adds that).
// The rule's finding reaches the verdict and, as a problem, the exit code.
func TestToyFinding(t *testing.T) {
	old := rules
	defer func() { rules = old }()
	rules = append(rules[:len(rules):len(rules)], func(c *call.Call, _ Expectation) []Finding {
		return []Finding{{ID: "toy.channels", Severity: Problem, Evidence: toyEvidence{len(c.Channels)}}}
	})
	c := call.Fold([]diag.Event{
		{Data: diag.ConnectionState{State: "connected"}},
		{Data: diag.ChannelOpen{Label: "chat"}},
		{Data: diag.CallEnded{Reason: diag.EndHangup}},
	})
	v := Judge(c)
	if len(v.Findings) != 1 || v.Findings[0].Evidence != (toyEvidence{1}) || v.Exit != diag.ExitAssertion {
		t.Errorf("%+v", v)
	}
	rules = old
	if v := Judge(c); len(v.Findings) != 0 || v.Exit != diag.ExitPass {
		t.Errorf("without the rule: %+v", v)
	}
}

// TestToyNATRule adds the rule of a new NAT test: its finding reaches the verdict of a diagnosis. The test of package probe
// adds its plan, and that of package words its words: three places in all.
func TestToyNATRule(t *testing.T) {
	old := networkRules
	defer func() { networkRules = old }()
	networkRules = append(networkRules[:len(networkRules):len(networkRules)], func(s *nat.State, _ *Network) []Finding {
		var out []Finding
		for i := range s.Requests {
			if s.Requests[i].Socket.Use == "toy" && s.Requests[i].Answer != nil {
				out = append(out, Finding{ID: "toy.answered", Severity: Info, Evidence: toyEvidence{1}})
			}
		}
		return out
	})
	s := &nat.State{}
	s.Apply(diag.NATServer{URL: "stun:192.0.2.1"})
	s.Apply(diag.NATRequest{Test: diag.TestHold, Socket: diag.NATSocket{Use: "toy"}, Answer: &diag.NATAnswer{}})
	found := func() bool {
		n := Diagnose(s)
		return slices.ContainsFunc(n.Findings, func(f Finding) bool { return f.ID == "toy.answered" })
	}
	if !found() {
		t.Error("the rule is not asked")
	}
	if networkRules = old; found() {
		t.Error("without the rule it is found too")
	}
}
