package words

import (
	"fmt"
	"strings"

	"dialtone/diag/nat"
)

// plainEvidence are the kinds of evidence that need nothing beside.
var plainEvidence = map[nat.Kind]string{
	nat.KindAsking: "in progress", nat.KindNoMapped: "no server answered the socket that compares their reports",
	nat.KindNotBelieved:  "no server reported a mapped address that can be that of this machine",
	nat.KindLoss:         "too many packets are lost to distinguish loss from filtering",
	nat.KindFewAddresses: "fewer than two server addresses were compared",

	nat.KindUDPNone:      "no server was named that is asked over UDP",
	nat.KindNeedsBinding: "only answers to Binding requests show the mapping, and no server gave one",
	nat.KindUDPUnasked:   "no server could be asked over UDP",
	nat.KindNoLocal:      "the local address of the sockets is not known",
	nat.KindALGUnknown:   "no answer had both forms of the address",
	nat.KindCarrierNot:   "no sign of a carrier-grade NAT, which proves nothing",
	nat.KindCLATNot:      "neither the address nor the interface of this machine is a sign of it; a router may do it",
	nat.KindUplinksPool:  "a router with several uplinks looks like a NAT with a pool of addresses",
	nat.KindNAT64Not:     "neither DNS nor an answer is a sign of it",
	nat.KindIPv6Unasked:  "no server was asked over IPv6",

	nat.KindPortsEither: "either the server does not answer there, or a firewall lets UDP leave for single ports",

	nat.KindSizeUnasked: "no server answers longer requests",
	nat.KindSizeServer:  "the server's own network may drop long packets: ask two, or one that supports RFC 5780",

	nat.KindViewRepeated: "asked again at the end, the first address reported the same",
	nat.KindSame:         "all of them reported the same",
	nat.KindByPort:       "two ports of one server address reported different ports of this machine",
	nat.KindByAddress:    "different server addresses reported different ports, two ports of one address the same",
	nat.KindByEither: "different server addresses reported different ports, so the mapping depends on the endpoint; " +
		"only two ports of one address show whether it depends on the port too",
	nat.KindAddressDiffers: "the addresses differ while the port is the same: several uplinks, a pool of addresses, or " +
		"a server that is wrong",
	nat.KindApart:       "two servers report neither the same address nor the same port: ask a third, one may be wrong",
	nat.KindOneServer:   "fewer than two server addresses answered: ask a second server",
	nat.KindStreamsFew:  "fewer than two server addresses could be asked over TCP",
	nat.KindStreamsNone: "no server reported a mapped address over TCP",

	nat.KindDisagree:      "some servers' alternates get through and others' do not",
	nat.KindChangeIgnored: "the server ignores CHANGE-REQUEST: it answers from the address that was asked",
	nat.KindChangeNever:   "the server rejects CHANGE-REQUEST",
	nat.KindNoRFC5780:     "only a server that supports RFC 5780 can test it, and none answered",
	nat.KindUnproven: "an alternate address or port of the server never answered, not even a socket that had sent to " +
		"it: the silence proves nothing",

	nat.KindLongerLived:  "a mapping outlived a longer pause than one that it did not outlive",
	nat.KindLongerAsking: "longer pauses are in progress",
	nat.KindServerStopped: "after that the server stopped answering even when it must: the silence after longer pauses " +
		"proves nothing",
	nat.KindPortReused: "this NAT keeps the port of a socket, so that a new mapping looks like the old one: only a " +
		"server with RESPONSE-PORT can test it",
	nat.KindPortUnchanged:  "the port never changed: the mappings live longer, or new ones get the same port",
	nat.KindLifetimeSilent: "no answer came, and too little is known of why",
	nat.KindNoPause:        "no server could be asked after a pause",
	nat.KindNoLong:         "no server was asked with long packets",
	nat.KindNoPadding:      "fragmented requests come through; no server pads its answers, so nothing is known of those",
	nat.KindAskTwo:         "a server's own network may drop fragments: ask two on different addresses",
	nat.KindHairpinNoNAT:   "there is no NAT, so hairpinning is not needed",
	nat.KindHairpinNoPair:  "no server reported the mapped addresses of two sockets",
	nat.KindHairpinPorts:   "this NAT may use other ports for them than the servers report, so the silence proves nothing",
	nat.KindHairpinStopped: "the servers no longer answered these sockets, so the silence proves nothing",
	nat.KindHairpinStill:   "the servers continued to answer both",
}

// evidenceForms are the other kinds: a, b and c stand for addresses (or the name), 0 and 1 for counts, * for all of
// them: addresses, numbers, or seconds.
var evidenceForms = map[nat.Kind]string{
	nat.KindAnswered: "{a} answered", nat.KindView: "{a} reported {b}",
	nat.KindAllocateMapped: "{a} reported the mapped address {b} in its answer to Allocate",
	nat.KindLocalMapped:    "{c} reported {b} for the socket {a}",
	nat.KindNAT64DNS:       "DNS names the prefix {a} (RFC 7050)",
	nat.KindALGDiffers:     "{a} reported MAPPED-ADDRESS {b} and XOR-MAPPED-ADDRESS {c}",
	nat.KindALGEqual:       "both forms of the address were equal in {0} answers",
	nat.KindUDPSilent:      "{0} of {1} servers did not answer over UDP; {2} answered over TCP or TLS",
	nat.KindUDPRejected: "UDP to {0} of {1} servers fails at once (no route, a closed port, or a firewall that " +
		"rejects it); {2} answered over TCP or TLS",
	nat.KindUDPOneHost: "{a} answers over TCP or TLS and not over UDP, which may be the fault of that host or of a " +
		"firewall on the way",
	nat.KindPortsOpen:      "servers answered from port {*n}",
	nat.KindPortsUsual:     "servers were only asked at port {*n}, which firewalls often open while they close others",
	nat.KindPortsOnly:      "UDP to ports other than {*n} gets no answer",
	nat.KindPortSilent:     "{0} requests to {a} were not answered, while its host answers at another port",
	nat.KindPortRejected:   "the port of {a} is closed (ICMP unreachable), while its host answers at another port",
	nat.KindPortStream:     "{a} answers over TCP",
	nat.KindPortReached:    "the host of {a} is reached: it rejects TCP there",
	nat.KindRelayArrived:   "packets arrived straight at the relay {a}",
	nat.KindRelaySilent:    "{0} packets straight to the relay {a} did not arrive, while it carries bytes",
	nat.KindSizePassed:     "{a} answered a request of {0} bytes",
	nat.KindSizeLost:       "{a}: {1} requests of {0} bytes and more were not answered",
	nat.KindSizeBack:       "{a}: an answer of {0} bytes came",
	nat.KindSizeBackLost:   "{a}: {1} answers of {0} bytes and more did not come",
	nat.KindSizeSplit:      "{a} answered a request of {0} bytes that may travel in fragments",
	nat.KindCarrierShared:  "{a} belongs to 100.64.0.0/10, the range between CGNATs and their customers (RFC 6598)",
	nat.KindCarrierCLAT:    "{a} belongs to 192.0.0.0/29: the carrier translates IPv6 to IPv4 (464XLAT, RFC 6877)",
	nat.KindCLATAddress:    "this machine's address {a} belongs to 192.0.0.0/29 (RFC 7335)",
	nat.KindCLATInterface:  "the interface is named {a}",
	nat.KindUplinks:        "to different servers this machine sends from different addresses: {*a}",
	nat.KindUplinkOne:      "{0} server addresses are reached from {a} and report one address",
	nat.KindIPv6Silent:     "none of {0} requests over IPv6 was answered",
	nat.KindViewChanged:    "{a} reported {b}, and a moment later {c} for the same socket",
	nat.KindPool:           "this machine is mapped to several addresses: {*a}",
	nat.KindPaired:         "{0} server addresses reported one address, {a}",
	nat.KindPortsKept:      "{0} local ports, such as {1}, are mapped unchanged",
	nat.KindPortsPartly:    "{0} of {1} ports are preserved",
	nat.KindPortParity:     "all {0} are even when the local port is even (RFC 4787 §4.2.2)",
	nat.KindChangeRejected: "{a} rejected CHANGE-REQUEST with error {0}",
	nat.KindWake: "{a} was asked to answer to sockets that had been silent for a while (RESPONSE-PORT), after one " +
		"exchange of packets each",
	nat.KindAgain: "{a} does not support RESPONSE-PORT, so sockets that had been silent for a while asked it " +
		"again",
	nat.KindLived:          "the port was the same after {*s}",
	nat.KindGone:           "it was gone after {*s}",
	nat.KindOpen:           "it is not known after {*s}",
	nat.KindFragmentsBoth:  "{a}: a fragmented request got a fragmented response",
	nat.KindFragmentsShort: "{a}: a fragmented request got a short response",
	nat.KindFragmentsOut:   "{a}: a fragmented request was answered, but {0} requests for a fragmented response were not",
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
	case nat.KindNAT64:
		return fill("asked at {a}, the server saw the IPv4 address {b}: NAT64 with the prefix ", e) + e.Name
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
			return fmt.Sprintf("local port %d is mapped to %d; public less local port, by socket: %s", e.Counts[0], e.Counts[1],
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
	var numbers, seconds []string
	for i, n := range e.Counts {
		pairs = append(pairs, fmt.Sprintf("{%d}", i), fmt.Sprint(n))
		numbers, seconds = append(numbers, fmt.Sprint(n)), append(seconds, fmt.Sprintf("%d s", n))
	}
	pairs = append(pairs, "{*a}", strings.Join(addresses, ", "), "{*s}", strings.Join(seconds, ", "),
		"{*n}", strings.Join(numbers, ", "))
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

// OpenPorts lists the ports that UDP leaves for.
func OpenPorts(b nat.Behavior) string {
	for _, e := range b.Evidence {
		if e.Kind == nat.KindPortsOnly {
			return fill("{*n}", e)
		}
	}
	return "some"
}
