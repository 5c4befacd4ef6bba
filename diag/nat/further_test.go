package nat

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/diagtest"
)

// TestPlansOnRequest: the tests that are made on request ask nothing without it, nor where they can show nothing.
func TestPlansOnRequest(t *testing.T) {
	all, deep, hairpin := []bool{true, true, true}, []bool{false, true, true}, []bool{true, false, false}
	none := []bool{false, false, false}
	for name, tt := range map[string]struct {
		change func(*State)
		want   []bool // whether hairpin, fragments, lifetime ask anything
	}{
		"all":                      {func(*State) {}, all},
		"nothing is asked for":     {func(s *State) { s.Start = diag.DiagnosisStart{} }, none},
		"deep":                     {func(s *State) { s.Start.Hairpin = false }, deep},
		"hairpin":                  {func(s *State) { s.Start.Deep = false }, hairpin},
		"no NAT":                   {func(s *State) { s.Requests[0].Answer.Mapped = s.Requests[0].Local }, deep},
		"no server answers":        {func(s *State) { s.Requests[0].Answer = nil }, none},
		"the server cannot be had": {func(s *State) { s.Servers[0].Failure = &diag.Failure{} }, none},
		"jumbo frames":             {func(s *State) { s.Local.MTU = 9000 }, []bool{true, false, true}},
		"the longest MTU":          {func(s *State) { s.Local.MTU = MostMTU }, all},
	} {
		s := &State{}
		s.Apply(diag.DiagnosisStart{Deep: true, Hairpin: true})
		s.Apply(Server{URL: "stun:a", Address: diagtest.ServerA})
		s.Apply(Request{
			Test: diag.TestReach, To: diagtest.ServerA, Local: netip.MustParseAddrPort("192.168.1.5:5000"),
			Answer: &Answer{From: diagtest.ServerA, Mapped: netip.MustParseAddrPort("5.5.5.5:1")},
		})
		tt.change(s)
		var got []bool
		for _, topic := range Topics {
			got = append(got, len(topic.Plan(s)) > 0)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestServersToAskFurther: one for each address, those of RFC 5780 first, and none that cannot be asked.
func TestServersToAskFurther(t *testing.T) {
	beside := netip.AddrPortFrom(diagtest.ServerC.Addr(), 443)
	d := diagtest.NewDiagnosis(diagtest.ServerC, beside, diagtest.ServerD, diagtest.ServerA, netip.MustParseAddrPort("6.6.6.6:3478"))
	for i, s := range d.Servers[:4] {
		d.Add(i, diag.TestReach, s.Address, "5.5.5.5:1")
	}
	d.Requests[3].Answer.Other = diagtest.ServerB
	d.Servers[2].Failure = &diag.Failure{Cause: diag.CauseRefused}
	if diff := cmp.Diff([]int{3, 0}, further{state(d)}.servers()); diff != "" {
		t.Error(diff)
	}
}

// TestFragmentsAsk: a padded request asks for an answer of its own length, a long one for a short answer.
func TestFragmentsAsk(t *testing.T) {
	d := diagtest.NewDiagnosis(diagtest.ServerA)
	d.Start.Deep = true
	d.Add(0, diag.TestReach, diagtest.ServerA, "5.5.5.5:1")
	got := map[diag.NATTest][2]int{}
	for _, q := range planFragments(state(d)) {
		got[q.Test] = [2]int{q.Size, q.Padding}
	}
	if diff := cmp.Diff(map[diag.NATTest][2]int{diag.TestPadded: {1532, 1500}, diag.TestLong: {1532, 0}}, got); diff != "" {
		t.Error(diff)
	}
}

// TestHairpinAddresses: packets go to no address that cannot be that of a host behind this NAT.
func TestHairpinAddresses(t *testing.T) {
	for mapped, want := range map[string]bool{
		"5.5.5.5:6000": true, "10.0.0.7:6000": true, "[2001:db8::1]:6000": true,
		"": false, "5.5.5.5:0": false, "0.0.0.0:6000": false, "127.0.0.1:6000": false, "224.0.0.1:6000": false, "169.254.0.1:6000": false, "255.255.255.255:6000": false,
	} {
		for which := range 2 { // the other socket's address is fine
			d := diagtest.NewDiagnosis(diagtest.ServerA)
			d.Start.Hairpin = true
			d.Add(0, diag.TestReach, diagtest.ServerA, "5.5.5.5:5000")
			for i := range 2 {
				for range maxContact {
					at := mapped
					if i != which {
						at = "5.5.5.5:7000"
					}
					d.Add(0, diag.TestHold, diagtest.ServerA, at).Socket = HairpinSocket(i)
				}
			}
			if got := len(planHairpin(state(d))) > 0; got != want {
				t.Errorf("%q, socket %d: %t", mapped, which, got)
			}
		}
	}
}

// TestLifetimeEnds: a lifetime lies between the longest pause that a mapping outlived and the shortest that none did, in
// whole seconds that do not promise too much.
func TestLifetimeEnds(t *testing.T) {
	const s, ms = time.Second, time.Millisecond
	for name, tt := range map[string]struct {
		alive, dead time.Duration
		value       Value
		from, to    int
	}{
		"whole seconds":    {30 * s, 60 * s, LifetimeBetween, 30, 60},
		"parts of them":    {30*s + 999*ms, 60*s + ms, LifetimeBetween, 30, 61},
		"only outlived":    {30 * s, 0, LifetimeAtLeast, 30, 0},
		"only gone":        {0, 60 * s, LifetimeLess, 0, 60},
		"the other way on": {61 * s, 60 * s, Unknown, 0, 0},
	} {
		l := LifetimeState{After: true, Held: []Held{{Alive: true}}}
		b := (&State{}).lifetimeBetween(l, tt.alive, tt.dead, Behavior{}, nil)
		from, to := 0, 0
		if b.FromS != nil {
			from = *b.FromS
		}
		if b.ToS != nil {
			to = *b.ToS
		}
		if b.Value != tt.value || from != tt.from || to != tt.to {
			t.Errorf("%s: %s from %d to %d", name, b.Value, from, to)
		}
	}
}

// TestDeadMappings: a silent socket counts as closed only where loss cannot be the cause.
func TestDeadMappings(t *testing.T) {
	s := state(diagtest.NewDiagnosis(diagtest.ServerA).Grade(40, 0))
	for name, tt := range map[string]struct {
		held Held
		want bool
	}{
		"not asked":             {Held{}, false},
		"silent":                {Held{Asked: 10}, true},
		"silent once":           {Held{Asked: 1}, false},
		"it was reached":        {Held{Asked: 10, Alive: true}, false},
		"another port":          {Held{Asked: 1, Moved: true}, true},
		"the same port":         {Held{Asked: 10, Same: true}, false},
		"reached, another port": {Held{Asked: 1, Alive: true, Moved: true}, false},
	} {
		if got := s.Dead(tt.held); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
