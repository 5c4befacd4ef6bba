// Package network judges a diagnosis of the network between this machine and its servers: what it means for calls, and
// what is wrong with the servers. It is pure, and it has no words.
package network

import (
	"slices"

	"dialtone/diag"
	"dialtone/diag/finding"
	"dialtone/diag/nat"
	"dialtone/diag/nat/pair"
	"dialtone/diag/nat/turn"
)

// Verdict is the verdict of a diagnosis: what the network means for calls.
type Verdict struct {
	nat.Report
	Exit     diag.Exit
	Outcome  Outcome
	Relaying Relaying
	Reason   string           // the system's error, of [Failed]
	Unusable *diag.Server     // the server at issue, of [Unusable]
	Pair     *pair.Prediction // the answer for both peers, when the peer's result line was given
	Findings finding.List     // those about the network first
}

// Outcome is what a diagnosis found out.
type Outcome string

// Outcomes of a diagnosis.
const (
	Asking        Outcome = "asking"          // no answer so far
	MappingAsking Outcome = "mapping-asking"  // the mapping is not known so far
	Direct        Outcome = "direct"          // direct calls will work
	Dependent     Outcome = "dependent"       // the mapping depends on the endpoint
	Mapping       Outcome = "mapping-unknown" // UDP works, the mapping is not known
	Contradictory Outcome = "contradictory"   // UDP works, the mapping contradicts itself
	UDPBlocked    Outcome = "udp-blocked"     // several hosts do not answer over UDP, while TCP works
	UDPUnknown    Outcome = "udp-unknown"     // one host answers over TCP and not over UDP, and no other shows why
	PortsFiltered Outcome = "ports-filtered"  // UDP gets answers from some ports only
	PortsUnknown  Outcome = "ports-unknown"   // so it seems, or the server is the cause
	OnlyProxy     Outcome = "only-proxy"      // no answer over UDP, nor over TCP without the proxy
	Unusable      Outcome = "server-unusable" // a server answers, and cannot be used
	NoSTUN        Outcome = "no-stun"         // the network is there, and no STUN server over UDP
	Servers       Outcome = "servers"         // nothing was asked about the network: no STUN server over UDP
	NoAnswer      Outcome = "no-answer"       // no server answered on any transport
	Cancelled     Outcome = "cancelled"       // the diagnosis was cancelled
	Failed        Outcome = "failed"          // no request could be made
)

// outcomeExits are the exit codes of outcomes that do not depend on a relay.
var outcomeExits = map[Outcome]diag.Exit{
	Asking: diag.ExitInconclusive, MappingAsking: diag.ExitInconclusive, Direct: diag.ExitPass,
	PortsUnknown: diag.ExitInconclusive, Mapping: diag.ExitInconclusive,
	Contradictory: diag.ExitInconclusive,
	Unusable:      diag.ExitInconclusive, NoSTUN: diag.ExitInconclusive, UDPUnknown: diag.ExitInconclusive,
	NoAnswer: diag.ExitNoConnectivity,
}

// pairExits are the exit codes of predictions for both peers.
var pairExits = map[pair.Path]diag.Exit{
	pair.PathDirect: diag.ExitPass, pair.PathRelay: diag.ExitRelay, pair.PathNone: diag.ExitNoRelay,
	pair.PathUnknown: diag.ExitInconclusive,
}

// rules make the findings of a diagnosis, those about the network first.
var rules = []func(*finding.List, *nat.State, *Verdict){
	behaviorFindings, lossFindings, networkFailures, stunFindings, conductFindings, allocationFindings, slowFindings,
	untestedFindings, expiryFindings, relayFindings, ownFindings,
}

// Judge judges a diagnosis. It is pure: the same facts give the same verdict, live or replayed.
func Judge(s *nat.State) Verdict {
	n := Verdict{Report: nat.Judge(s), Findings: finding.List{}}
	n.Relaying = n.relaying()
	n.Outcome, n.Unusable = n.outcome(s)
	for _, rule := range rules {
		rule(&n.Findings, s, &n)
	}
	n.Exit = n.exit()
	if peer, err := pair.Parse(s.Start.Peer); err == nil {
		both := pair.Predict(n.Side, peer)
		n.Pair, n.Exit = &both, pairExits[both.Path]
	}
	return n
}

// exit is the code of the outcome.
func (n *Verdict) exit() diag.Exit {
	if exit, known := outcomeExits[n.Outcome]; known {
		return exit
	}
	if n.Outcome == Servers {
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
func (n *Verdict) outcome(s *nat.State) (Outcome, *diag.Server) {
	b := &n.Behaviors
	oneHost := slices.ContainsFunc(b.UDP.Evidence, func(e nat.Evidence) bool { return e.Kind == nat.KindUDPOneHost })
	switch {
	case (b.UDP.Value == nat.None || oneHost) && onlyProxy(s) != nil:
		return OnlyProxy, nil
	case b.UDP.Value == nat.None:
		return UDPBlocked, nil
	case b.UDP.Value == nat.Unknown && n.Pending:
		return Asking, nil
	case len(s.Servers) == 0:
		return n.servers()
	case oneHost:
		return UDPUnknown, nil
	case b.UDP.Value == nat.Unknown:
		return n.silent()
	case b.UDPPorts.Value == nat.PortsFiltered && !n.Pending:
		return PortsFiltered, nil
	case b.UDPPorts.Confidence == nat.Contradictory && !n.Pending && b.Mapping.Value == nat.EndpointIndependent:
		return PortsUnknown, nil
	case b.Mapping.Value == nat.EndpointIndependent:
		return Direct, nil
	case n.Dependent:
		return Dependent, nil
	case n.Pending:
		return MappingAsking, nil
	case b.Mapping.Confidence == nat.Contradictory:
		return Contradictory, nil
	}
	return Mapping, nil
}

// silent concludes when no answer came over UDP and nothing proves why.
func (n *Verdict) silent() (Outcome, *diag.Server) {
	for i := range n.Servers {
		row := &n.Servers[i]
		switch row.Cause() {
		case diag.CauseRefused, diag.CauseProtocol, diag.CauseSTUN, diag.CauseConfig:
			if !row.TURN && row.Transport == "udp" {
				return Unusable, &row.Server
			}
		default:
		}
	}
	for i := range n.Servers {
		row := &n.Servers[i]
		if (row.TURN || row.Transport != "udp") && reached(&row.Server) {
			return NoSTUN, nil
		}
	}
	return NoAnswer, nil
}

// servers concludes when nothing was asked that shows anything of the network. Where no server was reached, it is the
// same as if no one had answered over UDP.
func (n *Verdict) servers() (Outcome, *diag.Server) {
	for i := range n.Servers {
		if reached(&n.Servers[i].Server) {
			return Servers, nil
		}
	}
	return n.silent()
}

// serversExit is the code when only servers were asked: whether all of them do what they were asked for.
func (n *Verdict) serversExit() diag.Exit {
	for i := range n.Servers {
		if row := &n.Servers[i]; !row.Direct && !row.OK() || row.TURN && row.Relay != turn.RelayCarries {
			return diag.ExitInconclusive
		}
	}
	return diag.ExitPass
}

// reached reports whether something answered, if only with a rejection, or by accepting a connection and then nothing.
func reached(s *diag.Server) bool {
	switch s.Cause() {
	case diag.CauseTimeout, diag.CauseCancelled:
		return s.Proxy == "" && s.Took(diag.StageConnect) != nil
	case diag.CauseDNS, diag.CauseUnreachable, diag.CauseConfig:
		return false
	default:
		return s.State() != diag.ServerAsking
	}
}
