package judge

import (
	"dialtone/diag"
	"dialtone/diag/nat"
	"dialtone/diag/nat/pair"
	"dialtone/diag/nat/turn"
)

// Network is the verdict of a diagnosis: what the network means for calls.
type Network struct {
	nat.Report
	Exit     diag.Exit
	Outcome  NetworkOutcome
	Relaying Relaying
	Reason   string           // the system's error, of [NetworkFailed]
	Unusable *diag.Server     // the server at issue, of [NetworkUnusable]
	Pair     *pair.Prediction // the answer for both peers, when the peer's result line was given
	Findings []Finding        // those about the network first
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
	NetworkOnlyProxy     NetworkOutcome = "only-proxy"      // no answer over UDP, nor over TCP without the proxy
	NetworkUnusable      NetworkOutcome = "server-unusable" // a server answers, and cannot be used
	NetworkNoSTUN        NetworkOutcome = "no-stun"         // the network is there, and no STUN server over UDP
	NetworkServers       NetworkOutcome = "servers"         // nothing was asked about the network: no STUN server over UDP
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
var pairExits = map[pair.Path]diag.Exit{
	pair.PathDirect: diag.ExitPass, pair.PathRelay: diag.ExitRelay, pair.PathNone: diag.ExitNoRelay,
	pair.PathUnknown: diag.ExitInconclusive,
}

// networkRules make the findings of a diagnosis, those about the network first.
var networkRules = []func(*nat.State, *Network) []Finding{
	behaviorFindings, networkFailures, stunFindings, conductFindings, slowFindings, untestedFindings, expiryFindings,
	relayFindings, ownFindings,
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
	if peer, err := pair.Parse(s.Start.Peer); err == nil {
		both := pair.Predict(n.Side, peer)
		n.Pair, n.Exit = &both, pairExits[both.Path]
	}
	return n
}

// exit is the code of the outcome.
func (n *Network) exit() diag.Exit {
	if exit, known := outcomeExits[n.Outcome]; known {
		return exit
	}
	if n.Outcome == NetworkServers {
		return n.serversExit()
	}
	switch n.Relaying {
	case RelayingWorks, RelayingUntested:
		return diag.ExitRelay
	case RelayingAsking:
		return diag.ExitInconclusive
	case RelayingNone, RelayingSilent, RelayingFails, RelayingRedirected, RelayingUnreached:
	}
	return diag.ExitNoRelay
}

// outcome is what the behaviors amount to.
func (n *Network) outcome(s *nat.State) (NetworkOutcome, *diag.Server) {
	b := &n.Behaviors
	switch {
	case b.UDP.Value == nat.None && onlyProxy(s) != nil:
		return NetworkOnlyProxy, nil
	case b.UDP.Value == nat.None:
		return NetworkUDPBlocked, nil
	case b.UDP.Value == nat.Unknown && n.Pending:
		return NetworkAsking, nil
	case len(s.Servers) == 0:
		return n.servers()
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

// servers concludes when nothing was asked that shows anything of the network. Where no server was reached, it is the
// same as if no one had answered over UDP.
func (n *Network) servers() (NetworkOutcome, *diag.Server) {
	for i := range n.Servers {
		if reached(&n.Servers[i].Server) {
			return NetworkServers, nil
		}
	}
	return n.silent()
}

// serversExit is the code when only servers were asked: whether all of them do what they were asked for.
func (n *Network) serversExit() diag.Exit {
	for i := range n.Servers {
		if row := &n.Servers[i]; !row.Direct && !row.OK() || row.TURN && row.Relay != turn.RelayCarries {
			return diag.ExitInconclusive
		}
	}
	return diag.ExitPass
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
