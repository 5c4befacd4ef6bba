package nat

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/diagtest"
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

// TestPlanOfFiltering: what is asked next, of a server that has answered 30 controls: what is proven is not proven again,
// what is known is not asked, and what loss hides is given up after 60 requests.
func TestPlanOfFiltering(t *testing.T) {
	var silence netip.AddrPort
	other, port := diagtest.ServerB, netip.AddrPortFrom(diagtest.ServerA.Addr(), diagtest.ServerB.Port())
	for name, tt := range map[string]struct {
		facts *diagtest.Diagnosis
		want  map[diag.NATTest]int // sends
	}{
		"nothing was asked": {
			diagtest.NewDiagnosis(diagtest.ServerA).Grade(30, 0),
			map[diag.NATTest]int{diag.TestChangeBoth: 1, diag.TestChangePort: 1, diag.TestControl: 1},
		},
		"silent once": {
			diagtest.NewDiagnosis(diagtest.ServerA).Grade(30, 0).Asks(1, diag.TestChangeBoth, silence).Asks(1, diag.TestChangePort, silence),
			map[diag.NATTest]int{diag.TestChangeBoth: 2, diag.TestChangePort: 2, diag.TestControl: 2, diag.TestOpen: 6},
		},
		"the other port was heard": {
			diagtest.NewDiagnosis(diagtest.ServerA).Grade(30, 0).Asks(1, diag.TestChangeBoth, silence).Asks(1, diag.TestChangePort, port),
			map[diag.NATTest]int{diag.TestChangeBoth: 2, diag.TestControl: 1, diag.TestOpen: 3},
		},
		"the other address was heard": {
			diagtest.NewDiagnosis(diagtest.ServerA).Grade(30, 0).Asks(1, diag.TestChangeBoth, other).Asks(1, diag.TestChangePort, silence),
			map[diag.NATTest]int{},
		},
		"both are shown to send": {
			diagtest.NewDiagnosis(diagtest.ServerA).Grade(30, 0).Asks(1, diag.TestChangeBoth, silence).Asks(1, diag.TestProveBoth, other).
				Asks(1, diag.TestChangePort, silence).Asks(1, diag.TestProvePort, port),
			map[diag.NATTest]int{diag.TestChangeBoth: 2, diag.TestChangePort: 2, diag.TestControl: 2},
		},
		"the address is known": {
			diagtest.NewDiagnosis(diagtest.ServerA).Grade(30, 0).Asks(9, diag.TestChangeBoth, silence).Asks(1, diag.TestProveBoth, other).
				Asks(1, diag.TestChangePort, silence),
			map[diag.NATTest]int{diag.TestChangePort: 2, diag.TestControl: 1, diag.TestOpen: 3},
		},
		"all is known": {
			diagtest.NewDiagnosis(diagtest.ServerA).Grade(30, 0).Asks(9, diag.TestChangeBoth, silence).Asks(1, diag.TestProveBoth, other).
				Asks(9, diag.TestChangePort, silence).Asks(1, diag.TestProvePort, port),
			map[diag.NATTest]int{},
		},
		"the other address cannot be shown to send": {
			diagtest.NewDiagnosis(diagtest.ServerA).Grade(30, 0).Asks(9, diag.TestChangeBoth, silence).Asks(maxProof, diag.TestProveBoth, silence),
			map[diag.NATTest]int{},
		},
		"the other port cannot": {
			diagtest.NewDiagnosis(diagtest.ServerA).Grade(30, 0).Asks(1, diag.TestChangeBoth, silence).Asks(9, diag.TestChangePort, silence).
				Asks(maxProof, diag.TestProvePort, silence),
			map[diag.NATTest]int{diag.TestChangeBoth: 2, diag.TestControl: 1, diag.TestOpen: 3},
		},
		"loss, not for long": {
			diagtest.NewDiagnosis(diagtest.ServerA).Grade(30, 28).Asks(maxSilence-1, diag.TestChangeBoth, silence).Asks(1, diag.TestProveBoth, other).
				Asks(maxSilence-1, diag.TestChangePort, silence).Asks(1, diag.TestProvePort, port),
			map[diag.NATTest]int{diag.TestChangeBoth: 2, diag.TestChangePort: 2, diag.TestControl: 2},
		},
		"loss of the port": {
			diagtest.NewDiagnosis(diagtest.ServerA).Grade(30, 28).Asks(maxSilence-1, diag.TestChangeBoth, silence).Asks(1, diag.TestProveBoth, other).
				Asks(maxSilence, diag.TestChangePort, silence).Asks(1, diag.TestProvePort, port),
			map[diag.NATTest]int{diag.TestChangeBoth: 2, diag.TestControl: 1},
		},
		"loss of both": {
			diagtest.NewDiagnosis(diagtest.ServerA).Grade(30, 28).Asks(maxSilence, diag.TestChangeBoth, silence).Asks(1, diag.TestProveBoth, other),
			map[diag.NATTest]int{},
		},
	} {
		s := state(tt.facts)
		got := map[diag.NATTest]int{}
		for _, q := range (&plan{all: s, o: s, asked: diagtest.ServerA, other: other}).filtering() {
			got[q.Test] += q.Tries
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestPlanWithoutServers: nothing is asked of a server that has no address, or cannot be asked.
func TestPlanWithoutServers(t *testing.T) {
	s := &State{Servers: []Server{{URL: "stun:a"}, {URL: "stun:b", Address: diagtest.ServerA, Failure: &diag.Failure{}}, {URL: "stun:c", Address: diagtest.ServerC}}}
	for i, want := range []int{0, 0, 2} {
		if got := len(Plan(s, i)); got != want {
			t.Errorf("server %d: %d questions", i, got)
		}
	}
}
