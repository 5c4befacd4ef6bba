package pair

import (
	"net/netip"
	"strings"
	"testing"

	"dialtone/diag/nat"
)

// allSides are the nine kinds of NAT, in the order of the table.
func allSides() []nat.Side {
	var out []nat.Side
	for _, m := range order9 {
		for _, f := range order9 {
			out = append(out, nat.Side{Mapping: m, Filtering: f, UDP: true})
		}
	}
	return out
}

// TestPairsAreSymmetric: who calls whom does not matter, and a TURN server of either side suffices.
func TestPairsAreSymmetric(t *testing.T) {
	direct := 0
	for i, a := range allSides() {
		for j, b := range allSides() {
			p := Predict(a, b)
			q := Predict(b, a)
			q.Local, q.Remote = q.Remote, q.Local
			if p != q {
				t.Errorf("%d %d: %v and %v", i, j, p, q)
			}
			b.TURN = true
			switch q := Predict(a, b); {
			case p.Path == PathDirect && q.Path == PathDirect:
				direct++
			case p.Path != PathNone || q.Path != PathRelay:
				t.Errorf("%d %d: %v, with TURN %v", i, j, p, q)
			}
		}
	}
	if direct != strings.Count(strings.Join(pairs[:], ""), "D") {
		t.Errorf("%d pairs are direct", direct)
	}
}

func TestPairOverrides(t *testing.T) {
	strict := nat.Side{Mapping: nat.AddressAndPortDependent, Filtering: nat.AddressAndPortDependent, UDP: true}
	open := nat.Side{Mapping: nat.EndpointIndependent, Filtering: nat.EndpointIndependent, UDP: true}
	with := func(s nat.Side, change func(*nat.Side)) nat.Side { change(&s); return s }
	turn := func(s *nat.Side) { s.TURN = true }
	six := func(s *nat.Side) { s.IPv6 = true }
	noUDP := func(s *nat.Side) { s.UDP = false }
	home := func(s *nat.Side) {
		s.Public, s.LAN = netip.MustParseAddr("5.5.5.5"), netip.MustParsePrefix("192.168.1.0/24")
	}
	hairpin := func(s *nat.Side) { s.Hairpin = true }
	street := func(s *nat.Side) { s.Public = netip.MustParseAddr("5.5.5.5") }
	unknown := nat.Side{Mapping: nat.Unknown, Filtering: nat.Unknown, UDP: true}
	ports := func(s *nat.Side) { s.Ports = true }
	doubt := func(s *nat.Side) { s.PortsUnknown = true }
	doubt6 := func(s *nat.Side) { s.IPv6Unknown = true }
	only6 := func(s *nat.Side) { s.IPv6, s.NoIPv4 = true, true }
	nat64 := func(s *nat.Side) { s.NAT64, s.NoIPv4 = true, true }
	nat66 := func(s *nat.Side) {
		s.IPv6, s.NoIPv4, s.Mapping6, s.Filtering6 = true, true, nat.AddressAndPortDependent, nat.AddressAndPortDependent
	}
	usual := allSides()[2]
	for name, tt := range map[string]struct {
		a, b nat.Side
		want Path
	}{
		"strict both":             {strict, strict, PathNone},
		"IPv6 both":               {with(strict, six), with(strict, six), PathDirect},
		"IPv6 on one side":        {with(strict, six), strict, PathNone},
		"one LAN":                 {with(strict, home), with(strict, home), PathDirect},
		"same public address":     {with(open, street), with(open, street), PathNone},
		"same, turned around":     {with(with(open, street), hairpin), with(open, street), PathDirect},
		"same, turned, strict":    {with(with(strict, street), hairpin), with(strict, street), PathNone},
		"same, with TURN":         {with(with(open, street), turn), with(open, street), PathRelay},
		"UDP blocked":             {with(open, noUDP), open, PathNone},
		"UDP blocked, own TURN":   {with(with(open, noUDP), turn), open, PathRelay},
		"UDP blocked, their TURN": {with(open, noUDP), with(open, turn), PathNone},
		"ports":                   {with(open, ports), open, PathNone},
		"ports, own TURN":         {with(with(open, ports), turn), open, PathRelay},
		"ports, their TURN":       {with(open, ports), with(open, turn), PathNone},
		"ports, both TURN":        {with(with(open, ports), turn), with(with(open, ports), turn), PathRelay},
		"ports, IPv6 both":        {with(with(open, ports), six), with(open, six), PathDirect},
		"ports in doubt":          {with(open, doubt), open, PathUnknown},
		"ports in doubt, TURN":    {with(with(strict, doubt), turn), strict, PathRelay},
		"in doubt, their TURN":    {with(strict, doubt), with(strict, turn), PathUnknown},
		"in doubt, one LAN":       {with(with(strict, home), doubt), with(strict, home), PathDirect},
		"in doubt, IPv6 both":     {with(with(strict, doubt), six), with(strict, six), PathDirect},
		"IPv6 in doubt":           {with(with(strict, six), doubt6), with(strict, six), PathUnknown},
		"IPv6 in doubt, LAN":      {with(with(with(strict, six), doubt6), home), with(with(strict, six), home), PathDirect},
		"IPv6 only to IPv4":       {with(usual, only6), usual, PathNone},
		"IPv6 only, own TURN":     {with(with(usual, only6), turn), usual, PathRelay},
		"IPv6 only, their TURN":   {with(usual, only6), with(usual, turn), PathNone},
		"IPv6 only both":          {with(usual, only6), with(usual, only6), PathDirect},
		"NAT64 to IPv4":           {with(usual, nat64), open, PathNone},
		"NAT64 to IPv4, own TURN": {with(with(usual, nat64), turn), usual, PathRelay},
		"NAT64, open, to IPv4":    {with(open, nat64), usual, PathDirect},
		"NAT64, unknown, to IPv4": {with(unknown, nat64), usual, PathUnknown},
		"NAT66 both":              {with(usual, nat66), with(usual, nat66), PathNone},
		"NAT66 to IPv6":           {with(usual, nat66), with(usual, only6), PathNone},
		"unknown to open":         {unknown, open, PathDirect},
		"unknown to usual":        {unknown, allSides()[2], PathUnknown},
		"unknown filter to open":  {nat.Side{Mapping: nat.EndpointIndependent, UDP: true}, open, PathDirect},
		"dependent to itself":     {nat.Side{Dependent: true, UDP: true}, nat.Side{Dependent: true, UDP: true}, PathUnknown},
		"dependent and strict":    {nat.Side{Dependent: true, Filtering: nat.AddressAndPortDependent, UDP: true, TURN: true}, strict, PathRelay},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Predict(tt.a, tt.b); got.Path != tt.want || got.Why == "" {
				t.Errorf("%+v, want %s", got, tt.want)
			}
		})
	}
}

func TestSideText(t *testing.T) {
	for _, s := range append(allSides(),
		nat.Side{
			Mapping: nat.Unknown, Filtering: nat.Unknown, Dependent: true, TURN: true, IPv6: true, Hairpin: true,
			Public: netip.MustParseAddr("2001:db8::1"), LAN: netip.MustParsePrefix("192.168.1.0/24"),
			Ports: true, PortsUnknown: true, IPv6Unknown: true, NoIPv4: true, NAT64: true, Mapping6: nat.AddressDependent, Filtering6: nat.Unknown,
		}) {
		got, err := Parse(" result: " + Line(s) + "\n")
		if err != nil || got != s {
			t.Errorf("%s: %+v, %v", Line(s), got, err)
		}
	}
	for _, bad := range []string{"", "nat1", "nat1,map=ei", "nat1,filter=ei,udp", "nat2,map=ei,filter=ei", "nat1,map=xx", "nat1,ip=1", "nat1,lan=1", "nat1," + strings.Repeat("x", 300)} {
		if s, err := Parse(bad); err == nil {
			t.Errorf("%q: %+v", bad, s)
		}
	}
	line := "nat1,map=ei,filter=apd,"
	if _, err := Parse(line + strings.Repeat("x", maxResult-len(line))); err != nil {
		t.Error(err)
	}
	if _, err := Parse(line + strings.Repeat("x", maxResult-len(line)+1)); err == nil {
		t.Error("a line that is too long is read")
	}
	if _, err := Parse("nat1,map=ei,filter=apd,news"); err != nil {
		t.Errorf("a word of a later version: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("nat1,map=ei,filter=apd,udp,ports,turn,v6,no4,nat64,map6=ad,filter6=ei,ip=203.0.113.7,lan=192.168.1.0/24")
	f.Add("nat1,map=ei,filter=apd,filter6=ei")
	f.Add("nat1,map=ei,filter=apd,map6=ei")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text)
		if err != nil {
			return
		}
		if again, err := Parse(Line(s)); err != nil || again != s {
			t.Errorf("%q: %+v, then %+v, %v", text, s, again, err)
		}
	})
}
