package nat

import (
	"net/netip"
	"testing"

	"dialtone/diag"
)

// over6 is a server that was asked over IPv6, saw an IPv4 address, and says that it is 192.0.2.1.
func over6(asked, mapped, origin string) *State {
	o := &State{}
	a := netip.MustParseAddrPort(asked)
	o.Apply(diag.NATLocal{Address: netip.MustParseAddrPort("[2001:db8:6::50]:5000")})
	o.Apply(Server{URL: "stun:" + asked, Address: a})
	answer := &Answer{From: a, Mapped: netip.MustParseAddrPort(mapped)}
	if origin != "" {
		answer.Origin = netip.MustParseAddrPort(origin)
	}
	for i, test := range []diag.NATTest{diag.TestReach, diag.TestMapping} {
		o.Apply(Request{
			Request: i, Test: test, Socket: diag.NATSocket{Use: diag.SocketUse(test)}, Local: o.Local.Address, To: a,
			Answer: answer, SentMs: diag.Millis(i) * 3e9,
		})
	}
	return o
}

// TestFamilies: which family a server belongs to, and which of them is a NAT64.
func TestFamilies(t *testing.T) {
	for name, tt := range map[string]struct {
		state  *State
		family Family
		nat    Value
		public string
		// how many servers report a private address, and one of another family
		private, foreign int
	}{
		"well-known prefix":           {over6("[64:ff9b::192.0.2.1]:3478", "203.0.113.9:1", ""), FamilyNAT64, Present, "203.0.113.9", 0, 0},
		"its own prefix, by origin":   {over6("[2001:db8:122:344:c0:2:100:0]:3478", "203.0.113.9:1", "192.0.2.1:3478"), FamilyNAT64, Present, "203.0.113.9", 0, 0},
		"proxy with a public address": {over6("[2001:db8::1]:3478", "203.0.113.9:1", ""), FamilyIPv6, Unknown, "", 0, 1},
		"proxy in a container":        {over6("[2001:db8::1]:3478", "172.18.0.1:1", "172.18.0.2:3478"), FamilyIPv6, Unknown, "", 1, 0},
		"native":                      {over6("[2001:db8::1]:3478", "[2001:db8:6::50]:5000", ""), FamilyIPv6, None, "2001:db8:6::50", 0, 0},
		"NAT66":                       {over6("[2001:db8::1]:3478", "[2001:db8:7::1]:5000", ""), FamilyIPv6, Present, "2001:db8:7::1", 0, 0},
		"NAT46 before the server":     {over6("192.0.2.1:3478", "[64:ff9b::203.0.113.9]:1", ""), FamilyIPv4, Unknown, "", 0, 1},
	} {
		r := Judge(tt.state)
		public := ""
		if r.Side.Public.IsValid() {
			public = r.Side.Public.String()
		}
		if r.Main() != tt.family || r.Behaviors.NAT.Value != tt.nat || public != tt.public {
			t.Errorf("%s: %s, NAT %+v, public %q", name, r.Main(), r.Behaviors.NAT, public)
		}
		if len(r.Private) != tt.private || len(r.Foreign) != tt.foreign {
			t.Errorf("%s: private %v, foreign %v", name, r.Private, r.Foreign)
		}
		if nat64 := r.Behaviors.NAT64.Value == Present; nat64 != (tt.family == FamilyNAT64) || r.Side.NAT64 != nat64 {
			t.Errorf("%s: NAT64 %+v, %+v", name, r.Behaviors.NAT64, r.Side)
		}
	}
}

// TestPrefixByDNS: a prefix in DNS makes a server without RESPONSE-ORIGIN one behind the NAT64.
func TestPrefixByDNS(t *testing.T) {
	o := &State{}
	o.Apply(diag.NATFamilies{IPv6: true})
	if b := o.judgeNAT64(); b.Value != Unknown {
		t.Errorf("without a prefix: %+v", b)
	}
	o.Apply(diag.NATFamilies{IPv6: true, NAT64: []netip.Prefix{netip.MustParsePrefix("2001:db8:122:344::/64")}})
	if b := o.judgeNAT64(); b.Value != Present || b.Confidence != Likely {
		t.Errorf("by DNS only: %+v", b)
	}
	for _, d := range over6("[2001:db8:122:344:c0:2:100:0]:3478", "203.0.113.9:1", "").facts() {
		o.Apply(d)
	}
	if r := Judge(o); r.Main() != FamilyNAT64 || r.Behaviors.NAT64.Confidence != Proven || !r.Side.NoIPv4 {
		t.Errorf("%s, %+v, %+v", r.Main(), r.Behaviors.NAT64, r.Side)
	}
}

// facts are the events that a state was made of.
func (s *State) facts() []diag.Data {
	out := []diag.Data{s.Local}
	for _, x := range s.Servers {
		out = append(out, x)
	}
	for _, x := range s.Requests {
		out = append(out, x)
	}
	return out
}

// TestOtherAddressThroughNAT64: the alternate address is reached through the prefix.
func TestOtherAddressThroughNAT64(t *testing.T) {
	o := over6("[64:ff9b::192.0.2.1]:3478", "203.0.113.9:1", "192.0.2.1:3478")
	o.Requests[0].Answer.Other = netip.MustParseAddrPort("192.0.2.2:3479")
	other, why := o.Admitted(0)
	if want := netip.MustParseAddrPort("[64:ff9b::192.0.2.2]:3479"); other != want || why.Why != "" {
		t.Errorf("%s, %+v; want %s", other, why, want)
	}
}
