package nat

import (
	"net/netip"
	"testing"

	"dialtone/diag"
)

// TestOtherFamily: once IPv4 answers, a server that answered over IPv6 is asked nothing more.
func TestOtherFamily(t *testing.T) {
	four, six := netip.MustParseAddrPort("192.0.2.1:3478"), netip.MustParseAddrPort("[2001:db8::1]:3478")
	o := &State{
		Servers: []Server{{URL: "stun:" + four.String(), Address: four}, {URL: "stun:" + six.String(), Address: six}},
	}
	for i, s := range o.Servers {
		o.Requests = append(o.Requests, Request{Server: i, Test: diag.TestReach, To: s.Address, Answer: &Answer{From: s.Address, Mapped: s.Address}})
	}
	if asks := Plan(o, 1); len(asks) != 0 {
		t.Errorf("%+v", asks)
	}
	if asks := Plan(o, 0); len(asks) == 0 {
		t.Error("nothing is asked over IPv4 either")
	}
}
