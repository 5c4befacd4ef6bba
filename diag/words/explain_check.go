package words

import "maps"

func init() { maps.Copy(explanations, checkExplanations) }

// checkExplanations are those of the findings of calls and checks.
var checkExplanations = map[string]string{
	"call.nobody_came": "The code was dialled and the server answered, but nobody else dialled it in time. Both sides need the same code at the same server, and whoever waits must wait long enough (--wait).",
	"call.peer_left":   "The signaling server says that the pair has ended before the call was up: the other party's program ended, was interrupted, or gave up.",
	"call.peer_lost":   "The connection was up, and then neither answers to connectivity checks nor media came any more. The other party's program or machine died, or the network between the two did.",
	"call.ended_early": "The other party hung up in order before the time that was asked for was over. What was asked for was therefore not seen to its end.",

	"signal.dns":         "The name of the signaling server does not resolve.",
	"signal.refused":     "Nothing listens at the address of the signaling server. It does not run, or it listens on another port.",
	"signal.unreachable": "No connection to the signaling server comes about: there is no route, or no network.",
	"signal.proxy":       "The HTTP proxy that the environment names (HTTP_PROXY, HTTPS_PROXY) failed or refused the request.",
	"signal.tls":         "The TLS handshake with the signaling server failed, mostly over its certificate: expired, for another name, or of an unknown authority (--ca).",
	"signal.timeout":     "The signaling server did not answer in time.",
	"signal.broken":      "The connection to the signaling server ended in the middle of an answer.",
	"signal.status":      "The signaling server answered with an HTTP status that its protocol does not foresee. The address may be that of another service, or something before the server (a gateway, a login page) answered.",
	"signal.limit":       "The signaling server refuses more requests or larger ones (429, 413).",
	"signal.protocol":    "What answers is no signaling server of this protocol: a web page, or garbage.",
	"signal.rejected":    "The signaling server refused the message in the present state of the exchange.",
	"signal.peer_gone":   "The signaling server says that the other party is gone: it hung up, or was silent for longer than the server waits.",
	"signal.shutdown":    "The signaling server says that it is shutting down.",
	"signal.failed":      "The exchange of offer, answer and candidates failed for a reason that has no name of its own; the evidence tells it.",
	"signal.wrong_role":  "In a room whoever dials first offers. The check was to offer (or to answer) and the server gave it the other part, because the other party had (or had not) dialled before. Start the two in the other order, or check with --role any.",

	"ice.no_path": "Offer and answer were exchanged, and no pair of candidates worked. The evidence says which candidates there were and how many checks were answered; findings about servers beside this one say which of them gave nothing.",

	"dtls.fingerprint_mismatch": "The path works and somebody answers the handshake, with another certificate than the description announced (RFC 8122). Either the description was changed on its way, or somebody else took the call. This is what the fingerprint is for; the call is rightly refused.",
	"dtls.timeout":              "The path carries small packets, and the handshake over it was not answered in time. Mostly large packets are lost: a tunnel or VPN with a smaller MTU than it says.",
	"dtls.closed_by_peer":       "The other party ended the handshake. It does not say why on the wire; look at its own log or at the findings of its side.",

	"channel.not_open":   "ICE and DTLS are up, and no data channel opened within the time that a check gives it. The other party did not accept the m=application section, its SCTP association did not come up, or large packets are lost.",
	"channel.not_echoed": "A data channel opened, and nothing that was sent on it was answered: no pong to a ping, and no message that came back. Whether the channel carries data both ways is therefore not known.",

	"media.one_way": "Media was asked for both ways, and packets were counted in one direction alone. A NAT or firewall that drops one direction, a side without a source, or a description that says sendonly or recvonly.",
	"media.stopped": "Packets of this kind came, and none in the last two seconds or more of a connection that was up to its end. A source that ended, or something on the way that closed.",
	"media.silent":  "Every packet of the audio since then holds nothing but silence, which Opus says without being decoded: a packet without a frame (discontinued transmission), or a CELT frame whose silence flag is set. Quiet sound is not called silence. For video and for other codecs nothing can be told without decoding, so nothing is claimed.",
	"media.loss":    "More than 5 % of the packets of a direction did not arrive, even after repair by retransmission. Above 20 % a check fails: speech can hardly be understood.",

	"path.relay_unexpected":  "The check expected a direct path (--expect direct), and the selected pair goes through a TURN relay: no direct pair worked, or the relayed one was quicker to be nominated.",
	"path.direct_unexpected": "The check expected a relayed path (--expect relay), and the selected pair is direct. Relays are used where nothing else works; --relay-only allows nothing else.",
	"path.ipv6_lost":         "Both sides offered IPv6 candidates, all pairs of them failed, and the path is IPv4. Firewalls that block IPv6 on the way in are the usual cause. Calls work as long as IPv4 does.",

	"tester.cpu": "While the check ran, more than one in twenty timers of the program fired more than 10 ms late. Times, jitter and losses that it measured may be its own. Heavy loss is then a warning and no failure.",

	"baseline.worse":       "A value of the report is worse than that of the earlier report by more than both scatter. The noise is taken from the spread of the percentiles of both reports, at least 10 % and 2 ms (for shares 0.01). With fewer than five runs the scatter is not known, and only a value that has more than doubled counts.",
	"media.no_key_frame":   "Packets of video arrive, and none of their frames is a key frame, although one was asked for. Whoever joins cannot begin to decode. Encoders that publish over WHIP must answer a Picture Loss Indication (RFC 4585) with a key frame, or send one every second or two.",
	"whip.should_not_kept": "dialtone check --whip URL --conformance asks a WHIP endpoint for what RFC 9725 §4 demands. This requirement is a SHOULD, which a server may leave out for good reasons; clients of other makers may nevertheless rely on it.",
	"media.codec_declined": "The other party offered to send this kind of media with no codec that dialtone can receive, so the answer declines it (port 0, RFC 3264 §6). WebRTC endpoints have Opus and G.711 for audio, VP8 and H.264 for video in common (RFC 7874, RFC 7742).",
}
