package words

import (
	"fmt"
	"strconv"
	"strings"

	"dialtone/diag"
	"dialtone/diag/judge"
)

// lookAtSender is the advice if a path carries packets and media is missing.
const lookAtSender = "Check the sender: muted, without a source, or with a codec that was not negotiated. The path " +
	"carries packets."

// channelFindings are those about data channels.
var channelFindings = map[string]entry{
	"channel.not_open": on(
		"ICE and DTLS are connected, and no data channel opened. The peer did not accept the m=application section, its "+
			"SCTP "+
			"association did not connect, or large packets are lost.",
		func(_ judge.Finding, e judge.ChannelNotOpen) Text {
			return Text{
				Title: "No data channel opened.",
				Evidence: []string{
					"connected for " + Millis(e.UpMs), "SCTP: " + unknown(e.SCTP),
					fmt.Sprintf("%d packets received", e.Received),
				},
				Advice: "Check that the peer accepts data channels (an m=application section in its answer), and that large " +
					"packets " +
					"are not lost on the way.",
			}
		}),
	"channel.not_echoed": on(
		"A data channel opened, and nothing that was sent on it came back: no pong to a ping, and no message as it was "+
			"sent. If the peer answers with a text of its own, the channel carries data both ways. If it sends nothing, that "+
			"is unknown.",
		func(_ judge.Finding, e judge.ChannelNotEchoed) Text {
			if e.Answer != "" {
				return Text{
					Title:    "The peer answers on a data channel, but does not echo.",
					Evidence: []string{"it sent " + strconv.Quote(e.Answer)},
					Advice:   "Nothing needs to change if this server is not to echo: data arrives in both directions.",
				}
			}
			return Text{
				Title: "No message on a data channel was answered.",
				Evidence: []string{Count(e.Channels, "channel was open", "channels were open") + "; no ping was answered, no " +
					"message came back"},
				Advice: "Use dialtone answer as the peer, or answer {\"ping\":N} with {\"pong\":N} on the channel ping.",
			}
		}),
}

// mediaFindings are those about audio and video.
var mediaFindings = map[string]entry{
	"media.none": on("The call carries nothing but media, and no packet was counted in either direction.", mediaMissing),
	"media.no_inbound_audio": on("The peer's description says that it sends audio, or audio was expected, and no "+
		"packet arrived.", mediaMissing),
	"media.no_inbound_video": on("The peer's description says that it sends video, or video was expected, and no "+
		"packet arrived.", mediaMissing),
	"media.no_outbound_audio": on("Audio was to be sent, and no packet was counted.", mediaMissing),
	"media.no_outbound_video": on("Video was to be sent, and no packet was counted.", mediaMissing),
	"media.one_way": on(
		"Media was expected both ways, and packets were counted in one direction only. A NAT or firewall drops one "+
			"direction, a "+
			"side has no source, or a description says sendonly or recvonly.",
		func(_ judge.Finding, e judge.MediaOneWay) Text {
			title := "Media flows one way only: outbound " + strings.Join(e.Kinds, " and ") + ", nothing inbound."
			if e.Flows == diag.Inbound {
				title = "Media flows one way only: inbound " + strings.Join(e.Kinds, " and ") + ", nothing outbound."
			}
			return Text{
				Title: title, Evidence: lines("connected for "+Millis(e.UpMs), labeled("path", e.Path)),
				Advice: "Check whether the silent side sends at all, and whether a firewall on the way drops one direction.",
			}
		}),
	"media.stopped": on(
		"Packets of this kind arrived, and none in the last two seconds or more of a connection that was up to its end. A "+
			"source "+
			"ended, or something on the way closed.",
		func(_ judge.Finding, e judge.MediaStopped) Text {
			when := "before the end"
			if e.Running {
				when = "ago"
			}
			return Text{
				Title: "Inbound " + e.Kind + " stopped " + Millis(e.AgoMs) + " " + when + ".",
				Evidence: lines(fmt.Sprintf("%d packets received, none in the last %s; the connection was established all the time",
					e.Packets, Millis(e.AgoMs)),
					muted(e.Kind, e.Muted)),
				Advice: "Check the sender and what happened then: a source that ended, a firewall that closes quiet ports, a " +
					"bandwidth limit.",
			}
		}),
	"media.silent": on(
		"Every packet of the audio since then holds only silence, which Opus shows without decoding: a packet without a "+
			"frame "+
			"(discontinuous transmission), or a CELT frame whose silence flag is set. Quiet sound is not called silence. For "+
			"video "+
			"and other codecs nothing is claimed.",
		func(_ judge.Finding, e judge.MediaSilent) Text {
			return Text{
				Title: "Inbound " + e.Kind + " has been silent for " + Millis(e.ForMs) + ".",
				Evidence: lines(fmt.Sprintf("each of the last %d packets of %s holds only silence by its coding (RFC 6716)",
					e.Packets, e.Kind),
					muted(e.Kind, e.Muted)),
				Advice: "Check the sender's source: a microphone that is muted, missing or not allowed.",
			}
		}),
	"media.loss": on(
		"More than 5 % of the packets of a direction were lost, counted as receiver reports do (RFC 3550), before any "+
			"retransmission. Retransmission repairs video; what it did not repair is the unrepaired loss. Above 20 % a check "+
			"fails: speech can hardly be understood.",
		func(_ judge.Finding, e judge.MediaLoss) Text {
			way, source := "received", ""
			if e.Direction == diag.Outbound {
				way, source = "sent", ", as the peer's receiver reports say"
			}
			t := Text{
				Title:    Percent(e.Share) + " of " + string(e.Direction) + " " + e.Kind + " was lost.",
				Evidence: []string{Number(e.Packets) + " packets " + way + ", " + Lost(e.Lost, e.Repaired) + source},
				Advice: "Look for a link that is full or a weak radio signal on either side; try another network, or a closer " +
					"relay.",
			}
			if e.TesterShort {
				t.Evidence = append(t.Evidence, "this machine was short of CPU (tester.cpu), which may be the reason")
				t.Advice = "Repeat the check on a machine with less load before you check the network."
			}
			return t
		}),
	"media.no_key_frame": on(
		"Video packets arrive, and none of their frames is a key frame, although one was requested. A receiver that joins "+
			"cannot "+
			"start to decode. Encoders that publish over WHIP must answer a Picture Loss Indication (RFC 4585) with a key "+
			"frame, or "+
			"send one every second or two.",
		func(_ judge.Finding, e judge.NoKeyFrame) Text {
			return Text{
				Title:    "Video arrives without a key frame, so that decoding cannot start.",
				Evidence: []string{fmt.Sprintf("%d frames received in %s, no key frame", e.Frames, Millis(e.UpMs))},
				Advice: "Set the encoder to a key frame every second or two, and check whether it answers requests for one " +
					"(PLI).",
			}
		}),
	"media.codec_declined": on(
		"The peer's offer has no codec for this kind of media that dialtone can receive, or send if the peer wants "+
			"to receive. So the answer declines it (port 0, RFC 3264 §6). WebRTC endpoints have Opus and G.711 for "+
			"audio, VP8 and H.264 for video in common (RFC 7874, RFC 7742).",
		func(_ judge.Finding, e judge.CodecDeclined) Text {
			return Text{
				Title:    Capital(e.Kind) + " was declined: the peer offers no codec for it that dialtone can use.",
				Evidence: lines(labeled("offered", e.Offers)),
				Advice:   "Let the peer offer Opus for audio and VP8 for video. H.264 is enough if dialtone only receives.",
			}
		}),
	"media.not_received_there": on(
		"The local side counts packets of a stream as sent, and the peer's statistics do not count them as received, "+
			"beyond what "+
			"may be in flight: more than 5 % of the whole call or of its last seconds. They were lost on the way, or the "+
			"peer does "+
			"not know the stream; its count of lost packets shows which.", endsDiffer),
	"media.not_received_here": on(
		"The peer's statistics count packets of a stream as sent that did not arrive, beyond what may be in flight: more "+
			"than 5 % "+
			"of the whole call or of its last seconds. Something between the peers drops them.", endsDiffer),
	"media.received_not_sent": on(
		"One end counts more packets of a stream than the peer says that it has sent. Statistics of one of them are "+
			"wrong, "+
			"something duplicates packets, or another program sends.", endsDiffer),
}

func mediaMissing(_ judge.Finding, e judge.MediaMissing) Text {
	what := strings.TrimSpace(string(e.Direction) + " " + e.Kind)
	if what == "" {
		what = "media"
	}
	t := Text{
		Title:    "No " + what + " was seen.",
		Evidence: []string{"no packet was counted in " + Millis(e.UpMs) + " of connection"}, Advice: lookAtSender,
	}
	switch {
	case e.Agreed && e.Kind != "":
		t.Evidence = append(t.Evidence, "both descriptions agree on it")
	case !e.Agreed && e.Direction == diag.Inbound:
		t.Advice = "Let the peer send " + e.Kind + ", which its description does not offer; or check without media " +
			"(--no-media)."
	case !e.Agreed && e.Direction == diag.Outbound:
		t.Advice = "Check the peer's description (dialtone call shows it): it accepts no " + e.Kind +
			", or this machine could not send."
	}
	return t
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
			"check whether the " +
			"receiver knows the stream."
		return t
	}
	t.Title = fmt.Sprintf("%d %s packets were received %s, but %d sent %s %s.", e.Received, e.Kind, receiver, e.Sent,
		sender, when)
	t.Advice = "Look for something on the way that duplicates packets, for another program at the same address, or for " +
		"wrong statistics."
	return t
}
