package words

import (
	"cmp"
	"fmt"
	"strings"

	"dialtone/diag"
	"dialtone/diag/nat"
)

// behaviorTerms are what behaviors are called, and what they mean (RFC 4787, RFC 5780).
var behaviorTerms = map[nat.Name]struct{ label, meaning string }{
	nat.NameUDP: {"UDP", "Calls go over UDP. If it is blocked, media needs a TURN server over TCP or TLS."},
	nat.NameUDPPorts: {"UDP ports", "Whether UDP leaves for any port. Peers have any; a firewall may open single ones, " +
		"such as that of STUN."},
	nat.NameNAT: {"NAT", "Whether the addresses of this machine are translated on the path."},
	nat.NameMapping: {"mapping", "Which public port a socket gets. Endpoint-independent: the same one for all " +
		"destinations, so that peers can use the mapped address that a STUN server reports. Dependent (\"symmetric NAT\"): " +
		"another one for each address, or for each address and port; peers cannot know it."},
	nat.NameFiltering: {"filtering", "Which hosts may send to the mapped address. Endpoint-independent: any. " +
		"Address-dependent: hosts that this machine has sent to. Address- and port-dependent: only the ports that it has " +
		"sent to."},
	nat.NamePortPreservation: {"port preservation", "Whether the public port has the number of the local one. It makes " +
		"guessing easier and decides nothing."},
	nat.NamePooling: {"IP pooling", "Whether all sockets of this machine get the same public address (paired), as RFC " +
		"4787 requires, or one of several (arbitrary)."},
	nat.NameTCPMapping: {"TCP mapping", "As mapping, for TCP connections."},
	nat.NameUplinks: {"uplinks", "Whether the traffic of this machine leaves by one interface, or by several, such " +
		"as a VPN beside the router."},
	nat.NameALG: {"ALG", "Whether an application layer gateway rewrites addresses in messages, which breaks " +
		"more than it fixes."},
	nat.NameCGNAT: {"CGNAT", "Whether the carrier has a NAT behind the router: ports in it cannot be opened."},
	nat.NameCLAT:  {"464XLAT", "Whether this machine uses IPv4 over an IPv6 network."},
	nat.NameIPv6:  {"IPv6", "Whether IPv6 works. If both peers have it, mostly no NAT is between them."},
	nat.NamePacketSize: {"packet size", "How long a UDP packet may be to arrive whole. Calls send up to 1,280 bytes; if " +
		"long packets are lost, a call connects, and video and long messages fail."},
	nat.NameNAT64: {"NAT64", "Whether IPv4 servers are reached by IPv6 addresses that a NAT64 translates (RFC 6146)."},
	nat.NameLifetime: {"lifetime", "How long the NAT keeps the mapping of a silent socket. Calls refresh it every " +
		"few seconds."},
	nat.NameFragments: {"fragments", "Whether packets larger than the MTU of the path arrive in fragments."},
	nat.NameHairpin:   {"hairpinning", "Whether two hosts behind the NAT reach each other by its public address."},
}

// BehaviorLabel is what a behavior is called.
func BehaviorLabel(name nat.Name) string {
	return cmp.Or(behaviorTerms[name].label, diag.Clean(string(name), 40))
}

// ExplainBehavior says what a behavior means, by what it is called, in any case.
func ExplainBehavior(label string) (meaning string, known bool) {
	for _, b := range behaviorTerms {
		if strings.EqualFold(b.label, label) {
			return b.meaning, true
		}
	}
	return "", false
}

// BehaviorLabels are what all behaviors are called.
func BehaviorLabels() []string {
	var out []string
	for _, b := range behaviorTerms {
		out = append(out, b.label)
	}
	return out
}

// familyLabels are what the families are called.
var familyLabels = map[nat.Family]string{
	nat.FamilyIPv4: "IPv4", nat.FamilyNAT64: "NAT64", nat.FamilyIPv6: "IPv6",
}

// FamilyLabel is what an address family is called.
func FamilyLabel(f nat.Family) string { return cmp.Or(familyLabels[f], diag.Clean(string(f), 20)) }

// RowLabel is what the behavior of a row is called, with its family when that is not the main one.
func RowLabel(row nat.Row) string {
	if row.Family == "" {
		return BehaviorLabel(row.Name)
	}
	return FamilyLabel(row.Family) + " " + BehaviorLabel(row.Name)
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
	case nat.SizeFull:
		return longest(b)
	case nat.SizeFragmented:
		return longest(b) + ", longer in fragments"
	case nat.SizeLimited:
		return longest(b) + ", longer are lost"
	default:
		return diag.Clean(string(b.Value), 60)
	}
}

// longest says how long packets may be, each way where that is known and differs.
func longest(b nat.Behavior) string {
	if b.Bytes == nil {
		return "some size"
	}
	text := fmt.Sprintf("%d bytes", *b.Bytes)
	if b.BytesBack != nil && *b.BytesBack != *b.Bytes {
		text = fmt.Sprintf("%d bytes out, %d bytes in", *b.Bytes, *b.BytesBack)
	}
	return text
}

// BehaviorEvidence is how a behavior is known, a line each.
func BehaviorEvidence(b nat.Behavior) []string {
	return diag.Map(b.Evidence, func(e nat.Evidence) string { return diag.Clean(evidence(e), 400) })
}

// LastEvidence is the last line of evidence: what follows from the others, or what is missing.
func LastEvidence(b nat.Behavior) string {
	if list := BehaviorEvidence(b); len(list) > 0 {
		return list[len(list)-1]
	}
	return "nothing was observed"
}
