package words

import (
	"fmt"

	"dialtone/diag"
	"dialtone/diag/judge"
	"dialtone/diag/judge/network"
	"dialtone/diag/words/failure"
)

// behavior makes the entry of a finding about the network. advice depends on whether a TURN server works.
func behavior(explain, title string, advice func(relay bool) string) entry {
	return on(explain, func(_ judge.Finding, e network.BehaviorFound) Text {
		return Text{Title: title, Evidence: BehaviorEvidence(e.Behavior), Advice: advice(e.Relay)}
	})
}

// always is an advice that does not depend on a TURN server.
func always(advice string) func(bool) string { return func(bool) string { return advice } }

// natFindings are the findings about the network.
var natFindings = map[string]entry{
	"nat.udp_blocked": behavior("Several hosts do not answer over UDP, while servers do answer over TCP or TLS. The "+
		"usual cause is a firewall that blocks UDP, in companies, hotels and some mobile networks. Calls then need a TURN "+
		"server over TLS on port 443, which looks like a web server to the firewall.",
		"UDP appears blocked; TCP works.", OpenUDP),
	"nat.ports_filtered": on("Servers answer over UDP from some ports, and not from others where they are known to be: "+
		"those of several hosts answer there over TCP, or a relay carries bytes to others. The likely cause is a firewall "+
		"that lets UDP leave for single ports, as many companies have it. Peers have any port, so calls then need a TURN "+
		"server, at a port that is open.",
		func(_ judge.Finding, e network.BehaviorFound) Text {
			return say("UDP to ports other than "+OpenPorts(e.Behavior)+" gets no answer.",
				OpenUDP(e.Relay),
				BehaviorEvidence(e.Behavior)...)
		}),
	"nat.only_proxy": on("A server that works through the proxy cannot be connected to without it, and no other "+
		"can. The usual cause is a firewall that lets TCP out only by the proxy. If UDP is blocked too, no direct call "+
		"works: calls need a TURN server over TCP or TLS, and the proxy must be set where the calls are made. "+
		"Browsers use that of the system.",
		func(_ judge.Finding, e network.ProxyWay) Text {
			what, _ := failure.Of(&e.Direct)
			return say("Servers are reached only through the proxy "+diag.Clean(e.Through.Proxy, 200)+".",
				"Use TURN over TLS on port 443, and check that the application uses the proxy.",
				diag.Clean(e.Through.URL, 300)+" works through the proxy; without it: "+what)
		}),
	"nat.endpoint_dependent_mapping": behavior("The NAT gives one socket another public port for each destination (RFC "+
		"4787 §4.1; often called symmetric). The mapped address that a STUN server reports is then not the one that the "+
		"peer must use, so direct calls succeed only with peers whose NAT filters little. A TURN server carries the rest.",
		"The NAT uses another public port for each destination.", func(relay bool) string {
			const router = "look for a NAT setting of your router (endpoint-independent, full cone)."
			if relay {
				return "If the router is yours, " + router
			}
			return "Configure a TURN server; if the router is yours, " + router
		}),
	"nat.mapping_unstable": behavior("The same server reported two different addresses or ports for one socket within a "+
		"second or two. The server changes what it reports, or the NAT forgets its mappings at once, or several NATs share "+
		"the traffic packet by packet; no other server shows which. Nothing follows from what it reports, and direct calls "+
		"may or may not work.",
		"A server reported different public addresses or ports for one socket.", always("Ask another STUN server too: if "+
			"that one reports one address throughout, leave the first out; if not, the NAT changes its mappings.")),
	"nat.servers_disagree": behavior("One server reported another public address for a socket than the others, each as "+
		"often as it was asked. Either that server is wrong, as one behind a proxy is, or the traffic to it leaves by "+
		"another uplink or another address of the NAT.",
		"Servers contradict each other about the public address of one socket.",
		always("Ask one more STUN server, and leave out the one that no other confirms.")),
	"nat.pooling": behavior("One server reported different public addresses for different sockets of this machine, or "+
		"several servers did for one. This network has several uplinks, or the NAT has a pool of addresses and does not "+
		"keep a host on one of them, as RFC 4787 REQ-2 requires.", "This machine is mapped to several public addresses.",
		always("Look for several uplinks or a VPN on this network; use TURN if a CGNAT has a pool of addresses.")),
	"nat.alg": behavior("MAPPED-ADDRESS and XOR-MAPPED-ADDRESS of one answer differ. The second is coded so that "+
		"gateways do not recognize it; the likely cause is that something on the path has found the first and rewritten it, "+
		"or else the server is broken. Such application layer "+
		"gateways (ALG) break more than they fix; routers have a switch for them.",
		"The two forms of the mapped address in an answer differ.", always("Switch off the ALG (SIP, STUN) of the router, "+
			"if it has one; if the forms still differ, ask another server.")),
	"nat.cgnat": behavior("An address of this machine, or its mapped address, belongs to a range that carriers use "+
		"between their own NAT (CGNAT) and their customers (100.64.0.0/10, RFC 6598) or for IPv4 over IPv6 (192.0.0.0/29). "+
		"Some VPNs use the first, too. Ports in a CGNAT "+
		"cannot be opened; calls work as its mapping allows.", "The path seems to go through a carrier-grade NAT (CGNAT).",
		always("Use IPv6 or TURN if direct calls fail: ports cannot be forwarded to this machine.")),
	"nat.uplinks": behavior("To different servers this machine sends from different addresses, so several interfaces or "+
		"routes are in use at once, such as a cable and a VPN. Each has its own NAT, or none. Calls work, but a candidate "+
		"pair may break when one interface goes away, and the results of the diagnosis are a mixture of both.",
		"This machine uses several uplinks at once.", always("If calls break, bind "+
			"dialtone to one of them (--interface, --bind), or give one route precedence.")),
	"nat.packets_limited": on("UDP packets longer than some size are lost, and nothing reports it (ICMP), as in a "+
		"tunnel or a VPN whose MTU is lower than what its ends believe. Calls send packets of up to 1,280 bytes: "+
		"connecting works, since those packets are short; then video has no key frame, a DTLS handshake with long "+
		"certificates stalls, and long messages on data channels never "+
		"arrive.", func(_ judge.Finding, e network.BehaviorFound) Text {
		return say("UDP packets over "+longest(e.Behavior)+" are lost.",
			"Lower the MTU of this machine's interface to that of the tunnel or VPN, or let ICMP \"fragmentation "+
				"needed\" through; TURN over TCP or TLS works meanwhile.",
			BehaviorEvidence(e.Behavior)...)
	}),
	"nat.packets_lost": on("Requests to addresses that answer others were not answered, so packets are lost on the way, "+
		"or a firewall or the server limits how many pass in a second. Loss that calls meet too shows in their statistics. "+
		"The diagnosis repeats what is lost; where too much is, silence does not show filtering, which stays unknown.",
		func(_ judge.Finding, e network.LossFound) Text {
			var rows []string
			for _, s := range e.Servers[:min(len(e.Servers), 5)] {
				rows = append(rows, fmt.Sprintf("%s: %d of %d", diag.Clean(s.URL, 300), s.Lost, s.Sent))
			}
			if len(e.Servers) == 1 && e.Others {
				return say(rows[0]+" requests were not answered, while other servers answered all.",
					"Run dialtone nat again; if only this server stays silent, use another, or look for a limit on requests "+
						"there.")
			}
			return say(fmt.Sprintf("%d of %d requests to addresses that answer were not answered.", e.Lost, e.Sent),
				"Run dialtone nat again; if the loss stays, check the link (Wi-Fi, a busy uplink) and limits on UDP at "+
					"the firewall.",
				rows...)
		}),
	"nat.lifetime_short": on("A UDP socket that neither sends nor receives loses its public port sooner than the two "+
		"minutes that RFC 4787 REQ-5 requires. Calls keep their ports open by sending every few seconds (RFC 7675, RFC 8445 "+
		"§11). A connection over UDP that is silent for longer, such as an idle signaling connection, is cut off.",
		func(_ judge.Finding, e network.BehaviorFound) Text {
			seconds := 0
			if e.Behavior.ToS != nil {
				seconds = *e.Behavior.ToS
			}
			return say(fmt.Sprintf("The NAT forgets a silent port within %d s.", seconds),
				"Let applications send more often than that; WebRTC does, every "+
					"few seconds. RFC 4787 requires two minutes of NATs.",
				BehaviorEvidence(e.Behavior)...)
		}),
	"nat.fragments_lost": behavior("UDP packets that are longer than the MTU travel as several fragments, and these do "+
		"not arrive, at least in one direction. Many firewalls and CGNATs drop them. WebRTC sends no packets over 1,200 "+
		"bytes, with one exception: a DTLS handshake with large certificates, which then "+
		"stalls.", "Fragmented packets are lost.",
		always("Keep what is sent over UDP below 1,200 bytes: WebRTC does; large certificates in a DTLS handshake may not.")),

	"nat.nat64": behavior("This network reaches IPv4 servers by IPv6 addresses that a NAT64 translates (RFC 6146). An "+
		"ICE agent does not know the prefix, so it cannot send to the IPv4 address of a peer that has no IPv6: such calls "+
		"need a TURN server on this side. Calls between two peers with IPv6 do not meet the NAT64.",
		"IPv4 is reached through NAT64.", func(relay bool) string {
			if relay {
				return "Keep the TURN server: peers that have only IPv4 need it."
			}
			return "Configure a TURN server, which peers that have only IPv4 need, or give this machine IPv4 (464XLAT)."
		}),
	"server.mapped_family": on("The server was asked over one address family and reports a mapped address of the other. "+
		"It does not see its clients: a proxy in front of it (a container's published port, a load balancer) or a "+
		"translation between the families replaces their addresses. The report says nothing about a NAT on this side, and "+
		"candidates from it cannot be "+
		"used.", mappedText("reports a mapped address of another family than it was asked over, and is not "+
		"believed", "Let the server see its clients: publish its port without a proxy (host networking), or leave it out.")),

	"nat.filtering_untested": fixed(
		"Filtering can only be tested with a server that answers from a second address when it is asked to (RFC "+
			"5780): one with OTHER-ADDRESS. None of the servers that answered is one. Mostly that does not matter, "+
			"because the mapping decides first; it does for two peers if one has an endpoint-dependent mapping.",
		"None of the servers can test what the NAT filters.",
		"Ask a server that supports RFC 5780 too: coturn with two addresses, or dialtone serve --stun IP,IP2.",
		func(e network.BasicServers) []string { return basicList(e.Servers) }),
}

// OpenUDP is the next step when UDP is blocked.
func OpenUDP(relay bool) string {
	if relay {
		return "Allow UDP in the firewall."
	}
	return "Allow UDP in the firewall, or add a TURN server over TLS: turns:HOST:443?transport=tcp."
}
