package words

// explanations are what stands behind each finding: when it is told, what it means, what helps. docs/findings.md is
// made of them.
var explanations = map[string]string{
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
