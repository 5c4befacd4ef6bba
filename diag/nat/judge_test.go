package nat

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"dialtone/diag"
	"dialtone/diag/diagtest"
	"dialtone/diag/nat/chance"
)

// state folds the facts of a test.
func state(d *diagtest.Diagnosis) *State {
	s := &State{}
	for _, fact := range d.Facts() {
		s.Apply(fact)
	}
	return s
}

// kinds are those of the evidence, with its addresses, for a look at what is said.
func kinds(b Behavior) string {
	var out []string
	for _, e := range b.Evidence {
		out = append(out, string(e.Kind)+" "+strings.Join(e.Addresses, " ")+" "+e.Name)
	}
	return strings.Join(out, "\n")
}

func TestMappingRules(t *testing.T) {
	const ip, other = "5.5.5.5", "5.5.5.6"
	for name, tt := range map[string]struct {
		scene      *diagtest.Diagnosis
		value      Value
		confidence Confidence
		dependent  bool
		pooling    Value
		says       Kind // the last that is said
	}{
		"no answer":                {diagtest.NewDiagnosis(diagtest.ServerA), Unknown, NotKnown, false, Unknown, KindNoMapped},
		"one server proves little": {diagtest.NewDiagnosis(diagtest.ServerA).Maps(0, "9.9.9.1:3478", ip+":1"), Unknown, NotKnown, false, Unknown, KindOneServer},
		"two ports of one IP prove little": {
			diagtest.NewDiagnosis(diagtest.ServerA).Maps(0, "9.9.9.1:3478", ip+":1").Maps(0, "9.9.9.1:3479", ip+":1"),
			Unknown, NotKnown, false, Unknown, KindOneServer,
		},
		"two IPs see the same": {
			diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC).Maps(0, "9.9.9.1:3478", ip+":1").Maps(1, "8.8.8.1:3478", ip+":1"),
			EndpointIndependent, Proven, false, PoolingPaired, KindSame,
		},
		"all four": {
			diagtest.NewDiagnosis(diagtest.ServerA).Maps(0, "9.9.9.1:3478", ip+":1").Maps(0, "9.9.9.2:3478", ip+":1").Maps(0, "9.9.9.2:3479", ip+":1").Maps(0, "9.9.9.1:3479", ip+":1"),
			EndpointIndependent, Proven, false, PoolingPaired, KindSame,
		},
		"by address": {
			diagtest.NewDiagnosis(diagtest.ServerA).Maps(0, "9.9.9.1:3478", ip+":1").Maps(0, "9.9.9.2:3478", ip+":2").Maps(0, "9.9.9.2:3479", ip+":2"),
			AddressDependent, Proven, true, PoolingPaired, KindByAddress,
		},
		"by address and port": {
			diagtest.NewDiagnosis(diagtest.ServerA).Maps(0, "9.9.9.1:3478", ip+":1").Maps(0, "9.9.9.2:3478", ip+":2").Maps(0, "9.9.9.2:3479", ip+":3"),
			AddressAndPortDependent, Proven, true, PoolingPaired, KindByPort,
		},
		"by port, on one IP": {
			diagtest.NewDiagnosis(diagtest.ServerA).Maps(0, "9.9.9.1:3478", ip+":1").Maps(0, "9.9.9.1:3479", ip+":2"),
			AddressAndPortDependent, Proven, true, Unknown, KindByPort,
		},
		"dependent, on what is not known": {
			diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC).Maps(0, "9.9.9.1:3478", ip+":1").Maps(1, "8.8.8.1:3478", ip+":2"),
			Unknown, Likely, true, PoolingPaired, KindByEither,
		},
		"a pool is not symmetric": {
			diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC).Maps(0, "9.9.9.1:3478", ip+":1").Maps(0, "9.9.9.2:3478", other+":1").Maps(1, "8.8.8.1:3478", ip+":1"),
			Unknown, Contradictory, false, PoolingArbitrary, KindAddressDiffers,
		},
		"a pool, by two words each": {
			diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC, diagtest.ServerD, netip.MustParseAddrPort("6.6.6.1:3478")).Maps(0, "9.9.9.1:3478", ip+":1").
				Maps(1, "8.8.8.1:3478", ip+":1").Maps(2, "7.7.7.1:3478", other+":1").Maps(3, "6.6.6.1:3478", other+":1"),
			Unknown, Contradictory, false, PoolingArbitrary, KindAddressDiffers,
		},
		"one server's word of the address": {
			diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC, diagtest.ServerD).Maps(0, "9.9.9.1:3478", ip+":1").Maps(1, "8.8.8.1:3478", other+":1").Maps(2, "7.7.7.1:3478", ip+":1"),
			Unknown, Contradictory, false, Unknown, KindAddressDiffers,
		},
		"another address for another socket": {
			func() *diagtest.Diagnosis {
				d := diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC).Maps(0, "9.9.9.1:3478", ip+":1").Maps(1, "8.8.8.1:3478", ip+":1")
				d.Add(1, diag.TestReach, diagtest.ServerC, other+":7")
				return d
			}(),
			EndpointIndependent, Proven, false, PoolingArbitrary, KindSame,
		},
		"one of two lies, or it is a pool": {
			diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC).Maps(0, "9.9.9.1:3478", ip+":1").Maps(1, "8.8.8.1:3478", other+":2"),
			Unknown, Contradictory, false, Unknown, KindApart,
		},
		"one of two, which the other contradicts by two addresses": {
			diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC).Maps(0, "9.9.9.1:3478", ip+":1").Maps(0, "9.9.9.2:3478", ip+":1").Maps(1, "8.8.8.1:3478", other+":2"),
			Unknown, Contradictory, false, Unknown, KindApart,
		},
		"symmetric with a pool, by three": {
			diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC, diagtest.ServerD).Maps(0, "9.9.9.1:3478", ip+":1").Maps(1, "8.8.8.1:3478", other+":2").Maps(2, "7.7.7.1:3478", "4.4.4.4:3"),
			Unknown, Likely, true, PoolingArbitrary, KindByEither,
		},
		"symmetric with a pool, by two ports of one server": {
			diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC).Maps(0, "9.9.9.1:3478", ip+":1").Maps(0, "9.9.9.1:3479", ip+":3").Maps(1, "8.8.8.1:3478", other+":2"),
			AddressAndPortDependent, Proven, true, Unknown, KindByPort,
		},
		"unstable": {
			diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC).Maps(0, "9.9.9.1:3478", ip+":1").Maps(1, "8.8.8.1:3478", ip+":1").Maps(0, "9.9.9.1:3478", ip+":2"),
			Unknown, Contradictory, false, Unknown, KindViewChanged,
		},
		"nobody is believed": {
			diagtest.NewDiagnosis(diagtest.ServerA).Maps(0, "9.9.9.1:3478", "239.1.2.3:1"),
			Unknown, NotKnown, false, Unknown, KindNotBelieved,
		},
		"a liar is outvoted": {
			diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC, diagtest.ServerD).Maps(0, "9.9.9.1:3478", ip+":1").Maps(1, "8.8.8.1:3478", ip+":1").Maps(2, "7.7.7.1:3478", "4.4.4.4:99"),
			EndpointIndependent, Proven, false, PoolingPaired, KindSame,
		},
		"a private address is not believed": {
			diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC, diagtest.ServerD).Maps(0, "9.9.9.1:3478", ip+":1").Maps(1, "8.8.8.1:3478", "10.0.0.7:1").Maps(2, "7.7.7.1:3478", ip+":1"),
			EndpointIndependent, Proven, false, PoolingPaired, KindSame,
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := state(tt.scene).judgeMapping()
			if m.Value != tt.value || m.Confidence != tt.confidence || m.dependent != tt.dependent || m.pooling.Value != tt.pooling ||
				m.Evidence[len(m.Evidence)-1].Kind != tt.says {
				t.Errorf("%s, %s, dependent %v, pooling %s; want %s, %s, %v, %s\n%s", m.Value, m.Confidence, m.dependent, m.pooling.Value,
					tt.value, tt.confidence, tt.dependent, tt.pooling, kinds(m.Behavior))
			}
		})
	}
}

func TestFilteringRules(t *testing.T) {
	var silence netip.AddrPort
	other, port := diagtest.ServerB, netip.MustParseAddrPort("9.9.9.1:3479")
	rejected := diagtest.NewDiagnosis(diagtest.ServerA).Grade(20, 0).Asks(1, diag.TestChangeBoth, diagtest.ServerA)
	rejected.Requests[20].Answer.Code = 420
	// second adds a server whose alternate address is shown to send, and sends no answer to n requests.
	second := func(n int) *diagtest.Diagnosis {
		d := diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC).Grade(20, 0)
		far := netip.MustParseAddrPort("8.8.8.2:3479")
		for range 20 {
			d.Add(1, diag.TestControl, diagtest.ServerC, "5.5.5.5:6000").Answer.Other = far
		}
		d.Add(1, diag.TestProveBoth, diagtest.ServerC, "5.5.5.5:6000").Answer.From = far
		for range n {
			d.Add(1, diag.TestChangeBoth, diagtest.ServerC, "")
		}
		return d
	}
	disagree := second(6).Asks(1, diag.TestChangeBoth, other)
	disagreePort := second(6).Asks(1, diag.TestChangePort, port)
	for range 6 {
		disagreePort.Add(1, diag.TestChangePort, diagtest.ServerC, "")
	}
	disagreePort.Add(1, diag.TestProvePort, diagtest.ServerC, "5.5.5.5:6000").Answer.From = netip.MustParseAddrPort("8.8.8.1:3479")
	for name, tt := range map[string]struct {
		scene      *diagtest.Diagnosis
		value      Value
		confidence Confidence
		evidence   Kind
	}{
		"plain server":          {diagtest.NewDiagnosis(diagtest.ServerA).Maps(0, "9.9.9.1:3478", "5.5.5.5:1"), Unknown, NotKnown, KindNoRFC5780},
		"an answer is a proof":  {diagtest.NewDiagnosis(diagtest.ServerA).Grade(1, 0).Asks(3, diag.TestChangeBoth, silence).Asks(1, diag.TestChangeBoth, other), EndpointIndependent, Proven, KindFiltering},
		"silence proves little": {diagtest.NewDiagnosis(diagtest.ServerA).Grade(20, 0).Asks(9, diag.TestChangeBoth, silence).Asks(9, diag.TestChangePort, silence), Unknown, NotKnown, KindUnproven},
		"with the control arm": {
			diagtest.NewDiagnosis(diagtest.ServerA).Grade(20, 0).Asks(6, diag.TestChangeBoth, silence).Asks(6, diag.TestChangePort, silence).Asks(1, diag.TestProveBoth, other).Asks(1, diag.TestProvePort, port),
			AddressAndPortDependent, Proven, KindFiltering,
		},
		"the arm of the port is missing": {
			diagtest.NewDiagnosis(diagtest.ServerA).Grade(20, 0).Asks(6, diag.TestChangeBoth, silence).Asks(6, diag.TestChangePort, silence).Asks(1, diag.TestProveBoth, other),
			Unknown, NotKnown, KindUnproven,
		},
		"the port gets through": {
			diagtest.NewDiagnosis(diagtest.ServerA).Grade(20, 0).Asks(6, diag.TestChangeBoth, silence).Asks(1, diag.TestChangePort, port).Asks(1, diag.TestProveBoth, other),
			AddressDependent, Proven, KindFiltering,
		},
		"too much loss": {
			diagtest.NewDiagnosis(diagtest.ServerA).Grade(20, 8).Asks(6, diag.TestChangeBoth, silence).Asks(1, diag.TestChangePort, port).Asks(1, diag.TestProveBoth, other),
			Unknown, NotKnown, KindLoss,
		},
		"more requests outweigh the loss": {
			diagtest.NewDiagnosis(diagtest.ServerA).Grade(20, 8).Asks(18, diag.TestChangeBoth, silence).Asks(1, diag.TestChangePort, port).Asks(1, diag.TestProveBoth, other),
			AddressDependent, Proven, KindFiltering,
		},
		"CHANGE-REQUEST ignored": {
			diagtest.NewDiagnosis(diagtest.ServerA).Grade(20, 0).Asks(6, diag.TestChangeBoth, diagtest.ServerA).Asks(6, diag.TestChangePort, diagtest.ServerA), Unknown, NotKnown, KindChangeIgnored,
		},
		"CHANGE-REQUEST rejected": {
			rejected, Unknown, NotKnown, KindChangeNever,
		},
		"two servers, one is heard from afar": {
			disagree, EndpointIndependent, Contradictory, KindDisagree,
		},
		"two servers, one is heard from its other port": {
			disagreePort, AddressDependent, Contradictory, KindDisagree,
		},
		"two servers that agree, one of them often enough": {
			second(6).Asks(1, diag.TestProveBoth, other).Asks(1, diag.TestChangePort, port).Asks(1, diag.TestChangeBoth, silence), AddressDependent, Proven, KindFiltering,
		},
		"two servers that agree, both seldom": {
			second(2).Asks(1, diag.TestProveBoth, other).Asks(1, diag.TestChangePort, port).Asks(2, diag.TestChangeBoth, silence), AddressDependent, Proven, KindFiltering,
		},
		"one of these alone": {
			second(2).Asks(1, diag.TestChangePort, port).Asks(2, diag.TestChangeBoth, silence), Unknown, NotKnown, KindLoss,
		},
		"ignored once": {
			diagtest.NewDiagnosis(diagtest.ServerA).Grade(20, 0).Asks(1, diag.TestChangeBoth, diagtest.ServerA).Asks(9, diag.TestChangePort, silence).Asks(1, diag.TestProveBoth, other), Unknown, NotKnown, KindChangeIgnored,
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := state(tt.scene).judgeFiltering()
			if b.Value != tt.value || b.Confidence != tt.confidence || !slices.ContainsFunc(b.Evidence, func(e Evidence) bool { return e.Kind == tt.evidence }) {
				t.Errorf("%s, %s; want %s, %s and %s in:\n%s", b.Value, b.Confidence, tt.value, tt.confidence, tt.evidence, kinds(b))
			}
		})
	}
}

func TestAdmission(t *testing.T) {
	for name, tt := range map[string]struct {
		other, origin string
		why           BasicWhy
	}{
		"good":           {"9.9.9.2:3479", "9.9.9.1:3478", ""},
		"none":           {"", "9.9.9.1:3478", BasicNoOther},
		"same IP":        {"9.9.9.1:3479", "9.9.9.1:3478", BasicSameIP},
		"same port":      {"9.9.9.2:3478", "9.9.9.1:3478", BasicSamePort},
		"other family":   {"[2001:db8::1]:3479", "9.9.9.1:3478", BasicOtherFamily},
		"private":        {"10.0.0.5:3479", "9.9.9.1:3478", BasicNotPublic},
		"multicast":      {"224.0.0.1:3479", "9.9.9.1:3478", BasicNotPublic},
		"port 0":         {"9.9.9.2:0", "9.9.9.1:3478", BasicNotPublic},
		"no origin":      {"9.9.9.2:3479", "", BasicNoOrigin},
		"another origin": {"9.9.9.2:3479", "9.9.9.9:3478", BasicWrongOrigin},
	} {
		t.Run(name, func(t *testing.T) {
			s := diagtest.NewDiagnosis(diagtest.ServerA)
			a := s.Add(0, diag.TestReach, diagtest.ServerA, "5.5.5.5:1").Answer
			a.Other, a.Origin = netip.AddrPort{}, netip.AddrPort{}
			if tt.other != "" {
				a.Other = netip.MustParseAddrPort(tt.other)
			}
			if tt.origin != "" {
				a.Origin = netip.MustParseAddrPort(tt.origin)
			}
			other, why := state(s).Admitted(0)
			if why.Why != tt.why || (why.Why == "") != other.IsValid() {
				t.Errorf("%v, %+v; want %s", other, why, tt.why)
			}
		})
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
		if p := chance.AllLost(tt.k, tt.sent, tt.lost); (p < chance.Limit) != tt.enough {
			t.Errorf("%d silent, %d of %d controls lost: %g", tt.k, tt.lost, tt.sent, p)
		}
	}
}

func TestServersOfFamilies(t *testing.T) {
	six := netip.MustParseAddrPort("[2001:db8::1]:3478")
	s := diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC, six).Maps(0, "9.9.9.1:3478", "5.5.5.5:1").Maps(1, "8.8.8.1:3478", "5.5.5.5:1").Maps(2, six.String(), "[2001:db8::9]:1")
	r := Judge(state(s))
	if r.Behaviors.Mapping.Value != EndpointIndependent || r.Behaviors.IPv6.Value != Present || !r.Servers[2].OK() {
		t.Errorf("%+v", r)
	}
	if r.Side.Public.String() != "5.5.5.5" {
		t.Errorf("public address: %+v", r.Side)
	}
}
