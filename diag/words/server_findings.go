package words

import (
	"fmt"

	"dialtone/diag"
	"dialtone/diag/judge"
	"dialtone/diag/judge/network"
	"dialtone/diag/nat"
	"dialtone/diag/words/failure"
)

// failed makes the entry of findings about servers that failed, or whose relay did.
func failed(explain string) entry {
	evidence := []any{network.ServerFailure{}, network.RelayUse{}}
	return entry{Explain: explain, Of: evidence, Write: func(f judge.Finding) Text {
		if e, ok := f.Evidence.(network.RelayUse); ok {
			return relayFailedText(f, e)
		}
		e, _ := f.Evidence.(network.ServerFailure)
		return failedText(f, e)
	}}
}

// serverFindings are the findings about STUN and TURN servers.
var serverFindings = map[string]entry{
	"server.dns": failed("The name of the server does not resolve: it is misspelled, the server no longer exists, or " +
		"the DNS resolver does not answer."),
	"server.refused": failed("The machine reports that the port is closed: an ICMP message over UDP, a reset over TCP. " +
		"The server does not run, or it listens on another port or transport, or a firewall rejects the packets. One that " +
		"drops them is not the cause."),
	"server.timeout": failed("No answer came. The server is down, its address is wrong, or a firewall drops the packets " +
		"in one direction. Asking the same server over TCP or TLS distinguishes these."),
	"server.unreachable": failed("The operating system has no route to the server, or does not permit sending there. " +
		"Without IPv6 this is normal for a server's IPv6 address."),
	"server.tls": failed("The TLS or DTLS handshake failed: the certificate has expired, is signed by an unknown " +
		"authority, is for another name or has none in subjectAltName, its intermediate certificate was not sent, or the " +
		"port does not speak TLS. Browsers reject such a server too. Whether a certificate is valid now depends on this " +
		"machine's clock."),
	"server.auth": failed("The server requires credentials for a plain STUN request (coturn: secure-stun), which ICE " +
		"agents do not send. As a TURN server it may work."),
	"server.config": failed("The server could not be asked because its URL or its credentials cannot be used, or " +
		"because its name has no address of the requested family (-4, -6). Nothing was sent."),
	"server.protocol": failed("Something answers, and not as a STUN or TURN server does: another service on this port, " +
		"a captive portal, or a broken server whose messages cannot be read."),
	"server.proxy": failed("The proxy that is to lead to the server cannot be reached, or does not connect to it. The " +
		"proxy is that of --proxy, HTTPS_PROXY or ALL_PROXY; hosts in NO_PROXY are reached without it. Whether the server " +
		"itself works was not found out."),
	"server.failed": failed("The server failed for a reason that has no finding of its own; the evidence names it."),
	"server.try_alternate": failed("The server answered with 300 (Try Alternate, RFC 8489 §10): its clients have to use " +
		"another server, which it names. dialtone nat follows it over the same transport, as libwebrtc (Chromium, Safari), " +
		"libnice and libjuice do in calls. pion, and so the calls of dialtone, and Firefox do not: they get no relay. Name " +
		"the other server itself, and every client gets one."),
	"stun.error_response": failed("The server answered with an error code that has no finding of its own. RFC 8489 " +
		"§14.8 and RFC 8656 §19 list the codes."),
	"turn.unauthorized": failed("The TURN server is there and rejected the user name or password (401, of some servers " +
		"400). Of temporary credentials (REST) the shared secret may differ, or the clocks of both machines."),
	"turn.credentials_expired": on("The user name for the TURN server carries the time at which it expires, as "+
		"temporary credentials do (the REST API for TURN servers: expiry:name or name:expiry), and that time has passed: "+
		"the server rejects them, or will. The application has to fetch new credentials. If they are new, compare the "+
		"clocks of this machine and of the credentials' issuer.", expiredText),
	"turn.wrong_credentials": failed("The server holds an allocation for this address and port that was made with " +
		"another user name or password (441)."),
	"turn.transport_unsupported": failed("The server does not relay over UDP (442), which calls need. UDP relaying is " +
		"switched off in its configuration."),
	"turn.family_unsupported": failed("The server does not relay the address family that was asked for (440, RFC 8656 " +
		"§7.2)."),
	"turn.peer_family": failed("The relay and the peer have addresses of different families, IPv4 and IPv6 (443, RFC " +
		"8656 §9.2): this relay cannot send there."),
	"turn.connection_exists": failed("The server already has a connection to that peer from this relayed transport " +
		"address (446, RFC 6062)."),
	"turn.forbidden": failed("The TURN server forbids this user or address (403)."),
	"turn.allocation_mismatch": failed("The server still holds an allocation for this address and port (437). It " +
		"expires after ten minutes at most. A NAT that gives a port to the next socket at once makes this frequent."),
	"turn.stale_nonce": failed("The server rejects the nonce that it has just issued (438). Requests of one client " +
		"reach different servers behind a load balancer, or the server's clock jumps."),
	"turn.quota_reached": failed("The user has as many allocations as the server allows (486). Allocations of calls " +
		"that ended badly last for up to ten minutes."),
	"turn.insufficient_capacity": failed("The server has no relay port or bandwidth left (508)."),

	"server.tls_expires": on("The certificate of the server expires within 14 days, or has expired and is not verified. "+
		"From that day on browsers and dialtone reject the server. Authorities that renew automatically do so about 30 "+
		"days before: that it has not happened means that something is broken.", certificateText),
	"server.found_by_srv": on("The server was named without a port, and DNS SRV (RFC 8489 §8.1, RFC 5928) named another "+
		"host or port than the usual one. dialtone nat follows that. ICE agents, in browsers and in dialtone's own calls, "+
		"do not ask for SRV: they use the name itself with the default port, which may be closed.",
		func(f judge.Finding, e network.ServerAddress) Text {
			return say("Calls and browsers will not find "+diag.Clean(f.Subject, 300)+": DNS SRV names "+
				diag.Clean(e.Other, 100)+" instead.",
				"Name the server with its port in calls and in the configuration: "+diag.Clean(e.Other, 100)+".")
		}),
	"server.slow": on("A round trip to the server takes more than a second. Calls gather candidates from it and wait as "+
		"long. Causes are a satellite link, an overloaded server, or a server that sends its answer byte by byte.",
		func(f judge.Finding, e network.ServerDelay) Text {
			return Text{Title: fmt.Sprintf("%s takes %.1f s to answer.", diag.Clean(f.Subject, 300),
				e.RTTMs.Duration().Seconds()), Advice: "Use a server that is nearer or less busy: calls wait for its candidates."}
		}),
	"server.other_address_invalid": on("The server offers a second address (OTHER-ADDRESS, RFC 5780 §7.4) that cannot "+
		"be one: with the IP address or the port that was asked, private, or with a RESPONSE-ORIGIN that is not where the "+
		"answer came from. It counts as basic STUN, which reports the mapped address and nothing about filtering.",
		func(f judge.Finding, e network.BasicServer) Text {
			return say(diag.Clean(f.Subject, 300)+" counts as basic STUN: "+basic(e.Basic)+".",
				"Give the server a second public IP address and a second port (coturn: two listening-ip, alternate-port).")
		}),
	"server.ignores_change_request": on("Asked to answer from its other address (CHANGE-REQUEST, RFC 5780 §7.2), the "+
		"server answers from the one that was asked. Tools that do not check where an answer comes from take this for a "+
		"NAT that filters nothing.", func(f judge.Finding, e network.FilteringFound) Text {
		return say(diag.Clean(f.Subject, 300)+" ignores CHANGE-REQUEST, so filtering cannot be tested with it.",
			otherServer,
			fmt.Sprintf("%d answers came from the address that was asked", e.Tally.Ignored))
	}),
	"server.refuses_change_request": on("Asked to answer from its other address, the server rejects the request, mostly "+
		"with error 420 (unknown attribute). Filtering cannot be tested with it.",
		func(f judge.Finding, e network.FilteringFound) Text {
			return say(diag.Clean(f.Subject, 300)+" rejects CHANGE-REQUEST, so filtering cannot be tested with it.",
				otherServer,
				fmt.Sprintf("error %d", e.Tally.Refused))
		}),
	"server.alternate_silent": on("No packet ever came from the second address of the server, even to a socket that the "+
		"NAT must let it reach. The server is the cause, or a firewall that lets UDP leave for its first port only.",
		func(f judge.Finding, e network.FilteringFound) Text {
			cause := "the server is at fault."
			if e.Path {
				cause = "the server is at fault, or a firewall."
			}
			return Text{Title: "The alternate address of " + diag.Clean(f.Subject, 300) + " never answers, even when the NAT " +
				"lets it in: " + cause, Evidence: []string{fmt.Sprintf("%d requests to be answered from %s",
				e.Tally.AskedBoth, diag.Clean(e.Other, 60))}, Advice: otherServer}
		}),
	"server.outlier": on("The server reports another mapped address and port than the majority of the servers, which "+
		"agree. Its report is left out of the mapping. It may be behind a proxy, reached through a VPN, or unreliable.",
		mappedText("reports another mapped address than most servers, and is not believed",
			"Leave it out: it may be behind a proxy or reached through another uplink.")),
	"server.mapped_private": on("A public server reports a private mapped address that this machine does not have. A "+
		"NAT, a proxy or a load balancer in front of the server replaces the addresses of its clients: candidates from it "+
		"cannot be used, and it says nothing about a NAT on this side.",
		mappedText("reports a private mapped address, and is not believed",
			"Leave it out: a NAT or proxy in front of it replaces client addresses.")),
	"server.mapped_changing": on("The server reported different mapped addresses for one socket within a second or two, "+
		"while at least as many other servers, asked as often from the same socket, each reported one throughout. So the "+
		"NAT keeps its mappings, and the server, or something in front of it, changes what it reports. Its reports are left "+
		"out of every result.",
		mappedText("reports changing mapped addresses for one socket, as other servers do not, and is not believed",
			"Leave it out: it, or something in front of it, changes the addresses.")),
	"server.mapped_untrue": on("The server reported a mapped address to which no one can send (0.0.0.0, port 0, a "+
		"multicast address), or one that is right only without the XOR of RFC 8489 §14.2, which the server left out, or one "+
		"and the same address and port for two sockets of this machine, both in use. No NAT can give one port to two "+
		"sockets that talk to the same place, because it could not distinguish the answers. The report is left out of the "+
		"mapping.",
		func(f judge.Finding, e network.ServerAddress) Text {
			return say(diag.Clean(f.Subject, 300)+" reports a mapped address that cannot be, and is not believed.",
				"Leave "+
					diag.Clean(f.Subject, 300)+" out.",
				"it reported "+diag.Clean(e.Other, 60))
		}),
	"server.answers_elsewhere": on("The server answers from another address or port than the one that was asked, "+
		"without having been asked to (CHANGE-REQUEST). Servers that listen on all addresses of a machine with several "+
		"ones do so. Most NATs and firewalls drop such answers, and clients must not believe them: anyone could have sent "+
		"them.",
		func(f judge.Finding, e network.ServerAddress) Text {
			return say(diag.Clean(f.Subject, 300)+" answers from another address than the one that was asked; NATs "+
				"and firewalls drop such answers.",
				"Bind the server to its public address instead of all addresses (coturn: listening-ip).",
				fmt.Sprintf("asked %s, an answer came from %s",
					diag.Clean(e.Address, 60), diag.Clean(e.Other, 60)))
		}),
	"server.floods": on("The server sent many more answers than requests. It is broken, or packets run in a loop in a "+
		"network on the path. Only the first answer to each request was read.",
		func(f judge.Finding, e network.Repeats) Text {
			return say(diag.Clean(f.Subject, 300)+" repeats its answers.",
				"Leave it out: it may be broken, or there is a loop in the network.",
				fmt.Sprintf("%d answers more than requests", e.Answers))
		}),
}

// otherServer is the next step when filtering cannot be tested with a server.
const otherServer = "Ask another server that supports RFC 5780."

// mappedText writes a finding about a server whose mapped address is not believed.
func mappedText(verb, advice string) func(judge.Finding, network.ServerAddress) Text {
	return func(f judge.Finding, e network.ServerAddress) Text {
		return say(diag.Clean(f.Subject, 300)+" "+verb+".",
			advice,
			"it reported "+diag.Clean(e.Other, 60))
	}
}

// certificateText writes a finding about a certificate that ends soon.
func certificateText(f judge.Finding, e network.CertificateEnd) Text {
	when := "expires in " + Count(e.Days, "day", "days")
	switch {
	case e.Days < 0:
		when = "has expired"
	case e.Days == 0:
		when = "expires within a day"
	}
	c := e.Certificate
	t := say(diag.Clean("The certificate of "+f.Subject+" "+when, 400)+".",
		diag.Clean("Renew the certificate of "+f.Subject+", and check why it was not renewed automatically", 400)+
			".",
		diag.Clean(fmt.Sprintf("%s, issued by %s, is valid until %s", c.Name, c.Issuer, c.NotAfter), 300))
	for _, url := range e.Also {
		t.Evidence = append(t.Evidence, diag.Clean(url+" has it too", 400))
	}
	return t
}

// expiredText writes a finding about credentials whose time is over.
func expiredText(f judge.Finding, e network.ServerFailure) Text {
	url := diag.Clean(f.Subject, 300)
	t := say("The credentials for "+url+" have expired by this machine's clock.",
		"Fetch new credentials for "+url+", or use --turn-secret, and check the clocks of this machine and of "+
			"the credentials' issuer.",
		Prefixed("the user name says that they were valid until ", failure.Expiry(&e.Server)))
	if e.Server.Failed() != nil {
		what, _ := failure.Of(&e.Server)
		t.Evidence = append(t.Evidence, what)
	}
	return t
}

// basicList is one line for each server of basic STUN.
func basicList(list []network.BasicServer) []string {
	return diag.Map(list, func(s network.BasicServer) string { return diag.Clean(s.URL+": "+basic(s.Basic), 300) })
}

// GradeLabel is [Grade] in a word or two.
func GradeLabel(row nat.ServerRow) string {
	switch {
	case row.Outlier:
		return "outlier"
	case row.Grade == nat.GradeRFC5780:
		return "RFC 5780"
	case row.Grade == nat.GradeBasic:
		return "basic"
	}
	return ""
}

// failedText is a finding about a server that failed.
func failedText(f judge.Finding, e network.ServerFailure) Text {
	what, advice := failure.Of(&e.Server)
	evidence := []string{}
	if stage := e.Server.Failed(); stage != nil {
		evidence = append(evidence, "step "+StageLabel(stage.Name)+", cause "+diag.Clean(string(stage.Failure.Cause), 60))
	}
	for _, same := range e.Same {
		what, _ := failure.Of(&same)
		evidence = append(evidence, diag.Clean("the same: "+same.URL+": "+what, 400))
	}
	return Text{Title: diag.Clean(f.Subject+" failed: "+what, 500) + ".", Evidence: evidence, Advice: advice}
}
