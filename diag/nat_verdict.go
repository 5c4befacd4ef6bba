package diag

import (
	"fmt"
	"strings"
)

// side is the report as the other side of a pair needs it.
func (r *natCase) side() NATSide {
	b := &r.Behavior
	return NATSide{
		Mapping: b.Mapping.Value, Filtering: b.Filtering.Value, Dependent: r.dependent && b.Mapping.Value == BehaviorUnknown,
		UDP: b.UDP.Value == BehaviorPresent, TURN: r.relay() != "", IPv6: b.IPv6.Value == BehaviorPresent, Public: r.public, LAN: r.lan,
	}
}

// relay describes the TURN servers that work, "" where none does.
func (r *natCase) relay() string {
	var works []string
	for _, t := range r.TURN {
		if t.OK && !relayPrivate(t.ServerResult) {
			words := strings.ToUpper(t.Transport)
			if t.RTTMs != nil {
				words += fmt.Sprintf(" %d ms", t.RTTMs.Duration().Milliseconds())
			}
			works = append(works, words)
		}
	}
	return strings.Join(works, ", ")
}

// conclude writes the verdict.
func (r *natCase) conclude(peer *NATSide) {
	side := r.side()
	r.judgeAlone()
	r.Verdict.Result = side.String()
	if peer != nil {
		p := PredictPair(side, *peer)
		r.Verdict.Peer = &p
		r.Exit = map[NATPath]Exit{PathDirect: ExitPass, PathRelay: ExitRelay, PathNone: ExitNoRelay, PathUnknown: ExitInconclusive}[p.Path]
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
	switch {
	case b.UDP.Value == BehaviorNone:
		r.relayNeeded("UDP gets no answer: "+b.UDP.Evidence[0]+". A firewall is likely.",
			"add a TURN server over TLS, such as turns:HOST:443?transport=tcp")
		v.Why = b.UDP.Evidence
	case b.UDP.Value == BehaviorUnknown:
		r.nothingHeard()
	case b.NAT.Value == BehaviorNone && b.Mapping.Value != BehaviorUnknown && !r.dependent:
		r.Exit = ExitPass
		v.Headline = "This machine has a public address of its own, without a NAT. Direct calls should work."
		if private(r.public) {
			v.Headline = "There is no NAT between this machine and the servers. Direct calls within this network should work."
		}
	case b.Mapping.Value == EndpointIndependent:
		r.Exit = ExitPass
		v.Headline = "Your NAT keeps one public port for all destinations (" + r.count() + "). Direct calls should work"
		switch b.Filtering.Value {
		case EndpointIndependent, AddressDependent:
			v.Headline += "."
		default:
			v.Headline += ", except to peers whose NAT does not."
		}
	case r.dependent:
		whom := "Direct only to open or address-restricted peers."
		if b.Filtering.Value == EndpointIndependent {
			whom = "Direct only to peers whose own NAT is not the strictest."
		}
		r.relayNeeded("Your NAT uses a new port per destination. "+whom, "configure a TURN server: dialtone nat turn:HOST --ice-user NAME")
	default:
		r.Exit = ExitInconclusive
		v.Headline = "What your NAT does is not known: " + lastOf(b.Mapping.Evidence) + "."
		v.Next = append(v.Next, "ask further STUN servers on other addresses, best one with the usage of RFC 5780")
	}
}

// relayNeeded concludes where direct calls are unlikely.
func (r *natCase) relayNeeded(headline, next string) {
	if works := r.relay(); works != "" {
		r.Exit = ExitRelay
		r.Verdict.Headline = headline + " You need TURN; yours works (" + works + ")."
		return
	}
	r.Exit = ExitNoRelay
	if len(r.TURN) == 0 {
		r.Verdict.Headline = headline + " You need a TURN server, and none was given."
	} else {
		r.Verdict.Headline = headline + " You need TURN, and yours does not work."
	}
	r.Verdict.Next = append(r.Verdict.Next, next)
}

// nothingHeard concludes where no answer came over UDP and nothing proves why.
func (r *natCase) nothingHeard() {
	v := &r.Verdict
	v.Why = r.Behavior.UDP.Evidence
	for _, s := range r.Servers {
		if s.Cause == "refused" || s.Cause == "protocol" || s.Cause == "stun-error" || s.Cause == "config" {
			r.Exit = ExitInconclusive
			v.Headline = "No server could be used: " + s.URL + ": " + s.ErrorText + "."
			v.Next = append(v.Next, s.URL+": "+s.Advice)
			return
		}
	}
	if reached(r.others) || reached(results(r.TURN)) {
		r.Exit = ExitInconclusive
		v.Headline = "No server could be used, although the network is there."
		v.Next = append(v.Next, "check the servers, or ask others")
		return
	}
	r.Exit = ExitNoConnectivity
	v.Headline = "Nothing answers, over no transport: this machine has no connectivity, or none of the servers is there."
	v.Next = append(v.Next, "check this machine's network, then ask a server that is known to run")
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
	return plural(servers, "server", "servers") + ", " + plural(r.ips, "IP", "IPs")
}

func lastOf(list []string) string {
	if len(list) == 0 {
		return "nothing was seen"
	}
	return list[len(list)-1]
}
