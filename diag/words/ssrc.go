package words

import (
	"fmt"
	"strings"

	"dialtone/diag"
	"dialtone/diag/judge"
)

// Source says where packets come from that no description announces.
func Source(from string, offPath bool) string {
	if offPath {
		return "from " + from + ", which is not the remote address of the selected pair"
	}
	return Prefixed("from ", from)
}

// ssrcFindings are those about streams that were not announced.
var ssrcFindings = map[string]entry{
	"media.ssrc_changed": on(
		"The sender continued a media section with another SSRC (RFC 3550 §8.2 allows that) and announced it in no "+
			"description. This call counts both as one stream. Receivers that find a stream by its a=ssrc line lose it, unless "+
			"its packets carry the MID header extension (RFC 9143 §9.2).",
		func(_ judge.Finding, e judge.SSRCChanged) Text {
			return say(fmt.Sprintf("The peer changed the SSRC of its %s without announcing it.", e.Kind),
				"Let the sender keep its SSRC, send the MID header extension, or announce the new one by an offer.",
				fmt.Sprintf("SSRC %d continued as %d", e.Previous, e.SSRC), Count(e.Times, "change", "changes"))
		}),
	"media.payload_type": on(
		"Packets of a stream have a payload type that was not agreed on: the description of the receiver does not have it "+
			"for this kind of media (RFC 3264 §6.1). What they hold is not known, so they cannot be decoded. A check fails if "+
			"they are most of the stream.",
		func(_ judge.Finding, e judge.PayloadTypeUnagreed) Text {
			name := ""
			if e.Name != "" {
				name = " (" + e.Name + ")"
			}
			return say(fmt.Sprintf("The peer sends %s with payload type %d%s, which was not agreed on.", e.Kind, e.PayloadType,
				name),
				"Let the sender use the payload types of the answer, with the codecs that it has for them.",
				fmt.Sprintf("%s of %s packets of SSRC %d, which cannot be decoded",
					Number(e.Packets), Number(e.All), e.SSRC))
		}),
	"media.payload_type_shared": on(
		"The peer's description has one payload type for several codecs in sections of one bundle, which RFC 9143 §9.1.1 "+
			"forbids: they are one RTP session, and the payload type says what a packet holds. dialtone takes each packet for "+
			"one of the codecs, so streams may count as another kind of media; other receivers may mistake them, too.",
		func(_ judge.Finding, e judge.PayloadTypeShared) Text {
			return say(fmt.Sprintf("The peer uses payload type %s for several codecs: %s.", e.PayloadType, names(e.Codecs)),
				"Let the peer give each codec of a bundle a payload type of its own.",
				"the sections are bundled into one RTP session")
		}),
	"media.redundancy_unasked": on(
		"Packets carry redundancy against loss (RED of RFC 2198, FEC of RFC 5109 or RFC 8627) in a format that this side's "+
			"description does not have, so it was not agreed on (RFC 3264 §6.1). dialtone reads it all the same. Other "+
			"receivers drop such packets, and the media in them.",
		func(_ judge.Finding, e judge.RedundancyUnasked) Text {
			packets := Count(int(e.Packets), "packet or block of it", "packets or blocks of it") // #nosec G115 -- a count
			return say(fmt.Sprintf("The peer sends %s with %s, which was not agreed on.", e.Kind, strings.ToUpper(e.Format)),
				"Let the sender use only the formats that the answer accepts.",
				packets)
		}),
	"media.unknown_ssrc": on(
		"Packets arrive with an SSRC that no description announced, and no stopped stream of the same payload type can be "+
			"what they continue; or the peer announces it for a media section that is not received: one that was rejected, "+
			"or is inactive, or has one stream already. WebRTC receivers drop such packets. No statistics have them.",
		func(_ judge.Finding, e judge.SSRCUnknown) Text {
			if e.Announced != "" {
				return say(fmt.Sprintf("Packets of SSRC %d arrive for media section %s, which does not receive them.",
					e.SSRC, e.Announced),
					"Let the peer send only what the answer accepts, and one stream in each media section.",
					fmt.Sprintf("payload type %d", e.PayloadType), e.Kind, Source(e.From, e.OffPath))
			}
			if e.Kind == "" {
				return say(fmt.Sprintf("Packets of SSRC %d arrive with payload type %d, which was not agreed on.",
					e.SSRC, e.PayloadType),
					"Let the sender use the payload types of the answer, and announce each stream by a=ssrc or MID.",
					"no description announces the SSRC", Source(e.From, e.OffPath))
			}
			return say(fmt.Sprintf("Packets of SSRC %d arrive that no media section announces.", e.SSRC),
				"Announce each stream by a=ssrc, or let the sender add the MID header extension (RFC 9143 §9.2).",
				fmt.Sprintf("payload type %d", e.PayloadType), e.Kind, Source(e.From, e.OffPath))
		}),
}

// FEC says what came against loss beside the media of a stream; "" for nothing.
func FEC(in diag.InboundRTP) string {
	n := int(diag.OrZero(in.FECPacketsReceived)) // #nosec G115 -- a count of packets
	switch {
	case n == 0:
		return ""
	case in.FECFormat == "opus":
		return Count(n, "packet repeats the one before (FEC of Opus)", "packets repeat the one before (FEC of Opus)")
	case in.FECFormat == "red":
		return Count(n, "earlier packet repeated (RED)", "earlier packets repeated (RED)")
	}
	return Count(n, "FEC packet", "FEC packets") + Prefixed(" of ", in.FECFormat)
}

// Unreceived says how many packets belong to no stream; "" for none.
func Unreceived(u *diag.Unreceived) string {
	if u == nil {
		return ""
	}
	return Count(int(u.Packets), "packet", "packets") + " of unknown SSRCs" // #nosec G115 -- a count of packets
}
