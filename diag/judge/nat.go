package judge

import (
	"slices"

	"dialtone/diag"
	"dialtone/diag/nat"
)

// Network is the verdict of a diagnosis: what the network means for calls.
type Network struct {
	nat.Report
	Exit     diag.Exit
	Outcome  NetworkOutcome
	Relaying Relaying
	Reason   string          // the system's error, of [NetworkFailed]
	Unusable *diag.Server    // the server at issue, of [NetworkUnusable]
	Pair     *nat.Prediction // the answer for both peers, when the peer's result line was given
	Findings []Finding       // those about the network first
}

// NetworkOutcome is what a diagnosis found out.
type NetworkOutcome string

// Outcomes of a diagnosis.
const (
	NetworkAsking        NetworkOutcome = "asking"          // no answer so far
	NetworkMappingAsking NetworkOutcome = "mapping-asking"  // the mapping is not known so far
	NetworkDirect        NetworkOutcome = "direct"          // direct calls will work
	NetworkDependent     NetworkOutcome = "dependent"       // the mapping depends on the endpoint
	NetworkMapping       NetworkOutcome = "mapping-unknown" // UDP works, the mapping is not known
	NetworkContradictory NetworkOutcome = "contradictory"   // UDP works, the mapping contradicts itself
	NetworkUDPBlocked    NetworkOutcome = "udp-blocked"     // no answer over UDP, while TCP works
	NetworkPortsFiltered NetworkOutcome = "ports-filtered"  // UDP gets answers from some ports only
	NetworkPortsUnknown  NetworkOutcome = "ports-unknown"   // so it seems, or the server is the cause
	NetworkUnusable      NetworkOutcome = "server-unusable" // a server answers, and cannot be used
	NetworkNoSTUN        NetworkOutcome = "no-stun"         // the network is there, and no STUN server over UDP
	NetworkNoAnswer      NetworkOutcome = "no-answer"       // no server answered on any transport
	NetworkCancelled     NetworkOutcome = "cancelled"       // the diagnosis was cancelled
	NetworkFailed        NetworkOutcome = "failed"          // no request could be made
)

// outcomeExits are the exit codes of outcomes that do not depend on a relay.
var outcomeExits = map[NetworkOutcome]diag.Exit{
	NetworkAsking: diag.ExitInconclusive, NetworkMappingAsking: diag.ExitInconclusive, NetworkDirect: diag.ExitPass,
	NetworkPortsUnknown: diag.ExitInconclusive, NetworkMapping: diag.ExitInconclusive,
	NetworkContradictory: diag.ExitInconclusive,
	NetworkUnusable:      diag.ExitInconclusive, NetworkNoSTUN: diag.ExitInconclusive,
	NetworkNoAnswer: diag.ExitNoConnectivity,
}

// pairExits are the exit codes of predictions for both peers.
var pairExits = map[nat.Path]diag.Exit{
	nat.PathDirect: diag.ExitPass, nat.PathRelay: diag.ExitRelay, nat.PathNone: diag.ExitNoRelay,
	nat.PathUnknown: diag.ExitInconclusive,
}

// Relaying is how far the TURN servers relay.
type Relaying string

// Values of [Relaying].
const (
	RelayingAsking   Relaying = "asking"   // not known so far
	RelayingNone     Relaying = "none"     // no TURN server was given
	RelayingWorks    Relaying = "works"    // bytes came back through a relay
	RelayingUntested Relaying = "untested" // a relay was allocated, and whether it carries bytes is not known
	RelayingSilent   Relaying = "silent"   // a relay was allocated, and no bytes came back
	RelayingFails    Relaying = "fails"    // no relay
)

// networkRules make the findings of a diagnosis, those about the network first.
var networkRules = []func(*nat.State, *Network) []Finding{
	behaviorFindings, networkFailures, stunFindings, conductFindings, slowFindings, untestedFindings, expiryFindings,
	relayFindings,
}

// Diagnose judges a diagnosis. It is pure: the same facts give the same verdict, live or replayed.
func Diagnose(s *nat.State) Network {
	n := Network{Report: nat.Judge(s), Findings: []Finding{}}
	n.Relaying = n.relaying()
	n.Outcome, n.Unusable = n.outcome(s)
	for _, rule := range networkRules {
		n.Findings = append(n.Findings, rule(s, &n)...)
	}
	n.Exit = n.exit()
	if peer, err := nat.ParseSide(s.Start.Peer); err == nil {
		pair := nat.Predict(n.Side, peer)
		n.Pair, n.Exit = &pair, pairExits[pair.Path]
	}
	return n
}

// exit is the code of the outcome.
func (n *Network) exit() diag.Exit {
	if exit, known := outcomeExits[n.Outcome]; known {
		return exit
	}
	switch n.Relaying {
	case RelayingWorks, RelayingUntested:
		return diag.ExitRelay
	case RelayingAsking:
		return diag.ExitInconclusive
	case RelayingNone, RelayingSilent, RelayingFails:
	}
	return diag.ExitNoRelay
}

// Relays are the TURN servers that work, those that carried bytes first, then by transport.
func (n *Network) Relays() []*nat.ServerRow {
	order := []string{"udp", "dtls", "tcp", "tls"}
	var out []*nat.ServerRow
	for _, relay := range []nat.Relay{nat.RelayCarries, nat.RelayUntested} {
		for i := range n.Servers {
			if n.Servers[i].Relay == relay {
				out = append(out, &n.Servers[i])
			}
		}
		if len(out) > 0 {
			break
		}
	}
	slices.SortStableFunc(out, func(a, b *nat.ServerRow) int {
		return slices.Index(order, a.Transport) - slices.Index(order, b.Transport)
	})
	return out
}

// relaying sums up the TURN servers.
func (n *Network) relaying() Relaying {
	given, silent := false, false
	for _, row := range n.Servers {
		given = given || row.TURN
		silent = silent || row.TURN && row.OK() && row.Stopped() != nil
	}
	switch relays := n.Relays(); {
	case len(relays) > 0 && relays[0].Relay == nat.RelayCarries:
		return RelayingWorks
	case len(relays) > 0:
		return RelayingUntested
	case n.Pending:
		return RelayingAsking
	case !given:
		return RelayingNone
	case silent:
		return RelayingSilent
	}
	return RelayingFails
}

// outcome is what the behaviors amount to.
func (n *Network) outcome(s *nat.State) (NetworkOutcome, *diag.Server) {
	b := &n.Behaviors
	switch {
	case b.UDP.Value == nat.None:
		return NetworkUDPBlocked, nil
	case b.UDP.Value == nat.Unknown && n.Pending:
		return NetworkAsking, nil
	case b.UDP.Value == nat.Unknown:
		return n.silent()
	case b.UDPPorts.Value == nat.PortsFiltered && !n.Pending:
		return NetworkPortsFiltered, nil
	case b.UDPPorts.Confidence == nat.Contradictory && !n.Pending && b.Mapping.Value == nat.EndpointIndependent:
		return NetworkPortsUnknown, nil
	case b.Mapping.Value == nat.EndpointIndependent:
		return NetworkDirect, nil
	case n.Dependent:
		return NetworkDependent, nil
	case n.Pending:
		return NetworkMappingAsking, nil
	case b.Mapping.Confidence == nat.Contradictory:
		return NetworkContradictory, nil
	}
	return NetworkMapping, nil
}

// silent concludes when no answer came over UDP and nothing proves why.
func (n *Network) silent() (NetworkOutcome, *diag.Server) {
	for i := range n.Servers {
		row := &n.Servers[i]
		switch row.Cause() {
		case diag.CauseRefused, diag.CauseProtocol, diag.CauseSTUN, diag.CauseConfig:
			if !row.TURN && row.Transport == "udp" {
				return NetworkUnusable, &row.Server
			}
		default:
		}
	}
	for i := range n.Servers {
		row := &n.Servers[i]
		if (row.TURN || row.Transport != "udp") && reached(&row.Server) {
			return NetworkNoSTUN, nil
		}
	}
	return NetworkNoAnswer, nil
}

// reached reports whether something answered, if only with a rejection.
func reached(s *diag.Server) bool {
	switch s.Cause() {
	case diag.CauseDNS, diag.CauseTimeout, diag.CauseUnreachable, diag.CauseConfig, diag.CauseCancelled:
		return false
	default:
		return s.State() != diag.ServerAsking
	}
}
