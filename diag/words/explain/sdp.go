// Package explain says what candidates, candidate pairs and lines of descriptions mean: the text beside a selection.
package explain

import (
	"fmt"
	"strings"

	"dialtone/diag"
	"dialtone/diag/sdp"
	"dialtone/diag/words"
)

// SDPSection says what a section of a description is, and whether the answer differs from the offer.
func SDPSection(d sdp.Difference) string {
	s := d.Offer
	if s == nil {
		s = d.Answer
	}
	what := "A section of kind " + s.Kind + "."
	switch s.Kind {
	case "session":
		what = "The attributes of the whole session. Each m= line below starts a section: one media stream, or the data " +
			"channels."
	case "audio", "video":
		what = "One stream of " + s.Kind + " in each direction. The offer lists codecs in order of preference; the answer " +
			"keeps those that both peers support, and each sender uses the first."
	case "application":
		what = "The data channels: SCTP over DTLS on the same path as the media (RFC 8841)."
	}
	switch {
	case d.Offer == nil || d.Answer == nil:
		return what
	case len(d.Remarks) == 0:
		return what + " The answer accepts it as offered."
	}
	return what + " The marks show what the answer omits (-), adds (+) or changes (~)."
}

// SDPMark says how the answer treats a line of the offer; shown is the line of the answer when it is on the
// screen.
func SDPMark(r sdp.Row, shown *sdp.Line) string {
	switch r.Mark {
	case sdp.Dropped:
		return "The answer omits it."
	case sdp.Added:
		return "Only the answer has it."
	case sdp.Changed:
		if shown == nil || shown == r.Answer && r.Offer != nil {
			return "Offered as " + r.Offer.Text + ", answered as " + r.Answer.Text + "."
		}
	case sdp.Own:
		return "Each peer has its own value."
	case sdp.Same:
	}
	return ""
}

// Attribute explains an attribute of SDP by its name, or by its name and value: "fingerprint", "a=setup:active".
func Attribute(text string) (explanation string, known bool) {
	text = strings.TrimPrefix(text, "a=")
	if explanation, known = sdpValues[text]; known {
		return explanation, true
	}
	explanation, known = sdpAttributes[strings.ToLower(text)]
	return explanation, known
}

// SDPLine says what a line of a section means.
func SDPLine(l sdp.Line, s *sdp.Section) string {
	if l.Type != 'a' {
		if text, ok := sdpTypes[l.Type]; ok {
			return text
		}
		return "WebRTC does not use lines of this type."
	}
	if text, ok := sdpValues[l.Name+":"+l.Value]; ok {
		return text
	}
	switch l.Name {
	case "rtpmap", "fmtp", "rtcp-fb":
		return explainFormat(l, s)
	case "candidate":
		return explainCandidateLine(l.Value)
	case "extmap":
		return explainExtension(l.Value)
	case "group":
		if mids, ok := strings.CutPrefix(l.Value, "BUNDLE "); ok {
			return "Sections " + mids + " share one path: one set of candidates and one DTLS handshake (RFC 9143)."
		}
	case "fingerprint":
		algorithm, _, _ := strings.Cut(l.Value, " ")
		return "The " + algorithm + " digest of this peer's certificate. The DTLS handshake must present the same " +
			"certificate, otherwise the connection is intercepted."
	}
	if text, ok := sdpAttributes[l.Name]; ok {
		return text
	}
	return "Not explained here: programs ignore attributes that they do not know."
}

// explainFormat reads rtpmap, fmtp and rtcp-fb, whose value begins with a payload type.
func explainFormat(l sdp.Line, s *sdp.Section) string {
	number, rest, _ := strings.Cut(l.Value, " ")
	name := "format " + number
	if s != nil {
		for _, c := range s.Codecs {
			if c.PayloadType == number {
				name = c.Short()
			}
		}
	}
	switch l.Name {
	case "rtpmap":
		codec, clock, _ := strings.Cut(rest, "/")
		clock, _, _ = strings.Cut(clock, "/")
		return "Payload type " + number + " is " + codec + words.Prefixed(", ", sdpFormats[strings.ToLower(codec)]) +
			words.Prefixed(". Clock rate: ", clock+strings.Repeat(" Hz", min(len(clock), 1))) + "."
	case "fmtp":
		if pt, ok := strings.CutPrefix(rest, "apt="); ok {
			return "These retransmissions belong to payload type " + pt + "."
		}
		text := "Parameters of " + name + "."
		for _, p := range sdpParameters {
			if strings.Contains(";"+strings.ReplaceAll(rest, " ", ""), ";"+p.name+"=") {
				text += " " + p.text
			}
		}
		return text
	}
	return "Feedback for " + name + ": " + rest + words.Prefixed(" ", sdpFeedback[rest]) + "."
}

// explainCandidateLine reads "1 1 udp 2130706431 192.0.2.1 5000 typ host" (RFC 8839 §5.1).
func explainCandidateLine(value string) string {
	f := strings.Fields(value)
	if len(f) < 8 || f[6] != "typ" {
		return sdpAttributes["candidate"]
	}
	return fmt.Sprintf("A %s candidate: address %s, port %s, over %s, priority %s.",
		words.CandidateType(diag.CandidateType(f[7])), f[4], f[5], strings.ToLower(f[2]), f[3])
}

func explainExtension(value string) string {
	id, uri, ok := strings.Cut(value, " ")
	if !ok {
		return sdpAttributes["extmap"]
	}
	uri, _, _ = strings.Cut(uri, " ")
	e := sdp.Extension{ID: id, URI: uri}
	text, known := sdpExtensions[e.Short()]
	if !known {
		text = "an extension that is not explained here: " + e.Short()
	}
	return "Packets may carry, under number " + id + ", " + text + " (RFC 8285)."
}
