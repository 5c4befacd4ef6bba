package pane

import (
	"fmt"
	"strings"

	"dialtone/diag"
	"dialtone/diag/sdp"
)

// explain puts the selected row into words.
func (p *SDP) explain() string {
	if p.cursor >= len(p.rows) {
		return ""
	}
	row := p.rows[p.cursor]
	d := p.sections[row.section]
	switch row.kind {
	case sdpHead:
		return explainSection(d)
	case sdpRemark:
		return explainRemark(d.Remarks[row.index])
	case sdpLine:
	}
	r := d.Rows[row.index]
	offer, answer := p.lines(row)
	line := offer
	if line == nil {
		line = answer
	}
	section := d.Offer
	if offer == nil {
		section = d.Answer
	}
	return explainSDPLine(*line, section) + " " + explainMark(r, answer)
}

// explainMark says how the answer treats the line.
func explainMark(r sdp.Row, shown *sdp.Line) string {
	switch r.Mark {
	case sdp.SDPDropped:
		return "Offered; the answer does not take it."
	case sdp.SDPAdded:
		return "Only the answer says this."
	case sdp.SDPChanged:
		if shown == nil || shown == r.Answer && r.Offer != nil {
			return "Offered as " + r.Offer.Text + ", answered as " + r.Answer.Text + "."
		}
	case sdp.SDPOwn:
		return "Each side says its own here."
	case sdp.SDPSame:
	}
	return ""
}

func explainSection(d sdp.Difference) string {
	s := d.Offer
	if s == nil {
		s = d.Answer
	}
	what := "A section of kind " + s.Kind + "."
	switch s.Kind {
	case "session":
		what = "What holds for the whole session. Every m= line below begins a section: one stream of media, or the data channels."
	case "audio", "video":
		what = "One stream of " + s.Kind +
			" each way. The offer lists codecs in its order of preference; the answer keeps those that both know, and who sends picks the first."
	case "application":
		what = "The data channels: SCTP in DTLS over the same path as the media (RFC 8841)."
	}
	switch n := len(d.Remarks); {
	case d.Offer == nil || d.Answer == nil:
		return what
	case n == 0:
		return what + " The answer takes it as it was offered."
	default:
		return what + " The marks below say what the answer leaves out (-), adds (+) or changes (~)."
	}
}

// remarkWords explain a remark by how it begins.
var remarkWords = []struct{ begins, words string }{
	{"refused", "The answerer does not want this section at all: nothing of it is sent."},
	{"codecs not taken", "The answerer does not know these codecs or does not want them. A call needs one in common; leaving out the others is usual."},
	{"codecs never offered", "The answerer would like to receive these too. The offerer may ignore them."},
	{"first choice", "Each side sends with the first codec of the other's list that it can: here the two sides prefer different ones."},
	{"payload types", "The same codec under another number. Allowed (RFC 3264 §6.1), but unusual, and some programs stumble over it."},
	{"other parameters", "The codec is the same, its settings are not: profile, level or packet sizes. Each side sends what the other can take."},
	{"feedback not taken",
		"Without these messages the sender hears less of losses or of the available bandwidth, and mends them later or not at all."},
	{"extensions not taken",
		"These additions to packets are not sent. Without transport-wide-cc or abs-send-time, bandwidth is estimated more coarsely."},
	{"extensions never offered", "An answer may only choose among the extensions of the offer; these are ignored."},
	{"offered sendrecv", "The answerer does not take both directions. What is missing is not a fault of the network."},
	{"DTLS roles", "One side must be the DTLS client (active), the other the server (passive); otherwise the handshake never begins."},
	{"RTCP on", "Reports need a second port and a second path then. Browsers refuse that."},
	{"not bundled", "These sections get a path of their own: more candidates, more checks, more that may fail."},
	{"the answer lacks", "An answer must have a section for each of the offer, in the same order, if only to refuse it."},
	{"never offered", "An answer must not have more sections than the offer (RFC 3264 §6)."},
	{"the offerer is ICE-lite", "A server on a public address: it waits for checks, and makes none itself."},
	{"the answerer is ICE-lite", "A server on a public address: it waits for checks, and makes none itself."},
}

func explainRemark(r sdp.Remark) string {
	for _, w := range remarkWords {
		if strings.HasPrefix(r.Text, w.begins) {
			return upper(r.Text) + ". " + w.words
		}
	}
	return upper(r.Text) + ". Offer and answer differ in this. What the answer says holds."
}

func upper(s string) string {
	if s != "" && s[0] >= 'a' && s[0] <= 'z' {
		return string(s[0]-'a'+'A') + s[1:]
	}
	return s
}

// explainSDPLine says in a sentence what a line means.
func explainSDPLine(l sdp.Line, s *sdp.Section) string {
	if l.Letter != 'a' {
		return explainLetter(l)
	}
	if words, ok := valueWords[l.Name+":"+l.Value]; ok {
		return words
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
			return "Sections " + mids + " share one path: one set of candidates, one DTLS handshake (RFC 9143)."
		}
	case "fingerprint":
		algorithm, _, _ := strings.Cut(l.Value, " ")
		return "The " + algorithm +
			" digest of this side's certificate. The DTLS handshake must show the same one, else somebody else is at the other end."
	}
	if words, ok := attributeWords[l.Name]; ok {
		return words
	}
	return "An attribute that is not explained here; programs that do not know it ignore it."
}

func explainLetter(l sdp.Line) string {
	switch l.Letter {
	case 'v':
		return "The version of SDP: always 0."
	case 'o':
		return "Who made the session: a name, the session's number, and its version, which grows with each new offer. The address means nothing in WebRTC."
	case 's':
		return "The session's name: a placeholder in WebRTC."
	case 't':
		return "When the session takes place: 0 0 is now, without an end."
	case 'c':
		return "An address for programs without ICE: 0.0.0.0 says that ICE finds the real one."
	case 'b':
		return "The bandwidth that this side wants to receive at most: AS in kbit/s, TIAS in bit/s."
	case 'm':
		return "Begins a section: its kind, a port (9 leaves it to ICE, 0 refuses the section), the protocol, and the numbers of the formats, the preferred one first."
	case 0:
		return "This is no line of SDP."
	}
	return "A line of this kind plays no part in WebRTC."
}

// formatNames are what codecs are, for those that need a word.
var formatNames = map[string]string{
	"opus": "the usual audio codec of WebRTC", "g722": "an old wide-band audio codec", "pcmu": "the audio codec of telephony (µ-law)", "pcma": "the audio codec of telephony (A-law)",
	"cn": "comfort noise while nobody speaks", "telephone-event": "the tones of telephone keys", "vp8": "a video codec that everybody in WebRTC knows",
	"vp9": "a video codec, younger than VP8", "h264": "a video codec, often made by hardware", "av1": "a video codec, the youngest and most thrifty", "h265": "a video codec, made by hardware where there is any",
	"rtx": "lost packets sent again, in a stream of their own (RFC 4588)", "red": "each packet repeats what came before, against losses (RFC 2198)",
	"ulpfec": "redundancy from which lost packets are computed", "flexfec-03": "redundancy from which lost packets are computed",
}

// feedbackWords are the messages of RTCP feedback (RFC 4585, RFC 5104).
var feedbackWords = map[string]string{
	"nack": "asks for lost packets again", "nack pli": "asks for a whole picture after losses", "ccm fir": "asks for a whole picture, for a newcomer",
	"goog-remb": "tells how much bandwidth the receiver estimates", "transport-cc": "tells when each packet arrived, so that the sender estimates the bandwidth",
	"ccm tmmbr": "asks for a lower bit rate",
}

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
		parts := strings.Split(rest, "/")
		text := "Packets of payload type " + number + " are " + parts[0] +
			prefixed(": ", formatNames[strings.ToLower(parts[0])]) + "."
		if len(parts) > 1 {
			text += " Its clock ticks " + parts[1] + " times a second."
		}
		return text
	case "fmtp":
		if pt, ok := strings.CutPrefix(rest, "apt="); ok {
			return "These retransmissions belong to payload type " + pt + "."
		}
		return "Settings of " + name + "." + parameterWords(rest)
	}
	return "Feedback for " + name + ": " + rest + prefixed(" ", feedbackWords[rest]) + "."
}

// parameters are settings of codecs which are worth a word.
var parameters = []struct{ name, words string }{
	{"profile-level-id", "profile-level-id names the H.264 profile and the largest picture (RFC 6184)."},
	{"packetization-mode", "Packetization mode 1 may split a picture's parts over packets."},
	{"useinbandfec", "useinbandfec asks for a little redundancy against losses."},
	{"minptime", "minptime is the least length of a packet in ms."},
	{"usedtx", "usedtx sends next to nothing in silence."},
	{"stereo", "stereo says that two channels are welcome."},
	{"profile-id", "profile-id is the VP9 profile: 2 has 10 bits a colour."},
}

func parameterWords(list string) string {
	out := ""
	for _, p := range parameters {
		for _, part := range strings.Split(list, ";") {
			if name, _, _ := strings.Cut(strings.TrimSpace(part), "="); name == p.name {
				out += " " + p.words
				break
			}
		}
	}
	return out
}

// explainCandidateLine reads "1 1 udp 2130706431 192.0.2.1 5000 typ host" (RFC 8839 §5.1).
func explainCandidateLine(value string) string {
	f := strings.Fields(value)
	if len(f) < 8 || f[6] != "typ" {
		return "A candidate: an address at which this side may be reached."
	}
	return fmt.Sprintf("A candidate: this side may be reached at %s, port %s, over %s; %s, priority %s.", f[4], f[5],
		strings.ToLower(f[2]), typeWords(diag.CandidateType(f[7])), f[3])
}

// extensionWords say what header extensions carry, by the end of their URI.
var extensionWords = map[string]string{
	"toffset": "how long a packet waited before it was sent", "abs-send-time": "when a packet was sent, for the estimate of the bandwidth",
	"video-orientation": "which way up the camera is held", "transport-wide-cc": "a number over all streams, for feedback on when each packet arrived",
	"playout-delay": "how long the receiver should hold pictures back", "video-content-type": "whether the picture is a screen or a camera",
	"video-timing": "how long the sender's stages took", "color-space": "what the colours mean", "mid": "which section a packet belongs to",
	"rtp-stream-id": "which simulcast layer a packet belongs to", "repaired-rtp-stream-id": "which layer a retransmission mends", "ssrc-audio-level": "how loud the packet's audio is",
	"csrc-audio-level": "how loud each of the mixed speakers is",
}

func explainExtension(value string) string {
	id, uri, ok := strings.Cut(value, " ")
	if !ok {
		return attributeWords["extmap"]
	}
	uri, _, _ = strings.Cut(uri, " ")
	e := sdp.Extension{ID: id, URI: uri}
	return "Packets may carry, under number " + id + ", " +
		orSay(extensionWords[e.Short()], "something that is not explained here: "+e.Short()) + " (RFC 8285)."
}
