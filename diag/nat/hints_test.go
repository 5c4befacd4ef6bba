package nat

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// sockets notes direct requests, each from a socket of its own: local and public ports in turn.
func (s *scene) sockets(ports ...int) *scene {
	for i := 0; i < len(ports); i += 2 {
		r := s.add(0, TestHold, sceneA, "5.5.5.5:1")
		r.Socket = "socket " + string(rune('a'+i))
		r.Local = netip.AddrPortFrom(s.o.Local.Addr(), uint16(ports[i]))
		r.Answer.Mapped = netip.AddrPortFrom(r.Answer.Mapped.Addr(), uint16(ports[i+1]))
	}
	return s
}

func TestPorts(t *testing.T) {
	for name, tt := range map[string]struct {
		scene      *scene
		value      string
		confidence Confidence
		words      string
	}{
		"nothing known": {newScene(sceneA), BehaviorUnknown, NotKnown, "no server"},
		"kept":          {newScene(sceneA).sockets(5000, 5000, 5003, 5003), PortPreserved, Proven, "2 local ports, such as 5000"},
		"kept once":     {newScene(sceneA).sockets(5000, 5000), PortPreserved, Likely, "1 local port"},
		"sequential":    {newScene(sceneA).sockets(5000, 41000, 5003, 41001, 5009, 41003), PortNotPreserved, Proven, "+1, +2: sequential"},
		"no order":      {newScene(sceneA).sockets(5000, 41000, 5003, 1025, 5009, 60003), PortNotPreserved, Proven, "-39975, +58978: no order"},
		"a delta":       {newScene(sceneA).sockets(5000, 41000), PortNotPreserved, Likely, "public less local port, by socket: +36000"},
		"sometimes":     {newScene(sceneA).sockets(5000, 5000, 5003, 1025), PortNotPreserved, Likely, "1 of 2 ports are kept"},
		"parity": {
			newScene(sceneA).sockets(5000, 1024, 5001, 3333, 5002, 2222, 5003, 60001, 5004, 7000), PortNotPreserved, Proven, "even where the local port is even",
		},
		"from destination to destination": {
			newScene(sceneA, sceneC, sceneD).maps(0, "9.9.9.1:3478", "5.5.5.5:7001").maps(1, "8.8.8.1:3478", "5.5.5.5:7002").maps(2, "7.7.7.1:3478", "5.5.5.5:7004"),
			PortNotPreserved, Likely, "of one socket changes by +1, +2: sequential",
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := tt.scene.o.judgePorts(tt.scene.o.judgeMapping())
			if b.Value != tt.value || b.Confidence != tt.confidence || !strings.Contains(strings.Join(b.Evidence, "\n"), tt.words) {
				t.Errorf("%s, %s; want %s, %s and %q in:\n%s", b.Value, b.Confidence, tt.value, tt.confidence, tt.words, strings.Join(b.Evidence, "\n"))
			}
		})
	}
}

func TestHints(t *testing.T) {
	const six, own = "[2001:db8::1]:3478", "[2001:db8:1::5]:5000"
	at := func(local string) *scene {
		s := newScene(sceneA, sceneC)
		s.o.Local = netip.MustParseAddrPort(local)
		s.add(0, TestReach, sceneA, "5.5.5.5:1")
		s.add(1, TestReach, sceneC, "5.5.5.5:1")
		return s
	}
	reach6 := func(mapped string) *scene {
		s := newScene(netip.MustParseAddrPort(six))
		s.o.Local = netip.MustParseAddrPort(own)
		s.add(0, TestReach, netip.MustParseAddrPort(six), mapped)
		return s
	}
	twoWays := at("192.168.1.5:5000")
	twoWays.o.Requests[1].Local = netip.MustParseAddrPort("10.8.0.2:5001")
	clatInterface := at("192.168.1.5:5000")
	clatInterface.o.Interface = "v4-rmnet0"
	carrier := newScene(netip.MustParseAddrPort("10.9.9.1:3478")).maps(0, "10.9.9.1:3478", "100.64.3.4:1")
	cgnat := func(b *NATBehaviors) Behavior { return b.CGNAT }
	clatOf := func(b *NATBehaviors) Behavior { return b.CLAT }
	uplinks := func(b *NATBehaviors) Behavior { return b.Uplinks }
	ipv6 := func(b *NATBehaviors) Behavior { return b.IPv6 }
	for name, tt := range map[string]struct {
		scene   *scene
		of      func(*NATBehaviors) Behavior
		value   string
		words   string
		finding string
	}{
		"no carrier":         {at("192.168.1.5:5000"), cgnat, BehaviorUnknown, "proves nothing", ""},
		"carrier, here":      {at("100.64.0.9:5000"), cgnat, BehaviorPresent, "RFC 6598", "nat.cgnat"},
		"carrier, seen":      {carrier, cgnat, BehaviorPresent, "RFC 6598", "nat.cgnat"},
		"464XLAT":            {at("192.0.0.4:5000"), cgnat, BehaviorPresent, "464XLAT", "nat.cgnat"},
		"CLAT":               {at("192.0.0.4:5000"), clatOf, BehaviorPresent, "RFC 7335", ""},
		"CLAT, by its name":  {clatInterface, clatOf, BehaviorPresent, "v4-rmnet0", ""},
		"no CLAT":            {at("192.168.1.5:5000"), clatOf, BehaviorUnknown, "a router may", ""},
		"one uplink":         {at("192.168.1.5:5000"), uplinks, UplinksOne, "2 server addresses", ""},
		"two uplinks":        {twoWays, uplinks, UplinksSeveral, "192.168.1.5, 10.8.0.2", "nat.uplinks"},
		"pool or uplinks":    {newScene(sceneA, sceneC).maps(0, "9.9.9.1:3478", "5.5.5.5:1").maps(1, "8.8.8.1:3478", "5.5.5.6:1"), uplinks, BehaviorUnknown, "pool", "nat.pooling"},
		"no IPv6 asked":      {at("192.168.1.5:5000"), ipv6, BehaviorUnknown, "no server was asked", ""},
		"IPv6":               {reach6(own), ipv6, BehaviorPresent, "no NAT", ""},
		"IPv6 is translated": {reach6("[2001:db8:9::1]:5000"), ipv6, BehaviorPresent, "NAT66", ""},
		"IPv6 is silent":     {reach6(""), ipv6, BehaviorNone, "none of 1 requests", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := JudgeNAT(&tt.scene.o, nil, nil, nil)
			checkValues(t, &r.Behavior)
			b := tt.of(&r.Behavior)
			if b.Value != tt.value || !strings.Contains(strings.Join(b.Evidence, "\n"), tt.words) || tt.finding != "" && !hasFinding(&r, tt.finding) {
				t.Errorf("%+v, findings %+v", b, r.Findings)
			}
		})
	}
}

func TestTCPMappingRules(t *testing.T) {
	view := func(to, mapped string) NATStream {
		s := NATStream{To: netip.MustParseAddrPort(to), Why: "nothing listens"}
		if mapped != "" {
			s.Mapped = netip.MustParseAddrPort(mapped)
		}
		return s
	}
	for name, tt := range map[string]struct {
		streams    []NATStream
		value      string
		confidence Confidence
	}{
		"not asked":     {nil, BehaviorUnknown, NotKnown},
		"no answer":     {[]NATStream{view("9.9.9.1:1", ""), view("8.8.8.1:1", "")}, BehaviorUnknown, NotKnown},
		"one answer":    {[]NATStream{view("9.9.9.1:1", "5.5.5.5:9"), view("8.8.8.1:1", "")}, BehaviorUnknown, NotKnown},
		"one port":      {[]NATStream{view("9.9.9.1:1", "5.5.5.5:9"), view("8.8.8.1:1", "5.5.5.5:9")}, EndpointIndependent, Proven},
		"several ports": {[]NATStream{view("9.9.9.1:1", "5.5.5.5:9"), view("8.8.8.1:1", "5.5.5.5:8")}, BehaviorUnknown, Likely},
	} {
		t.Run(name, func(t *testing.T) {
			o := NATObservations{TCP: tt.streams}
			if b := o.judgeTCP(); b.Value != tt.value || b.Confidence != tt.confidence {
				t.Errorf("%+v", b)
			}
		})
	}
}

// TestHeadlines holds what the verdict says of every NAT: with whom calls are direct, and who needs a relay.
func TestHeadlines(t *testing.T) {
	for name, tt := range map[string]struct {
		mapping, filtering string
		dependent          bool
		want               string
	}{
		"open": {EndpointIndependent, EndpointIndependent, false, "with peers behind any NAT that lets UDP pass."},
		"usual": {
			EndpointIndependent, AddressAndPortDependent, false, "with peers whose NAT keeps one port for all destinations, as most do; others need a relay.",
		},
		"usual, filtering unknown": {
			EndpointIndependent, BehaviorUnknown, false, "with peers whose NAT keeps one port for all destinations, as most do, and perhaps with others.",
		},
		"strict": {
			AddressAndPortDependent, AddressAndPortDependent, true,
			"only with peers behind open or address-restricted NATs that keep one port for all destinations; others need a relay. You need a TURN server, and none was given.",
		},
		"by address, open": {AddressDependent, EndpointIndependent, true, "only with peers behind open or address-restricted NATs; others need a relay. You need"},
		"of unknown kind":  {BehaviorUnknown, BehaviorUnknown, true, "for all destinations, and perhaps with others. You need"},
	} {
		t.Run(name, func(t *testing.T) {
			r := natCase{NATReport: &NATReport{}, observed: &NATObservations{}, dependent: tt.dependent}
			b := &r.Behavior
			b.UDP.Value, b.NAT.Value, b.Mapping.Value, b.Filtering.Value = BehaviorPresent, BehaviorPresent, tt.mapping, tt.filtering
			r.conclude(nil)
			if !strings.Contains(r.Verdict.Headline, tt.want) {
				t.Errorf("%s\nwant %s", r.Verdict.Headline, tt.want)
			}
			if slices.Contains(r.Verdict.Why, "") || len(r.Verdict.Why) == 0 || tt.dependent && len(r.Verdict.Why) < 2 {
				t.Errorf("why: %q", r.Verdict.Why)
			}
		})
	}
}

// TestInterim: while servers are asked, silence is not yet a verdict.
func TestInterim(t *testing.T) {
	s := newScene(sceneA, sceneC)
	s.add(0, TestReach, sceneA, "")
	s.o.Pending = true
	r := JudgeNAT(&s.o, nil, nil, nil)
	if !r.Servers[0].Waiting || len(r.Findings) > 0 || r.Exit != ExitInconclusive || !strings.Contains(r.Verdict.Headline, "being asked") {
		t.Errorf("%+v", r)
	}
	s.maps(0, "9.9.9.1:3478", "5.5.5.5:1")
	r = JudgeNAT(&s.o, nil, nil, nil)
	if r.Servers[0].Waiting || !r.Servers[1].Waiting || r.Exit != ExitInconclusive || !strings.Contains(r.Verdict.Headline, "being asked") {
		t.Errorf("%+v", r)
	}
}

// TestWhyUnknown: the headline of an unknown mapping says why it is, and where nothing could be asked nothing is called silent.
func TestWhyUnknown(t *testing.T) {
	s := newScene(sceneA).maps(0, "9.9.9.1:3478", "5.5.5.5:1")
	r := s.add(0, TestRepeat, sceneA, "5.5.5.5:1")
	r.Socket = string(TestMapping)
	if got := JudgeNAT(&s.o, nil, nil, nil).Verdict.Headline; !strings.Contains(got, "fewer than two server addresses answered") {
		t.Error(got)
	}
	failure := ServerResult{URL: "stun:s", Transport: "udp", Cause: "config", ErrorText: "s has no address of the family that was asked for", Advice: "leave out -6"}
	report := JudgeNAT(&NATObservations{Servers: []NATAsked{{URL: "stun:s", Failure: &failure}}}, nil, nil, nil)
	if report.Exit != ExitInconclusive || !strings.Contains(report.Verdict.Headline, "no address of the family") || report.Behavior.UDP.Evidence[0] != "no server could be asked over UDP" {
		t.Errorf("%v %+v %+v", report.Exit, report.Verdict, report.Behavior.UDP)
	}
}
