package judge

import (
	"net/netip"
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
	NetworkUnusable      NetworkOutcome = "server-unusable" // a server answers, and cannot be used
	NetworkNoSTUN        NetworkOutcome = "no-stun"         // the network is there, and no STUN server over UDP
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

// BehaviorFound is the evidence of a finding about the network.
type BehaviorFound struct {
	Behavior nat.Behavior `json:"behavior"`
	Relay    bool         `json:"relay"` // a TURN server works
}

// enough is how many seconds a NAT must remember a silent port (RFC 4787 REQ-5).
const enough = 120

// behaviorFindings are those about this machine's network.
func behaviorFindings(_ *nat.State, n *Network) []Finding {
	b := &n.Behaviors
	var out []Finding
	note := func(when bool, id string, severity Severity, from nat.Behavior) {
		if when {
			out = append(out, Finding{ID: id, Severity: severity, Evidence: BehaviorFound{from, n.Side.TURN}})
		}
	}
	arbitrary := b.Pooling.Value == nat.PoolingArbitrary
	short := b.Lifetime.Confidence == nat.Proven && b.Lifetime.ToS != nil && *b.Lifetime.ToS <= enough
	lost := b.Fragments.Value == nat.None || b.Fragments.Value == nat.FragmentsOutgoing
	note(b.UDP.Value == nat.None, "nat.udp_blocked", Problem, b.UDP)
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
		case blocked, overUDP && s.Servers[i].Elsewhere.IsValid() && !row.OK(): // that has a finding of its own
		case row.TURN:
			turn = append(turn, row.Server)
		case overUDP:
			udp = append(udp, row.Server)
		default:
			others = append(others, row.Server)
		}
	}
	return failedServers(slices.Concat(turn, udp, others), n.severity)
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
		if slices.Contains(n.Private, i) {
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
		if server.Elsewhere.IsValid() {
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

// RelayUse is the evidence of a relay that was allocated and does not do what it should.
type RelayUse struct {
	Server diag.Server `json:"server"`
}

// relayFindings say which relay does not carry bytes, or is elsewhere than the server says.
func relayFindings(_ *nat.State, n *Network) []Finding {
	var out []Finding
	for i := range n.Servers {
		row := &n.Servers[i]
		if !row.TURN || !row.OK() || row.Relay == "" {
			continue
		}
		if nat.PrivateRelay(row.Server, false) {
			out = append(out, privateRelay(&row.Server, n.severity(&row.Server)))
		}
		if id, severity := n.stopped(row); id != "" {
			out = append(out, Finding{ID: id, Severity: severity, Subject: row.URL, Evidence: RelayUse{row.Server}})
		}
		if seen, elsewhere := relayElsewhere(&row.Server); elsewhere {
			peer, _ := row.Peer()
			out = append(out, Finding{
				ID: "turn.relay_elsewhere", Severity: Problem, Subject: row.URL,
				Evidence: ServerAddress{Address: row.Address, Other: seen, Relayed: row.Relayed(), Peer: peer},
			})
		}
	}
	return out
}

// stopped names why a relay was of no use; empty when nothing stopped it.
func (n *Network) stopped(row *nat.ServerRow) (id string, severity Severity) {
	stage := row.Stopped()
	_, own := row.Peer()
	switch {
	case stage == nil:
		return "", ""
	case stage.Name == diag.StageRefresh:
		return "turn.refresh_failed", Warn
	case own:
		return "turn.relay_untested", Info
	case stage.Failure.Code == 403:
		return "turn.peer_forbidden", Warn
	}
	return "turn.relay_silent", n.severity(&row.Server)
}

// relayElsewhere reports whether the peer saw another address of the relay than the server gives out.
func relayElsewhere(s *diag.Server) (seen string, elsewhere bool) {
	address, _ := s.Peer()
	at, err := netip.ParseAddrPort(s.Seen())
	relay, err2 := netip.ParseAddrPort(s.Relayed())
	peer, err3 := netip.ParseAddrPort(address)
	return s.Seen(), err == nil && err2 == nil && err3 == nil && at.Addr() != relay.Addr() && !nat.Private(at.Addr()) &&
		!nat.Private(peer.Addr())
}
