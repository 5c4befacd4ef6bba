package network

import (
	"slices"
	"testing"

	"dialtone/diag"
	"dialtone/diag/finding"
	"dialtone/diag/nat"
)

// TestToyNATRule adds the rule of a new NAT test: its finding reaches the verdict of a diagnosis. The test of package probe
// adds its plan, and that of package words its words: three places in all.
func TestToyNATRule(t *testing.T) {
	old := rules
	defer func() { rules = old }()
	rules = append(rules[:len(rules):len(rules)], func(out *finding.List, s *nat.State, _ *Verdict) {
		for i := range s.Requests {
			if s.Requests[i].Socket.Use == "toy" && s.Requests[i].Answer != nil {
				out.Add("toy.answered", diag.Info, "", nil)
			}
		}
	})
	s := &nat.State{}
	s.Apply(diag.NATServer{URL: "stun:192.0.2.1"})
	s.Apply(diag.NATRequest{Test: diag.TestHold, Socket: diag.NATSocket{Use: "toy"}, Answer: &diag.NATAnswer{}})
	found := func() bool {
		n := Judge(s)
		return slices.ContainsFunc(n.Findings, func(f finding.Finding) bool { return f.ID == "toy.answered" })
	}
	if !found() {
		t.Error("the rule is not asked")
	}
	if rules = old; found() {
		t.Error("without the rule it is found too")
	}
}
