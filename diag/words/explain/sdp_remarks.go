package explain

import (
	"cmp"
	"fmt"
	"strings"

	"dialtone/diag/sdp"
	"dialtone/diag/words"
)

// sdpRemarks are the differences between offer and answer: their text, in which %s is what they are about, and their
// meaning.
var sdpRemarks = map[sdp.Kind]struct{ text, explain string }{
	sdp.SectionMissing: {
		"the answer lacks this section",
		"An answer must have a section for each section of the offer, in the same order, even to reject it (RFC 3264 §6).",
	},
	sdp.SectionNeverOffered: {
		"the answer adds this section", "An answer must not have more sections than the offer (RFC 3264 §6).",
	},
	sdp.SectionRejected: {"rejected (port 0)", "The answerer does not accept this section: nothing of it is sent."},
	sdp.MediaChanged:    {"kind: %s", "The answer must repeat the kind of each section of the offer."},
	sdp.MidChanged:      {"mid: %s", "The answer must repeat the mid of each section of the offer (RFC 8843)."},
	sdp.DirectionChanged: {
		"%s", "The answerer does not accept both directions. The network is not the cause of the missing one.",
	},
	sdp.CodecsDropped: {
		"codecs not accepted: %s",
		"The answerer does not support or want these codecs. A call needs one in common; omitting others is usual.",
	},
	sdp.CodecsNeverOffered: {
		"codecs not in the offer: %s", "The answerer can receive these too. The offerer may ignore them.",
	},
	sdp.PreferenceChanged: {
		"first codec: %s",
		"Each sender uses the first codec of the receiver's list that it supports: the peers prefer different ones.",
	},
	sdp.PayloadTypesChanged: {
		"payload types: %s",
		"The same codec with another number. RFC 3264 §6.1 allows this, but some programs do not support it.",
	},
	sdp.ParametersChanged: {
		"parameters changed: %s",
		"The codec is the same, but its profile, level or packet size differs. Each peer sends what the other accepts.",
	},
	sdp.FeedbackDropped: {
		"feedback not accepted: %s",
		"Without these messages the sender learns less about loss and bandwidth, and repairs loss later or not at all.",
	},
	sdp.ExtensionsDropped: {
		"extensions not accepted: %s",
		"These header extensions are not sent. Without transport-wide-cc or abs-send-time, bandwidth estimates are worse.",
	},
	sdp.ExtensionsNeverOffered: {
		"extensions not in the offer: %s", "An answer may only select from the extensions of the offer; these are ignored.",
	},
	sdp.RolesConflict: {
		"conflicting DTLS roles: %s",
		"One peer must be the DTLS client (active), the other the server (passive); otherwise the handshake never starts.",
	},
	sdp.RTCPMuxDropped: {
		"rtcp-mux not accepted", "RTCP then needs a second port and a second path, which browsers reject.",
	},
	sdp.NotBundled: {
		"not bundled: %s",
		"These sections need a path of their own: more candidates and more checks, of which more can fail.",
	},
	sdp.OffererIsLite:  {"the offerer is ICE-lite", iceLite},
	sdp.AnswererIsLite: {"the answerer is ICE-lite", iceLite},
	sdp.OfferInvalid:   {"the offer is not valid SDP: %s", sdpInvalid},
	sdp.AnswerInvalid:  {"the answer is not valid SDP: %s", sdpInvalid},
}

const iceLite = "A server with a public address: it answers checks and sends none itself."

const sdpInvalid = "RFC 8866 does not allow this line here or in this form, and strict parsers reject the whole " +
	"description. The other lines are explained as if it were absent."

// senders say who sends after an answer with a direction.
var senders = map[string]string{
	"recvonly": ": only the offerer sends", "sendonly": ": only the answerer sends",
	"inactive": ": neither peer sends",
}

// SDPDifference is a difference between offer and answer in a line.
func SDPDifference(r sdp.Remark) string {
	var items []string
	for _, it := range r.Items {
		switch {
		case it.From != "":
			items = append(items, it.Name+" "+it.From+" as "+it.To)
		case it.Of > it.Count:
			items = append(items, fmt.Sprintf("%d of %d %s", it.Count, it.Of, it.Name))
		case it.Count > 1:
			items = append(items, fmt.Sprintf("%d %s", it.Count, it.Name))
		default:
			items = append(items, it.Name)
		}
	}
	what := strings.Join(items, ", ")
	if r.From != "" || r.To != "" {
		what = "offered " + cmp.Or(r.From, "none") + ", answered " + cmp.Or(r.To, "none")
	}
	if r.Kind == sdp.DirectionChanged {
		what += senders[r.To]
	}
	text, known := sdpRemarks[r.Kind]
	if !known {
		return "unknown difference"
	}
	return strings.Replace(text.text, "%s", what, 1)
}

// SDPRemark says what a difference between offer and answer means.
func SDPRemark(r sdp.Remark) string {
	return words.Capital(SDPDifference(r)) + ". " + sdpRemarks[r.Kind].explain
}
