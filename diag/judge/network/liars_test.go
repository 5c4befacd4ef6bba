package network_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/diagtest"
	"dialtone/diag/judge/network"
	"dialtone/diag/nat"
	"dialtone/diag/nat/vote"
	"dialtone/diag/words"
	"dialtone/diag/words/verdict"
)

// lies are what servers report instead of the mapped address of a socket, 5.5.5.5:7000: by the number of the request.
var lies = map[string]func(n int) string{
	"random port":    func(n int) string { return fmt.Sprint("5.5.5.5:", 20000+n*7919%30000) },
	"counting port":  func(n int) string { return fmt.Sprint("5.5.5.5:", 20000+n) },
	"random address": func(n int) string { return fmt.Sprintf("6.6.6.%d:7000", n) },
	"both":           func(n int) string { return fmt.Sprintf("6.6.6.%d:%d", n, 20000+n*7919%30000) },
}

// besideHonest is a diagnosis with the liar as server 0 and honest servers, each asked as often as they differ.
func besideHonest(lie func(int) string, honest, rounds int) *diagtest.Diagnosis {
	all := []string{"9.9.9.1:3478", "8.8.8.1:3478", "7.7.7.1:3478"}[:honest+1]
	d := diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC, diagtest.ServerD)
	d.Servers = d.Servers[:honest+1]
	for n := range rounds {
		for i, to := range all {
			mapped := "5.5.5.5:7000"
			if i == 0 {
				mapped = lie(n)
			}
			d.Maps(i, to, mapped)
		}
	}
	return d
}

// TestLiars: of what a server contradicts itself about nothing is made, and it is named where others show that the NAT
// does not change. Headline, result, behaviors, advice and findings say the same.
func TestLiars(t *testing.T) {
	type claim struct {
		value      nat.Value
		confidence nat.Confidence
	}
	unknown := claim{nat.Unknown, nat.NotKnown}
	for name, lie := range lies {
		for _, tt := range []struct {
			honest, rounds      int
			finding, public     string
			nat, ports, mapping claim
		}{
			{0, 2, "nat.mapping_unstable", "", unknown, unknown, claim{nat.Unknown, nat.Contradictory}},
			{1, vote.Alone - 1, "nat.mapping_unstable", "5.5.5.5", claim{nat.Present, nat.Likely}, claim{nat.PortNotPreserved, nat.Likely}, claim{nat.Unknown, nat.Contradictory}},
			{1, vote.Alone, "server.mapped_changing", "5.5.5.5", claim{nat.Present, nat.Likely}, claim{nat.PortNotPreserved, nat.Likely}, unknown},
			{2, vote.Often, "server.mapped_changing", "5.5.5.5", claim{nat.Present, nat.Proven}, claim{nat.PortNotPreserved, nat.Likely}, claim{nat.EndpointIndependent, nat.Proven}},
		} {
			n := diagnose(besideHonest(lie, tt.honest, tt.rounds))
			b, ids := n.Behaviors, findingIDs(n)
			at := fmt.Sprintf("%s, %d honest servers, %d times", name, tt.honest, tt.rounds)
			for what, got := range map[string][2]claim{
				"NAT": {{b.NAT.Value, b.NAT.Confidence}, tt.nat}, "ports": {{b.PortPreservation.Value, b.PortPreservation.Confidence}, tt.ports},
				"mapping": {{b.Mapping.Value, b.Mapping.Confidence}, tt.mapping},
			} {
				if got[0] != got[1] {
					t.Errorf("%s: %s is %v, want %v", at, what, got[0], got[1])
				}
			}
			outvoted := name == "both" && tt.honest == 2 // in the first round already
			if slices.Contains(ids, tt.finding) == outvoted || slices.Contains(ids, "server.outlier") != outvoted || slices.Contains(ids, "nat.pooling") || n.Dependent {
				t.Errorf("%s: %v", at, ids)
			}
			if public := n.Side.Public; public.IsValid() != (tt.public != "") || public.IsValid() && public.String() != tt.public {
				t.Errorf("%s: the public address is %s", at, public)
			}
			said := verdict.OfNetwork(n)
			all := strings.Join(slices.Concat([]string{said.Headline}, said.Why, said.Next), " ")
			for _, f := range n.Findings {
				all += " " + words.Of(f).Title + " " + words.Of(f).Advice
			}
			if strings.Contains(all, "only TURN") || strings.Contains(all, "TURN server") || tt.nat == unknown && strings.Contains(said.Headline, "your NAT") {
				t.Errorf("%s: %s", at, all)
			}
		}
	}
}

// TestOneServerIsNoProof: a wrong address that stays the same cannot be known from a single server, so that a NAT is
// likely, and the evidence names who said so; with a second one it is proven.
func TestOneServerIsNoProof(t *testing.T) {
	d := diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC).Maps(0, "9.9.9.1:3478", "6.6.6.6:9")
	n := diagnose(d)
	if b := n.Behaviors.NAT; b.Confidence != nat.Likely || words.LastEvidence(b) != "9.9.9.1:3478 reported 6.6.6.6:9 for the socket "+d.Local.Address.String() {
		t.Errorf("%s: %s", b.Confidence, words.LastEvidence(b))
	}
	if n := diagnose(d.Maps(1, "8.8.8.1:3478", "6.6.6.6:9")); n.Behaviors.NAT.Confidence != nat.Proven {
		t.Errorf("with two: %+v", n.Behaviors.NAT)
	}
}

// TestServerInside: a server in the same network sees the socket without the NAT that others are behind. That is no
// mapping by destination, and no second uplink.
func TestServerInside(t *testing.T) {
	inside := netip.MustParseAddrPort("192.168.1.10:3478")
	d := diagtest.NewDiagnosis(inside, diagtest.ServerC)
	d.Maps(0, inside.String(), d.Local.Address.String()).Maps(1, "8.8.8.1:3478", "5.5.5.5:7000")
	n := diagnose(d)
	if n.Dependent || n.Outcome != network.Mapping || n.Exit != diag.ExitInconclusive || n.Behaviors.NAT.Value != nat.Present || n.Side.Public.String() != "5.5.5.5" {
		t.Errorf("%s, %s, NAT %+v", n.Outcome, n.Side.Public, n.Behaviors.NAT)
	}
}

// TestLossOfSlowServers: answers that come too late are no loss of the network, and one server of several is named alone.
func TestLossOfSlowServers(t *testing.T) {
	d := diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC)
	for i := range 12 {
		d.Add(0, diag.TestControl, diagtest.ServerA, []string{"", "5.5.5.5:1"}[i%2])
		d.Add(1, diag.TestControl, diagtest.ServerC, "5.5.5.5:1")
	}
	f := found(diagnose(d), "nat.packets_lost")
	if said := words.Of(f); !strings.Contains(said.Title, "while other servers answered all") {
		t.Errorf("%+v", said)
	}
	for _, r := range d.Requests {
		if r.Answer != nil && r.Server == 0 {
			r.Answer.RTTMs = diag.Millis(2 * time.Second)
		}
	}
	if ids := findingIDs(diagnose(d)); slices.Contains(ids, "nat.packets_lost") || !slices.Contains(ids, "server.slow") {
		t.Error(ids)
	}
}

// TestOneFindingForALiar: a server that reports what cannot be is named once.
func TestOneFindingForALiar(t *testing.T) {
	d := diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC, diagtest.ServerD).Maps(0, "9.9.9.1:3478", "4.4.4.4:99").
		Maps(1, "8.8.8.1:3478", "5.5.5.5:1").Maps(2, "7.7.7.1:3478", "5.5.5.5:1")
	d.Add(0, diag.TestControl, diagtest.ServerA, "4.4.4.4:99")
	if ids := findingIDs(diagnose(d)); slices.Contains(ids, "server.outlier") || !slices.Contains(ids, "server.mapped_untrue") {
		t.Error(ids)
	}
}

// TestAnswersWithoutAddress: a success that has no mapped address is a failure of the server.
func TestAnswersWithoutAddress(t *testing.T) {
	d := diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC).Maps(0, "9.9.9.1:3478", "5.5.5.5:1").Maps(1, "8.8.8.1:3478", "5.5.5.5:1")
	d.Requests[0].Answer.Mapped = netip.AddrPort{}
	n := diagnose(d)
	if f := found(n, "server.protocol"); f.Subject != d.Servers[0].URL || n.Servers[0].OK() {
		t.Errorf("%+v", n.Findings)
	}
}

// TestMappedAddressOfAllocations: a TURN server whose answer to Allocate contradicts two STUN servers is named.
func TestMappedAddressOfAllocations(t *testing.T) {
	for mapped, want := range map[string]bool{"5.5.5.5:9": false, "4.4.4.4:9": true, "[2001:db8::9]:9": false} {
		server := relay("udp", "9.9.9.9:50000", carried()...)
		server.Stages[0].Mapped = mapped
		n := diagnose(diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC).Maps(0, "9.9.9.1:3478", "5.5.5.5:1").
			Maps(1, "8.8.8.1:3478", "5.5.5.5:1").Asked(server))
		if got := slices.Contains(findingIDs(n), "server.outlier"); got != want {
			t.Errorf("%s: %v", mapped, findingIDs(n))
		}
	}
}

// TestRejectedUDP: where UDP is blocked, a firewall that says so by ICMP is no lack of a route to each server.
func TestRejectedUDP(t *testing.T) {
	d := diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC)
	for i := range d.Servers {
		d.Servers[i].Stage, d.Servers[i].Failure = diag.StageBinding, &diag.Failure{Cause: diag.CauseUnreachable, Reason: "no route to host"}
		d.Asked(diag.Server{URL: d.Servers[i].URL + "?transport=tcp", Transport: "tcp", Address: d.Servers[i].Address.String(), Stages: []diag.Stage{
			{Name: diag.StageBinding, RTTMs: new(diag.Millis(1e6)), Mapped: "5.5.5.5:1"},
		}})
	}
	if ids := findingIDs(diagnose(d)); slices.Contains(ids, "server.unreachable") || !slices.Contains(ids, "nat.udp_blocked") {
		t.Error(ids)
	}
}
