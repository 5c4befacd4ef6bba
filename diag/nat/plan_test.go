package nat

import (
	"net/netip"
	"testing"

	"dialtone/diag"
)

// TestPlanPerFamily: each family is asked by itself, also beside another one that answers.
func TestPlanPerFamily(t *testing.T) {
	o := answered("192.0.2.1:3478", "[2001:db8::1]:3478")
	for i := range o.Servers {
		if asks := Plan(o, i); len(asks) == 0 {
			t.Errorf("nothing more is asked of %s", o.Servers[i].URL)
		}
	}
}

// answered has servers that have answered one request, each with the address that it was asked at.
func answered(servers ...string) *State {
	o := &State{}
	for i, text := range servers {
		a := netip.MustParseAddrPort(text)
		o.Apply(Server{Server: i, URL: "stun:" + text, Address: a})
		o.Apply(Request{Request: i, Server: i, Test: diag.TestReach, To: a, Answer: &Answer{From: a, Mapped: a}})
	}
	return o
}
