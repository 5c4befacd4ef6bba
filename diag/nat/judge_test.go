package nat

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// scene builds observations as a table reads them.
type scene struct {
	o NATObservations
}

var (
	sceneA = netip.MustParseAddrPort("9.9.9.1:3478") // A1:P1 of the first server
	sceneB = netip.MustParseAddrPort("9.9.9.2:3479") // A2:P2
	sceneC = netip.MustParseAddrPort("8.8.8.1:3478") // a second server
	sceneD = netip.MustParseAddrPort("7.7.7.1:3478") // a third one
)

// newScene asks plain servers; their indices are their places.
func newScene(servers ...netip.AddrPort) *scene {
	s := &scene{}
	s.o.Local = netip.MustParseAddrPort("192.168.1.5:5000")
	for _, a := range servers {
		s.o.Servers = append(s.o.Servers, NATAsked{URL: "stun:" + a.String(), Address: a})
	}
	return s
}

// add notes a request; mapped "" is silence.
func (s *scene) add(server int, test NATTest, to netip.AddrPort, mapped string) *NATRequest {
	r := NATRequest{Server: server, Socket: string(test), Local: s.o.Local, Test: test, To: to, SentAt: time.Duration(len(s.o.Requests))}
	if mapped != "" {
		r.Answer = &NATAnswer{From: to, RTT: 20 * time.Millisecond, Mapped: netip.MustParseAddrPort(mapped), Origin: to}
	}
	s.o.Requests = append(s.o.Requests, r)
	return &s.o.Requests[len(s.o.Requests)-1]
}

// maps notes an answered mapping request.
func (s *scene) maps(server int, to, mapped string) *scene {
	s.add(server, TestMapping, netip.MustParseAddrPort(to), mapped)
	return s
}

// grade makes server 0 an RFC 5780 server, with controls enough that silence can be told from loss.
func (s *scene) grade(controls, lost int) *scene {
	for i := range controls {
		mapped := "5.5.5.5:6000"
		if i > 0 && i <= lost {
			mapped = ""
		}
		if r := s.add(0, TestControl, sceneA, mapped); r.Answer != nil {
			r.Answer.Other = sceneB
		}
	}
	return s
}

// asks notes n requests of one test to server 0, answered from an address or (the zero one) not.
func (s *scene) asks(n int, test NATTest, from netip.AddrPort) *scene {
	for range n {
		r := s.add(0, test, sceneA, "")
		if from.IsValid() {
			r.Answer = &NATAnswer{From: from, Mapped: netip.MustParseAddrPort("5.5.5.5:6000")}
		}
	}
	return s
}

func TestMappingRules(t *testing.T) {
	const ip, other = "5.5.5.5", "5.5.5.6"
	for name, tt := range map[string]struct {
		scene      *scene
		value      string
		confidence Confidence
		dependent  bool
		pooling    string
	}{
		"no answer":                {newScene(sceneA), BehaviorUnknown, NotKnown, false, BehaviorUnknown},
		"one server proves little": {newScene(sceneA).maps(0, "9.9.9.1:3478", ip+":1"), BehaviorUnknown, NotKnown, false, BehaviorUnknown},
		"two ports of one IP prove little": {
			newScene(sceneA).maps(0, "9.9.9.1:3478", ip+":1").maps(0, "9.9.9.1:3479", ip+":1"),
			BehaviorUnknown, NotKnown, false, BehaviorUnknown,
		},
		"two IPs see the same": {
			newScene(sceneA, sceneC).maps(0, "9.9.9.1:3478", ip+":1").maps(1, "8.8.8.1:3478", ip+":1"),
			EndpointIndependent, Proven, false, PoolingPaired,
		},
		"all four": {
			newScene(sceneA).maps(0, "9.9.9.1:3478", ip+":1").maps(0, "9.9.9.2:3478", ip+":1").maps(0, "9.9.9.2:3479", ip+":1").maps(0, "9.9.9.1:3479", ip+":1"),
			EndpointIndependent, Proven, false, PoolingPaired,
		},
		"by address": {
			newScene(sceneA).maps(0, "9.9.9.1:3478", ip+":1").maps(0, "9.9.9.2:3478", ip+":2").maps(0, "9.9.9.2:3479", ip+":2"),
			AddressDependent, Proven, true, PoolingPaired,
		},
		"by address and port": {
			newScene(sceneA).maps(0, "9.9.9.1:3478", ip+":1").maps(0, "9.9.9.2:3478", ip+":2").maps(0, "9.9.9.2:3479", ip+":3"),
			AddressAndPortDependent, Proven, true, PoolingPaired,
		},
		"by port, on one IP": {
			newScene(sceneA).maps(0, "9.9.9.1:3478", ip+":1").maps(0, "9.9.9.1:3479", ip+":2"),
			AddressAndPortDependent, Proven, true, BehaviorUnknown,
		},
		"dependent, on what is not known": {
			newScene(sceneA, sceneC).maps(0, "9.9.9.1:3478", ip+":1").maps(1, "8.8.8.1:3478", ip+":2"),
			BehaviorUnknown, Likely, true, PoolingPaired,
		},
		"a pool is not symmetric": {
			newScene(sceneA, sceneC).maps(0, "9.9.9.1:3478", ip+":1").maps(1, "8.8.8.1:3478", other+":1"),
			BehaviorUnknown, Contradictory, false, PoolingArbitrary,
		},
		"unstable": {
			newScene(sceneA, sceneC).maps(0, "9.9.9.1:3478", ip+":1").maps(1, "8.8.8.1:3478", ip+":1").maps(0, "9.9.9.1:3478", ip+":2"),
			BehaviorUnknown, Contradictory, false, BehaviorUnknown,
		},
		"a liar is outvoted": {
			newScene(sceneA, sceneC, sceneD).maps(0, "9.9.9.1:3478", ip+":1").maps(1, "8.8.8.1:3478", ip+":1").maps(2, "7.7.7.1:3478", "4.4.4.4:99"),
			EndpointIndependent, Proven, false, PoolingPaired,
		},
		"a private address is not believed": {
			newScene(sceneA, sceneC, sceneD).maps(0, "9.9.9.1:3478", ip+":1").maps(1, "8.8.8.1:3478", "10.0.0.7:1").maps(2, "7.7.7.1:3478", ip+":1"),
			EndpointIndependent, Proven, false, PoolingPaired,
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := tt.scene.o.judgeMapping()
			if m.Value != tt.value || m.Confidence != tt.confidence || m.dependent != tt.dependent || m.pooling.Value != tt.pooling {
				t.Errorf("%s, %s, dependent %v, pooling %s; want %s, %s, %v, %s\n%s", m.Value, m.Confidence, m.dependent, m.pooling.Value,
					tt.value, tt.confidence, tt.dependent, tt.pooling, strings.Join(m.Evidence, "\n"))
			}
		})
	}
}

func TestFilteringRules(t *testing.T) {
	var silence netip.AddrPort
	other, port := sceneB, netip.MustParseAddrPort("9.9.9.1:3479")
	for name, tt := range map[string]struct {
		scene      *scene
		value      string
		confidence Confidence
		evidence   string
	}{
		"plain server":          {newScene(sceneA).maps(0, "9.9.9.1:3478", "5.5.5.5:1"), BehaviorUnknown, NotKnown, "only a server with the usage"},
		"an answer is a proof":  {newScene(sceneA).grade(1, 0).asks(3, TestChangeBoth, silence).asks(1, TestChangeBoth, other), EndpointIndependent, Proven, "answered"},
		"silence proves little": {newScene(sceneA).grade(20, 0).asks(9, TestChangeBoth, silence).asks(9, TestChangePort, silence), BehaviorUnknown, NotKnown, "never heard"},
		"with the control arm": {
			newScene(sceneA).grade(20, 0).asks(6, TestChangeBoth, silence).asks(6, TestChangePort, silence).asks(1, TestProveBoth, other).asks(1, TestProvePort, port),
			AddressAndPortDependent, Proven, "silent 6 times",
		},
		"the arm of the port is missing": {
			newScene(sceneA).grade(20, 0).asks(6, TestChangeBoth, silence).asks(6, TestChangePort, silence).asks(1, TestProveBoth, other),
			BehaviorUnknown, NotKnown, "never heard",
		},
		"the port gets through": {
			newScene(sceneA).grade(20, 0).asks(6, TestChangeBoth, silence).asks(1, TestChangePort, port).asks(1, TestProveBoth, other),
			AddressDependent, Proven, "answered",
		},
		"too much loss": {
			newScene(sceneA).grade(20, 8).asks(6, TestChangeBoth, silence).asks(1, TestChangePort, port).asks(1, TestProveBoth, other),
			BehaviorUnknown, NotKnown, "too many packets",
		},
		"more requests outweigh the loss": {
			newScene(sceneA).grade(20, 8).asks(18, TestChangeBoth, silence).asks(1, TestChangePort, port).asks(1, TestProveBoth, other),
			AddressDependent, Proven, "8 of 20 controls",
		},
		"CHANGE-REQUEST ignored": {
			newScene(sceneA).grade(20, 0).asks(6, TestChangeBoth, sceneA).asks(6, TestChangePort, sceneA), BehaviorUnknown, NotKnown, "ignores",
		},
		"ignored once": {
			newScene(sceneA).grade(20, 0).asks(1, TestChangeBoth, sceneA).asks(9, TestChangePort, silence).asks(1, TestProveBoth, other), BehaviorUnknown, NotKnown, "ignores",
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := tt.scene.o.judgeFiltering()
			if b.Value != tt.value || b.Confidence != tt.confidence || !strings.Contains(strings.Join(b.Evidence, "\n"), tt.evidence) {
				t.Errorf("%s, %s; want %s, %s and %q in:\n%s", b.Value, b.Confidence, tt.value, tt.confidence, tt.evidence, strings.Join(b.Evidence, "\n"))
			}
		})
	}
}

// TestRefusedIsNoAnswer: other tools take an error response for a success.
func TestRefusedIsNoAnswer(t *testing.T) {
	s := newScene(sceneA).grade(20, 0)
	s.add(0, TestChangeBoth, sceneA, "5.5.5.5:1").Answer.Code = 420
	if b := s.o.judgeFiltering(); b.Value != BehaviorUnknown || !strings.Contains(strings.Join(b.Evidence, "\n"), "refuses") {
		t.Errorf("%+v", b)
	}
	r := JudgeNAT(&s.o, nil, nil, nil)
	if !hasFinding(&r, "server.refuses_change_request") {
		t.Errorf("findings: %+v", r.Findings)
	}
}

func hasFinding(r *NATReport, id string) bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.ID == id })
}

func TestAdmission(t *testing.T) {
	for name, tt := range map[string]struct {
		other, origin, why string
	}{
		"good":           {"9.9.9.2:3479", "9.9.9.1:3478", ""},
		"none":           {"", "9.9.9.1:3478", "no OTHER-ADDRESS"},
		"same IP":        {"9.9.9.1:3479", "9.9.9.1:3478", "has the IP that was asked"},
		"same port":      {"9.9.9.2:3478", "9.9.9.1:3478", "has the port"},
		"other family":   {"[2001:db8::1]:3479", "9.9.9.1:3478", "another family"},
		"private":        {"10.0.0.5:3479", "9.9.9.1:3478", "not public"},
		"multicast":      {"224.0.0.1:3479", "9.9.9.1:3478", "not public"},
		"port 0":         {"9.9.9.2:0", "9.9.9.1:3478", "not public"},
		"no origin":      {"9.9.9.2:3479", "", "no RESPONSE-ORIGIN"},
		"another origin": {"9.9.9.2:3479", "9.9.9.9:3478", "not where it answers from"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(sceneA)
			a := s.add(0, TestReach, sceneA, "5.5.5.5:1").Answer
			a.Other, a.Origin = netip.AddrPort{}, netip.AddrPort{}
			if tt.other != "" {
				a.Other = netip.MustParseAddrPort(tt.other)
			}
			if tt.origin != "" {
				a.Origin = netip.MustParseAddrPort(tt.origin)
			}
			other, why := s.o.Admitted(0)
			if !strings.Contains(why, tt.why) || (why == "") != (tt.why == "") || (why == "") != other.IsValid() {
				t.Errorf("%v, %q; want %q", other, why, tt.why)
			}
		})
	}
}

func TestVerdicts(t *testing.T) {
	endpointIndependent := func() *scene {
		return newScene(sceneA, sceneC).maps(0, "9.9.9.1:3478", "5.5.5.5:1").maps(1, "8.8.8.1:3478", "5.5.5.5:1")
	}
	dependent := func() *scene {
		return newScene(sceneA, sceneC).maps(0, "9.9.9.1:3478", "5.5.5.5:1").maps(1, "8.8.8.1:3478", "5.5.5.5:2")
	}
	silent := func() *scene {
		s := newScene(sceneA, sceneC)
		s.add(0, TestReach, sceneA, "")
		s.add(1, TestReach, sceneC, "")
		return s
	}
	refused := newScene(sceneA)
	refused.add(0, TestReach, sceneA, "")
	refused.o.Servers[0].Failure = &ServerResult{Cause: "refused", ErrorText: "nothing listens"}
	works := ServerResult{URL: "turns:t", Transport: "tls", OK: true, Address: "9.9.9.9:443", RelayAddress: "9.9.9.9:50000", RTTMs: Ptr(Millis(31e6))}
	private := works
	private.RelayAddress = "10.0.0.5:50000"
	wrong := ServerResult{URL: "turn:t", Transport: "udp", Stage: "allocate", Cause: "auth", ErrorCode: 401, ErrorText: "no"}
	tcp := ServerResult{URL: "stun:t?transport=tcp", Transport: "tcp", OK: true}
	for name, tt := range map[string]struct {
		scene   *scene
		others  []ServerResult
		turn    []ServerResult
		exit    Exit
		words   string
		finding string
	}{
		"direct":              {endpointIndependent(), nil, nil, ExitPass, "keeps one public port", ""},
		"direct, TURN broken": {endpointIndependent(), nil, []ServerResult{wrong}, ExitPass, "keeps one public port", "turn.unauthorized"},
		"symmetric":           {dependent(), nil, nil, ExitNoRelay, "none was given", "nat.endpoint_dependent_mapping"},
		"symmetric, TURN":     {dependent(), nil, []ServerResult{works}, ExitRelay, "yours works (TLS 31 ms)", ""},
		"symmetric, private":  {dependent(), nil, []ServerResult{private}, ExitNoRelay, "does not work", "turn.relay_private"},
		"symmetric, wrong":    {dependent(), nil, []ServerResult{wrong}, ExitNoRelay, "does not work", "turn.unauthorized"},
		"UDP blocked":         {silent(), []ServerResult{tcp}, nil, ExitNoRelay, "UDP gets no answer", "nat.udp_blocked"},
		"UDP blocked, TURN":   {silent(), nil, []ServerResult{works}, ExitRelay, "yours works", "nat.udp_blocked"},
		"nothing":             {silent(), nil, nil, ExitNoConnectivity, "no connectivity", "server.timeout"},
		"refused":             {refused, nil, nil, ExitInconclusive, "nothing listens", "server.refused"},
		"one server":          {newScene(sceneA).maps(0, "9.9.9.1:3478", "5.5.5.5:1"), nil, nil, ExitInconclusive, "ask a second server", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var turn []NATRelay
			for _, s := range tt.turn {
				turn = append(turn, NATRelay{ServerResult: s, SendMs: Ptr(Millis(1)), ChannelMs: Ptr(Millis(1))})
			}
			r := JudgeNAT(&tt.scene.o, tt.others, turn, nil)
			checkValues(t, &r.Behavior)
			if r.Exit != tt.exit || !strings.Contains(r.Verdict.Headline, tt.words) || tt.finding != "" && !hasFinding(&r, tt.finding) {
				t.Errorf("exit %v, %q, findings %v; want %v, %q, %s", r.Exit, r.Verdict.Headline, r.Findings, tt.exit, tt.words, tt.finding)
			}
			raw, err := json.Marshal(&r)
			if err != nil || strings.Contains(string(raw), ":null") {
				t.Errorf("%v: %s", err, raw)
			}
		})
	}
}

// TestRelaysThatDoNotCarry: an allocation is not yet a relay.
func TestRelaysThatDoNotCarry(t *testing.T) {
	base := NATRelay{ServerResult: ServerResult{URL: "turn:t", OK: true, Address: "9.9.9.9:3478", RelayAddress: "9.9.9.9:50000"}, Peer: "9.9.9.1:3478", Seen: "9.9.9.9:50000"}
	for want, change := range map[string]func(*NATRelay){
		"":                     func(*NATRelay) {},
		"turn.peer_forbidden":  func(r *NATRelay) { r.Stopped, r.StoppedCode = "permission", 403 },
		"turn.relay_silent":    func(r *NATRelay) { r.Stopped = "send" },
		"turn.relay_elsewhere": func(r *NATRelay) { r.Seen = "9.9.9.8:50000" },
	} {
		relay := base
		change(&relay)
		r := JudgeNAT(&newScene(sceneA).maps(0, "9.9.9.1:3478", "5.5.5.5:1").o, nil, []NATRelay{relay}, nil)
		if want == "" && (len(r.Findings) != 1 || !hasFinding(&r, "nat.filtering_untested")) || want != "" && !hasFinding(&r, want) {
			t.Errorf("%+v; want %q", r.Findings, want)
		}
	}
}

// TestNoChanceFromFewControls: what came through a few times may be lost nevertheless.
func TestNoChanceFromFewControls(t *testing.T) {
	for _, tt := range []struct {
		k, sent, lost int
		enough        bool
	}{
		{0, 100, 0, false}, {3, 3, 0, false}, {5, 8, 0, false}, {5, 20, 0, true}, {7, 20, 7, false}, {14, 30, 11, true}, {1, 0, 0, false},
	} {
		if p := allLost(tt.k, tt.sent, tt.lost); (p < Chance) != tt.enough {
			t.Errorf("%d silent, %d of %d controls lost: %g", tt.k, tt.lost, tt.sent, p)
		}
	}
}

func TestServersOfFamilies(t *testing.T) {
	six := netip.MustParseAddrPort("[2001:db8::1]:3478")
	s := newScene(sceneA, sceneC, six).maps(0, "9.9.9.1:3478", "5.5.5.5:1").maps(1, "8.8.8.1:3478", "5.5.5.5:1").maps(2, six.String(), "[2001:db8::9]:1")
	r := JudgeNAT(&s.o, nil, nil, nil)
	if r.Behavior.Mapping.Value != EndpointIndependent || r.Behavior.IPv6.Value != BehaviorPresent || !r.Servers[2].OK {
		t.Errorf("%+v", r)
	}
	if !strings.Contains(r.Verdict.Result, "5.5.5.5") {
		t.Errorf("public address: %s", r.Verdict.Result)
	}
}

// TestWhomCoversTheTable: there are words for whatever may be known of a NAT.
func TestWhomCoversTheTable(t *testing.T) {
	values := append([]string{BehaviorUnknown}, natOrder...)
	for _, m := range values {
		for _, f := range values {
			for _, dependent := range []bool{false, true} {
				s := NATSide{Mapping: m, Filtering: f, Dependent: dependent}
				if w := s.whom(); w.direct == "" {
					all, anyOf := s.columns()
					t.Errorf("%+v: no words for %s, %s", s, all, anyOf)
				}
			}
		}
	}
}

// TestSilentRelay: a relay through which nothing comes back does not count as one that works, unless the peer may be at fault.
func TestSilentRelay(t *testing.T) {
	relay := func(stopped string, code int, peer netip.AddrPort) NATRelay {
		return NATRelay{
			ServerResult: ServerResult{URL: "turn:t", Transport: "udp", OK: true, Address: "9.9.9.9:3478", RelayAddress: "9.9.9.9:50000"},
			Peer:         peer.String(), Stopped: stopped, StoppedCode: code,
		}
	}
	carried := relay("", 0, sceneA)
	carried.SendMs, carried.ChannelMs = Ptr(Millis(1)), Ptr(Millis(1))
	through := relay("send", 0, sceneD)
	through.SendMs, through.Stopped = Ptr(Millis(1)), "channel"
	own := relay("send", 0, sceneA)
	own.OwnPeer = true
	for name, tt := range map[string]struct {
		turn  []NATRelay
		exit  Exit
		words string
	}{
		"bytes came back":             {[]NATRelay{carried}, ExitRelay, "yours works (UDP)"},
		"silent":                      {[]NATRelay{relay("send", 0, sceneA)}, ExitNoRelay, "no bytes came back"},
		"silent, another one works":   {[]NATRelay{relay("send", 0, sceneA), carried}, ExitRelay, "yours works (UDP)"},
		"the peer answers nobody":     {[]NATRelay{relay("send", 0, sceneD)}, ExitRelay, "not proven"},
		"the peer answers a relay":    {[]NATRelay{relay("send", 0, sceneD), through}, ExitNoRelay, "no bytes came back"},
		"the peer is the relay":       {[]NATRelay{own}, ExitRelay, "not proven"},
		"the peer is forbidden":       {[]NATRelay{relay("permission", 403, sceneA)}, ExitRelay, "not proven"},
		"no permissions":              {[]NATRelay{relay("permission", 508, sceneA)}, ExitNoRelay, "no bytes came back"},
		"Send works, no channels":     {[]NATRelay{relay("bind", 400, sceneA)}, ExitRelay, "yours works (UDP)"},
		"Send works, silent channels": {[]NATRelay{through}, ExitNoRelay, "no bytes came back"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(sceneA, sceneC).maps(0, "9.9.9.1:3478", "5.5.5.5:1").maps(1, "8.8.8.1:3478", "5.5.5.5:2")
			r := JudgeNAT(&s.o, nil, tt.turn, nil)
			if r.Exit != tt.exit || !strings.Contains(r.Verdict.Headline, tt.words) {
				t.Errorf("exit %v: %s", r.Exit, r.Verdict.Headline)
			}
		})
	}
}
