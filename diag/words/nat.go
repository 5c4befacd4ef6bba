package words

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"dialtone/diag"
	"dialtone/diag/judge"
	"dialtone/diag/nat"
	"dialtone/diag/words/failure"
)

// behaviorTerms are what behaviors are called, and what they mean (RFC 4787, RFC 5780).
var behaviorTerms = map[nat.Name]struct{ label, meaning string }{
	nat.NameUDP: {"UDP", "Calls go over UDP. If it is blocked, media needs a TURN server over TCP or TLS."},
	nat.NameNAT: {"NAT", "Whether the addresses of this machine are translated on the path."},
	nat.NameMapping: {"mapping", "Which public port a socket gets. Endpoint-independent: the same one for all " +
		"destinations, so that peers can use the mapped address that a STUN server reports. Dependent (\"symmetric " +
		"NAT\"): " +
		"another one for each address, or for each address and port; peers cannot know it."},
	nat.NameFiltering: {"filtering", "Which hosts may send to the mapped address. Endpoint-independent: any. " +
		"Address-dependent: hosts that this machine has sent to. Address- and port-dependent: only the ports that it has " +
		"sent to."},
	nat.NamePortPreservation: {"port preservation", "Whether the public port has the number of the local one. It " +
		"makes " +
		"guessing easier and decides nothing."},
	nat.NamePooling: {"IP pooling", "Whether all sockets of this machine get the same public address (paired), as RFC " +
		"4787 " +
		"requires, or one of several (arbitrary)."},
	nat.NameTCPMapping: {"TCP mapping", "As mapping, for TCP connections."},
	nat.NameUplinks: {"uplinks", "Whether the traffic of this machine leaves by one interface, or by several, such " +
		"as a VPN beside the router."},
	nat.NameALG: {"ALG", "Whether an application layer gateway rewrites addresses in messages, which breaks " +
		"more than it fixes."},
	nat.NameCGNAT: {"CGNAT", "Whether the carrier has a NAT behind the router: ports in it cannot be opened."},
	nat.NameCLAT:  {"464XLAT", "Whether this machine uses IPv4 over an IPv6 network."},
	nat.NameIPv6:  {"IPv6", "Whether IPv6 works. If both peers have it, mostly no NAT is between them."},
	nat.NameLifetime: {"lifetime", "How long the NAT keeps the mapping of a silent socket. Calls refresh it every " +
		"few seconds."},
	nat.NameFragments: {"fragments", "Whether packets larger than the MTU of the path arrive in fragments."},
	nat.NameHairpin:   {"hairpinning", "Whether two hosts behind the NAT reach each other by its public address."},
}

// BehaviorLabel is what a behavior is called.
func BehaviorLabel(name nat.Name) string {
	return cmp.Or(behaviorTerms[name].label, diag.Clean(string(name), 40))
}

var confidenceMeanings = map[nat.Confidence]string{
	nat.Proven: "Proven: with another value, these observations would happen by chance in fewer than one of " +
		"10,000 runs.",
	nat.Likely:        "Likely: it fits all observations, and another value is not excluded.",
	nat.NotKnown:      "Unknown: no observation decides it.",
	nat.Contradictory: "Contradictory: the observations contradict each other.",
}

// BehaviorMeaning explains a behavior and how far it is known.
func BehaviorMeaning(row nat.Row) string {
	return Join(" ", behaviorTerms[row.Name].meaning, confidenceMeanings[row.Confidence])
}

// BehaviorValue is the value of a behavior.
func BehaviorValue(b nat.Behavior) string {
	from, to := 0, 0
	if b.FromS != nil {
		from = *b.FromS
	}
	if b.ToS != nil {
		to = *b.ToS
	}
	switch b.Value {
	case nat.LifetimeBetween:
		return fmt.Sprintf("between %d s and %d s", from, to)
	case nat.LifetimeAtLeast:
		return fmt.Sprintf("at least %d s", from)
	case nat.LifetimeLess:
		return fmt.Sprintf("less than %d s", to)
	default:
		return diag.Clean(string(b.Value), 60)
	}
}

// BehaviorEvidence is how a behavior is known, a line each.
func BehaviorEvidence(b nat.Behavior) []string {
	var out []string
	for _, e := range b.Evidence {
		out = append(out, diag.Clean(evidence(e), 400))
	}
	return out
}

// lastOf is the last line of evidence: what follows from the others, or what is missing.
func lastOf(b nat.Behavior) string {
	if list := BehaviorEvidence(b); len(list) > 0 {
		return list[len(list)-1]
	}
	return "nothing was observed"
}

// plainEvidence are the kinds of evidence that need nothing beside.
var plainEvidence = map[nat.Kind]string{
	nat.KindAsking: "in progress", nat.KindNoMapped: "no server reported a mapped address",
	nat.KindLoss:         "too many packets are lost to distinguish loss from filtering",
	nat.KindFewAddresses: "fewer than two server addresses were compared",

	nat.KindUDPNone:      "no server was named that is asked over UDP",
	nat.KindNeedsBinding: "only answers to Binding requests show the mapping, and no server gave one",
	nat.KindUDPUnasked:   "no server could be asked over UDP", nat.KindNoLocal: "the local address of the sockets " +
		"is not " +
		"known",
	nat.KindALGUnknown:  "no answer had both forms of the address",
	nat.KindCarrierNot:  "no sign of a carrier-grade NAT, which proves nothing",
	nat.KindCLATNot:     "neither the address nor the interface of this machine is a sign of it; a router may do it",
	nat.KindUplinksPool: "a router with several uplinks looks like a NAT with a pool of addresses",
	nat.KindIPv6Unasked: "no server was asked over IPv6",

	nat.KindViewRepeated: "asked again at the end, the first address reported the same",
	nat.KindSame:         "all of them reported the same",
	nat.KindByPort:       "two ports of one server address reported different ports of this machine",
	nat.KindByAddress:    "different server addresses reported different ports, two ports of one address the same",
	nat.KindByEither: "different server addresses reported different ports, so the mapping depends on the endpoint; " +
		"only " +
		"two ports of one address show whether it depends on the port too",
	nat.KindAddressDiffers: "the addresses differ while the port is the same: several uplinks, or a NAT with a " +
		"pool of " +
		"addresses",
	nat.KindOneServer:   "fewer than two server addresses answered: ask a second server",
	nat.KindStreamsFew:  "fewer than two server addresses could be asked over TCP",
	nat.KindStreamsNone: "no server reported a mapped address over TCP",

	nat.KindDisagree:      "some servers' alternates get through and others' do not",
	nat.KindChangeIgnored: "the server ignores CHANGE-REQUEST: it answers from the address that was asked",
	nat.KindChangeNever:   "the server rejects CHANGE-REQUEST",
	nat.KindNoRFC5780:     "only a server that supports RFC 5780 can test it, and none answered",
	nat.KindUnproven: "the server's alternate address never answered, even when it must: the silence proves " +
		"nothing",

	nat.KindLongerLived:  "a mapping outlived a longer pause than one that it did not outlive",
	nat.KindLongerAsking: "longer pauses are in progress",
	nat.KindServerStopped: "after that the server stopped answering even when it must: the silence after longer " +
		"pauses " +
		"proves nothing",
	nat.KindPortReused: "this NAT keeps the port of a socket, so that a new mapping looks like the old one: only a " +
		"server " +
		"with RESPONSE-PORT can test it",
	nat.KindPortUnchanged:  "the port never changed: the mappings live longer, or new ones get the same port",
	nat.KindLifetimeSilent: "no answer came, and too little is known of why",
	nat.KindNoPause:        "no server could be asked after a pause",
	nat.KindNoLong:         "no server was asked with long packets",
	nat.KindNoPadding:      "fragmented requests come through; no server pads its answers, so nothing is known of those",
	nat.KindAskTwo:         "a server's own network may drop fragments: ask two on different addresses",
	nat.KindHairpinNoNAT:   "there is no NAT, so hairpinning is not needed",
	nat.KindHairpinNoPair:  "no server reported the mapped addresses of two sockets",
	nat.KindHairpinPorts: "this NAT may use other ports for them than the servers report, so the silence proves " +
		"nothing",
	nat.KindHairpinStopped: "the servers no longer answered these sockets, so the silence proves nothing",
	nat.KindHairpinStill:   "the servers continued to answer both",
}

// evidenceForms are the other kinds: a, b and c stand for addresses (or the name), 0 and 1 for counts, * for all of
// them.
var evidenceForms = map[nat.Kind]string{
	nat.KindAnswered: "{a} answered", nat.KindView: "{a} reported {b}",
	nat.KindAllocateMapped: "{a} reported the mapped address {b} in its answer to Allocate",
	nat.KindLocalMapped:    "the socket {a} is mapped to {b}",
	nat.KindALGDiffers:     "{a} reported MAPPED-ADDRESS {b} and XOR-MAPPED-ADDRESS {c}",
	nat.KindALGEqual:       "both forms of the address were equal in {0} answers",
	nat.KindUDPSilent:      "{0} of {1} servers did not answer over UDP; {2} answered over TCP or TLS",
	nat.KindPortClosed:     "the port of {a} is closed (ICMP unreachable), which only UDP can have caused",
	nat.KindCarrierShared:  "{a} belongs to 100.64.0.0/10, the range between CGNATs and their customers (RFC 6598)",
	nat.KindCarrierCLAT:    "{a} belongs to 192.0.0.0/29: the carrier translates IPv6 to IPv4 (464XLAT, RFC 6877)",
	nat.KindCLATAddress:    "this machine's address {a} belongs to 192.0.0.0/29 (RFC 7335)",
	nat.KindCLATInterface:  "the interface is named {a}",
	nat.KindUplinks:        "to different servers this machine sends from different addresses: {*a}",
	nat.KindUplinkOne:      "{0} server addresses are reached from {a} and report one address",
	nat.KindIPv6Silent:     "none of {0} requests over IPv6 was answered",
	nat.KindViewChanged:    "{a} reported {b}, and a moment later {c} for the same socket",
	nat.KindPool:           "one socket is mapped to several addresses: {*a}",
	nat.KindPaired:         "{0} server addresses reported one address, {a}",
	nat.KindPortsKept:      "{0} local ports, such as {1}, are mapped unchanged",
	nat.KindPortsPartly:    "{0} of {1} ports are preserved",
	nat.KindPortParity:     "all {0} are even when the local port is even (RFC 4787 §4.2.2)",
	nat.KindChangeRejected: "{a} rejected CHANGE-REQUEST with error {0}",
	nat.KindWake: "{a} was asked to answer to sockets that had been silent for a while (RESPONSE-PORT), after one " +
		"exchange " +
		"of packets each",
	nat.KindAgain: "{a} does not support RESPONSE-PORT, so sockets that had been silent for a while asked it " +
		"again",
	nat.KindLived:          "the port was the same after {*s}",
	nat.KindGone:           "it was gone after {*s}",
	nat.KindOpen:           "it is not known after {*s}",
	nat.KindFragmentsBoth:  "{a}: a fragmented request got a fragmented response",
	nat.KindFragmentsShort: "{a}: a fragmented request got a short response",
	nat.KindFragmentsOut: "{a}: a fragmented request was answered, but {0} requests for a fragmented response " +
		"were not",
	nat.KindFragmentsNone:  "{a}: {0} fragmented requests were not answered",
	nat.KindLargeMTU:       "the interface takes packets of {0} bytes, so nothing is fragmented",
	nat.KindHairpinArrived: "a packet to the mapped address of another socket arrived there, from {a}",
	nat.KindHairpinSilent:  "{0} packets between the mapped addresses of two sockets were sent, none arrived",
}

// evidence is a line of evidence.
func evidence(e nat.Evidence) string {
	if text, ok := plainEvidence[e.Kind]; ok {
		return text
	}
	if form, ok := evidenceForms[e.Kind]; ok {
		return fill(form, e)
	}
	switch e.Kind {
	case nat.KindIPv6Mapped:
		end := "the address is translated (NAT66)"
		if len(e.Addresses) == 2 && sameHost(e.Addresses[0], e.Addresses[1]) {
			end = "no NAT"
		}
		return fill("the socket {a} is mapped to {b}: ", e) + end
	case nat.KindStreamFailed:
		why := "no answer"
		if e.Failure != nil {
			why = e.Failure.String()
		}
		return fill("{a} over TCP: ", e) + why
	case nat.KindFiltering:
		if e.Tally != nil {
			return fill("{a}: ", e) + tally(e.Tally)
		}
	case nat.KindPortsChanged:
		if len(e.Counts) > 2 {
			return fmt.Sprintf("local port %d is mapped to %d; public less local port, by socket: "+
				"%s", e.Counts[0], e.Counts[1],
				signed(e.Counts[2:]))
		}
	case nat.KindPortSteps:
		return "from socket to socket the public port changes by " + signed(e.Counts) + ": " + orders[e.Order]
	case nat.KindPortTargets:
		return "from destination to destination the public port of one socket changes by " + signed(e.Counts) + ": " +
			orders[e.Order]
	default:
	}
	return Join(" ", string(e.Kind), strings.Join(e.Addresses, ", "), e.Name)
}

var orders = map[nat.Order]string{
	nat.OrderSequential: "sequential", nat.OrderNone: "no order", nat.OrderUnknown: "too few to show an order",
}

// fill puts addresses and counts into a form.
func fill(form string, e nat.Evidence) string {
	var pairs []string
	addresses := e.Addresses
	if len(addresses) == 0 && e.Name != "" {
		addresses = []string{e.Name}
	}
	for i, placeholder := range []string{"{a}", "{b}", "{c}"} {
		text := "?"
		if i < len(addresses) {
			text = addresses[i]
		}
		pairs = append(pairs, placeholder, text)
	}
	var seconds []string
	for i, n := range e.Counts {
		pairs = append(pairs, fmt.Sprintf("{%d}", i), fmt.Sprint(n))
		seconds = append(seconds, fmt.Sprintf("%d s", n))
	}
	pairs = append(pairs, "{*a}", strings.Join(addresses, ", "), "{*s}", strings.Join(seconds, ", "))
	return strings.NewReplacer(pairs...).Replace(form)
}

// tally reports what the filtering tests with a server gave.
func tally(t *nat.Tally) string {
	return fmt.Sprintf("other address and port %s, other port %s; %d of %d controls were lost",
		heard(t.Both, t.AskedBoth, t.ProvedBoth), heard(t.Port, t.AskedPort, t.ProvedPort), t.Lost, t.Sent)
}

// heard describes one filtering test.
func heard(answered bool, asked int, proved bool) string {
	switch {
	case answered:
		return "answered"
	case asked == 0:
		return "not asked"
	case proved:
		return fmt.Sprintf("silent %d times (and answered when it must)", asked)
	}
	return fmt.Sprintf("silent %d times (not proven to send)", asked)
}

// signed lists numbers with their signs.
func signed(list []int) string {
	var out []string
	for _, n := range list {
		out = append(out, fmt.Sprintf("%+d", n))
	}
	return strings.Join(out, ", ")
}

// sameHost compares the IP addresses of two address:port.
func sameHost(a, b string) bool {
	cut := func(s string) string { return s[:max(strings.LastIndexByte(s, ':'), 0)] }
	return cut(a) == cut(b)
}

// NetworkText is the verdict of a diagnosis in English.
type NetworkText struct {
	Headline string   `json:"headline"` // which direct calls work, and which need a relay
	Why      []string `json:"why"`      // one sentence each
	Next     []string `json:"next"`     // steps to take
}

// OfNetwork writes the verdict of a diagnosis.
func OfNetwork(n judge.Network) NetworkText {
	t := NetworkText{Headline: networkHeadline(n), Why: networkWhy(n), Next: networkNext(n)}
	t.Headline = diag.Clean(t.Headline, 600)
	if t.Why == nil {
		t.Why = []string{}
	}
	if t.Next == nil {
		t.Next = []string{}
	}
	return t
}

// directPeers names the peers with which direct calls work, by [nat.Reach].
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
	reach := s.Reach()
	switch {
	case reach.Sure != reach.Maybe:
		rest = ", and perhaps with others"
	case reach.Sure != nat.Everyone:
		rest = "; others need a relay"
	}
	return directPeers[reach.Sure], rest
}

// networkHeadline is the verdict in one or two sentences.
func networkHeadline(n judge.Network) string {
	peers, rest := direct(n.Side)
	switch n.Outcome {
	case judge.NetworkAsking:
		return "The servers are being asked."
	case judge.NetworkMappingAsking:
		return "The mapping of your NAT is being tested."
	case judge.NetworkDirect:
		if n.Behaviors.NAT.Value == nat.None && nat.Private(n.Side.Public) {
			return "There is no NAT: the servers are in the same private network. Direct calls within this network will work."
		}
		return mappingSentence(n) + " Direct calls will work with " + peers + rest + "."
	case judge.NetworkDependent:
		return "Your NAT uses a new public port per destination (\"symmetric NAT\"). Direct calls will work only with " +
			peers + rest + "." + relaySentence(n)
	case judge.NetworkUDPBlocked:
		return "UDP appears blocked; TCP works. Direct calls will not work." + relaySentence(n)
	case judge.NetworkOnlyProxy:
		return "Only the proxy leads out: no answer comes over UDP, nor over TCP without the proxy. Direct calls will not " +
			"work." + relaySentence(n)
	case judge.NetworkUnusable:
		what, _ := failure.Of(n.Unusable)
		return "No STUN server could be used: " + n.Unusable.URL + " failed: " + what + "."
	case judge.NetworkNoSTUN:
		return "The network works, but no STUN server could be used over UDP: nothing is known about direct calls."
	case judge.NetworkServers:
		return serversHeadline(n)
	case judge.NetworkNoAnswer:
		return "No server answered on any transport: this machine has no connectivity, or no server is running."
	case judge.NetworkCancelled:
		return "The diagnosis was cancelled."
	case judge.NetworkFailed:
		return "The diagnosis failed: " + n.Reason + "."
	case judge.NetworkMapping, judge.NetworkContradictory:
		if n.Behaviors.NAT.Value == nat.None {
			return "This machine reports its own address, so there may be no NAT; the mapping is unknown: " +
				lastOf(n.Behaviors.Mapping) + "."
		}
		return "The mapping of your NAT is unknown: " + lastOf(n.Behaviors.Mapping) + "."
	}
	return diag.Clean(string(n.Outcome), 60)
}

// mappingSentence is the sentence for a mapping that does not depend on the endpoint.
func mappingSentence(n judge.Network) string {
	if n.Behaviors.NAT.Value == nat.None {
		return "This machine has a public address; no NAT."
	}
	servers := 0
	for _, row := range n.Servers {
		if row.OK() && !row.TURN && row.Transport == "udp" {
			servers++
		}
	}
	return fmt.Sprintf("Your NAT uses one public port for all destinations (%s, %s).",
		Count(servers, "server", "servers"), Count(n.IPs, "IP", "IPs"))
}

// relaySentence continues a headline when not every direct call works.
func relaySentence(n judge.Network) string {
	switch n.Relaying {
	case judge.RelayingWorks:
		return " You need TURN; your TURN server works (" + relayList(n) + ")" + caveat(n) + "."
	case judge.RelayingRedirected:
		return " You need TURN; your TURN server redirects to another, which only some clients follow."
	case judge.RelayingUnreached:
		return " You need TURN, and your TURN server is not reached from inside its own network."
	case judge.RelayingUntested:
		return " You need TURN; your TURN server allocates a relay (" + relayList(n) + "), but that it carries bytes is " +
			"not proven."
	case judge.RelayingNone:
		return " You need a TURN server, and none was given."
	case judge.RelayingSilent:
		return " You need TURN, and your TURN server does not work: no bytes came back through its relay."
	case judge.RelayingFails:
		return " You need TURN, and your TURN server does not work."
	case judge.RelayingAsking:
	}
	return " You need TURN."
}

// caveat says what is wrong with the best relay, which carries bytes; empty: nothing.
func caveat(n judge.Network) string {
	for _, flaw := range n.Relays()[0].Flaws {
		switch flaw {
		case nat.FlawEmptyRealm:
			return ", but not for browsers"
		case nat.FlawNotExtended, nat.FlawShort:
			return ", but does not extend its relays"
		case nat.FlawBind:
			return ", but rejects channels"
		default:
		}
	}
	return ""
}

// serversHeadline is the verdict when nothing was asked about the network: whether the servers do what they are for.
func serversHeadline(n judge.Network) string {
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
	switch n.Relaying {
	case judge.RelayingWorks:
		said = append(said, "Your TURN server works ("+relayList(n)+")"+caveat(n)+".")
	case judge.RelayingUntested:
		said = append(said, "Your TURN server allocates a relay ("+relayList(n)+"), but that it carries bytes is not "+
			"proven.")
	case judge.RelayingRedirected:
		said = append(said, "Your TURN server redirects to another, which only some clients follow.")
	case judge.RelayingSilent, judge.RelayingFails, judge.RelayingUnreached:
		said = append(said, "Your TURN server does not work.")
	case judge.RelayingNone, judge.RelayingAsking:
	}
	switch {
	case answering > 0 && failing == 0:
		said = append(said, Count(answering, "STUN server", "STUN servers")+" answered.")
	case answering+failing > 0:
		said = append(said, fmt.Sprintf("%d of %d STUN servers answered.", answering, answering+failing))
	}
	return strings.Join(said, " ") + nothing
}

// relayList names the transports over which a relay works, with their round trips.
func relayList(n judge.Network) string {
	var out []string
	for _, row := range n.Relays() {
		text := strings.ToUpper(diag.Clean(row.Transport, 20))
		if rtt := row.RTT(); rtt != nil {
			text += " " + millis(*rtt)
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

// networkWhy are the reasons of the verdict.
func networkWhy(n judge.Network) []string {
	switch n.Outcome {
	case judge.NetworkAsking, judge.NetworkCancelled, judge.NetworkFailed, judge.NetworkServers:
		return nil
	case judge.NetworkUDPBlocked, judge.NetworkOnlyProxy, judge.NetworkUnusable, judge.NetworkNoSTUN,
		judge.NetworkNoAnswer:
		return sentences(BehaviorEvidence(n.Behaviors.UDP))
	default:
	}
	why := []string{filteringSentence(n.Behaviors.Filtering)}
	peers, rest := direct(n.Side)
	switch n.Outcome {
	case judge.NetworkDependent:
		why = append(why, dependsSentence(n.Behaviors.Mapping.Value))
	case judge.NetworkMapping, judge.NetworkContradictory:
		why = append(why, "Whatever it is, direct calls will work with "+peers+".")
	case judge.NetworkDirect:
		if rest == "" || n.Pending || n.Behaviors.NAT.Value == nat.None && nat.Private(n.Side.Public) {
			break
		}
		switch n.Relaying {
		case judge.RelayingWorks:
			why = append(why, "Your TURN server works, for the calls that need a relay ("+relayList(n)+")"+caveat(n)+".")
		case judge.RelayingUntested:
			why = append(why, "Your TURN server allocates a relay ("+relayList(n)+"); that it carries bytes is not proven.")
		case judge.RelayingRedirected:
			why = append(why, "Your TURN server redirects to another, which only some clients follow: the others get no "+
				"relay.")
		case judge.RelayingUnreached:
			why = append(why, "Your TURN server is not reached from inside its own network, so calls of this machine get "+
				"no relay.")
		case judge.RelayingSilent, judge.RelayingFails:
			why = append(why, "Your TURN server does not work, so calls that need a relay will fail.")
		case judge.RelayingNone, judge.RelayingAsking:
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
		return "Filtering is unknown: " + lastOf(b) + "."
	}
}

// dependsSentence says what the mapping depends on.
func dependsSentence(mapping nat.Value) string {
	switch mapping {
	case nat.AddressDependent:
		return "Mapping is address-dependent: each address that this machine sends to gets another public port."
	case nat.AddressAndPortDependent:
		return "Mapping is address- and port-dependent: each port of each address that this machine sends to gets " +
			"another " +
			"public port."
	default:
		return "Different addresses get different public ports; whether two ports of one address do was not reported, so " +
			"the worse is assumed."
	}
}

// networkNext are the steps to take, the best first.
func networkNext(n judge.Network) []string {
	switch n.Outcome {
	case judge.NetworkUDPBlocked:
		return relayNext(n, openUDP(false))
	case judge.NetworkOnlyProxy:
		return relayNext(n, "Configure a TURN server over TLS, which the proxy leads to: turns:HOST:443?transport=tcp.")
	case judge.NetworkDependent:
		return relayNext(n, "Configure a TURN server: dialtone nat turn:HOST --ice-user NAME.")
	case judge.NetworkUnusable:
		if advice := adviceOf(n, func(s *diag.Server) bool { return s.URL == n.Unusable.URL }); advice != nil {
			return advice
		}
		return []string{ServerAdvice(n.Unusable)}
	case judge.NetworkNoSTUN:
		return append(adviceOf(n, func(s *diag.Server) bool { return !s.TURN }), "Ask another STUN server.")
	case judge.NetworkServers:
		return append(adviceOf(n, func(*diag.Server) bool { return true }), "Name STUN servers on two addresses to "+
			"test this "+
			"network too, such as dialtone nat --public.")
	case judge.NetworkNoAnswer:
		return []string{"Check this machine's network, then ask a server that is known to run."}
	case judge.NetworkMapping:
		return []string{"Ask STUN servers on two addresses or more, if possible one that supports RFC 5780."}
	case judge.NetworkContradictory:
		return []string{"Configure a TURN server, which works with any NAT; then look for several uplinks or a VPN."}
	case judge.NetworkCancelled:
		return []string{"Run it again and wait for the verdict: it takes a few seconds at most."}
	case judge.NetworkFailed:
		return []string{"Check this machine's network."}
	case judge.NetworkAsking, judge.NetworkMappingAsking, judge.NetworkDirect:
	}
	return nil
}

// openUDP is the next step when UDP is blocked.
func openUDP(relay bool) string {
	if relay {
		return "Allow UDP in the firewall."
	}
	return "Allow UDP in the firewall, or add a TURN server over TLS: turns:HOST:443?transport=tcp."
}

// relayNext are the steps when calls need a relay; get is how to get one.
func relayNext(n judge.Network, get string) []string {
	switch n.Relaying {
	case judge.RelayingUntested:
		return []string{"Name a STUN server that answers beside the TURN server, so that it is asked through the relay."}
	case judge.RelayingNone:
		return []string{get}
	case judge.RelayingSilent:
		return []string{openRelayPorts}
	case judge.RelayingFails:
		return append(adviceOf(n, func(s *diag.Server) bool { return s.TURN }), "Configure another TURN server.")
	case judge.RelayingRedirected, judge.RelayingUnreached:
		return adviceOf(n, func(s *diag.Server) bool { return s.TURN })
	case judge.RelayingWorks, judge.RelayingAsking:
	}
	return nil
}

// adviceOf is the advice of the first finding about a server of that kind that failed or is of no use; nil when
// there is none.
func adviceOf(n judge.Network, kind func(*diag.Server) bool) []string {
	for _, f := range n.Findings {
		subject := diag.Server{URL: f.Subject, TURN: strings.HasPrefix(f.Subject, "turn")}
		fits := false
		switch e := f.Evidence.(type) {
		case judge.ServerFailure:
			fits = kind(&e.Server) || slices.ContainsFunc(e.Same, func(s diag.Server) bool { return kind(&s) })
		case judge.RelayUse, judge.OwnAddress:
			fits = kind(&subject)
		case judge.ServerAddress:
			fits = e.Relayed != "" && kind(&subject)
		}
		if fits && f.Severity != judge.Info {
			return []string{Of(f).Advice}
		}
	}
	return nil
}

// Prediction says in a sentence how two peers will reach each other.
func Prediction(p nat.Prediction) string {
	end := "."
	switch p.Path {
	case nat.PathRelay:
		end = "; a TURN server carries the call."
	case nat.PathNone:
		end = ", and neither peer has a working TURN server."
	case nat.PathDirect, nat.PathUnknown:
	}
	switch p.Why {
	case nat.WhySameNetwork:
		return "Both peers are in one network."
	case nat.WhyIPv6:
		return "Both peers have IPv6."
	case nat.WhyNoUDP:
		if p.Path == nat.PathNone {
			end = " and has no working TURN server."
		}
		return "One peer gets no answer over UDP" + end
	case nat.WhyNoHairpin:
		return "Both peers have one public address, and its NAT shows no hairpinning" + end
	case nat.WhyNATsAgree:
		return "Each NAT lets the packets of the other peer in."
	case nat.WhyNATsDisagree:
		return "The two NATs do not let each other's packets in" + end
	case nat.WhyTooLittle:
		return "Too little is known about the NATs."
	}
	return diag.Clean(string(p.Why), 60)
}

// NetworkExit says in a few words what the exit code of a diagnosis means.
func NetworkExit(e diag.Exit) string {
	switch e {
	case diag.ExitPass:
		return "direct calls should work"
	case diag.ExitRelay:
		return "a relay is needed, and one works"
	case diag.ExitNoRelay:
		return "a relay is needed, and none works"
	case diag.ExitInconclusive:
		return "too little is known"
	case diag.ExitNoConnectivity:
		return "no server answers"
	default:
		return e.String()
	}
}

// Change writes what is different between two diagnoses.
func Change(c judge.Change) string {
	value := func(s string) string { return diag.Clean(cmp.Or(s, "unknown"), 300) }
	state := func(s *diag.Server) string {
		if s.State() == diag.ServerWorks && s.Stopped() == nil {
			return "works"
		}
		if stopped := s.Stopped(); stopped != nil && s.OK() {
			return "failed at " + StageLabel(stopped.Name)
		}
		return ServerHeadline(s)
	}
	var text string
	switch c.What {
	case judge.ChangedExit:
		text = "verdict: " + NetworkExit(c.Exits[0]) + " → " + NetworkExit(c.Exits[1])
	case judge.ChangedAddress:
		text = "public address: " + value(c.Addresses[0]) + " → " + value(c.Addresses[1])
	case judge.ChangedBehavior:
		text = BehaviorLabel(c.Name) + ": " + BehaviorValue(c.Behaviors[0]) + " → " + BehaviorValue(c.Behaviors[1])
	case judge.ChangedServer:
		text = fmt.Sprintf("%s: %s → %s", ServerName(nat.ServerRow{Server: c.Servers[1]}), state(&c.Servers[0]),
			state(&c.Servers[1]))
		if c.Servers[1].TURN {
			text = "relay " + text
		}
	}
	return diag.Clean(text, 300)
}

// Changes writes what is different between two diagnoses.
func Changes(list []judge.Change) []string {
	var out []string
	for _, c := range list {
		out = append(out, Change(c))
	}
	return out
}
