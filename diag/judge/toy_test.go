package judge

import (
	"testing"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/finding"
)

// toyEvidence is the evidence of a finding that this test adds.
type toyEvidence struct{ Channels int }

// TestToyFinding adds a finding as the design promises: one rule here, and one entry in package words (its test adds that).
// The rule's finding reaches the verdict and, as a problem, the exit code.
func TestToyFinding(t *testing.T) {
	old := rules
	defer func() { rules = old }()
	rules = append(rules[:len(rules):len(rules)], func(out *finding.List, c *call.Call, _ Expectation) {
		out.Add("toy.channels", Problem, "", toyEvidence{len(c.Channels)})
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
