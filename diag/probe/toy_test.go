package probe

import (
	"slices"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/lab"
	"dialtone/diag/nat"
)

// TestToyPlan adds the plan of a new NAT test: its requests are sent, and reported with their answers. The test of package
// judge adds its rule, and that of package words its words: three places in all.
func TestToyPlan(t *testing.T) {
	old := nat.Topics
	defer func() { nat.Topics = old }()
	toy := diag.NATSocket{Use: "toy"}
	asked := func(s *nat.State) bool {
		return slices.ContainsFunc(s.Requests, func(r diag.NATRequest) bool { return r.Socket == toy && r.Answer != nil })
	}
	nat.Topics = append(old[:len(old):len(old)], struct {
		Name nat.Topic
		Plan func(*nat.State) []nat.Question
	}{"toy", func(s *nat.State) []nat.Question {
		if asked(s) {
			return nil
		}
		return []nat.Question{{Socket: toy, Test: diag.TestHold, To: s.Servers[0].Address, Tries: 3}}
	}})
	o, _ := furtherIn(t, lab.WorldOptions{Delay: 5 * time.Millisecond}, NATOptions{Hairpin: true})
	if !asked(o) {
		t.Errorf("the toy was not asked: %+v", o.Requests)
	}
}
