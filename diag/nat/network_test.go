package nat

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/diagtest"
)

// network answers the questions of the plans as a NAT and servers behind it would, without sockets and without waiting.
type network struct {
	mapping, filtering Value
	keepsPort          bool           // the public port is the local one, if the mapping is endpoint-independent
	hairpin            bool           // packets to its own public address come back
	lifetime           time.Duration  // of a mapping after the last packet out; 0: for ever
	none               bool           // there is no NAT
	lossEvery          int            // each such datagram is lost; 0: none
	noResponsePort     bool           // of all servers
	noneOut, noneIn    bool           // fragments that are dropped
	mtuOut, mtuIn      int            // bytes of the longest packet on the way; 0: 1500
	ignoresChange      bool           // of all servers: CHANGE-REQUEST is answered from where it went
	deaf               diag.NATTest   // requests that are never answered
	rejects            diag.NATTest   // requests that are answered with an error
	dead, refuses      netip.AddrPort // an address that is silent, and one whose port is closed
	graded             map[netip.AddrPort]netip.AddrPort

	now    time.Duration
	sent   int // datagrams
	ports  uint16
	locals map[diag.NATSocket]uint16
	maps   map[string]*binding
}

// binding is a mapping of the NAT.
type binding struct {
	socket diag.NATSocket
	public netip.AddrPort
	last   time.Duration
	to     []netip.AddrPort
}

var (
	public = netip.MustParseAddr("5.5.5.5")
	local  = netip.MustParseAddr("192.168.1.5")
)

func (n *network) lost() bool {
	n.sent++
	return n.lossEvery > 0 && n.sent%n.lossEvery == 0
}

// out sends from a socket and returns the address that the packet has behind the NAT.
func (n *network) out(socket diag.NATSocket, to netip.AddrPort) (from, public netip.AddrPort) {
	if n.locals[socket] == 0 {
		n.locals[socket] = uint16(40000 + 7*len(n.locals))
	}
	key := fmt.Sprint(socket)
	if n.mapping == AddressDependent {
		key += to.Addr().String()
	} else if n.mapping == AddressAndPortDependent {
		key += to.String()
	}
	b := n.maps[key]
	if b == nil || n.expired(b) {
		b = &binding{socket: socket, public: n.bind(n.locals[socket])}
		n.maps[key] = b
	}
	b.last, b.to = n.now, append(b.to, to)
	return netip.AddrPortFrom(local, n.locals[socket]), b.public
}

func (n *network) bind(port uint16) netip.AddrPort {
	switch {
	case n.none:
		return netip.AddrPortFrom(local, port)
	case n.keepsPort:
		return netip.AddrPortFrom(public, port)
	}
	n.ports += 3
	return netip.AddrPortFrom(public, 20000+n.ports)
}

func (n *network) expired(b *binding) bool { return n.lifetime > 0 && n.now-b.last > n.lifetime }

// in is the socket that a packet to a public address reaches.
func (n *network) in(from, to netip.AddrPort) (diag.NATSocket, bool) {
	for _, b := range n.maps {
		if b.public != to || n.expired(b) {
			continue
		}
		return b.socket, slices.ContainsFunc(b.to, func(sent netip.AddrPort) bool {
			return n.filtering == EndpointIndependent || sent == from || n.filtering == AddressDependent && sent.Addr() == from.Addr()
		})
	}
	return diag.NATSocket{}, false
}

// answer is what comes of one request; nil for silence.
func (n *network) answer(s *State, q Question, from netip.AddrPort) *Answer {
	long := q.Size+headers(false) > cmp.Or(n.mtuOut, 1500)
	if n.lost() || long && (n.noneOut || whole(q.Test)) || q.Test == n.deaf || q.To == n.dead || q.To == n.refuses {
		return nil
	}
	at := cmp.Or(q.AnswerAt, q.Socket)
	a := &Answer{From: q.To, RTTMs: diag.Millis(20 * time.Millisecond), Mapped: from, Plain: from, Origin: q.To, Size: 100}
	if q.To.Addr() == from.Addr() && q.Test == diag.TestHairpin {
		a.From = from
		if socket, reached := n.in(from, q.To); n.hairpin && reached && socket == at {
			return a
		}
		return nil
	}
	asked := s.Servers[q.Server].Address
	other, graded := n.graded[asked]
	switch {
	case !graded && q.To != asked:
		return nil // nobody is there
	case q.ChangesPort() && !graded || q.ResponsePort != 0 && n.noResponsePort:
		a.Code, q.ResponsePort = 420, 0
		at = q.Socket
	case q.Test == n.rejects:
		a.Code, a.Mapped = 400, netip.AddrPort{}
	case n.ignoresChange:
	case q.ChangesIP():
		a.From = other
	case q.ChangesPort():
		a.From = netip.AddrPortFrom(q.To.Addr(), other.Port())
	}
	a.Other, a.Origin = other, a.From
	if graded && q.Padding > 0 {
		a.Size += 4 + q.Padding
	}
	if a.Size+headers(false) > cmp.Or(n.mtuIn, 1500) && (n.noneIn || whole(q.Test)) {
		return nil
	}
	to := from
	if q.ResponsePort != 0 {
		to = netip.AddrPortFrom(from.Addr(), q.ResponsePort)
	}
	if socket, reached := n.in(a.From, to); n.lost() || !reached || socket != at {
		return nil
	}
	return a
}

// whole reports whether the packets of a test are not to be fragmented.
func whole(test diag.NATTest) bool { return test == diag.TestSize || test == diag.TestSizeBack }

// ask sends a question until it is answered.
func (n *network) ask(s *State, q Question) {
	n.now = max(n.now+q.After, q.At)
	for range q.Tries {
		from, seen := n.out(q.Socket, q.To)
		r := Request{
			Request: len(s.Requests), Server: q.Server, Test: q.Test, Socket: q.Socket, Local: from, To: q.To, Held: q.AnswerAt,
			SentMs: diag.Millis(n.now), Bytes: q.Bytes, Answer: n.answer(s, q, seen),
			Refused: q.To == n.refuses,
		}
		n.now += 50 * time.Millisecond
		s.Apply(r)
		if r.Answer != nil {
			return
		}
	}
}

// diagnose runs all plans to their end.
func (n *network) diagnose(t *testing.T, servers ...netip.AddrPort) *State {
	t.Helper()
	n.locals, n.maps = map[diag.NATSocket]uint16{}, map[string]*binding{}
	s := &State{}
	s.Apply(diag.DiagnosisStart{Deep: true, Hairpin: true})
	s.Apply(diag.NATLocal{Address: netip.AddrPortFrom(local, 40000), MTU: 1500})
	for i, a := range servers {
		s.Apply(Server{Server: i, URL: "stun:" + a.String(), Address: a})
	}
	n.until(t, s, func() (all []Question) {
		for i := range servers {
			all = append(all, Plan(s, i)...)
		}
		return all
	})
	s.Apply(diag.DiagnosisFurther{})
	for _, topic := range Topics {
		n.until(t, s, func() []Question { return topic.Plan(s) })
	}
	s.Apply(diag.DiagnosisEnd{})
	return s
}

func (n *network) until(t *testing.T, s *State, plan func() []Question) {
	t.Helper()
	for range 400 {
		asks := plan()
		if len(asks) == 0 {
			return
		}
		slices.SortStableFunc(asks, func(a, b Question) int { return cmp.Compare(a.At, b.At) })
		for _, q := range asks {
			n.ask(s, q)
		}
	}
	t.Fatalf("the plan does not end: %d requests, now %+v", len(s.Requests), plan()[0])
}

var behaviors = []Value{EndpointIndependent, AddressDependent, AddressAndPortDependent}

// rfc5780 is one server with two addresses.
var rfc5780 = map[netip.AddrPort]netip.AddrPort{diagtest.ServerA: diagtest.ServerB}

// TestPlansFindEveryNAT: the plans ask what the verdict needs, of every pair of mapping and filtering, and no more.
func TestPlansFindEveryNAT(t *testing.T) {
	for _, mapping := range behaviors {
		for _, filtering := range behaviors {
			for _, hairpin := range []bool{true, false} {
				t.Run(fmt.Sprint(mapping, ", ", filtering, ", ", hairpin), func(t *testing.T) {
					n := network{mapping: mapping, filtering: filtering, hairpin: hairpin, lifetime: 60 * time.Second, graded: rfc5780}
					s := n.diagnose(t, diagtest.ServerA)
					b := Judge(s).Behaviors
					if b.Mapping.Value != mapping || b.Mapping.Confidence != Proven || b.Filtering.Value != filtering || b.Filtering.Confidence != Proven {
						t.Errorf("mapping %s, filtering %s:\n%s", b.Mapping.Value, b.Filtering.Value, kinds(b.Filtering))
					}
					if b.NAT.Value != Present || b.PortPreservation.Value != PortNotPreserved || b.ALG.Value != None {
						t.Errorf("NAT %s, ports %s, ALG %s", b.NAT.Value, b.PortPreservation.Value, b.ALG.Value)
					}
					wantHairpin := map[bool]Value{true: Present, false: None}[hairpin]
					if mapping != EndpointIndependent && !(hairpin && filtering == EndpointIndependent) {
						wantHairpin = Unknown // the sockets' ports towards each other are others than those that the server sees
					}
					if got := b.Hairpin.Value; got != wantHairpin {
						t.Errorf("hairpin %s, want %s:\n%s", got, wantHairpin, kinds(b.Hairpin))
					}
					l := b.Lifetime
					if l.Value != LifetimeBetween || *l.FromS < 55 || *l.FromS > 60 || *l.ToS < 60 || *l.ToS > 67 {
						t.Errorf("lifetime %s:\n%s", l.Value, kinds(l))
					}
					if b.Fragments.Value != Present {
						t.Errorf("fragments %s", b.Fragments.Value)
					}
				})
			}
		}
	}
}

// TestPlansUnderLoss: of lost packets follows no wrong verdict, and in most cases the right one.
func TestPlansUnderLoss(t *testing.T) {
	right := 0
	for _, mapping := range behaviors {
		for _, filtering := range behaviors {
			for _, every := range []int{7, 5, 4, 3} {
				n := network{mapping: mapping, filtering: filtering, hairpin: true, lifetime: 60 * time.Second, graded: rfc5780, lossEvery: every}
				b := Judge(n.diagnose(t, diagtest.ServerA)).Behaviors
				for got, want := range map[Value]Value{b.Mapping.Value: mapping, b.Filtering.Value: filtering} {
					if got != Unknown && got != want {
						t.Errorf("%s, %s, each %dth packet lost: %s instead of %s", mapping, filtering, every, got, want)
					}
				}
				if b.Mapping.Value == mapping && b.Filtering.Value == filtering {
					right++
				}
				if l := b.Lifetime; l.ToS != nil && *l.ToS < 60 || l.FromS != nil && *l.FromS > 60 {
					t.Errorf("%s, %s, each %dth packet lost: lifetime %s", mapping, filtering, every, l.Value)
				}
			}
		}
	}
	if right < 30 {
		t.Errorf("%d of 36 are right", right)
	}
}

// TestPlansEnd: how many requests a diagnosis sends at the most.
func TestPlansEnd(t *testing.T) {
	count := func(s *State, test diag.NATTest) (n int) {
		for _, r := range s.Requests {
			if r.Test == test {
				n++
			}
		}
		return n
	}
	silent := (&network{mapping: EndpointIndependent, lossEvery: 1}).diagnose(t, diagtest.ServerA, diagtest.ServerC)
	if reach, mapping := count(silent, diag.TestReach), count(silent, diag.TestMapping); reach != 2*maxContact || mapping != 2*maxContact || len(silent.Requests) != 4*maxContact {
		t.Errorf("of silent servers: %d and %d of %d", reach, mapping, len(silent.Requests))
	}
	plain := (&network{mapping: EndpointIndependent}).diagnose(t, diagtest.ServerA, diagtest.ServerC)
	if reach, mapping, repeat := count(plain, diag.TestReach), count(plain, diag.TestMapping), count(plain, diag.TestRepeat); reach != 2 || mapping != 2 || repeat != 1 {
		t.Errorf("of plain servers: %d, %d, %d", reach, mapping, repeat)
	}
	if first := plain.Requests[slices.IndexFunc(plain.Requests, func(r Request) bool { return r.Test == diag.TestRepeat })]; first.Server != 0 {
		t.Errorf("server %d is asked again", first.Server)
	}
	graded := (&network{mapping: EndpointIndependent, filtering: AddressAndPortDependent, graded: rfc5780}).diagnose(t, diagtest.ServerA)
	both, port := count(graded, diag.TestChangeBoth), count(graded, diag.TestChangePort)
	if f := graded.Filtering(); !f.Known() || both < 4 || both > 12 || port < 4 || port > 12 {
		t.Errorf("filtering: %d and %d requests", both, port)
	}
	// An alternate address that never sends: the control arm is given up, and with it the silence.
	deaf := &network{mapping: EndpointIndependent, filtering: AddressAndPortDependent, graded: map[netip.AddrPort]netip.AddrPort{diagtest.ServerA: netip.MustParseAddrPort("9.9.9.9:9")}}
	deaf.noResponsePort = true
	dependent := deaf.diagnose(t, diagtest.ServerA)
	if f := Judge(dependent).Behaviors.Filtering; f.Value != AddressAndPortDependent {
		t.Errorf("%s", f.Value)
	}
	deaf = &network{mapping: AddressAndPortDependent, filtering: AddressAndPortDependent, graded: rfc5780, noResponsePort: true}
	unproven := deaf.diagnose(t, diagtest.ServerA)
	if n := count(unproven, diag.TestProveBoth); n != maxProof {
		t.Errorf("%d proofs", n)
	}
	if f := Judge(unproven).Behaviors.Filtering; f.Value != Unknown || !slices.ContainsFunc(f.Evidence, func(e Evidence) bool { return e.Kind == KindUnproven }) {
		t.Errorf("%s:\n%s", f.Value, kinds(f))
	}
}

// TestFurtherTests: what the tests that take long find, beside the usual NAT.
func TestFurtherTests(t *testing.T) {
	two := []netip.AddrPort{diagtest.ServerA, diagtest.ServerC}
	bothGraded := map[netip.AddrPort]netip.AddrPort{diagtest.ServerA: diagtest.ServerB, diagtest.ServerC: netip.MustParseAddrPort("8.8.8.2:3479")}
	lifetime := func(b *Behaviors) *Behavior { return &b.Lifetime }
	fragments := func(b *Behaviors) *Behavior { return &b.Fragments }
	hairpin := func(b *Behaviors) *Behavior { return &b.Hairpin }
	for name, tt := range map[string]struct {
		network
		servers  []netip.AddrPort
		of       func(*Behaviors) *Behavior
		value    Value
		evidence Kind
	}{
		"short life":              {network{lifetime: 5 * time.Second, graded: rfc5780}, two, lifetime, LifetimeLess, KindWake},
		"long life":               {network{graded: rfc5780}, two, lifetime, LifetimeAtLeast, KindWake},
		"without RESPONSE-PORT":   {network{lifetime: 20 * time.Second, graded: rfc5780, noResponsePort: true}, two, lifetime, LifetimeBetween, KindAgain},
		"long life, asked again":  {network{graded: rfc5780, noResponsePort: true}, two, lifetime, Unknown, KindPortUnchanged},
		"the port is kept anyway": {network{lifetime: 20 * time.Second, keepsPort: true, graded: rfc5780, noResponsePort: true}, two, lifetime, Unknown, KindPortReused},
		"fragments":               {network{graded: rfc5780}, two, fragments, Present, KindFragmentsBoth},
		"no fragments out":        {network{noneOut: true, graded: bothGraded}, two, fragments, None, KindFragmentsNone},
		"no fragments in":         {network{noneIn: true, graded: bothGraded}, two, fragments, FragmentsOutgoing, KindFragmentsOut},
		"plain servers":           {network{noneOut: true}, two, fragments, None, KindFragmentsNone},
		"one server says little":  {network{noneOut: true, graded: rfc5780}, two[:1], fragments, Unknown, KindAskTwo},
		"no NAT, no hairpin":      {network{none: true}, two, hairpin, Unknown, KindHairpinNoNAT},
	} {
		t.Run(name, func(t *testing.T) {
			tt.mapping, tt.filtering = EndpointIndependent, AddressAndPortDependent
			r := Judge(tt.diagnose(t, tt.servers...))
			b := tt.of(&r.Behaviors)
			if b.Value != tt.value || !slices.ContainsFunc(b.Evidence, func(e Evidence) bool { return e.Kind == tt.evidence }) {
				t.Errorf("%s %v:\n%s", b.Value, b.FromS, kinds(*b))
			}
			if want := map[bool]Value{true: None, false: Present}[tt.none]; r.Behaviors.NAT.Value != want {
				t.Errorf("NAT: %s", r.Behaviors.NAT.Value)
			}
			wantPorts := map[bool]Value{true: PortPreserved, false: PortNotPreserved}[tt.keepsPort || tt.none]
			if r.Behaviors.PortPreservation.Value != wantPorts {
				t.Errorf("ports: %s", r.Behaviors.PortPreservation.Value)
			}
		})
	}
}
