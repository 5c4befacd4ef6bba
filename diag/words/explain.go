package words

// explanations are what stands behind each finding: when it is told, what it means, what helps. docs/findings.md is
// made of them.
var explanations = map[string]string{
	"nat.udp_blocked":                "No STUN server answers over UDP, while servers do answer over TCP or TLS. A firewall that lets no UDP pass is the usual cause, in companies, hotels and some mobile networks. Calls then need a TURN server over TLS on port 443, which looks like a web server to the firewall.",
	"nat.endpoint_dependent_mapping": "The NAT gives one socket another public port for each destination (RFC 4787 §4.1; often called symmetric). The port that a STUN server sees is then not the one that the other party must use, so direct calls succeed only with parties whose own NAT filters little. A TURN server carries the rest.",
	"nat.mapping_unstable":           "The same server saw the same socket with two different ports within a second. Either the NAT forgets its mappings at once, or several NATs share the traffic packet by packet. Nothing else about the mapping can be said, and direct calls are a matter of luck.",
	"nat.pooling":                    "Different servers saw one socket with different public addresses and the same port. This network has several uplinks, or the NAT has a pool of addresses and does not keep a host on one of them, which RFC 4787 REQ-2 asks it to.",
	"nat.alg":                        "MAPPED-ADDRESS and XOR-MAPPED-ADDRESS of one answer differ. The second is coded so that gateways do not recognise it; something on the way has found the first and rewritten it. Such application layer gateways (ALG) damage more than they help; routers have a switch for them.",
	"nat.cgnat":                      "An address of this machine, or the one that it is seen with, belongs to a range that carriers use between their own NAT and their customers (100.64.0.0/10, RFC 6598) or for IPv4 over IPv6 (192.0.0.0/29). Nobody can open a port in a carrier's NAT; calls work as its mapping allows.",
	"nat.uplinks":                    "Towards different servers this machine sends from different addresses of its own, so several interfaces or routes are in use at once, such as a cable and a VPN. Each has a public address and a NAT of its own. Calls work, but a pair of addresses may break when one way goes away, and what was found out is a mixture of both.",
	"nat.lifetime_short":             "A UDP socket that neither sends nor receives loses its public port sooner than the two minutes that RFC 4787 REQ-5 asks for. Calls keep their ports open by sending every few seconds (RFC 7675, RFC 8445 §11). Whatever waits longer without a word, such as an idle signaling connection over UDP, is cut off.",
	"nat.fragments_lost":             "UDP packets that are longer than the MTU travel as several fragments, and these do not come through, at least in one direction. Many firewalls and carrier NATs drop them. WebRTC sends no packets over 1,200 bytes, with one exception: a DTLS handshake with large certificates, which then stalls.",

	"nat.filtering_untested": "What a NAT lets in can only be found out with a server that answers from a second address when it is asked to (RFC 5780): one with OTHER-ADDRESS. None of those that answered is one. Mostly that does not matter, because the mapping decides first; it does for two parties of whom one has an endpoint-dependent mapping.",

	"server.dns":                    "The name of the server does not resolve. A typing mistake, a server that no longer exists, or a resolver that does not answer.",
	"server.refused":                "The machine answers that nothing listens on this port: an ICMP message over UDP, a reset over TCP. The server does not run, or it listens on another port or transport. It is no firewall that drops packets.",
	"server.timeout":                "Nothing came back. The server is down, its address is wrong, or a firewall drops the packets on one of the two ways. Asking the same server over TCP or TLS tells these apart.",
	"server.unreachable":            "The operating system knows no way to the server, or may not send there. Without IPv6 this is ordinary for a server's IPv6 address.",
	"server.tls":                    "The TLS or DTLS handshake failed: the certificate has expired, is of an unknown authority or for another name, or the port does not speak TLS. Browsers refuse such a server as well.",
	"server.tls_expires":            "The certificate of the server ends within 14 days, or has ended where certificates are not verified. From that day on browsers and dialtone refuse the server. Authorities that renew automatically do so about 30 days before: that it has not happened means that something is broken.",
	"server.found_by_srv":           "The server was named without a port, and DNS SRV (RFC 8489 §8.1, RFC 5928) named another host or port than the usual one. dialtone nat follows that. ICE agents, in browsers and in dialtone's own calls, do not ask for SRV: they take the name itself with the default port, where perhaps nothing listens.",
	"server.try_alternate":          "The server answered with 300 (Try Alternate, RFC 8489 §10): its clients shall use another address. ICE agents do not follow that; name the other server.",
	"server.auth":                   "The server wants credentials for a plain STUN request, or does not accept those that were given.",
	"server.config":                 "The server could not be asked because its URL or its credentials are not usable, or because its name has no address of the family that was asked for (-4, -6). Nothing was sent.",
	"server.protocol":               "Something answers, and not as a STUN or TURN server does: another service on this port, a captive portal, or a broken server whose messages cannot be read.",
	"server.failed":                 "The server gave nothing, for a reason that has no name of its own; the evidence tells it.",
	"server.other_address_invalid":  "The server offers a second address (OTHER-ADDRESS, RFC 5780 §7.4) that cannot be one: with the IP or the port that was asked, private, or with a RESPONSE-ORIGIN that is not where the answer came from. It counts as a plain server, which tells the public address and nothing about filtering.",
	"server.ignores_change_request": "Asked to answer from its other address (CHANGE-REQUEST, RFC 5780 §7.2), the server answers from the one that was asked. Tools that do not look where an answer comes from take this for a NAT that filters nothing.",
	"server.refuses_change_request": "Asked to answer from its other address, the server refuses, mostly with error 420 (unknown attribute). Filtering cannot be found out with it.",
	"server.alternate_silent":       "Nothing was ever heard from the second address of the server, even by a socket that the NAT must let it reach. The silence is therefore the server's, and says nothing about this network.",
	"server.outlier":                "The server sees this machine with another address and port than the majority of the servers, which agree. Its word about the mapping is left out. It may be behind a proxy, reached through a VPN, or lie.",
	"server.mapped_untrue":          "The server saw two sockets of this machine, both in use, with one and the same address and port. No NAT can give one port to two sockets that talk to the same place, because it could not tell the answers apart: the server makes the address up. Its word about the mapping is left out.",
	"server.answers_elsewhere":      "The server answers from another address or port than the one that was asked, without having been asked to (CHANGE-REQUEST). That happens to servers that listen on all addresses of a machine with several ones. Most NATs and firewalls do not let such answers in, and clients must not believe them: anybody could have sent them.",
	"server.floods":                 "The server sent many more answers than requests. It is broken, or packets run in a loop in a network on the way. What came after the first answer was not read.",
	"server.slow":                   "A round trip to the server takes more than a second. Calls gather candidates from it and wait as long. A satellite link, an overloaded server, or a server that sends its answer byte by byte.",
	"server.mapped_private":         "A public server says that it sees a private address, while others see a public one. A NAT or a load balancer in front of the server replaces the addresses of its clients: candidates from it are of no use.",

	"stun.error_response":        "The server answered with an error code that has no finding of its own. The code is in the evidence; RFC 8489 §14.8 and RFC 8656 §19 list them.",
	"turn.unauthorized":          "The TURN server is there and does not accept user name or password (401, of some servers 400). A temporary (REST) credential may have expired, or its shared secret may be another one.",
	"turn.wrong_credentials":     "The server holds an allocation for this address and port that was made with another user name or password (441).",
	"turn.transport_unsupported": "The server does not relay over UDP (442), which calls need. UDP relaying is switched off in its configuration.",
	"turn.connection_exists":     "The server already has a connection to that peer from this relay address (446, RFC 6062).",
	"turn.refresh_failed":        "The relay was allocated, and the server did not extend its life when it was asked to (Refresh, RFC 8656 §7). Calls over it would end with the allocation, mostly after ten minutes.",
	"turn.relay_untested":        "The relay was allocated, and nothing came back from the one address that could be tried through it: the TURN server's own, because no STUN server was named. Servers are free not to answer there or to forbid it, so this says nothing against the relay.",
	"turn.forbidden":             "The TURN server forbids this user or address (403).",
	"turn.allocation_mismatch":   "The server still holds an allocation for this address and port (437). It ends by itself after ten minutes at most. A NAT that gives a port to the next socket at once makes this frequent.",
	"turn.stale_nonce":           "The server rejects the nonce that it has just given (438). Requests of one client reach different servers behind a load balancer, or the server's clock jumps.",
	"turn.quota_reached":         "The user has as many allocations as the server allows (486). Allocations of calls that ended badly live on for up to ten minutes.",
	"turn.insufficient_capacity": "The server has no relay port or bandwidth left (508).",
	"turn.relay_private":         "The TURN server is public, and the relay address that it gives is private: peers cannot send there. The server stands behind a NAT and has not been told its public address (coturn: external-ip).",
	"turn.relay_elsewhere":       "A STUN server that was asked through the relay saw another address than the one that the TURN server gives out. Peers would send to an address where nobody relays.",
	"turn.relay_silent":          "The relay was allocated, and bytes that were sent through it did not come back. The peer that was tried may not reach it: the firewall of the TURN server blocks its relay ports, or the server has no way to the peer.",
	"turn.peer_forbidden":        "The TURN server refuses to send to the peer that was tried (403). Servers are right to forbid private and loopback addresses; where peers have such ones, they have to be allowed.",

	"media.source_stopped": "The source of this side's audio or video (a file, or the pattern that dialtone makes) gave an error in the middle of the call, which the text names. The other kind and the data channels go on; the other party sees the picture freeze or hears silence.",

	"signal.slow":             "Messages for the signaling server are waiting in a queue that is full, and one was dropped. The server takes them too slowly: it is overloaded, or the connection to it stalls. When a candidate was lost, the call may miss its best path.",
	"signal.candidate_lost":   "The signaling server did not take a message with a candidate for the other party. ICE goes on with the candidates that did arrive; with the lost one a path may be missing, mostly the relay, which comes last.",
	"signal.ice_servers_late": "The endpoint named STUN or TURN servers in the Link fields of its answer (RFC 9725 §4.6). By then the candidates have been gathered and sent inside the offer, so this call does without. An endpoint that names them in its answer to OPTIONS too is asked in time; otherwise give them with --ice.",
	"signal.server_lost":      "The connection to the signaling server ended while the call was up. Media and data go directly (or over a relay) between the parties, so the call lasts; a new dial or a restart that needs the server does not come about before it is back.",

	"ice.candidate_unusable": "The other party signalled a candidate that cannot be read or used: another syntax than RFC 8839 §5.1, an address family or protocol that this side does not have, or more of them than are kept. The others are tried all the same.",
	"ice.consent_lost":       "The other party has stopped answering the connectivity checks that every sender must have answered to go on sending (consent, RFC 7675). Its network changed, a NAT forgot its mapping, or its program hangs. ICE keeps trying; a restart finds new paths.",
	"ice.restart_failed":     "An ICE restart (RFC 8445 §9) needs a new offer and answer, and these did not come about: the other party or the signaling server did not answer in time. The call stays on the path that it has, when that still works.",

	"channel.full":     "Pings wait to be sent on a data channel whose buffer is full. The other party does not acknowledge what it gets (SCTP), because its program hangs, or because the path is slower than what is sent on the other channels.",
	"channel.too_many": "The other party has opened more data channels than one call listens to. Those beyond that are closed at once, which bounds memory; the ones before are not touched.",

	"stats.unreadable": "On the channel dialtone-stats came something that is no statistics message as the protocol describes it: too long, no JSON, or a value that cannot be. It is told once; every such message is left out. The call itself does not depend on it.",
	"stats.too_many":   "The other party sends its statistics several times a second, where one is due. Most are left out, so that a flood costs nothing; the Data pane counts them.",

	"call.command_refused": "A command during the call (mute, restart, a chat message) could not be carried out in the state that the call was in. The text says why; the call itself goes on.",
	"record.unwritable":    "An event could not be written into the recording as it was, so this remark stands in its place. The recording is otherwise complete.",
}
