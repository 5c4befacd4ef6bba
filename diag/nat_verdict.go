package diag

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// side is the report as the other side of a pair needs it.
func (r *natCase) side() NATSide {
	b := &r.Behavior
	return NATSide{
		Mapping: b.Mapping.Value, Filtering: b.Filtering.Value, Dependent: r.dependent && b.Mapping.Value == BehaviorUnknown,
		UDP: b.UDP.Value == BehaviorPresent, TURN: r.relay() != "", IPv6: b.IPv6.Value == BehaviorPresent,
		Hairpin: b.Hairpin.Value == BehaviorPresent, Public: r.public, LAN: r.lan,
	}
}

// carries tells whether bytes come through a relay: proven where they came back, and not disproven where the STUN
// server that was asked through it may be at fault, because nobody else has heard from it, because it is the TURN
// server itself, or because the TURN server forbids to send there.
func (r *natCase) carries(t *NATRelay) (works, proven bool) {
	switch {
	case !t.OK || relayPrivate(t.ServerResult):
		return false, false
	case t.Stopped == "", t.Stopped == "refresh":
		return true, t.ChannelMs != nil
	case t.Stopped == "bind": // Send indications go on to work
		return true, true
	case t.StoppedCode != 0:
		return t.StoppedCode == forbidden, false
	}
	return t.SendMs == nil && (t.OwnPeer || !r.answers(t.Peer)), false
}

// forbidden is the error code of a TURN server that does not send to an address (RFC 8656 §19).
const forbidden = 403

// answers reports whether a STUN server is known to answer: to this machine, or through any relay.
func (r *natCase) answers(address string) bool {
	return slices.ContainsFunc(r.Servers, func(s NATServer) bool { return s.OK && s.Address == address }) ||
		slices.ContainsFunc(r.TURN, func(t NATRelay) bool { return t.Peer == address && t.SendMs != nil })
}

// relay describes the TURN servers that work, "" where none does: those that carried bytes first.
func (r *natCase) relay() string {
	var works, maybe []string
	order := []string{"udp", "dtls", "tcp", "tls"}
	sorted := slices.SortedStableFunc(slices.Values(r.TURN), func(a, b NATRelay) int {
		return slices.Index(order, a.Transport) - slices.Index(order, b.Transport)
	})
	for i := range sorted {
		t := &sorted[i]
		words := strings.ToUpper(t.Transport)
		if t.RTTMs != nil {
			words += " " + brief(t.RTTMs.Duration())
		}
		switch ok, proven := r.carries(t); {
		case ok && proven:
			works = append(works, words)
		case ok:
			maybe = append(maybe, words)
		}
	}
	if len(works) > 0 {
		return strings.Join(works, ", ")
	}
	return strings.Join(maybe, ", ")
}

// brief is a round trip as a headline has it: "24 ms", below ten with one decimal.
func brief(d time.Duration) string {
	ms := d.Seconds() * 1e3
	if ms < 10 {
		return fmt.Sprintf("%.1f ms", ms)
	}
	return fmt.Sprintf("%.0f ms", ms)
}

// conclude writes the verdict.
func (r *natCase) conclude(peer *NATSide) {
	side := r.side()
	r.judgeAlone()
	r.Verdict.Result = side.String()
	if peer != nil {
		p := PredictPair(side, *peer)
		r.Verdict.Peer = &p
		r.Exit = map[NATPath]Exit{PathDirect: ExitPass, PathRelay: ExitRelay, PathNone: ExitNoRelay,
			PathUnknown: ExitInconclusive}[p.Path]
	}
	if r.Verdict.Why == nil {
		r.Verdict.Why = []string{}
	}
	if r.Verdict.Next == nil {
		r.Verdict.Next = []string{}
	}
}

// judgeAlone says what this network means for calls with an unknown other side.
func (r *natCase) judgeAlone() {
	b, v := &r.Behavior, &r.Verdict
	v.Why = append(v.Why, r.filteringWords())
	side := r.side()
	whom := side.whom()
	switch {
	case b.UDP.Value == BehaviorNone:
		r.relayNeeded("UDP gets no answer, while TCP does. A firewall is likely, and no direct call will work.", r.mendUDP())
		v.Why = b.UDP.Evidence
	case b.UDP.Value == BehaviorUnknown:
		r.nothingHeard()
	case b.Mapping.Value == EndpointIndependent:
		r.Exit = ExitPass
		v.Headline = r.keeps() + " Direct calls will work with " + whom.direct + whom.rest + "."
		if b.NAT.Value == BehaviorNone && Private(r.public) {
			v.Headline = r.keeps() + " Direct calls within this network will work."
			whom.rest = ""
		}
		r.judgeRest(whom)
	case r.dependent:
		r.judgeDependent(whom)
	default:
		r.Exit = ExitInconclusive
		v.Headline = "What your NAT does to other destinations is not known: " + lastOf(b.Mapping.Evidence) + "."
		if r.observed.Pending {
			v.Headline = "The servers are being asked what your NAT does."
			return
		}
		if b.NAT.Value == BehaviorNone {
			v.Headline = "This machine's own address is seen, so there may be no NAT; how others see it is not known: " +
				lastOf(b.Mapping.Evidence) + "."
		}
		v.Why = append(v.Why, "Whatever it does, direct calls will work with "+whom.direct+".")
		v.Next = append(v.Next, "ask STUN servers on two addresses or more, best one with the usage of RFC 5780")
		if b.Mapping.Confidence == Contradictory {
			v.Next = []string{"configure a TURN server, which works whatever the NAT does; then look for several uplinks or a VPN"}
		}
	}
}

// judgeRest says what becomes of the calls that need a relay, where others do not and a TURN server was asked.
func (r *natCase) judgeRest(whom natWhom) {
	v := &r.Verdict
	switch works := r.relay(); {
	case whom.rest == "" || len(r.TURN) == 0 || r.observed.Pending:
	case works == "":
		v.Why = append(v.Why, "Your TURN server does not work, so calls that need a relay will fail.")
	default:
		v.Why = append(v.Why, "Your TURN server works, for the calls that need a relay ("+works+").")
	}
}

// keeps is the sentence for a mapping that does not depend on the endpoint.
func (r *natCase) keeps() string {
	switch {
	case r.Behavior.NAT.Value == BehaviorNone && Private(r.public):
		return "There is no NAT between this machine and the servers, which are in a private network with it."
	case r.Behavior.NAT.Value == BehaviorNone:
		return "This machine has a public address of its own, without a NAT."
	}
	return "Your NAT keeps one public port for all destinations (" + r.count() + ")."
}

// judgeDependent concludes where the NAT uses another port for each destination.
func (r *natCase) judgeDependent(whom natWhom) {
	v := &r.Verdict
	v.Why = append(v.Why, r.dependsOn())
	r.relayNeeded("Your NAT uses a new public port per destination. Direct calls will work only with "+whom.direct+whom.rest+".",
		"configure a TURN server: dialtone nat turn:HOST --ice-user NAME")
}

// dependsOn says on what the mapping depends.
func (r *natCase) dependsOn() string {
	switch r.Behavior.Mapping.Value {
	case AddressDependent:
		return "Each address that this machine sends to gets a public port of its own."
	case AddressAndPortDependent:
		return "Each port of each address that this machine sends to gets a public port of its own."
	}
	return "Different addresses get different public ports; whether two ports of one address do was not told, so the worse is assumed."
}

// relayNeeded concludes where not every direct call works.
func (r *natCase) relayNeeded(headline, next string) {
	v := &r.Verdict
	v.Headline = headline
	if works := r.relay(); works != "" {
		r.Exit = ExitRelay
		v.Headline += " You need TURN; yours works (" + works + ")."
		if !slices.ContainsFunc(r.TURN, func(t NATRelay) bool { _, proven := r.carries(&t); return proven }) {
			v.Headline = headline + " You need TURN; yours gives a relay (" + works +
				"), and whether it carries bytes is not proven."
			v.Next = append(v.Next, "name a STUN server that answers beside the TURN server: it is asked through the relay")
		}
		return
	}
	r.Exit = ExitNoRelay
	switch {
	case r.observed.Pending:
		r.Exit = ExitInconclusive
		v.Headline += " You need TURN."
		return
	case len(r.TURN) == 0:
		v.Headline += " You need a TURN server, and none was given."
	case slices.ContainsFunc(r.TURN, func(t NATRelay) bool { return t.OK && t.Stopped != "" }):
		v.Headline += " You need TURN, and yours does not work: no bytes came back through its relay."
		next = "check the firewall of the TURN server: its relay ports must be open for UDP (coturn: min-port, max-port)"
	default:
		v.Headline += " You need TURN, and yours does not work."
		next = "mend what the findings name of the TURN server, or configure another one"
	}
	v.Next = append(v.Next, next)
}

// nothingHeard concludes where no answer came over UDP and nothing proves why.
func (r *natCase) nothingHeard() {
	v := &r.Verdict
	v.Why = r.Behavior.UDP.Evidence
	if r.observed.Pending {
		r.Exit = ExitInconclusive
		v.Headline, v.Why = "The servers are being asked.", nil
		return
	}
	for _, s := range r.Servers {
		if s.Cause == "refused" || s.Cause == "protocol" || s.Cause == "stun-error" || s.Cause == "config" {
			r.Exit = ExitInconclusive
			v.Headline = "No server could be used: " + s.URL + ": " + s.ErrorText + "."
			v.Next = append(v.Next, r.adviceFor(s))
			return
		}
	}
	if reached(r.others) || reached(results(r.TURN)) {
		r.Exit = ExitInconclusive
		v.Headline = "No STUN server could be used over UDP, although the network is there: nothing is known of direct calls."
		v.Next = append(v.Next, "mend what the findings name of the servers, or ask others")
		return
	}
	r.Exit = ExitNoConnectivity
	v.Headline = "Nothing answers, over no transport: this machine has no connectivity, or none of the servers is there."
	v.Next = append(v.Next, "check this machine's network, then ask a server that is known to run")
}

// adviceFor is the next step for a server that gave nothing, in the words of its finding, which may name another URL of
// it.
func (r *natCase) adviceFor(s NATServer) string {
	for _, f := range r.Findings {
		if strings.HasSuffix(f.Advice, ": "+s.Advice) {
			return f.Advice
		}
	}
	return About(s.URL, s.Advice)
}

// reached reports whether something answered, if only with a refusal.
func reached(list []ServerResult) bool {
	for _, s := range list {
		switch s.Cause {
		case "dns", "timeout", "unreachable", "config", "cancelled":
		default:
			return true
		}
	}
	return false
}

// filteringWords is the sentence about filtering.
func (r *natCase) filteringWords() string {
	f := r.Behavior.Filtering
	switch f.Value {
	case EndpointIndependent:
		return "What comes from anywhere is let in, once a socket has sent something."
	case AddressDependent:
		return "Only hosts that this machine has sent to are let in."
	case AddressAndPortDependent:
		return "Only ports that this machine has sent to are let in."
	}
	return "Filtering is unknown: " + lastOf(f.Evidence) + "."
}

// count says how much the mapping is based on: "2 servers, 3 IPs".
func (r *natCase) count() string {
	servers := 0
	for _, s := range r.Servers {
		if s.OK {
			servers++
		}
	}
	return Plural(servers, "server", "servers") + ", " + Plural(r.ips, "IP", "IPs")
}

func lastOf(list []string) string {
	if len(list) == 0 {
		return "nothing was seen"
	}
	return list[len(list)-1]
}
