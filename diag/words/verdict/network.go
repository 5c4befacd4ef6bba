package verdict

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"dialtone/diag"
	"dialtone/diag/judge"
	"dialtone/diag/judge/network"
	"dialtone/diag/nat"
	"dialtone/diag/nat/pair"
	"dialtone/diag/words"
	"dialtone/diag/words/failure"
)

// OfNetwork writes the verdict of a diagnosis.
func OfNetwork(n network.Verdict) Said {
	t := Said{Headline: networkHeadline(n), Why: networkWhy(n), Next: networkNext(n)}
	t.Headline = diag.Clean(t.Headline, 600)
	if t.Why == nil {
		t.Why = []string{}
	}
	if t.Next == nil {
		t.Next = []string{}
	}
	return t
}

// directPeers names the peers with which direct calls work, by [pair.Reach].
var directPeers = map[string]string{
	"DDDDDDDDD": "peers behind any NAT that lets UDP pass",
	"DDDRRRRRR": "peers behind NATs with endpoint-independent mapping, as most are",
	"DDRDDRDDR": "peers behind NATs that do not filter by port",
	"DDRDDRRRR": "peers behind NATs that neither filter nor map by port",
	"DDRDRRDRR": "peers behind NATs that do not filter, or that filter by address with endpoint-independent mapping",
	"DDRDRRRRR": "peers behind NATs that do not filter and do not map by port, or that filter by address with " +
		"endpoint-independent mapping",
	"DDRRRRRRR": "peers behind NATs with endpoint-independent mapping that do not filter by port",
}

// direct names the peers that a side surely reaches, and says what becomes of the others.
func direct(s nat.Side) (peers, rest string) {
	reach := pair.ReachOf(s)
	switch {
	case reach.Sure != reach.Maybe:
		rest = ", and perhaps with others"
	case reach.Sure != pair.Everyone:
		rest = "; others need a relay"
	}
	return directPeers[reach.Sure], rest
}

// networkHeadline is the verdict in one or two sentences.
func networkHeadline(n network.Verdict) string {
	peers, rest := direct(n.Side)
	switch n.Outcome {
	case network.Asking:
		return "The servers are being asked."
	case network.MappingAsking:
		return "The mapping of your NAT is being tested."
	case network.Direct:
		if n.Behaviors.NAT.Value == nat.None && diag.PrivateAddress(n.Side.Public) {
			if portsUnknown(n) {
				return "There is no NAT: the servers are in the same private network. Direct calls within it will work if UDP " +
					"leaves for any port."
			}
			return "There is no NAT: the servers are in the same private network. Direct calls within it will work."
		}
		if n.Side.NoIPv4 && n.Main() == nat.FamilyNAT64 && n.Side.Filtering != nat.EndpointIndependent {
			return mappingSentence(n) + " Direct calls will work with peers that have IPv6; others need a relay."
		}
		if portsUnknown(n) {
			return mappingSentence(n) + " If UDP leaves for any port, direct calls will work with " + peers + rest + "."
		}
		return mappingSentence(n) + " Direct calls will work with " + peers + rest + "."
	case network.Dependent:
		return natName(n) + " uses a new public port per destination (\"symmetric NAT\"). Direct calls will work only with " +
			peers + rest + "." + relaySentence(n)
	case network.UDPBlocked:
		return "UDP appears blocked; TCP works. Direct calls are unlikely to work." + relaySentence(n)
	case network.UDPUnknown:
		return "It is unknown whether direct calls will work: " + words.LastEvidence(n.Behaviors.UDP) + "."
	case network.PortsFiltered:
		return "UDP to ports other than " + words.OpenPorts(n.Behaviors.UDPPorts) + " gets no answer. " + portsCalls(n) +
			relaySentence(n)
	case network.PortsUnknown:
		return "It is unknown whether direct calls will work: " + words.LastEvidence(n.Behaviors.UDPPorts) + "."
	case network.OnlyProxy:
		return "Servers are reached only through the proxy: no answer comes over UDP, nor over TCP without it. Direct " +
			"calls are unlikely to work." + relaySentence(n)
	case network.Unusable:
		what, _ := failure.Of(n.Unusable)
		return "No STUN server could be used: " + n.Unusable.URL + " failed: " + what + "."
	case network.NoSTUN:
		return "The network works, but no STUN server could be used over UDP: nothing is known about direct calls."
	case network.Servers:
		return serversHeadline(n)
	case network.NoAnswer:
		return "No server answered on any transport: this machine has no connectivity, a firewall drops the packets, or no " +
			"server is running."
	case network.Cancelled:
		return "The diagnosis was cancelled."
	case network.Failed:
		return "The diagnosis failed: " + n.Reason + "."
	case network.Mapping, network.Contradictory:
		if n.Behaviors.NAT.Value == nat.None {
			return "This machine reports its own address, so there may be no NAT; the mapping is unknown: " +
				words.LastEvidence(n.Behaviors.Mapping) + "."
		}
		if n.Behaviors.NAT.Value == nat.Unknown {
			return "What the network does to ports is unknown: " + words.LastEvidence(n.Behaviors.Mapping) + "."
		}
		return "The mapping of your NAT is unknown: " + words.LastEvidence(n.Behaviors.Mapping) + "."
	}
	return diag.Clean(string(n.Outcome), 60)
}

// portsUnknown reports whether servers were asked only at ports that a firewall may open alone, where peers use others.
func portsUnknown(n network.Verdict) bool {
	return n.Behaviors.UDPPorts.Value == nat.Unknown && !n.Pending
}

// portsCalls says what a filter of ports means for direct calls: nothing for a family that it does not concern.
func portsCalls(n network.Verdict) string {
	if n.Side.IPv6 {
		return "Direct calls are likely to work only with peers that have IPv6."
	}
	return "Direct calls are unlikely to work."
}

// mappingSentence is the sentence for a mapping that does not depend on the endpoint.
func mappingSentence(n network.Verdict) string {
	if n.Behaviors.NAT.Value == nat.None {
		return "This machine has a public address; no NAT."
	}
	based := "(" + words.Count(n.Counted, "server", "servers") + ", " + words.Count(n.IPs, "IP", "IPs") + ")."
	if n.Main() == nat.FamilyNAT64 {
		return "IPv4 is reached through NAT64, which uses one public port for all destinations " + based
	}
	return "Your NAT uses one public port for all destinations " + based
}

// natName is what the NAT of the main family is called.
func natName(n network.Verdict) string {
	if n.Main() == nat.FamilyNAT64 {
		return "NAT64, through which IPv4 is reached,"
	}
	return "Your NAT"
}

// familySentences say what the other families do.
func familySentences(n network.Verdict) []string {
	var out []string
	for _, f := range n.Others() {
		label := words.FamilyLabel(f.Family)
		switch {
		case f.NAT.Value == nat.None:
			out = append(out, label+" works too, without a NAT.")
		case f.Mapping.Value == nat.EndpointIndependent:
			out = append(out, label+" works too: its NAT uses one public port for all destinations.")
		case f.Mapping.Value == nat.AddressDependent, f.Mapping.Value == nat.AddressAndPortDependent:
			out = append(out, label+" works too: its NAT uses a new public port per destination.")
		default:
			out = append(out, label+" works too; what its NAT does is unknown: "+words.LastEvidence(f.Mapping)+".")
		}
	}
	return out
}

// serversHeadline is the verdict when nothing was asked about the network: whether the servers do what they are for.
func serversHeadline(n network.Verdict) string {
	const nothing = " Nothing was asked about this network."
	answering, failing := 0, 0
	for _, row := range n.Servers {
		switch {
		case row.TURN:
		case row.OK():
			answering++
		default:
			failing++
		}
	}
	var said []string
	if text := relaying[n.Relaying].servers; text != "" {
		said = append(said, filled(n, text))
	}
	switch {
	case answering > 0 && failing == 0:
		said = append(said, words.Count(answering, "STUN server", "STUN servers")+" answered.")
	case answering+failing > 0:
		said = append(said, fmt.Sprintf("%d of %d STUN servers answered.", answering, answering+failing))
	}
	return strings.Join(said, " ") + nothing
}

// networkWhy are the reasons of the verdict.
func networkWhy(n network.Verdict) []string {
	switch n.Outcome {
	case network.Asking, network.Cancelled, network.Failed, network.Servers:
		return nil
	case network.UDPBlocked, network.OnlyProxy, network.Unusable, network.NoSTUN,
		network.NoAnswer:
		return sentences(words.BehaviorEvidence(n.Behaviors.UDP))
	case network.UDPUnknown:
		return udpUnknownWhy(n)
	case network.PortsFiltered, network.PortsUnknown:
		list := words.BehaviorEvidence(n.Behaviors.UDPPorts)
		return sentences(list[:max(len(list)-1, 0)])
	default:
	}
	why := append([]string{filteringSentence(n.Behaviors.Filtering)}, familySentences(n)...)
	if portsUnknown(n) && (n.Outcome == network.Direct || n.Outcome == network.Mapping) {
		why = append(why, "Whether UDP leaves for any port is unknown: "+words.LastEvidence(n.Behaviors.UDPPorts)+".")
	}
	peers, rest := direct(n.Side)
	switch n.Outcome {
	case network.Dependent:
		why = append(why, dependsSentence(n.Behaviors.Mapping.Value))
	case network.Mapping, network.Contradictory:
		condition := ""
		if portsUnknown(n) {
			condition = "if UDP leaves for any port, "
		}
		why = append(why, "Whatever the mapping is, "+condition+"direct calls will work with "+peers+".")
	case network.Direct:
		if rest == "" || n.Pending || n.Behaviors.NAT.Value == nat.None && diag.PrivateAddress(n.Side.Public) {
			break
		}
		if text := relaying[n.Relaying].others; text != "" {
			why = append(why, filled(n, text))
		}
	default:
	}
	return why
}

// filteringSentence is the sentence about filtering.
func filteringSentence(b nat.Behavior) string {
	switch b.Value {
	case nat.EndpointIndependent:
		return "Filtering is endpoint-independent: any host may send to a mapped address."
	case nat.AddressDependent:
		return "Filtering is address-dependent: only hosts that this machine has sent to may send to it."
	case nat.AddressAndPortDependent:
		return "Filtering is address- and port-dependent: only ports that this machine has sent to may send to it."
	default:
		return "Filtering is unknown: " + words.LastEvidence(b) + "."
	}
}

// udpUnknownWhy are the reasons why nothing is known of UDP, and what calls have if it is blocked.
func udpUnknownWhy(n network.Verdict) []string {
	list := words.BehaviorEvidence(n.Behaviors.UDP)
	why := sentences(list[:max(len(list)-1, 0)]) // the headline has the last
	if n.Relaying == network.RelayingWorks {
		why = append(why, filled(n, relaying[n.Relaying].others))
	}
	return why
}

// dependsSentence says what the mapping depends on.
func dependsSentence(mapping nat.Value) string {
	switch mapping {
	case nat.AddressDependent:
		return "Mapping is address-dependent: each address that this machine sends to gets another public port."
	case nat.AddressAndPortDependent:
		return "Mapping is address- and port-dependent: each port of each address that this machine sends to gets another " +
			"public port."
	default:
		return "Different addresses get different public ports; whether two ports of one address do was not reported, so " +
			"the worse is assumed."
	}
}

// networkNext are the steps to take, the best first.
func networkNext(n network.Verdict) []string {
	switch n.Outcome {
	case network.UDPBlocked, network.PortsFiltered:
		return relayNext(n, words.OpenUDP(false))
	case network.UDPUnknown:
		return []string{"Ask a STUN server on another host too: if UDP gets no answer from it either, a firewall here is " +
			"likely to block UDP."}
	case network.PortsUnknown:
		if n.Relaying == network.RelayingWorks { // packets to its relay did not arrive either
			return []string{"Ask STUN and TURN servers on other hosts too: if one of their other ports answers, no firewall " +
				"here is the cause."}
		}
		return []string{"Ask a TURN server too: packets to its relay show which it is."}
	case network.OnlyProxy:
		return relayNext(n, "Configure a TURN server over TLS, which the proxy leads to: turns:HOST:443?transport=tcp.")
	case network.Dependent:
		return relayNext(n, "Configure a TURN server: dialtone nat turn:HOST --ice-user NAME.")
	case network.Unusable:
		if advice := adviceOf(n, func(s *diag.Server) bool { return s.URL == n.Unusable.URL }); advice != nil {
			return advice
		}
		return []string{words.ServerAdvice(n.Unusable)}
	case network.NoSTUN:
		return append(adviceOf(n, func(s *diag.Server) bool { return !s.TURN }), "Ask another STUN server.")
	case network.Servers:
		return append(adviceOf(n, func(*diag.Server) bool { return true }), "Name STUN servers on two addresses to test "+
			"this network too, such as dialtone nat --public.")
	case network.NoAnswer:
		out := []string{"Check this machine's network, then ask a server that is known to run."}
		if !slices.ContainsFunc(n.Findings, throughProxy) {
			out = append(out, "If only a proxy leads out of this network, name it with --proxy.")
		}
		return out
	case network.Mapping:
		return []string{"Ask STUN servers on two addresses or more, if possible one that supports RFC 5780."}
	case network.Contradictory:
		if n.Behaviors.Pooling.Value != nat.PoolingArbitrary {
			return nil // the finding says what to do
		}
		return relayNext(n, "Configure a TURN server, which works with any NAT; then look for several uplinks or a VPN.")
	case network.Cancelled:
		return []string{"Run it again and wait for the verdict: it takes a few seconds at most."}
	case network.Failed:
		return []string{"Check this machine's network."}
	case network.Asking, network.MappingAsking, network.Direct:
	}
	return nil
}

// throughProxy reports whether a server was asked through a proxy.
func throughProxy(f judge.Finding) bool {
	e, ok := f.Evidence.(network.ServerFailure)
	return ok && e.Server.Proxy != ""
}

// adviceOf is the advice of the first finding about a server of that kind that failed or is of no use; nil when
// there is none.
func adviceOf(n network.Verdict, kind func(*diag.Server) bool) []string {
	for _, f := range n.Findings {
		subject := diag.Server{URL: f.Subject, TURN: strings.HasPrefix(f.Subject, "turn")}
		fits := false
		switch e := f.Evidence.(type) {
		case network.ServerFailure:
			fits = kind(&e.Server) || slices.ContainsFunc(e.Same, func(s diag.Server) bool { return kind(&s) })
		case network.RelayUse, network.OwnAddress:
			fits = kind(&subject)
		case network.ServerAddress:
			fits = e.Relayed != "" && kind(&subject)
		}
		if fits && f.Severity != judge.Info {
			return []string{words.Of(f).Advice}
		}
	}
	return nil
}

var networkExits = map[diag.Exit]string{
	diag.ExitPass:           "direct calls should work",
	diag.ExitRelay:          "a relay is needed, and one works",
	diag.ExitNoRelay:        "a relay is needed, and none works",
	diag.ExitInconclusive:   "too little is known",
	diag.ExitNoConnectivity: "no server answers",
}

// NetworkExit says in a few words what the exit code of a diagnosis means.
func NetworkExit(e diag.Exit) string { return cmp.Or(networkExits[e], e.String()) }
