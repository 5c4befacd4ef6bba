package nat

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/diagtest"
	"dialtone/diag/nat/turn"
)

// sends is how many requests of a test went to an address.
func sends(s *State, test diag.NATTest, to netip.AddrPort) (n int) {
	for _, r := range s.Requests {
		if r.Test == test && (r.To == to || !to.IsValid()) {
			n++
		}
	}
	return n
}

// TestPlansGiveUp: how often each question is asked that nobody answers.
func TestPlansGiveUp(t *testing.T) {
	var anywhere netip.AddrPort
	five := map[netip.AddrPort]netip.AddrPort{}
	var servers []netip.AddrPort
	for i := range 5 {
		a := netip.AddrPortFrom(netip.AddrFrom4([4]byte{9, 9, byte(i), 1}), 3478)
		servers = append(servers, a)
		five[a] = netip.AddrPortFrom(netip.AddrFrom4([4]byte{9, 9, byte(i), 2}), 3479)
	}
	symmetric := network{mapping: AddressAndPortDependent, filtering: AddressAndPortDependent, graded: rfc5780}
	usual := network{mapping: EndpointIndependent, filtering: AddressAndPortDependent, graded: rfc5780}
	otherPort := netip.AddrPortFrom(diagtest.ServerA.Addr(), diagtest.ServerB.Port())
	farther := netip.MustParseAddrPort("8.8.8.2:3479")
	bothGraded := map[netip.AddrPort]netip.AddrPort{diagtest.ServerA: diagtest.ServerB, diagtest.ServerC: farther}
	sameIP := map[netip.AddrPort]netip.AddrPort{diagtest.ServerA: otherPort} // no server of RFC 5780 (§7.4)
	with := func(n network, change func(*network)) network { change(&n); return n }
	for name, tt := range map[string]struct {
		network
		servers []netip.AddrPort
		test    diag.NATTest
		to      netip.AddrPort
		want    int
	}{
		"an alternate address":      {with(usual, func(n *network) { n.dead = diagtest.ServerB }), nil, diag.TestMapping, diagtest.ServerB, maxMapping},
		"the repeated request":      {with(usual, func(n *network) { n.deaf = diag.TestRepeat }), nil, diag.TestRepeat, anywhere, maxMapping},
		"a mapping to hold":         {with(usual, func(n *network) { n.deaf = diag.TestHold }), nil, diag.TestHold, anywhere, (2 + 1 + len(Pauses)) * maxContact},
		"a dead alternate address":  {with(symmetric, func(n *network) { n.dead = diagtest.ServerB }), nil, diag.TestOpen, diagtest.ServerB, maxMapping},
		"another port":              {with(usual, func(n *network) { n.graded, n.dead = sameIP, otherPort }), nil, diag.TestOtherPort, otherPort, maxOtherPort},
		"another port that answers": {with(usual, func(n *network) { n.graded = sameIP }), nil, diag.TestOtherPort, otherPort, 1},
		"another port, of RFC 5780": {usual, nil, diag.TestOtherPort, otherPort, 0},
		"likewise, and it is dead":  {with(usual, func(n *network) { n.dead = otherPort }), nil, diag.TestOtherPort, otherPort, tries},
		"another port, rejected":    {with(usual, func(n *network) { n.graded, n.refuses = sameIP, otherPort }), nil, diag.TestOtherPort, otherPort, tries},
		"RESPONSE-PORT":             {with(usual, func(n *network) { n.deaf = diag.TestProveWake }), nil, diag.TestProveWake, anywhere, maxProveWake},
		"the control arm":           {with(symmetric, func(n *network) { n.deaf = diag.TestProveBoth }), nil, diag.TestProveBoth, anywhere, maxProof},
		"CHANGE-REQUEST ignored":    {with(usual, func(n *network) { n.ignoresChange = true }), nil, diag.TestChangeBoth, anywhere, 1},
		"filtering, five servers":   {with(usual, func(n *network) { n.graded, n.deaf = five, diag.TestProveBoth }), servers, diag.TestChangeBoth, anywhere, maxAsked * (1 + 2*maxProof)},
		"repeat, the other is dead": {with(usual, func(n *network) { n.dead = diagtest.ServerC }), []netip.AddrPort{diagtest.ServerA, diagtest.ServerC}, diag.TestRepeat, diagtest.ServerA, 1},
		"repeat, one port is dead":  {with(usual, func(n *network) { n.graded, n.dead = bothGraded, farther }), []netip.AddrPort{diagtest.ServerA, diagtest.ServerC}, diag.TestRepeat, diagtest.ServerA, 1},
		"repeat, the first is dead": {with(usual, func(n *network) { n.dead = diagtest.ServerA }), []netip.AddrPort{diagtest.ServerA, diagtest.ServerC}, diag.TestRepeat, diagtest.ServerC, 1},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.servers == nil {
				tt.servers = []netip.AddrPort{diagtest.ServerA}
			}
			if got := sends(tt.diagnose(t, tt.servers...), tt.test, tt.to); got != tt.want {
				t.Errorf("%d requests, want %d", got, tt.want)
			}
		})
	}
}

// TestEvidence: the numbers that a verdict is based on.
func TestEvidence(t *testing.T) {
	n := network{mapping: EndpointIndependent, filtering: AddressAndPortDependent, hairpin: true, lifetime: 60 * time.Second, graded: rfc5780}
	s := n.diagnose(t, diagtest.ServerA)
	s.Apply(diag.ServerStage{Diagnosis: true, URL: "turn:t", TURN: true, Transport: "udp", Address: "9.9.9.9:3478", Stage: diag.Stage{Name: diag.StageAllocate, Failure: &diag.Failure{Cause: diag.CauseAuth, Code: 401}}})
	r := Judge(s)
	b := r.Behaviors
	compared := 0
	for _, r := range s.Requests {
		if r.Answer != nil {
			compared++
		}
	}
	for got, want := range map[string]string{
		said(b.Lifetime):         "wake []\nlived [7 12 17 22 27 33 42 55]\ngone [65 85 100 115 130]",
		said(b.Mapping):          "view []\nview []\nview []\nview []\nview-repeated []\nsame []",
		said(b.Fragments):        "fragments-both []",
		said(b.PortPreservation): "ports-changed [40000 20003 -19997 -20001 -20005 -20013 -20017 -20021]\nport-steps [3 3 6 3 3 -9] none",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if want := (Side{
		Mapping: EndpointIndependent, Filtering: AddressAndPortDependent, UDP: true, Hairpin: true,
		Public: netip.MustParseAddr("5.5.5.5"),
	}); r.Side != want {
		t.Errorf("%+v, want %+v", r.Side, want)
	}
	if got := b.ALG.Evidence[0].Counts[0]; got != compared {
		t.Errorf("%d of %d answers are compared", got, compared)
	}
	if *b.Lifetime.FromS != 55 || *b.Lifetime.ToS != 66 { // 65 s and the time of the silent requests, rounded up
		t.Errorf("lifetime %d to %d", *b.Lifetime.FromS, *b.Lifetime.ToS)
	}
	direct := 0
	for _, q := range s.Requests {
		if slices.Contains([]diag.NATTest{diag.TestReach, diag.TestMapping, diag.TestRepeat, diag.TestControl, diag.TestHold}, q.Test) &&
			q.To == diagtest.ServerA {
			direct++
		}
	}
	row := r.Servers[0]
	if times := row.Stages[0].Times; row.Grade != GradeRFC5780 || row.Basic != nil || times.Sent != direct || times.Lost != 0 {
		t.Errorf("%d direct requests: %+v %+v", direct, row, times)
	}
	if r.Servers[1].Relay != turn.RelayFails {
		t.Errorf("%+v", r.Servers[1])
	}
	silent := (&network{mapping: EndpointIndependent, lossEvery: 1}).diagnose(t, diagtest.ServerA, diagtest.ServerC)
	r = Judge(silent)
	if f := r.Servers[1].Stages[0].Failure; f == nil || f.Requests != 2*maxContact || r.Servers[1].Grade != "" {
		t.Errorf("%+v", r.Servers[1])
	}
	if got := said(r.Behaviors.UDP); got != "udp-silent [2 2 0]" {
		t.Errorf("UDP: %s", got)
	}
	plain := Judge((&network{mapping: EndpointIndependent}).diagnose(t, diagtest.ServerA))
	if row := plain.Servers[0]; row.Grade != GradeBasic || row.Basic == nil || row.Basic.Why != BasicNoOther {
		t.Errorf("%+v", row)
	}
	six := diagtest.NewDiagnosis(netip.MustParseAddrPort("[2001:db8::1]:3478"))
	for range 3 {
		six.Add(0, diag.TestReach, six.Servers[0].Address, "")
	}
	if b := Judge(state(six)).Behaviors.IPv6; said(b) != "ipv6-silent [3]" {
		t.Errorf("IPv6: %s", said(b))
	}
	if kinds := said(Judge(state(diagtest.NewDiagnosis(diagtest.ServerA).Maps(0, "9.9.9.1:3478", "5.5.5.5:1"))).Behaviors.Mapping); strings.Contains(kinds, string(KindViewRepeated)) {
		t.Errorf("never asked again: %s", kinds)
	}
}

// TestSideOf: each field of the line for the peer, and that unknown is not true.
func TestSideOf(t *testing.T) {
	n := network{mapping: EndpointIndependent, filtering: EndpointIndependent, graded: rfc5780}
	s := n.diagnose(t, diagtest.ServerA)
	for name, tt := range map[string]struct {
		relay diag.Server
		want  bool
	}{
		"carries":  {diagtest.Relaying("turn:t?transport=tcp", "tcp", "9.9.9.9:3478", "9.9.9.9:50000", diagtest.Through(diagtest.ServerC, false, "9.9.9.9:50000", "", diag.Failure{})...), true},
		"rejected": {diagtest.Failing("turn:t?transport=tcp", "tcp", "9.9.9.9:3478", diag.StageAllocate, diag.Failure{Cause: diag.CauseAuth, Code: 401}), false},
	} {
		all := s.Copy()
		for _, stage := range diagtest.NewDiagnosis().Asked(tt.relay).Stages {
			stage.Diagnosis = true
			all.Apply(stage)
		}
		r := Judge(all)
		if side := r.Side; side.TURN != tt.want || !side.UDP || side.IPv6 || side.Hairpin || side.Dependent {
			t.Errorf("%s: %+v of %+v", name, side, r.Servers)
		}
		all.Ended = nil
		if r := Judge(all); r.Servers[1].Relay == "" && tt.want {
			t.Errorf("%s: the released relay is not judged: %+v", name, r.Servers[1])
		}
	}
	dependent := diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC).Maps(0, "9.9.9.1:3478", "5.5.5.5:1").Maps(1, "8.8.8.1:3478", "5.5.5.5:2")
	if side := Judge(state(dependent)).Side; !side.Dependent {
		t.Errorf("%+v", side)
	}
	known := Judge((&network{mapping: AddressDependent, filtering: AddressDependent, graded: rfc5780}).diagnose(t, diagtest.ServerA)).Side
	if known.Dependent || known.Mapping != AddressDependent {
		t.Errorf("%+v", known)
	}
}

// TestTally: what each request of the filtering test counts as.
func TestTally(t *testing.T) {
	other, port := diagtest.ServerB, netip.MustParseAddrPort("9.9.9.1:3479")
	var silence netip.AddrPort
	d := diagtest.NewDiagnosis(diagtest.ServerA).Grade(5, 2).
		Asks(3, diag.TestChangeBoth, silence).Asks(1, diag.TestChangeBoth, other).
		Asks(2, diag.TestChangePort, silence).Asks(1, diag.TestChangePort, port).
		Asks(2, diag.TestProveBoth, other).Asks(4, diag.TestProvePort, port).
		Asks(2, diag.TestChangePort, diagtest.ServerA)
	d.Add(0, diag.TestOpen, other, "5.5.5.5:1")
	d.Add(0, diag.TestMapping, other, "")
	d.Add(0, diag.TestOtherPort, other, "")
	d.Add(0, diag.TestWake, other, "5.5.5.5:1") // not direct
	want := Tally{Both: true, Port: true, ProvedBoth: true, ProvedPort: true, Ignored: 2, AskedBoth: 4, AskedPort: 5, Proofs: 4, Sent: 8, Lost: 4}
	got := state(d).Tally(0, other)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	d.Asks(1, diag.TestChangeBoth, diagtest.ServerA)
	d.Requests[len(d.Requests)-1].Answer.Code = 420
	s := state(d)
	b := s.judgeFiltering()
	rejected := slices.IndexFunc(b.Evidence, func(e Evidence) bool { return e.Kind == KindChangeRejected })
	if rejected < 0 || b.Evidence[rejected].Counts[0] != 420 {
		t.Errorf("no rejection in %s", said(b))
	}
	if b := state(diagtest.NewDiagnosis(diagtest.ServerA).Grade(3, 0).Asks(1, diag.TestChangeBoth, other)).judgeFiltering(); strings.Contains(said(b), string(KindChangeRejected)) {
		t.Errorf("a rejection in %s", said(b))
	}
	ignores := diagtest.NewDiagnosis(diagtest.ServerA).Grade(1, 0).Asks(1, diag.TestChangeBoth, port).Asks(1, diag.TestChangePort, other).
		Asks(1, diag.TestProveBoth, port).Asks(1, diag.TestProvePort, diagtest.ServerA)
	if diff := cmp.Diff(Tally{Ignored: 4, AskedBoth: 1, AskedPort: 1, Proofs: 1, Sent: 1}, state(ignores).Tally(0, other)); diff != "" {
		t.Errorf("answers from elsewhere: %s", diff)
	}
	uplinks := diagtest.NewDiagnosis(diagtest.ServerA).Grade(9, 0).Maps(0, "9.9.9.1:3478", "5.5.5.5:1").Maps(0, "9.9.9.2:3479", "5.5.5.6:1").
		Asks(6, diag.TestChangeBoth, silence).Asks(9, diag.TestProveBoth, silence)
	if got := state(uplinks).Tally(0, other); got.Proofs != 0 || got.AlternateSilent() {
		t.Errorf("an alternate address that has another public address to answer to counts as silent: %+v", got)
	}
	never := Tally{Proofs: 30, Sent: 40}
	if never.AlternateSilent() {
		t.Error("an alternate address that was never asked is silent")
	}
}

// TestFragmentSizes: what counts as longer than a packet.
func TestFragmentSizes(t *testing.T) {
	for _, tt := range []struct {
		mtu, size int
		value     Value
		evidence  Kind
		asks      int // bytes
	}{
		{1500, 1472, Unknown, KindFragmentsShort, 1500 + beyond},
		{1500, 1473, Present, KindFragmentsBoth, 1500 + beyond},
		{0, 1472, Unknown, KindFragmentsShort, 1500 + beyond},
		{0, 1473, Present, KindFragmentsBoth, 1500 + beyond},
		{1401, 1373, Unknown, KindFragmentsShort, 1404 + beyond},
		{1401, 1374, Present, KindFragmentsBoth, 1404 + beyond},
		{3000, 2973, Present, KindFragmentsBoth, 3000 + beyond},
		{3001, 2999, Unknown, KindLargeMTU, 0},
	} {
		d := diagtest.NewDiagnosis(diagtest.ServerA).Grade(3, 0)
		d.Start.Deep, d.Local.MTU, d.End = true, tt.mtu, nil
		s := state(d)
		asks := planFragments(s)
		if len(asks) == 0 && tt.asks > 0 || len(asks) > 0 && asks[0].Size != tt.asks {
			t.Errorf("MTU %d: asked %+v", tt.mtu, asks)
		}
		d.Add(0, diag.TestPadded, diagtest.ServerA, "5.5.5.5:1").Answer.Size = tt.size
		if b := state(d).judgeFragments(); b.Value != tt.value || !strings.Contains(said(b), string(tt.evidence)) {
			t.Errorf("MTU %d, %d bytes: %s, %s", tt.mtu, tt.size, b.Value, said(b))
		}
	}
	d := diagtest.NewDiagnosis(diagtest.ServerA)
	d.Start.Deep = true
	for range 5 {
		d.Add(0, diag.TestPadded, diagtest.ServerA, "")
	}
	for range 3 {
		d.Add(0, diag.TestLong, diagtest.ServerA, "")
	}
	if b := state(d).judgeFragments(); !strings.Contains(said(b), "fragments-none [8]") {
		t.Error(said(b))
	}
}

// TestHairpinsOf: whose mappings are known to be there.
func TestHairpinsOf(t *testing.T) {
	d := diagtest.NewDiagnosis(diagtest.ServerA)
	add := func(which int, test diag.NATTest, mapped string) {
		d.Add(0, test, diagtest.ServerA, mapped).Socket = HairpinSocket(which)
	}
	add(0, diag.TestHold, "5.5.5.5:1")
	add(1, diag.TestHold, "")
	add(1, diag.TestControl, "5.5.5.5:2")
	add(0, diag.TestHairpin, "")
	add(1, diag.TestHairpin, "")
	want := HairpinState{Sent: 2, Held: [2]bool{true, false}, Still: [2]bool{false, true}}
	if diff := cmp.Diff(want, state(d).Hairpins()); diff != "" {
		t.Error(diff)
	}
	stopped := network{mapping: EndpointIndependent, filtering: AddressAndPortDependent, graded: rfc5780, deaf: diag.TestControl}
	if b := Judge(stopped.diagnose(t, diagtest.ServerA)).Behaviors.Hairpin; b.Value != Unknown || !strings.Contains(said(b), string(KindHairpinStopped)) {
		t.Errorf("%s, %s", b.Value, said(b))
	}
}

// TestLifetimeOf: what the requests of a held socket count as.
func TestLifetimeOf(t *testing.T) {
	if l := (&State{}).Lifetime(); l.Server != -1 {
		t.Errorf("server %d before anything was asked", l.Server)
	}
	d := diagtest.NewDiagnosis(diagtest.ServerA)
	d.Start.Deep = true
	held := HeldSocket(30 * time.Second)
	if held.Number != 30 {
		t.Errorf("socket %d", held.Number)
	}
	hold := d.Add(0, diag.TestHold, diagtest.ServerA, "5.5.5.5:1")
	hold.Socket, hold.SentMs = held, diag.Millis(time.Second)
	for _, at := range []time.Duration{33, 31, 35} { // 20 ms after the hold was answered, in no order
		wake := d.Add(0, diag.TestWake, diagtest.ServerA, "")
		wake.Socket, wake.Held, wake.SentMs = wakingSocket, held, diag.Millis(at*time.Second+20*time.Millisecond)
	}
	prove := d.Add(0, diag.TestProveWake, diagtest.ServerA, "5.5.5.5:2")
	prove.Held = diag.NATSocket{Use: diag.SocketBefore}
	l := state(d).Lifetime()
	want := LifetimeState{Held: []Held{{Pause: 30 * time.Second, Longer: 34 * time.Second, Asked: 3}}, Before: true}
	if diff := cmp.Diff(want, l); diff != "" {
		t.Error(diff)
	}
	if state(d).Dead(Held{Pause: time.Second}) {
		t.Error("a socket that was not asked is dead")
	}
}

// TestPortSteps: which steps between ports are those of a counter.
func TestPortSteps(t *testing.T) {
	for _, tt := range []struct {
		steps []int
		want  Order
	}{
		{nil, OrderUnknown}, {[]int{1}, OrderUnknown}, {[]int{1, 16}, OrderSequential}, {[]int{1, 17}, OrderNone}, {[]int{0, 1}, OrderNone}, {[]int{-1, 1}, OrderNone},
	} {
		if got := order(tt.steps); got != tt.want {
			t.Errorf("%v: %s", tt.steps, got)
		}
	}
	one := state(sockets(diagtest.NewDiagnosis(diagtest.ServerA), 5000, 41000))
	if got := said(one.judgePorts(one.judgeMapping())); got != "ports-changed [5000 41000 36000]" {
		t.Errorf("one socket: %s", got)
	}
}

// TestBounds: what is just inside and just outside of a bound.
func TestBounds(t *testing.T) {
	at := func(a, b time.Duration) bool {
		d := diagtest.NewDiagnosis(diagtest.ServerA)
		for i, sent := range []time.Duration{a, b} {
			r := d.Add(0, diag.TestHold, diagtest.ServerA, "5.5.5.5:1")
			r.Socket, r.SentMs = HeldSocket(time.Duration(i)*time.Second), diag.Millis(sent)
		}
		return len(state(d).untrue()) > 0
	}
	if !at(5*time.Second, 6900*time.Millisecond) || at(5*time.Second, 7*time.Second) {
		t.Error("two sockets are together for less than two seconds")
	}
	s := state(diagtest.NewDiagnosis(diagtest.ServerA))
	s.Apply(Request{Server: 1, Test: diag.TestReach, To: diagtest.ServerA})
	s.Apply(Request{Server: -1, Test: diag.TestReach, To: diagtest.ServerA})
	if len(s.Requests) != 0 {
		t.Error("a request to a server that is not there is kept")
	}
}

// TestSideOverIPv6: what the peer is told of IPv6 beside IPv4.
func TestSideOverIPv6(t *testing.T) {
	const filtered, open = PortsFiltered, PortsOpen
	for name, tt := range map[string]struct {
		ipv6       Value
		ports      Behavior
		nat        Value
		works      bool
		unknown    bool
		mapping, f Value
	}{
		"it works":          {Present, Behavior{Value: open, Confidence: Likely}, None, true, false, "", ""},
		"some ports only":   {Present, Behavior{Value: filtered, Confidence: Likely}, None, false, false, "", ""},
		"maybe some ports":  {Present, Behavior{Value: Unknown, Confidence: Contradictory}, None, true, true, "", ""},
		"it does not work":  {None, Behavior{Value: Unknown, Confidence: Contradictory}, None, false, false, "", ""},
		"it is translated":  {Present, Behavior{Value: open, Confidence: Likely}, Present, true, false, EndpointIndependent, AddressDependent},
		"nothing was shown": {Present, Behavior{Value: Unknown, Confidence: NotKnown}, Unknown, true, false, "", ""},
	} {
		six := FamilyReport{
			Family: FamilyIPv6, UDPPorts: tt.ports, NAT: Behavior{Value: tt.nat},
			Mapping: Behavior{Value: EndpointIndependent}, Filtering: Behavior{Value: AddressDependent},
		}
		four := FamilyReport{Family: FamilyIPv4, NAT: Behavior{Value: Present}, UDPPorts: Behavior{Value: filtered}}
		r := Report{Behaviors: Behaviors{IPv6: Behavior{Value: tt.ipv6}}, Families: []FamilyReport{four, six}}
		side := r.side(&State{}, netip.AddrPort{})
		if side.IPv6 != tt.works || side.IPv6Unknown != tt.unknown || side.Mapping6 != tt.mapping || side.Filtering6 != tt.f {
			t.Errorf("%s: %+v", name, side)
		}
	}
}

// TestFragmentsOfServers: silence counts once two servers have shown it often enough, and only of a server that pads.
func TestFragmentsOfServers(t *testing.T) {
	type server struct{ padded, long, in, short, out int } // requests: silent ones, then answers
	for name, tt := range map[string]struct {
		servers [2]server
		value   Value
		says    string
	}{
		"both ways":               {[2]server{{in: 1}, {padded: 9, long: 9}}, Present, "fragments-both []; fragments-none [18]"},
		"none, two servers":       {[2]server{{padded: 9, long: 9}, {padded: 9, long: 9}}, None, "fragments-none [18]; fragments-none [18]"},
		"none, one server":        {[2]server{{padded: 9, long: 9}, {}}, Unknown, "fragments-none [18]; ask-two []"},
		"padded only seldom":      {[2]server{{padded: 1, long: 9}, {padded: 1, long: 9}}, Unknown, "fragments-none [10]; fragments-none [10]; ask-two []"},
		"long only seldom":        {[2]server{{padded: 9, long: 1}, {padded: 9, long: 1}}, Unknown, "fragments-none [10]; fragments-none [10]; ask-two []"},
		"out, two servers":        {[2]server{{padded: 9, out: 1}, {padded: 9, out: 1}}, FragmentsOutgoing, "fragments-out [9]; fragments-out [9]"},
		"out, one server":         {[2]server{{padded: 9, out: 1}, {padded: 9, long: 9}}, Unknown, "fragments-out [9]; fragments-none [18]; ask-two []"},
		"out, in spite of loss":   {[2]server{{padded: 9, long: 9, out: 1}, {padded: 9, long: 9, out: 1}}, FragmentsOutgoing, "fragments-out [9]; fragments-out [9]"},
		"they do not pad":         {[2]server{{padded: 9, long: 9, short: 1}, {padded: 9, long: 9, short: 1}}, Unknown, "fragments-short []; fragments-short []; no-padding []"},
		"one of them pads":        {[2]server{{in: 1, short: 1}, {short: 1}}, Present, "fragments-both []; fragments-short []"},
		"no padded request":       {[2]server{{long: 9}, {long: 9}}, Unknown, "no-long []"},
		"nothing was sent at all": {[2]server{}, Unknown, "no-long []"},
	} {
		d := diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC)
		d.Start.Deep = true
		for i, s := range tt.servers {
			to := d.Servers[i].Address
			ask := func(n int, test diag.NATTest, size int) {
				for range n {
					mapped := ""
					if size > 0 {
						mapped = "5.5.5.5:1"
					}
					if r := d.Add(i, test, to, mapped); r.Answer != nil {
						r.Answer.Size = size
					}
				}
			}
			ask(20, diag.TestControl, 100)
			ask(s.padded, diag.TestPadded, 0)
			ask(s.long, diag.TestLong, 0)
			ask(s.in, diag.TestPadded, 1600)
			ask(s.short, diag.TestPadded, 100)
			ask(s.out, diag.TestLong, 100)
		}
		b := state(d).judgeFragments()
		if says := strings.ReplaceAll(said(b), "\n", "; "); b.Value != tt.value || says != tt.says {
			t.Errorf("%s: %s, %s", name, b.Value, says)
		}
	}
}
