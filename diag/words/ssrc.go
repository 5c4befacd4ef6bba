package words

import (
	"fmt"

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
			return Text{
				Title: fmt.Sprintf("The peer changed the SSRC of its %s without announcing it.", e.Kind),
				Evidence: lines(fmt.Sprintf("SSRC %d continued as %d", e.Previous, e.SSRC),
					Count(e.Times, "change", "changes")),
				Advice: "Let the sender keep its SSRC, send the MID header extension, or announce the new one by an offer.",
			}
		}),
	"media.unknown_ssrc": on(
		"Packets arrive with an SSRC that no description announced, and no stopped stream of the same payload type can be "+
			"what they continue. WebRTC receivers drop them. They are not part of the statistics.",
		func(_ judge.Finding, e judge.SSRCUnknown) Text {
			return Text{
				Title:    fmt.Sprintf("Packets of SSRC %d arrive that no media section announces.", e.SSRC),
				Evidence: lines(fmt.Sprintf("payload type %d", e.PayloadType), e.Kind, Source(e.From, e.OffPath)),
				Advice:   "Announce each stream by a=ssrc, or let the sender add the MID header extension (RFC 9143 §9.2).",
			}
		}),
}
