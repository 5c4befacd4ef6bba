package judge

import (
	"slices"
	"strings"
	"time"

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
	NetworkMapping: diag.ExitInconclusive, NetworkContradictory: diag.ExitInconclusive,
	NetworkUnusable: diag.ExitInconclusive, NetworkNoSTUN: diag.ExitInconclusive,
	NetworkNoAnswer: diag.ExitNoConnectivity,
}

// pairExits are the exit codes of predictions for both peers.
var pairExits = map[nat.Path]diag.Exit{
	nat.PathDirect: diag.ExitPass, nat.PathRelay: diag.ExitRelay, nat.PathNone: diag.ExitNoRelay,
	nat.PathUnknown: diag.ExitInconclusive,
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
	case b.UDP.Value == nat.None && s.OnlyProxy() != nil:
		return NetworkOnlyProxy, nil
	case b.UDP.Value == nat.None:
		return NetworkUDPBlocked, nil
	case b.UDP.Value == nat.Unknown && n.Pending:
		return NetworkAsking, nil
	case len(s.Servers) == 0:
		return n.servers()
	case b.UDP.Value == nat.Unknown:
		return n.silent()
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
		if row := &n.Servers[i]; !row.Direct && !row.OK() || row.TURN && row.Relay != nat.RelayCarries {
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

// BehaviorFound is the evidence of a finding about the network.
type BehaviorFound struct {
	Behavior nat.Behavior `json:"behavior"`
	Relay    bool         `json:"relay"` // a TURN server works
}

// enough is how many seconds a NAT must remember a silent port (RFC 4787 REQ-5).
const enough = 120

// behaviorFindings are those about this machine's network.
func behaviorFindings(s *nat.State, n *Network) []Finding {
	b := &n.Behaviors
	var out []Finding
	if way := s.OnlyProxy(); way != nil {
		out = append(out, Finding{ID: "nat.only_proxy", Severity: Warn, Subject: way.Through.Proxy, Evidence: *way})
	}
	note := func(when bool, id string, severity Severity, from nat.Behavior) {
		if when {
			out = append(out, Finding{ID: id, Severity: severity, Evidence: BehaviorFound{from, n.Side.TURN}})
		}
	}
	arbitrary := b.Pooling.Value == nat.PoolingArbitrary
	short := b.Lifetime.Confidence == nat.Proven && b.Lifetime.ToS != nil && *b.Lifetime.ToS <= enough
	lost := b.Fragments.Value == nat.None || b.Fragments.Value == nat.FragmentsOutgoing
	note(b.UDP.Value == nat.None && n.Outcome != NetworkOnlyProxy, "nat.udp_blocked", Problem, b.UDP)
	note(n.Dependent, "nat.endpoint_dependent_mapping", Warn, b.Mapping)
	note(b.Mapping.Confidence == nat.Contradictory && !arbitrary, "nat.mapping_unstable", Warn, b.Mapping)
	note(arbitrary, "nat.pooling", Warn, b.Pooling)
	note(b.ALG.Value == nat.Present, "nat.alg", Warn, b.ALG)
	note(b.CGNAT.Value == nat.Present, "nat.cgnat", Info, b.CGNAT)
	note(b.Uplinks.Value == nat.UplinksSeveral, "nat.uplinks", Info, b.Uplinks)
	note(short, "nat.lifetime_short", Info, b.Lifetime)
	note(lost, "nat.fragments_lost", Info, b.Fragments)
	return out
}

// networkFailures are the findings about servers that failed, TURN first. When UDP is blocked, silence over UDP says
// nothing about a server.
func networkFailures(s *nat.State, n *Network) []Finding {
	var turn, udp, others []diag.Server
	for i := range n.Servers {
		row := &n.Servers[i]
		blocked := n.Behaviors.UDP.Value == nat.None && row.Cause() == diag.CauseTimeout &&
			(row.Transport == "udp" || row.Transport == "dtls")
		switch overUDP := i < len(s.Servers); {
		case row.Direct: // a comparison
		case blocked, n.isOwnFailure(s, i), n.bindingOnly(row):
		case overUDP && s.Servers[i].Elsewhere.IsValid() && !row.OK(): // that has a finding of its own
		case row.TURN:
			turn = append(turn, row.Server)
		case overUDP:
			udp = append(udp, row.Server)
		default:
			others = append(others, row.Server)
		}
	}
	return append(failedServers(slices.Concat(turn, udp, others), n.severity), n.bindingFindings()...)
}

// severity is how grave it is that a server fails: it explains a failure only when no other one does what it should.
func (n *Network) severity(s *diag.Server) Severity {
	turn := strings.HasPrefix(s.URL, "turn")
	if turn && n.lacksRelay() || !turn && !n.Side.Public.IsValid() {
		return Problem
	}
	return Warn
}

// lacksRelay reports whether some calls need a relay, and no TURN server gives one.
func (n *Network) lacksRelay() bool {
	return !n.Side.TURN && (!n.Side.UDP || n.Side.Reach().Sure != nat.Everyone)
}

// BasicServer is the evidence about a server that does not support RFC 5780.
type BasicServer struct {
	URL   string    `json:"url"`
	Basic nat.Basic `json:"basic"`
}

// FilteringFound is the evidence about a server that filtering cannot be found out with.
type FilteringFound struct {
	Tally nat.Tally `json:"tally"`
	Other string    `json:"other,omitempty"` // its alternate address
}

// stunFindings are those about STUN servers over UDP that answer.
func stunFindings(s *nat.State, n *Network) []Finding {
	var out []Finding
	for i := range s.Servers {
		row := &n.Servers[i]
		if !row.OK() {
			continue
		}
		note := func(id string, severity Severity, evidence any) {
			out = append(out, Finding{ID: id, Severity: severity, Subject: row.URL, Evidence: evidence})
		}
		if row.Basic != nil && row.Basic.Other != "" {
			note("server.other_address_invalid", Info, BasicServer{row.URL, *row.Basic})
		}
		out = append(out, srvFinding(&row.Server)...)
		mapped := ServerAddress{Address: row.Address, Other: row.Mapped()}
		if row.Outlier {
			note("server.outlier", Warn, mapped)
		}
		if slices.Contains(n.Private, i) && !row.Own {
			note("server.mapped_private", Warn, mapped)
		}
		other, _ := s.Admitted(i)
		if !other.IsValid() {
			continue
		}
		if id := filteringID(&n.Filtering.Tallies[i]); id != "" {
			note(id, Info, FilteringFound{n.Filtering.Tallies[i], other.String()})
		}
	}
	return out
}

// filteringID names how a server that offers RFC 5780 does not keep to it; empty when it does.
func filteringID(t *nat.Tally) string {
	switch {
	case t.Ignored > 0:
		return "server.ignores_change_request"
	case t.Refused != 0:
		return "server.refuses_change_request"
	case t.AlternateSilent():
		return "server.alternate_silent"
	}
	return ""
}

// srvFinding is about a server that only DNS SRV knows: no ICE agent asks for that.
func srvFinding(s *diag.Server) []Finding {
	if s.SRV == "" || !s.OK() {
		return nil
	}
	return []Finding{{
		ID: "server.found_by_srv", Severity: Info, Subject: s.URL,
		Evidence: ServerAddress{
			Address: s.Address,
			Other:   s.SRV,
		},
	}}
}

// maxRepeats is how many answers beyond the first the network itself may have made.
const maxRepeats = 20

// Repeats is the evidence of a server that floods.
type Repeats struct {
	Answers int `json:"answers"` // more than were asked for
}

// conductFindings are those about servers that answer, and not as they should.
func conductFindings(s *nat.State, n *Network) []Finding {
	var out []Finding
	note := func(id, url string, evidence any) {
		out = append(out, Finding{ID: id, Severity: Warn, Subject: url, Evidence: evidence})
	}
	for i, server := range s.Servers {
		if server.Elsewhere.IsValid() && !n.Servers[i].Own {
			note("server.answers_elsewhere", server.URL,
				ServerAddress{Address: server.Address.String(), Other: server.Elsewhere.String()})
		}
		if server.Repeated > maxRepeats {
			note("server.floods", server.URL, Repeats{server.Repeated})
		}
		if slices.Contains(n.Invented, i) {
			note("server.mapped_untrue", server.URL, nil)
		}
	}
	return out
}

// slowAnswer is the round trip from which on a server is called slow.
const slowAnswer = time.Second

// slowFindings name the servers whose answers take long.
func slowFindings(_ *nat.State, n *Network) []Finding {
	var out []Finding
	for i := range n.Servers {
		row := &n.Servers[i]
		rtt := row.RTT()
		if times := row.Times(); times != nil {
			rtt = &times.MedianMs
		}
		if row.OK() && rtt != nil && rtt.Duration() >= slowAnswer {
			out = append(out, Finding{ID: "server.slow", Severity: Info, Subject: row.URL, Evidence: ServerDelay{*rtt}})
		}
	}
	return out
}

// BasicServers is the evidence that filtering could not be tested.
type BasicServers struct {
	Servers []BasicServer `json:"servers"`
}

// untestedFindings say that no server could be asked what the NAT filters, when none even offered it.
func untestedFindings(s *nat.State, n *Network) []Finding {
	var basic BasicServers
	for i := range s.Servers {
		switch row := &n.Servers[i]; row.Grade {
		case nat.GradeRFC5780:
			return nil
		case nat.GradeBasic:
			basic.Servers = append(basic.Servers, BasicServer{row.URL, *row.Basic})
		}
	}
	if len(basic.Servers) == 0 {
		return nil
	}
	return []Finding{{ID: "nat.filtering_untested", Severity: Info, Evidence: basic}}
}

// expiryFindings are about certificates that end soon, and about servers over TCP that only DNS SRV knows.
func expiryFindings(s *nat.State, n *Network) []Finding {
	var out []Finding
	var list []diag.Server
	for i := range n.Servers {
		list = append(list, n.Servers[i].Server)
		if i >= len(s.Servers) {
			out = append(out, srvFinding(&n.Servers[i].Server)...)
		}
	}
	return append(certificates(list), out...)
}
