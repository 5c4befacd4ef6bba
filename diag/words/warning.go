package words

import (
	"dialtone/diag/judge"
)

// warnings are the findings that repeat a warning of the log: what a reader should know and what ended nothing.
var warnings = map[string]entry{
	"capture.secrets": warning("The packets of this call, or the keys that decrypt them, are written to a file.",
		"Give the file only to those who may know the content of the call, and delete it afterwards.",
		"With --keylog or --pcapng the keys of the DTLS connection are written: with them and the packets, anyone can read "+
			"the data channels and hear and see the media. With --pcapng-decrypted the file holds both as they are."),
	"capture.failed": warning("The packets or keys of the call cannot be written.",
		"Choose files that you can write.",
		"A file of --keylog, --pcapng or --pcapng-decrypted could not be opened. The call continues without it."),
	"capture.incomplete": warning("The files of packets or keys are incomplete.",
		"Choose files on a disk with free space, or read the media and data of this call with --save-media and --record.",
		"A file of --keylog, --pcapng or --pcapng-decrypted could not be written to the end, or the DTLS connection "+
			"could not be decrypted. The cause is in the evidence; the call is not affected."),
	"save.media": warningOn("The media that this call receives is written to files in ",
		"Give the files only to those who may hear and see the call, and delete them afterwards.",
		"With --save-media the audio and video that the peer sends is written to files, as it is heard and seen, with the "+
			"packets that carried it."),
	"save.failed": warningOn("Received media cannot be written to ",
		"Choose a directory that you can write, on a disk with free space.",
		"A file of --save-media could not be made or written. The call continues without it; what was written before is "+
			"kept."),
	"save.limit": warningOn("A file of received media ended before the call, at the limit of ",
		"Place a shorter call: each run has its own limit.",
		"The files of --save-media hold at most 1 GiB together, and an hour of each stream. What is received after that is "+
			"not written; the call and its verdict are not affected."),
	"save.slow": warningOn("The disk was too slow for all received media in ",
		"Choose a directory on a faster disk.",
		"Packets waited to be written by --save-media, and more came than the queue holds. The files lack them, as if they "+
			"had been lost; the call and its statistics are not affected."),
	"signal.slow": warning("The signaling server accepts messages too slowly; one was dropped.",
		"Check the load of the server, or use another one.",
		"Messages for the signaling server waited in a full queue, and one was dropped. The server is overloaded, or the "+
			"connection to it stalls. If the message was a candidate, the call may miss its best path."),
	"signal.candidate_lost": warning("A local candidate did not reach the peer.",
		"Check the signaling server if no path is found.",
		"The signaling server did not accept a message with a candidate for the peer. ICE continues with the candidates "+
			"that arrived; a path may be missing, usually the relayed one, whose candidate comes last."),
	"signal.server_lost": warning("The connection to the signaling server was lost; the call continues without it.",
		"Check the server before the next call.",
		"The connection to the signaling server ended during the call. Media and data go directly or over a relay "+
			"between the peers, so the call continues. A new call or an ICE restart fails until the server is back."),
	"signal.ice_servers_late": warningOn("The server named ICE servers too late for this call: ",
		"Give them with --ice if no path is found.",
		"The endpoint named STUN or TURN servers in the Link fields of its answer (RFC 9725 §4.6). By then the candidates "+
			"were gathered and sent in the offer. An endpoint that also names them in its answer to OPTIONS is asked in "+
			"time; otherwise give them with --ice."),
	"signal.ice_servers_near": warningOn("The server named ICE servers on this machine or its link, which are not used: ",
		"Give them with --ice, if you trust the server.",
		"The endpoint, which is elsewhere, named STUN or TURN servers whose addresses lead to this machine, its link, or a "+
			"metadata service. No server elsewhere may make a call connect there."),
	"signal.options_silent": warning("The server does not answer OPTIONS.",
		"Let the server answer OPTIONS with 204: browsers on other sites cannot call it otherwise.",
		"Before the call the endpoint was asked with OPTIONS for its ICE servers (RFC 9725 §4.6), and nothing came within "+
			"three seconds. The call was placed anyway, three seconds later than it could have been. A browser on a page of "+
			"another site asks the same before it posts, and waits in vain."),
	"signal.wrong_role": {Explain: "The peer that dials a room first makes the offer. The check was to offer (or to " +
		"answer), and the server assigned the other role, because the peer had (or had not) dialed before. Start the " +
		"two in the other order, or use --role any.", Write: wrongRole},

	"ice.candidate_unusable": warning("A remote candidate is not usable.",
		checkSignaled,
		"The peer signaled a candidate that cannot be parsed or used: a syntax other than that of RFC 8839 §5.1, an "+
			"unsupported address family or protocol, or the ufrag of another description (RFC 8838 §10), as of an "+
			"earlier call. If that description still comes, the candidate is used then. The others are still tried."),
	"ice.other_session": warning("The peer does not know the ICE credentials of its description.",
		"Check that the server returns the answer to this offer: it is that of another call, or was changed on its way.",
		"A peer checks candidate pairs, and accepts checks, with the ice-ufrag and ice-pwd of its own description (RFC 8445 "+
			"§7.2.2). This one used others, or rejected those of its description: the description belongs to another session, "+
			"such as an earlier call, or something between the peers has changed it."),
	"ice.consent_lost": warning("The peer stopped answering connectivity checks.",
		"Wait some seconds, then check the network on both sides.",
		"A sender needs answers to its connectivity checks to continue sending (consent, RFC 7675), and the peer stopped "+
			"giving them. Its network changed, a NAT dropped the mapping, or its program hangs. ICE keeps trying; a "+
			"restart finds new paths."),
	"ice.restart_failed": warning("The ICE restart failed.",
		"Check the signaling server and the peer, then restart again.",
		"An ICE restart (RFC 8445 §9) needs a new offer and answer, and they could not be exchanged: the peer or the "+
			"signaling server did not answer in time. The call stays on its path if that still works."),
	"ice.restart_unsupported": warning("The peer does not support an ICE restart.",
		"Hang up and call again for new paths.",
		"An ICE restart over a room needs a peer that dials the room again when asked to. A peer announces that with a "+
			"hello on its control channel; this one did not."),
	"ice.restart_in_progress": warning("An ICE restart is already in progress.", "Wait until it finishes.",
		"A restart was requested while another was in progress. Only one at a time is possible."),

	"log.events_dropped": warning("Some events are missing here, because they were not read in time.",
		"Check what reads the output or the recording: a stopped terminal, a full pipe or a slow disk.",
		"The output or the recording of the call was stuck for so long that 20,000 events waited. The oldest were left out, "+
			"so that the memory stays bounded; the evidence has their number. The call and its verdict are not affected."),
	"record.limit": warningOn("The recording has reached its limit of size: ",
		"Raise --record-limit if the rest of the call is needed.",
		"The recording ends before the call, at the size that --record-limit allows. It is complete up to there; the call "+
			"and its verdict are not affected."),

	"channel.full": warningOn("The data channel is full: ", "Check whether the peer's program hangs or its network is "+
		"slow.",
		"Messages wait on a data channel whose buffer is full. The peer does not acknowledge what it receives (SCTP), "+
			"because its program hangs, or because the path is slower than what is sent."),
	"channel.unavailable": warningOn("The data channel is not open: ",
		"Wait until the channel opens; a browser page may not open it at all.",
		"A message could not be sent because its data channel is not open. It opens after the connection is "+
			"established, if the peer accepts it."),
	"channel.send_failed": warningOn("A message could not be sent on the data channel: ", "Try again in a moment.",
		"The data channel rejected a message. The cause is in the evidence."),
	"channel.too_many": warning("The peer opened too many data channels; the excess was closed.",
		"Check whether the peer's program opens channels in a loop.",
		"The peer has more data channels open than the 64 that one call listens to. Further ones are closed at once, and "+
			"after 256 of them no more are accepted, which bounds memory use; the earlier ones are not affected."),

	"stats.unreadable": warning("The peer's statistics are unreadable and are left out.",
		"Check the peer's program; the call itself continues.",
		"A message on the channel dialtone-stats does not follow the protocol: it is too long, not JSON, or has an "+
			"impossible value. Each such message is left out, and the first is reported. The call does not depend on it."),
	"stats.too_many": warning("The peer sends its statistics too often; most are left out.",
		"Check the peer's program: one message a second is due.",
		"The peer sends its statistics several times a second, although one a second is due. Most are left out, so that "+
			"a flood costs nothing; the Data pane counts them."),

	"media.source_stopped": warningOn("The media source stopped: ", "Check the file or device that is sent.",
		"The source of the local audio or video (a file, or dialtone's test pattern) reported an error during the "+
			"call. The other kind of media and the data channels continue; the peer sees a freeze or hears silence."),
	"media.not_sent": warningOn("The call does not send ", "Call without --no-media, or choose a signaling that sends it.",
		"A request to mute named a kind of media that this call does not send."),

	"call.not_connected": warning("The call is not connected.", "Wait until the state is connected.",
		"A command needs a connection, and the call has none yet or has none at the moment."),
	"diagnosis.no_servers": warning("No STUN or TURN server is configured.", "Call again with one: --ice stun:HOST.",
		"A diagnosis of the network asks STUN and TURN servers, and this call has none."),
	"diagnosis.in_progress": warning("A diagnosis is already in progress.", "Wait some seconds for its verdict.",
		"A diagnosis of the network was requested while another was in progress. Only one at a time is possible."),

	"record.unwritable": warningOn("The recording lacks an event: ", "Report this as a bug of dialtone.",
		"An event could not be written as it was, so this warning is recorded in its place. The recording is otherwise "+
			"complete."),
}

// warning makes the entry of a warning that always says the same.
func warning(title, advice, explain string) entry {
	return fixed(explain, title, advice, causes)
}

// warningOn makes the entry of a warning whose title ends with its subject.
func warningOn(title, advice, explain string) entry {
	return on(explain, func(f judge.Finding, e judge.Warning) Text {
		return Text{Title: title + f.Subject + ".", Evidence: causes(e), Advice: advice}
	})
}

// checkSignaled is the advice about candidates that cannot be used.
const checkSignaled = "Check what candidates the peer's program signals."

func causes(e judge.Warning) []string {
	if e.Cause == "" {
		return nil
	}
	return []string{e.Cause}
}

// wrongRole has the assigned role as its subject.
func wrongRole(f judge.Finding) Text {
	if f.Subject == "offerer" {
		return say("The room assigned the role of the offerer instead of the answerer.",
			"Start the peer before the check, or use --role any.")
	}
	return say("The room assigned the role of the answerer instead of the offerer.",
		"Start the check before the peer, or use --role any.")
}
