package verdict

import (
	"net/netip"
	"strings"
	"testing"

	"dialtone/diag"
	"dialtone/diag/diagtest"
	"dialtone/diag/judge/network"
	"dialtone/diag/nat"
	"dialtone/diag/nat/pair"
)

// TestEveryOutcomeHasWords: a sentence.
func TestEveryOutcomeHasWords(t *testing.T) {
	for _, outcome := range diagtest.Constants(t, "../../judge/network/network.go", "Outcome") {
		n := network.Verdict{Outcome: network.Outcome(outcome), Unusable: &diag.Server{URL: "stun:s"}}
		n.Side = nat.Side{Mapping: nat.EndpointIndependent, Filtering: nat.Unknown}
		if said := OfNetwork(n); !strings.HasSuffix(said.Headline, ".") || strings.ToUpper(said.Headline[:1]) != said.Headline[:1] {
			t.Errorf("%s: %q", outcome, said.Headline)
		}
	}
}

// TestReachCoversTheTable: there are words for whatever may be known of a NAT.
func TestReachCoversTheTable(t *testing.T) {
	values := []nat.Value{nat.Unknown, nat.EndpointIndependent, nat.AddressDependent, nat.AddressAndPortDependent}
	for _, m := range values {
		for _, f := range values {
			for _, dependent := range []bool{false, true} {
				s := nat.Side{Mapping: m, Filtering: f, Dependent: dependent}
				if peers, _ := direct(s); peers == "" {
					t.Errorf("%+v: no words for %+v", s, pair.ReachOf(s))
				}
			}
		}
	}
}

// TestHeadlines holds what the verdict says of every NAT: which calls are direct, and which need a relay.
func TestHeadlines(t *testing.T) {
	for name, tt := range map[string]struct {
		outcome network.Outcome
		side    nat.Side
		want    string
	}{
		"open": {network.Direct, nat.Side{Mapping: nat.EndpointIndependent, Filtering: nat.EndpointIndependent}, "with peers behind any NAT that lets UDP pass."},
		"usual": {
			network.Direct,
			nat.Side{Mapping: nat.EndpointIndependent, Filtering: nat.AddressAndPortDependent},
			"with peers behind NATs with endpoint-independent mapping, as most are; others need a relay.",
		},
		"usual, filtering unknown": {
			network.Direct,
			nat.Side{Mapping: nat.EndpointIndependent, Filtering: nat.Unknown},
			"with peers behind NATs with endpoint-independent mapping, as most are, and perhaps with others.",
		},
		"strict": {
			network.Dependent,
			nat.Side{Mapping: nat.AddressAndPortDependent, Filtering: nat.AddressAndPortDependent},
			"only with peers behind NATs with endpoint-independent mapping that do not filter by port; others need a relay. You need a TURN server, and none was given.",
		},
		"by address, open": {
			network.Dependent,
			nat.Side{Mapping: nat.AddressDependent, Filtering: nat.EndpointIndependent},
			"only with peers behind NATs that do not filter by port; others need a relay. You need",
		},
		"of unknown kind": {network.Dependent, nat.Side{Dependent: true, Mapping: nat.Unknown, Filtering: nat.Unknown}, "and perhaps with others. You need"},
	} {
		n := network.Verdict{Outcome: tt.outcome, Relaying: network.RelayingNone}
		n.Side = tt.side
		n.Behaviors.UDP.Value, n.Behaviors.NAT.Value = nat.Present, nat.Present
		n.Behaviors.Mapping.Value, n.Behaviors.Filtering.Value = tt.side.Mapping, tt.side.Filtering
		said := OfNetwork(n)
		if !strings.Contains(said.Headline, tt.want) || len(said.Why) == 0 || tt.outcome == network.Dependent && len(said.Why) < 2 {
			t.Errorf("%s: %s %q\nwant %s", name, said.Headline, said.Why, tt.want)
		}
	}
}

// TestUnaskedPorts: while no server was asked at a port that firewalls do not open alone, direct calls have that condition.
func TestUnaskedPorts(t *testing.T) {
	for _, public := range []string{"192.0.2.1", "10.0.0.1"} {
		for ports, condition := range map[nat.Value]bool{nat.Unknown: true, nat.PortsOpen: false} {
			n := network.Verdict{Outcome: network.Direct}
			n.Behaviors.NAT.Value, n.Behaviors.UDPPorts.Value = nat.None, ports
			n.Side = nat.Side{Mapping: nat.EndpointIndependent, Filtering: nat.EndpointIndependent, Public: netip.MustParseAddr(public)}
			said := OfNetwork(n)
			if got := strings.Contains(strings.ToLower(said.Headline), "if udp leaves for any port"); got != condition {
				t.Errorf("%s, ports %s: %s", public, ports, said.Headline)
			}
			if got := strings.Contains(strings.Join(said.Why, " "), "Whether UDP leaves"); got != condition {
				t.Errorf("%s, ports %s: %s", public, ports, said.Why)
			}
		}
	}
}
