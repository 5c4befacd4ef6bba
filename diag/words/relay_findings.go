package words

import (
	"fmt"
	"net/netip"
	"strings"

	"dialtone/diag"
	"dialtone/diag/judge"
	"dialtone/diag/judge/network"
	"dialtone/diag/nat/turn"
	"dialtone/diag/words/failure"
)

// relayFindings are those about relays that were allocated, and about servers behind this machine's own router.
var relayFindings = map[string]entry{
	"turn.relay_private": on("The TURN server is public, and its relayed transport address is private: peers cannot "+
		"send there. Mostly, the server is behind a NAT and its public address is not configured (coturn: external-ip).",
		func(f judge.Finding, e network.ServerAddress) Text {
			return say(fmt.Sprintf("%s allocates a private relayed transport address, %s.", diag.Clean(f.Subject, 300),
				diag.Clean(e.Relayed, 60)),
				"Set the external IP address of "+diag.Clean(f.Subject, 300)+" (coturn: external-ip).",
				"the server itself is "+diag.Clean(e.Address, 60))
		}),
	"turn.relay_impossible": on("The relayed transport address is one to which no peer can send: unspecified (0.0.0.0), "+
		"loopback, multicast, or with port 0. The server does not know at which address its relays are reached.",
		func(f judge.Finding, e network.ServerAddress) Text {
			return say(fmt.Sprintf("%s allocates a relayed transport address to which no one can send, %s.",
				diag.Clean(f.Subject, 300), diag.Clean(e.Relayed, 60)),
				"Set the address at which the relays of "+diag.Clean(f.Subject, 300)+" are reached (coturn: "+
					"external-ip, relay-ip; pion/turn: RelayAddress).",
				"the server itself is "+diag.Clean(e.Address, 60))
		}),
	"turn.relay_elsewhere": on("A STUN server that was asked through the relay saw another address than the one that "+
		"the TURN server gives out. Peers would send to an address that is not the relay, so it carries no call.",
		func(f judge.Finding, e network.ServerAddress) Text {
			seen := e.Other
			if at, err := netip.ParseAddrPort(seen); err == nil {
				seen = at.Addr().String()
			}
			return say(fmt.Sprintf("%s gives out the relayed transport address %s, but sends from %s.",
				diag.Clean(f.Subject, 300), diag.Clean(e.Relayed, 60), diag.Clean(e.Other, 60)),
				fmt.Sprintf("Set the external IP address of %s to %s (coturn: external-ip).", diag.Clean(f.Subject, 300),
					diag.Clean(seen, 60)),
				diag.Clean(e.Peer, 60)+" saw "+diag.Clean(e.Other, 60))
		}),
	"turn.refresh_failed": on("The relay was allocated, and the server rejected or ignored a Refresh (RFC 8656 §7), or "+
		"granted 0 s, which ends the allocation. Calls over it end with the allocation, mostly after ten minutes.", relayText(
		"allocated a relay, but does not extend it", "Look into the server's log: calls over this relay end with the "+
			"allocation, mostly after ten minutes.")),
	"turn.refresh_short": on("A Refresh granted much less time than the Allocate before. Clients that go on to refresh "+
		"at the pace of the first lifetime, as pion does, lose the relay in between.",
		func(f judge.Finding, e network.RelayUse) Text {
			var granted, extended int
			if stage := e.Server.Stage(diag.StageAllocate); stage != nil {
				granted = stage.LifetimeS
			}
			if stage := e.Server.Stage(diag.StageRefresh); stage != nil {
				extended = stage.LifetimeS
			}
			return say(fmt.Sprintf("%s allocates a relay for %d s, but extends it by only %d s.", diag.Clean(f.Subject, 300),
				granted, extended),
				"Let the server grant a Refresh as much time as an Allocate: clients that refresh at the first pace lose "+
					"the relay in between.")
		}),
	"turn.realm_empty": on("The server asks for credentials with a realm that is empty. libwebrtc (Chromium, Safari) "+
		"takes that for none and gets no relay; dialtone and pion log in "+
		"nevertheless.", func(f judge.Finding, _ network.RelayUse) Text {
		url := diag.Clean(f.Subject, 300)
		return say("The realm of "+url+" is empty, so browsers get no relay from it.",
			"Set the realm of "+url+
				" (coturn: realm).")
	}),
	"turn.answer_incomplete": on("The server allocated a relay, and its answer lacks what every such answer must have: "+
		"XOR-MAPPED-ADDRESS (RFC 8656 §7.3), or MESSAGE-INTEGRITY where the request had it (RFC 8489 §9.2.4). dialtone "+
		"and pion use the relay nevertheless. Clients that follow the RFCs discard the answer, and get none.",
		func(f judge.Finding, e network.RelayUse) Text {
			url, lacks := diag.Clean(f.Subject, 300), ""
			if stage := e.Server.Stage(diag.StageAllocate); stage != nil {
				lacks = diag.Clean(strings.Join(stage.Lacks, " and no "), 100)
			}
			return say("The answer with which "+url+" allocates a relay has no "+lacks+".",
				"Update the TURN server, or use another: not every client uses such an answer.")
		}),
	"turn.relay_untested": on("The relay was allocated, and no bytes came back through it from a server that is known "+
		"to answer: none was named beside the TURN server itself, or the ones that were did not answer anyone. That says "+
		"nothing against the relay.", relayText(
		"allocated a relay; whether it carries bytes is not known", "Name a STUN server that answers, so that it is asked "+
			"through the relay: dialtone nat STUN-SERVER TURN-SERVER.")),
	"turn.relay_untried": on("The relay was allocated, and the time for this server was over before anything was sent "+
		"through it: its answers take long. That says nothing against the relay.", relayText(
		"allocated a relay so late that nothing was sent through it", "Ask again, and find out what delays the answers of "+
			"the server.")),
	"turn.peer_forbidden": on("The TURN server forbids sending to the peer that was tried (403). Servers are right to "+
		"forbid private and loopback addresses; if peers have such addresses, they have to be allowed.", relayText(
		"forbids sending to the server that was asked through the relay", "If peers have such addresses, allow them "+
			"(coturn: allowed-peer-ip, denied-peer-ip, allow-loopback-peers).")),
	"turn.relay_silent": on("The relay was allocated, and bytes that were sent through it did not come back. Mostly, "+
		"the firewall of the TURN server blocks its relay ports, or the server has no route to the peer.", relayText(
		"allocated a relay, but no bytes came back through it", OpenRelayPorts)),
	"turn.relay_altered": on("The relay was allocated, and what came back through it is not what a STUN server sends, "+
		"while that server answers others as it should. Something on the path, or the TURN server, changes the "+
		"data.", relayText(
		"allocated a relay, but what comes back through it is changed", "Compare with turns: over TLS: a gateway on the "+
			"path or the TURN server changes the data.")),
	"turn.channel_silent": on("Bytes came back through the relay in Send and Data indications. ChannelBind succeeded "+
		"too, and as ChannelData none came back. Browsers and pion change to ChannelData once a channel is bound, and then "+
		"hear nothing.", relayText("allocated a relay through which Send works, but ChannelData does not",
		"Update the TURN server, or use another: clients send ChannelData as soon as a channel is bound.")),
	"turn.unanswered": on("The relay was allocated, and a later request on the same connection (CreatePermission, "+
		"ChannelBind) was not answered, so nothing can be sent through the relay.", relayText(
		"allocated a relay, but did not answer the request that followed", "Look into the server's log, and check that all "+
			"requests of a client reach the same server (load balancer).")),
	"ice.relays_isolated": on("Both peers have a relay of one TURN server, at one address, and no check between these "+
		"relays was answered. The server gives out an address at which it is not reached itself: either that is not its "+
		"public address, or a NAT in front of the server (1:1 NAT of a cloud) does not send packets to it back inside "+
		"(hairpinning). Peers without a relay there may connect all the same.",
		func(_ judge.Finding, e judge.IsolatedRelays) Text {
			address := diag.Clean(e.Address, 60)
			return say("Both peers have a relay at "+address+", and these relays do not reach each other.",
				"Check that "+address+" is the public address of the TURN server (coturn: external-ip); if it is, "+
					"let the NAT in front of the server send packets to it back inside (hairpinning).",
				fmt.Sprintf("%d checks from port %d to port %d, none answered", e.Requests, e.Local, e.Remote))
		}),

	"server.binding_failed": on("The TURN server answers Allocate requests, and rejects or ignores Binding requests "+
		"(coturn: secure-stun). It then shows nothing of the NAT, and that is all: its relay, and the mapped address that "+
		"it reports with it, are not concerned.", func(f judge.Finding, e network.ServerFailure) Text {
		what, _ := failure.Of(&e.Server)
		return say(diag.Clean(f.Subject, 300)+" answers as a TURN server, but does not serve as a STUN server: "+what+".",
			"Name another STUN server if the NAT is to be tested too.",
			"step "+StageLabel(diag.StageBinding))
	}),
	"server.own_address": on("The server has the public address of this machine's own network: it is behind the same "+
		"NAT. From inside, it is reached only if the router sends packets to its own public address back inside "+
		"(hairpinning, RFC 4787 §6). If it does not, the server does not answer here, and may well answer outside. If it "+
		"does and replaces the source, the server sees the router instead of this machine, so what it reports here says "+
		"nothing about the NAT. If it does not replace the source, the answer comes straight from the server and is "+
		"dropped.", ownAddressText),
}

// OpenRelayPorts is the next step when a relay carries nothing.
const OpenRelayPorts = "Check the firewall of the TURN server: its relay ports must be open for UDP (coturn: " +
	"min-port, max-port)."

// ownAddressText writes the finding about a server with this network's own public address.
func ownAddressText(f judge.Finding, e network.OwnAddress) Text {
	url := diag.Clean(f.Subject, 300)
	own := url + " has this network's own public address"
	inside := "let its name resolve to the server's private address inside this network."
	switch e.Hairpin {
	case network.HairpinMissing:
		what, _ := failure.Of(&e.Server)
		return say(own+", and the router shows no hairpinning: it is not reached from inside.",
			"Ask "+url+" from outside, where it may work; for clients inside, switch on hairpinning (NAT "+
				"loopback) in the router, or "+inside,
			what)
	case network.HairpinDirect:
		return say(own+", and its answer came from "+diag.Clean(e.Elsewhere, 60)+", past the router.",
			"Let the router replace the source of packets that it sends back inside (hairpinning), or "+inside,
			"asked "+diag.Clean(e.Server.Address, 60))
	case network.HairpinRewritten:
	}
	return say(own+". The router sends packets back inside (hairpinning), so what it reports here says nothing "+
		"about the NAT.",
		"Ask another STUN server about the NAT; outside this network "+url+" reports as any other.",
		Prefixed("it reported the mapped address ", diag.Clean(e.Mapped, 60)))
}

// relayFailedText writes a finding about a relay that was allocated, and a request behind that which failed.
func relayFailedText(f judge.Finding, e network.RelayUse) Text {
	if e.Flaw == turn.FlawRedirect {
		return redirectText(f, e)
	}
	stage := e.Server.Stopped()
	if stage == nil {
		return say(diag.Clean(f.Subject, 300)+" allocated a relay, and a later request failed.",
			"Look into the log of "+diag.Clean(f.Subject, 300)+".")
	}
	what, advice := failure.At(&e.Server, stage)
	t := relayText("allocated a relay, but "+StageLabel(stage.Name)+" failed: "+what, advice)(f, e)
	t.Evidence = t.Evidence[1:] // the title has it
	if e.Flaw == turn.FlawBind {
		t.Evidence = append(t.Evidence, "Send indications work: clients that depend on channels, such as Chromium, do not")
	}
	return t
}

// redirectText writes the finding about a relay at another server than the one that was asked.
func redirectText(f judge.Finding, e network.RelayUse) Text {
	url, to := diag.Clean(f.Subject, 300), diag.Clean(e.Server.Address, 60)
	does := "allocates a relay"
	if e.Server.Took(diag.StageChannel) != nil {
		does = "has a relay that carries bytes"
	}
	return Text{
		Title: fmt.Sprintf("%s redirects to %s (300), which %s: Chromium, libnice and libjuice follow; pion and Firefox do "+
			"not, and get no relay.", url, to, does),
		Evidence: []string{"redirected by " + diag.Clean(strings.Join(e.Server.Redirects, ", "), 300)},
		Advice:   "Name " + to + " itself instead of " + url + ", so that every client gets a relay.",
	}
}

// relayText writes a finding about a relay that was allocated.
func relayText(verb, advice string) func(judge.Finding, network.RelayUse) Text {
	return func(f judge.Finding, e network.RelayUse) Text {
		t := Text{Title: diag.Clean(f.Subject+" "+verb, 600) + ".", Advice: advice}
		if stage := e.Server.Stopped(); stage != nil {
			what, _ := failure.At(&e.Server, stage)
			t.Evidence = append(t.Evidence, StageLabel(stage.Name)+" failed: "+what)
		}
		if peer, own := e.Server.Peer(); own {
			t.Evidence = append(t.Evidence, "asked through it: the TURN server itself, "+diag.Clean(peer, 60))
		} else if peer != "" {
			t.Evidence = append(t.Evidence, "asked through it: "+diag.Clean(peer, 60))
		}
		return t
	}
}
