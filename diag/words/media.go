package words

import (
	"fmt"
	"strconv"
	"strings"

	"dialtone/diag"
	"dialtone/diag/judge"
	"dialtone/diag/sdp"
	"dialtone/diag/words/stress"
)

// lookAtSender is the advice if a path carries packets and media is missing.
const lookAtSender = "Check the sender: muted, without a source, or with a codec that was not negotiated. The path " +
	"carries packets."

// channelFindings are those about data channels.
var channelFindings = map[string]entry{
	"channel.not_open": fixed(
		"ICE and DTLS are connected, but no data channel opened. The peer did not accept the m=application section, "+
			"its SCTP association did not connect, or large packets are lost.",
		"No data channel opened.",
		"Check that the peer accepts data channels (an m=application section in its answer), and that large packets arrive.",
		func(e judge.ChannelNotOpen) []string {
			return []string{
				"connected for " + Millis(e.UpMs), "SCTP: " + unknown(e.SCTP),
				fmt.Sprintf("%d packets received", e.Received),
			}
		}),
	"channel.closed": on(
		"The peer closed every data channel while the call went on. Some stacks do that with a channel that no part of the "+
			"application takes.",
		func(_ judge.Finding, e judge.ChannelsClosed) Text {
			return say("The peer closed every data channel.",
				"Check that the peer's application takes the data channels that it is offered.",
				Count(e.Channels, "channel was open", "channels were open")+", the last of them until "+Millis(e.OpenMs)+
					" after the first had opened", "the call was connected for "+Millis(e.UpMs))
		}),
	"channel.not_echoed": on(
		"A data channel opened, but nothing sent on it came back: no pong to a ping, and no message as it was sent. If the "+
			"peer answers with a text of its own, the channel carries data both ways. If it sends nothing, that is unknown.",
		func(_ judge.Finding, e judge.ChannelNotEchoed) Text {
			if e.Answer != "" || e.Label != "" {
				return say("The peer answers on a data channel, but does not echo.",
					"Nothing needs to change if this server is not to echo: data arrives in both directions.",
					"it sent "+answered(e))
			}
			if e.Sent != nil && *e.Sent == 0 {
				return say("Nothing could be sent on a data channel, so nothing came back.",
					"Open a channel named ping: pings are sent on it.",
					Count(e.Channels, "channel was open", "channels were open")+" for "+Millis(e.UpMs))
			}
			return say("No message on a data channel was answered.",
				"Use dialtone answer as the peer, or answer {\"ping\":N} with {\"pong\":N} on the channel ping.",
				Count(e.Channels, "channel was open", "channels were open")+"; no ping was answered, no "+
					"message came back in "+Millis(e.UpMs))
		}),
}

// answered is what came instead of an echo.
func answered(e judge.ChannelNotEchoed) string {
	what := strconv.Quote(e.Answer)
	switch {
	case e.Bytes > 0:
		what = Count(e.Bytes, "byte", "bytes") + " of binary data"
	case e.Answer == "":
		what = "an empty message"
	}
	if e.Label != "" {
		what += " on the channel " + e.Label
	}
	return what
}

// mediaFindings are those about audio and video.
var mediaFindings = map[string]entry{
	"media.none": on("The call carries only media, and no packet was counted in either direction.", mediaMissing),
	"media.no_inbound_audio": on("The peer's description says that it sends audio, or audio was expected, but no "+
		"packet arrived.", mediaMissing),
	"media.no_inbound_video": on("The peer's description says that it sends video, or video was expected, but no "+
		"packet arrived.", mediaMissing),
	"media.no_outbound_audio": on("Audio was expected to be sent, but no packet was counted.", mediaMissing),
	"media.no_outbound_video": on("Video was expected to be sent, but no packet was counted.", mediaMissing),
	"media.one_way": on(
		"Media was expected both ways, but packets were counted in one direction only. A NAT or firewall drops one "+
			"direction, one side has no source, or a description says sendonly or recvonly.",
		func(_ judge.Finding, e judge.MediaOneWay) Text {
			title := "Media goes one way only: " + strings.Join(e.Kinds, " and ") + " was sent, nothing was received."
			if e.Flows == diag.Inbound {
				title = "Media goes one way only: " + strings.Join(e.Kinds, " and ") + " was received, nothing was sent."
			}
			return say(title,
				"Check whether the silent side sends at all, and whether a firewall on the way drops one direction.",
				"connected for "+Millis(e.UpMs), labeled("path", e.Path))
		}),
	"media.stopped": on(
		"Packets of this kind arrived, or were sent, but none in the last 1.75 seconds or more, although the call stayed "+
			"connected; at the end of a call, none for three times as long as ever before. Of outbound media, it may also "+
			"mean that the peer's feedback names none of the packets that were sent for a second or more. The source "+
			"ended, something on the path closed, or the peer's program does not read what it receives.", mediaStopped),
	"media.loss": on(
		"More than 5 % of the packets of a direction were lost, counted as receiver reports do (RFC 3550), before any "+
			"retransmission. Retransmission repairs video; what it did not repair is the unrepaired loss. Above 20 % a check "+
			"fails: speech is hardly intelligible.",
		func(_ judge.Finding, e judge.MediaLoss) Text {
			way, source := "received", ""
			if e.Direction == diag.Outbound {
				way, source = "sent", ", as the peer's receiver reports say"
			}
			t := say(Percent(e.Share)+" of "+string(e.Direction)+" "+e.Kind+" was lost.",
				"Look for a link that is full or a weak radio signal on either side; try another network, or a closer "+
					"relay.",
				Number(e.Packets)+" packets "+way+", "+Lost(e.Lost, e.Repaired)+source)
			t.Evidence = append(t.Evidence, stress.Beyond(e)...)
			return testerShort(t, e.TesterShort)
		}),
	"media.no_key_frame": fixed(
		"Video packets arrive, but none of their frames is a key frame, although one was requested. A receiver that "+
			"joins cannot start decoding. Encoders that publish over WHIP must answer a Picture Loss Indication "+
			"(RFC 4585) with a key frame, or send one every second or two.",
		"Video arrives without a key frame, so that decoding cannot start.",
		"Set the encoder to a key frame every second or two, and check that it answers requests for one (PLI).",
		func(e judge.NoKeyFrame) []string {
			return []string{fmt.Sprintf("%d frames received in %s, no key frame", e.Frames, Millis(e.UpMs))}
		}),
	"media.codec_declined": on(
		"The peer's offer has no codec for this kind of media that dialtone can receive, or send if the peer wants "+
			"to receive. So the answer declines it (port 0, RFC 3264 §6). WebRTC endpoints have Opus and G.711 for "+
			"audio, VP8 and H.264 for video in common (RFC 7874, RFC 7742).",
		func(_ judge.Finding, e judge.CodecDeclined) Text {
			return say(Capital(e.Kind)+" was declined: the peer offers no codec for it that dialtone can use.",
				"Let the peer offer Opus for audio, and H.264 or VP8 for video.",
				labeled("offered", names(e.Offers)), labeled("known", names(e.Known)))
		}),
	"media.refused": on(
		"The answer refuses a kind of media that was offered to be sent, so none of it is sent; the rest of the call goes "+
			"on. An answer refuses a section by port 0 (RFC 3264 §6), by the directions inactive or sendonly (§6.1), by "+
			"leaving it out, which RFC 3264 forbids, or by naming only codecs that were not offered.", mediaRefused),
	"media.unconfirmed": on(
		"This kind of media is sent, and nothing shows that the peer gets it: no receiver report (RFC 3550 §6.4), no "+
			"statistics of the peer's own, and nothing of the kind comes back. If the peer reports on the other kind, it does "+
			"not get this one; else it may be an endpoint that sends no reports.",
		func(_ judge.Finding, e judge.MediaUnconfirmed) Text {
			t := say("The peer never confirmed that it receives the "+e.Kind+".",
				"Check at the peer whether the "+e.Kind+" arrives; a receiver should send RTCP reports.",
				fmt.Sprintf("%d packets sent in %s, no receiver report on them", e.Packets, Millis(e.UpMs)))
			switch {
			case e.UpMs.Duration() < judge.ReportGrace:
				t.Advice = "Repeat with a call of 10 s (--for, in load tests --hold): the first report may take some seconds."
			case len(e.Reports) > 0:
				t.Evidence = append(t.Evidence, "the peer reports on the "+names(e.Reports))
				t.Advice = "Check why the peer drops the " + e.Kind + ": an unknown SSRC, payload type or codec."
			}
			return t
		}),
	"media.reports_stopped": on(
		"The peer sent receiver reports (RFC 3550 §6.4) on this kind of media, and has sent none for five of their "+
			"intervals, and 15 s or more, while it was sent. So its loss, jitter, round-trip time and speech quality at the "+
			"peer are unknown since then: they are left out of the results. The peer's program may have stopped reading the "+
			"media, or something drops its RTCP packets.",
		func(_ judge.Finding, e judge.ReportsStopped) Text {
			return say("The peer stopped reporting on the "+e.Kind+" that it receives.",
				"Check whether the peer still receives the "+e.Kind+", and whether it sends RTCP.",
				"no receiver report in the last "+Millis(e.AgoMs)+" of sending; reports came before",
				Number(e.Sent)+" packets sent")
		}),
	"media.not_received_there": on(
		"The local side counts packets of a stream as sent, and the peer's statistics do not count them as received, "+
			"beyond what may be in flight: more than 5 % of the whole call or of its last seconds. They were lost on "+
			"the way, or the peer does not know the stream; its count of lost packets shows which.", endsDiffer),
	"media.not_received_here": on(
		"The peer's statistics count packets of a stream as sent that did not arrive, beyond what may be in flight: more "+
			"than 5 % of the whole call or of its last seconds. Something between the peers drops them.", endsDiffer),
	"media.received_not_sent": on(
		"One end counts more packets of a stream than the peer says that it has sent. The statistics of one peer are "+
			"wrong, something duplicates packets, or another program sends too.", endsDiffer),
}

func mediaMissing(_ judge.Finding, e judge.MediaMissing) Text {
	what := strings.TrimSpace(string(e.Direction) + " " + e.Kind)
	if what == "" {
		what = "media"
	}
	t := say("No "+what+" was seen.",
		lookAtSender,
		"no packet was counted in "+Millis(e.UpMs)+" of connection")
	if e.Padding > 0 {
		t.Evidence[0] = Count(int(e.Padding), "packet", "packets") + " of padding and no other came in " +
			Millis(e.UpMs) + " of connection"
	}
	switch {
	case e.Agreed && e.Kind != "":
		t.Evidence = append(t.Evidence, "both descriptions agree on it")
	case !e.Agreed && e.Direction == diag.Inbound:
		t.Advice = "Let the peer send " + e.Kind + ", which its description does not offer; or do not expect it " +
			"(--expect-media)."
	case !e.Agreed && e.Direction == diag.Outbound:
		t.Advice = "Check the peer's description (dialtone call shows it): it accepts no " + e.Kind +
			", or this machine could not send."
	}
	return t
}

// refusals say how an answer refuses a section.
var refusals = map[sdp.Refusal]string{
	sdp.Rejected:  "the answer rejects the section (port 0)",
	sdp.Inactive:  "the answer says a=inactive",
	sdp.Unwanted:  "the answer says a=sendonly: it sends and does not receive",
	sdp.NoSection: "the answer lacks the section",
	sdp.NoCodec:   "the answer names no codec that was offered",
}

func mediaRefused(_ judge.Finding, e judge.MediaRefused) Text {
	who := "peer"
	if e.Server {
		who = "server"
	}
	t := say("The "+who+" refuses "+e.Kind+": it was offered "+names(e.Offered)+".",
		"Check which codecs and directions the "+who+" takes; choose one with --"+e.Kind+"-codec, or leave "+
			e.Kind+" out ("+without[e.Kind]+").",
		refusals[e.How])
	if e.Dump {
		t.Advice = "Check which codecs and directions the peer takes; a page that only sends offers a=sendonly."
	}
	if e.How == sdp.NoCodec {
		t.Evidence = lines(refusals[e.How], labeled("answered", names(e.Answered)))
	}
	return t
}

// without are the flags that leave a kind of media out.
var without = map[string]string{"audio": "--video-only", "video": "--audio-only"}

// names is a list in a sentence.
func names(list []string) string { return strings.Join(list, ", ") }

func mediaStopped(_ judge.Finding, e judge.MediaStopped) Text {
	when := "before the end"
	if e.Running {
		when = "ago"
	}
	t := Text{Title: Capital(string(e.Direction)) + " " + e.Kind + " stopped " + Millis(e.AgoMs) + " " + when + "."}
	const connected = "; the connection was established all the time"
	switch {
	case e.AtPeer:
		t.Title = "By its feedback, the peer has received no " + e.Kind + " for " + Millis(e.AgoMs) + "."
		if !e.Running {
			t.Title = "By its feedback, the peer received no " + e.Kind + " in the last " + Millis(e.AgoMs) + "."
		}
		t.Evidence = []string{fmt.Sprintf("%s packets sent; the peer's feedback names none of the last %s%s",
			Number(e.Packets), Millis(e.AgoMs), connected)}
		t.Advice = "Check whether the peer's program still takes its " + e.Kind + ": the path carried connectivity checks " +
			"both ways. Then check what else it may drop."
	case e.Direction == diag.Outbound:
		t.Evidence = lines(
			fmt.Sprintf("%s packets sent, none in the last %s%s", Number(e.Packets), Millis(e.AgoMs), connected),
			mutedHere(e.Kind, e.Muted))
		t.Advice = "Check the file of --send-media. Without one, record the call (--record) and report the fault."
	case e.OneFrame:
		t.Title = "Only one frame of inbound " + e.Kind + " arrived, " + Millis(e.AgoMs) + " " + when + "."
		t.Evidence = lines(Number(e.Packets)+" packets received"+connected, muted(e.Kind, e.Muted))
		t.Advice = "Check whether the source sends further frames; a still picture may be intended."
	default:
		t.Evidence = lines(
			fmt.Sprintf("%s packets received, none with media in the last %s%s", Number(e.Packets), Millis(e.AgoMs), connected),
			muted(e.Kind, e.Muted), sentSince(e))
		t.Advice = "Check the sender at that time: its source may have ended, or shows a screen that does not change. Then " +
			"check firewalls and bandwidth limits on the path."
		switch {
		case e.Goodbye || e.SentSince != nil && e.SentSince.Packets == 0:
			still := map[string]string{"audio": "silence", "video": "a picture that does not change"}[e.Kind]
			t.Advice = "Check the sender's source: a track that was stopped, removed or replaced, or " + still + ", of which " +
				"some senders send nothing."
		case e.SentSince != nil:
			t.Advice = "Check what drops these packets and lets others pass: a server between, firewalls, or a limit of the " +
				"size or the rate of packets."
		case e.Kind == "audio":
			t.Advice = "Check the sender at that time: its source may have ended. Then check firewalls and bandwidth limits " +
				"on the path."
		}
	}
	return testerShort(t, e.TesterShort)
}

// sentSince says what the sender of inbound media that stopped says of it.
func sentSince(e judge.MediaStopped) string {
	switch s := e.SentSince; {
	case e.Goodbye:
		return "its sender says that it ended the stream (RTCP BYE)"
	case s == nil:
		return ""
	case s.Packets == 0:
		return "by its sender's reports of " + Millis(diag.Millis(diag.SecondsOf(s.Over))) + " of that time, it sends none"
	default:
		return "by its sender's reports of " + Millis(diag.Millis(diag.SecondsOf(s.Over))) + " of that time, it sent " +
			Number(uint64(s.Packets)) + " more"
	}
}

// testerShort adds that this machine was short of CPU, if it was.
func testerShort(t Text, is bool) Text {
	if is {
		t.Evidence = append(t.Evidence, "this machine was short of CPU (tester.cpu), which may be the cause")
		t.Advice = "Repeat the check on a machine with less load before you check the network."
	}
	return t
}

func mutedHere(kind string, is bool) string {
	if !is {
		return ""
	}
	return "this side muted its " + kind
}

func muted(kind string, is bool) string {
	if !is {
		return ""
	}
	return "the peer said that it muted its " + kind
}

func endsDiffer(f judge.Finding, e judge.EndsDiffer) Text {
	when := "since the call began"
	if e.LastMs != nil {
		when = "in the last " + Millis(*e.LastMs)
	}
	sender, receiver := "locally", "by the peer"
	if e.Direction == diag.Inbound {
		sender, receiver = receiver, sender
	}
	t := Text{Evidence: []string{fmt.Sprintf("%d %s packets sent %s, %d received %s %s", e.Sent, e.Kind, sender,
		e.Received, receiver, when)}}
	if f.ID != "media.received_not_sent" {
		t.Title = fmt.Sprintf("%d of %d %s packets sent %s were not received %s %s.", e.Sent-e.Received, e.Sent, e.Kind,
			sender, receiver, when)
		t.Advice = "Look for a firewall or NAT that drops one direction, or a link that is full; if all are missing, " +
			"check whether the receiver knows the stream."
		return t
	}
	t.Title = fmt.Sprintf("%d %s packets were received %s, but %d sent %s %s.", e.Received, e.Kind, receiver, e.Sent,
		sender, when)
	t.Advice = "Look for something on the way that duplicates packets, for another program at the same address, or for " +
		"wrong statistics."
	return t
}
