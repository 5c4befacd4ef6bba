// Package sdp reads session descriptions (RFC 8866): it parses them once, compares an offer with its answer, and
// annotates the differences.
package sdp

import (
	"iter"
	"slices"
	"strconv"
	"strings"

	pion "github.com/pion/sdp/v3"

	"dialtone/diag"
)

// Description is a session description (RFC 8866). Nothing is rejected: what the grammar forbids is kept as a line, and
// the other lines are understood without it.
type Description struct {
	Session Section
	Media   []Section
	Cut     bool  // there was more than is kept: 2,000 lines, 64 media sections, 1,024 bytes a line
	Invalid *Line // where a strict parser, as that of pion/webrtc, stops; nil if the grammar permits all lines

	rest []Line // what is not read, because there is more than is kept
	size int    // of the text, in bytes
}

// Section is the lines before the first m= line, or from one m= line to the next.
type Section struct {
	Kind       string // "session", else of the m= line: audio, video, application
	Port       int    // of the m= line; −1 for the session and when it is not a number
	BundleOnly bool   // a port of 0 does not reject it then (RFC 9143 §6)
	Mid        string // empty when there is none
	Direction  string // sendrecv, sendonly, recvonly, inactive; empty for other sections
	Setup      string // the DTLS role: actpass, active, passive; empty when not given here
	Codecs     []Codec
	Extensions []Extension
	Lines      []Line

	parsed *pion.MediaDescription // of the session, only the attributes
}

// Line is one line, without control characters.
type Line struct {
	Type  byte   // before the "="; 0 for a line of another form
	Name  string // of an attribute: "rtpmap" of "a=rtpmap:96 VP8/90000"; else empty
	Value string // behind the name's colon, or behind the "="
	Text  string // the whole line

	raw string // as it came, without its end
}

// Codec is one format of a media section.
type Codec struct {
	PayloadType string
	Name        string   // "VP8/90000", "opus/48000/2"; empty when unknown
	Params      string   // of a=fmtp
	Feedback    []string // of a=rtcp-fb: "nack", "nack pli"
}

// Repairs is the payload type that a format of retransmissions repairs (RFC 4588 §8.1); false for other formats.
func (c Codec) Repairs() (apt uint8, ok bool) {
	value, ok := strings.CutPrefix(c.Params, "apt=")
	value, _, _ = strings.Cut(value, ";")
	n, err := strconv.ParseUint(value, 10, 7)
	return uint8(n), ok && err == nil && strings.EqualFold(c.Short(), "rtx") // #nosec G115 -- 7 bits
}

// Short is the codec's name without its clock rate.
func (c Codec) Short() string {
	name, _, _ := strings.Cut(c.Name, "/")
	if name == "" {
		return c.PayloadType
	}
	return name
}

// Parameter is a value of a=fmtp; "" if it is not there.
func (c Codec) Parameter(name string) string {
	for p := range strings.SplitSeq(c.Params, ";") {
		if key, value, _ := strings.Cut(strings.TrimSpace(p), "="); strings.EqualFold(key, name) {
			return value
		}
	}
	return ""
}

// Auxiliary reports whether the format only helps others: retransmission, redundancy, comfort noise, tones.
func (c Codec) Auxiliary() bool {
	switch strings.ToLower(c.Short()) {
	case "rtx", "red", "ulpfec", "flexfec", "flexfec-03", "cn", "telephone-event":
		return true
	}
	return false
}

// FECStreams are the streams that hold FEC for another one, by their SSRCs (RFC 5956 §4.3).
func (d *Description) FECStreams() map[uint32]uint32 {
	out := map[uint32]uint32{}
	for group := range d.Attributes("ssrc-group") {
		if f := strings.Fields(group); len(f) == 3 && f[0] == "FEC-FR" {
			protected, err1 := strconv.ParseUint(f[1], 10, 32)
			fec, err2 := strconv.ParseUint(f[2], 10, 32)
			if err1 == nil && err2 == nil {
				out[uint32(fec)] = uint32(protected)
			}
		}
	}
	return out
}

// Announces is the media section that has an SSRC (RFC 5576), nil if none has.
func (d *Description) Announces(ssrc uint32) *Section {
	for i := range d.Media {
		for value := range d.Media[i].Attributes("ssrc") {
			if id, _, _ := strings.Cut(value, " "); id == strconv.FormatUint(uint64(ssrc), 10) {
				return &d.Media[i]
			}
		}
	}
	return nil
}

// Extension is an RTP header extension (RFC 8285).
type Extension struct {
	ID  string
	URI string
}

const transportWide = "transport-wide-cc"

// Short is the end of the extension's URI.
func (e Extension) Short() string {
	if strings.Contains(e.URI, transportWide) {
		return transportWide // its URI is that of a draft
	}
	if i := strings.LastIndexAny(e.URI, ":/"); i >= 0 && i+1 < len(e.URI) {
		return e.URI[i+1:]
	}
	return e.URI
}

// Sends reports whether a media section of the kind is sent: sendrecv (the default) or sendonly, and not rejected.
func (d *Description) Sends(kind string) bool { return d.flows(kind, (*Section).sends) }

// Receives reports whether a media section of the kind is received: sendrecv (the default) or recvonly, and not
// rejected.
func (d *Description) Receives(kind string) bool { return d.flows(kind, (*Section).receives) }

func (d *Description) flows(kind string, does func(*Section) bool) bool {
	return slices.ContainsFunc(d.Media, func(s Section) bool { return s.Kind == kind && does(&s) })
}

// Rejected reports whether the section's port of 0 rejects it (RFC 3264 §6).
func (s *Section) Rejected() bool { return s.Port == 0 && !s.BundleOnly }

// Attribute is the value of the first attribute of this name.
func (s *Section) Attribute(name string) (string, bool) { return s.parsed.Attribute(name) }

// Has reports whether there is an attribute of this name.
func (s *Section) Has(name string) bool {
	_, ok := s.Attribute(name)
	return ok
}

// Attributes are the values of the attributes of this name.
func (s *Section) Attributes(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, a := range s.parsed.Attributes {
			if a.Key == name && !yield(a.Value) {
				return
			}
		}
	}
}

// Attribute is the value of the first attribute of this name, of the session or of a media section.
func (d *Description) Attribute(name string) (value string, ok bool) {
	for value := range d.Attributes(name) {
		return value, true
	}
	return "", false
}

// Attributes are the values of the attributes of this name in all sections.
func (d *Description) Attributes(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, s := range d.sections() {
			for value := range s.Attributes(name) {
				if !yield(value) {
					return
				}
			}
		}
	}
}

func (d *Description) sections() []*Section {
	out := []*Section{&d.Session}
	for i := range d.Media {
		out = append(out, &d.Media[i])
	}
	return out
}

// MaxEvent bounds the description that is kept in an event; a browser's has 6 KB.
const MaxEvent = 64 << 10

// Event makes the event of a description. The ICE password is a secret of the call and does not leave it.
func (d *Description) Event(side diag.Side, kind string, restart bool) diag.SessionDescription {
	masked := d.With("ice-pwd", "***")
	if len(masked) > MaxEvent {
		masked = masked[:strings.LastIndexByte(masked[:MaxEvent], '\n')+1] // whole lines
	}
	return diag.SessionDescription{
		Side: side, SDPType: kind, SDP: masked, Fingerprint: d.Fingerprint(), ICERestart: restart,
	}
}

// Fingerprint returns the "algorithm VALUE" that a description announces; empty for none.
func (d *Description) Fingerprint() string {
	algorithm, hex, ok := strings.Cut(d.fingerprint(), " ")
	if !ok {
		return ""
	}
	return diag.Clean(strings.ToLower(algorithm)+" "+strings.ToUpper(hex), 256)
}
