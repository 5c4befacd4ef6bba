package diag

import (
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// enough is how long a NAT must remember a silent port (RFC 4787 REQ-5).
const enough = 2 * time.Minute

// natFindings are the noteworthy things, those about the network first.
func natFindings(o *NATObservations, r *natCase) []Finding {
	return slices.Concat(behaviorFindings(r), r.failures(o), natServerFindings(o, r), conductFindings(o, r),
		turnFindings(r))
}

// behaviorFindings are those about this machine's network.
func behaviorFindings(r *natCase) []Finding {
	b := &r.Behavior
	var out []Finding
	note := func(id string, s Severity, from Behavior, title, advice string) {
		out = append(out, Finding{ID: id, Severity: s, Title: title, Evidence: from.Evidence, Advice: advice})
	}
	if b.UDP.Value == BehaviorNone {
		note("nat.udp_blocked", Problem, b.UDP, "UDP gets no answer, while TCP does.", r.mendUDP())
	}
	if r.dependent {
		note("nat.endpoint_dependent_mapping", Warn, b.Mapping, "The NAT uses another public port for each destination.",
			r.mendMapping())
	}
	if b.Mapping.Confidence == Contradictory && b.Pooling.Value != PoolingArbitrary {
		note("nat.mapping_unstable", Warn, b.Mapping, "The public port of one socket changed while it was in use.",
			"run dialtone nat again; if it stays so, the NAT forgets its mappings at once, and only TURN helps")
	}
	if b.Pooling.Value == PoolingArbitrary {
		note("nat.pooling", Warn, b.Pooling, "One socket is seen with several public addresses.",
			"look for several uplinks or a VPN on this network; a carrier's NAT with a pool of addresses cannot be changed: use TURN")
	}
	if b.ALG.Value == BehaviorPresent {
		note("nat.alg", Warn, b.ALG, "Something on the way rewrites addresses inside of messages.",
			"switch off the ALG (SIP, STUN) of the router")
	}
	if b.CGNAT.Value == BehaviorPresent {
		note("nat.cgnat", Info, b.CGNAT, "A carrier's NAT is on the way.",
			"ports cannot be forwarded to this machine; IPv6 or TURN helps")
	}
	if b.Uplinks.Value == UplinksSeveral {
		note("nat.uplinks", Info, b.Uplinks,
			"This machine uses several uplinks at once, each with a public address of its own.",
			"if calls break, bind dialtone to one of them (--interface, --bind), or give one route precedence")
	}
	if r.short > 0 && r.short <= enough {
		note("nat.lifetime_short", Info, b.Lifetime,
			fmt.Sprintf("The NAT forgets a silent port within %d s.", int(r.short.Seconds())),
			"applications must send something more often than that; WebRTC does, every few seconds. RFC 4787 asks NATs for two minutes")
	}
	if b.Fragments.Value == BehaviorNone || b.Fragments.Value == FragmentsOutgoing {
		note("nat.fragments_lost", Info, b.Fragments, "Fragmented packets get lost.",
			"keep what is sent over UDP below 1,200 bytes: WebRTC does, large certificates in a DTLS handshake may not")
	}
	return out
}

// mendMapping is the next step where the mapping depends on the endpoint.
func (r *natCase) mendMapping() string {
	const router = "on a router of your own look for a setting of its NAT (endpoint-independent, full cone)"
	if r.relay() != "" {
		return router
	}
	return "configure a TURN server; " + router
}

// mendUDP is the next step where UDP is blocked.
func (r *natCase) mendUDP() string {
	const firewall = "allow UDP in the firewall"
	if r.relay() != "" {
		return firewall
	}
	return firewall + ", or add a TURN server over TLS: turns:HOST:443?transport=tcp"
}

// natServerFindings are those about STUN servers over UDP that answer.
func natServerFindings(o *NATObservations, r *natCase) []Finding {
	var out []Finding
	inner, _ := o.liars()
	for i, s := range r.Servers {
		note := func(id string, severity Severity, title, advice string, evidence ...string) {
			out = append(out, Finding{ID: id, Severity: severity, Title: Clean(title, 400), Evidence: evidence,
				Advice: About(s.URL, advice)})
		}
		if !s.OK {
			continue
		}
		if a := o.first(i, o.Servers[i].Address); a != nil && a.Other.IsValid() && s.Grade == GradePlain {
			note("server.other_address_invalid", Info, s.URL+" counts as a plain server: "+s.WhyPlain,
				"give the server a second public IP and a second port (coturn: two listening-ip, alternate-port)")
		}
		out = append(out, srvFindings(s.URL, s.SRV)...)
		if s.Outlier {
			note("server.outlier", Warn, s.URL+" sees another address than the majority of the servers, and is not believed.",
				"leave it out; it may be behind a proxy or another uplink", "it saw "+s.Mapped)
		}
		for _, k := range inner {
			if k == i {
				note("server.mapped_private", Warn, s.URL+" says that it sees a private address, and is not believed.",
					"the server is behind a NAT or proxy of its own: leave it out", "it saw "+s.Mapped)
			}
		}
		other, why := o.Admitted(i)
		if why != "" {
			continue
		}
		out = append(out, changeFindings(s.URL, o.Tally(i, other), other)...)
	}
	return out
}

// changeFindings tell where a server that offers the usage of RFC 5780 does not keep to it.
func changeFindings(url string, t Tally, other netip.AddrPort) []Finding {
	switch {
	case t.Ignored > 0:
		return []Finding{{
			ID: "server.ignores_change_request", Severity: Info, Title: url +
				" ignores CHANGE-REQUEST, so it cannot tell anything about filtering.",
			Evidence: []string{fmt.Sprintf("%d answers came from the address that was asked", t.Ignored)}, Advice: About(url,
				"ask another RFC 5780 server"),
		}}
	case t.Refused != 0:
		return []Finding{{
			ID: "server.refuses_change_request", Severity: Info, Title: url +
				" refuses CHANGE-REQUEST, so it cannot tell anything about filtering.",
			Evidence: []string{fmt.Sprintf("error %d", t.Refused)}, Advice: About(url, "ask another RFC 5780 server"),
		}}
	case t.AskedBoth > 0 && !t.Both && !t.ProvedBoth && allLost(t.Proofs, t.Sent, t.Lost) < Chance:
		return []Finding{{
			ID: "server.alternate_silent", Severity: Info,
			Title:    "The alternate address of " + url + " never answered, even where it must. This is the server, not you.",
			Evidence: []string{fmt.Sprintf("%d requests to be answered from %s", t.AskedBoth, other)}, Advice: About(url,
				"ask another RFC 5780 server"),
		}}
	}
	return nil
}

// turnFindings are those about TURN servers and about STUN over streams.
func turnFindings(r *natCase) []Finding {
	var out []Finding
	for _, s := range r.others {
		if s.OK {
			out = append(WithExpiry(out, s), srvFindings(s.URL, s.SRV)...)
		}
	}
	for _, s := range r.TURN {
		if s.OK {
			out = append(WithExpiry(out, s.ServerResult), srvFindings(s.URL, s.SRV)...)
		}
		if s.OK && relayPrivate(s.ServerResult) {
			out = append(out, Finding{
				ID: "turn.relay_private", Severity: r.severity(s.ServerResult),
				Title: Clean(fmt.Sprintf("%s accepted your password, but its relay address is %s (private).", s.URL,
					s.RelayAddress), 400),
				Evidence: []string{"the server itself is " + s.Address}, Advice: About(s.URL,
					"set the external IP on the server (coturn: external-ip)"),
			})
		}
		out = append(out, r.carriedFindings(s)...)
	}
	return out
}

// carriedFindings tell where a relay that was had does not carry bytes, or is elsewhere than it says.
func (r *natCase) carriedFindings(s NATRelay) []Finding {
	var out []Finding
	switch {
	case s.Stopped == "refresh":
		out = append(out, Finding{
			ID: "turn.refresh_failed", Severity: Warn, Title: Clean(s.URL+" gave a relay, and does not extend it.", 400),
			Evidence: []string{Clean(s.Stopped+": "+s.StoppedText, 300)},
			Advice: About(s.URL,
				"calls would end when the allocation does, mostly after ten minutes: look into the server's log"),
		})
	case s.Stopped != "" && s.OwnPeer:
		out = append(out, Finding{
			ID: "turn.relay_untested", Severity: Info, Title: Clean(s.URL+" gave a relay; whether it carries bytes is not known.", 400),
			Evidence: []string{Clean(s.Stopped+": "+s.StoppedText, 300), "asked through it was the server itself, " + s.Peer},
			Advice: About(s.URL,
				"name a STUN server too, which is then asked through the relay: dialtone nat STUN-SERVER TURN-SERVER"),
		})
	case s.Stopped != "" && s.StoppedCode == 403:
		out = append(out, Finding{
			ID: "turn.peer_forbidden", Severity: Warn, Title: Clean(s.URL+" forbids to send to "+s.Peer+".", 400),
			Evidence: []string{Clean(s.Stopped+": "+s.StoppedText, 300)},
			Advice: About(s.URL,
				"where peers have such addresses, allow them there (coturn: allowed-peer-ip, denied-peer-ip, allow-loopback-peers)"),
		})
	case s.Stopped != "":
		out = append(out, Finding{
			ID: "turn.relay_silent", Severity: r.severity(s.ServerResult), Title: Clean(s.URL+" gave a relay, but no bytes came back through it.", 400),
			Evidence: []string{Clean(s.Stopped+": "+s.StoppedText, 300), "asked through it: " + s.Peer},
			Advice: About(s.URL,
				"check the firewall of the server: its relay ports must be open (coturn: min-port, max-port)"),
		})
	}
	seen, err := netip.ParseAddrPort(s.Seen)
	relay, err2 := netip.ParseAddrPort(s.RelayAddress)
	peer, err3 := netip.ParseAddrPort(s.Peer)
	if err == nil && err2 == nil && err3 == nil && seen.Addr() != relay.Addr() && !Private(seen.Addr()) &&
		!Private(peer.Addr()) {
		out = append(out, Finding{
			ID: "turn.relay_elsewhere", Severity: Problem,
			Title: Clean(fmt.Sprintf("%s says that its relay is at %s, and it sends from %s.", s.URL, relay.Addr(),
				seen.Addr()), 400),
			Evidence: []string{s.Peer + " saw " + s.Seen}, Advice: About(s.URL,
				"set the external IP on the server to "+seen.Addr().String()+" (coturn: external-ip)"),
		})
	}
	return out
}

// srvFindings tell of a server that only DNS SRV knows: no ICE agent asks for that.
func srvFindings(url, srv string) []Finding {
	if srv == "" {
		return nil
	}
	return []Finding{{
		ID: "server.found_by_srv", Severity: Info, Title: Clean(url+" was found by DNS SRV at "+srv+"; calls and browsers do not look there.", 400),
		Advice: About(url, "in calls and in the configuration name the server with its port: "+srv),
	}}
}

func failureFinding(s ServerResult, severity Severity) Finding {
	return Finding{
		ID: ServerFindingID(s), Severity: severity, Title: Clean(s.URL+GaveNothing+s.ErrorText, 400),
		Evidence: []string{Clean("stage "+OrUnknown(s.Stage)+", cause "+OrUnknown(s.Cause), 200)}, Advice: About(s.URL,
			s.Advice),
	}
}

// relayPrivate reports whether a server that is public itself gives a relay address that is not.
func relayPrivate(s ServerResult) bool {
	server, err := netip.ParseAddrPort(s.Address)
	relay, err2 := netip.ParseAddrPort(s.RelayAddress)
	return err == nil && err2 == nil && Private(relay.Addr()) && !Private(server.Addr())
}
