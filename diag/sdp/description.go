// Package sdp reads session descriptions (RFC 8866): it parses them once, compares an offer with its answer, and
// annotates the differences.
package sdp

import (
	"slices"
	"strconv"
	"strings"

	"dialtone/diag"
)

// Bounds of what is read of a description; a browser's has some 200 lines in 6 KB.
const (
	maxLines    = 2000
	maxLine     = 1024 // bytes
	maxSections = 64
	maxList     = 128 // codecs or extensions of one section
)

// Description is a session description (RFC 8866), parsed for display. Nothing is rejected: what is not understood is
// kept as a line.
type Description struct {
	Session Section
	Media   []Section
	Cut     bool // there was more than is kept: 2,000 lines, 64 media sections, 1,024 bytes a line
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
}

// Rejected reports whether the section's port of 0 rejects it (RFC 3264 §6).
func (s *Section) Rejected() bool { return s.Port == 0 && !s.BundleOnly }

// Line is one line, without control characters.
type Line struct {
	Type  byte   // before the "="; 0 for a line of another form
	Name  string // of an attribute: "rtpmap" of "a=rtpmap:96 VP8/90000"; else empty
	Value string // behind the name's colon, or behind the "="
	Text  string // the whole line
}

// Codec is one format of a media section.
type Codec struct {
	PayloadType string
	Name        string   // "VP8/90000", "opus/48000/2"; empty when unknown
	Params      string   // of a=fmtp
	Feedback    []string // of a=rtcp-fb: "nack", "nack pli"
}

// Short is the codec's name without its clock rate.
func (c Codec) Short() string {
	name, _, _ := strings.Cut(c.Name, "/")
	if name == "" {
		return c.PayloadType
	}
	return name
}

// Auxiliary reports whether the format only helps others: retransmission, redundancy, comfort noise, tones.
func (c Codec) Auxiliary() bool {
	switch strings.ToLower(c.Short()) {
	case "rtx", "red", "ulpfec", "flexfec", "flexfec-03", "cn", "telephone-event":
		return true
	}
	return false
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

// staticNames are formats that need no a=rtpmap (RFC 3551 §6).
var staticNames = map[string]string{
	"0": "PCMU/8000", "3": "GSM/8000", "8": "PCMA/8000", "9": "G722/8000",
	"13": "CN/8000",
}

// Parse parses a description. It never fails: text of another form becomes lines.
func Parse(text string) *Description {
	d := &Description{Session: Section{Kind: "session", Port: -1}}
	section, n := &d.Session, 0
	for raw := range strings.Lines(text) {
		raw = strings.TrimRight(raw, "\r\n")
		if raw == "" {
			continue
		}
		if n++; n > maxLines {
			d.Cut = true
			break
		}
		d.Cut = d.Cut || len(raw) > maxLine
		line := parseLine(diag.Clean(raw, maxLine))
		if line.Type == 'm' {
			if len(d.Media) == maxSections {
				d.Cut = true
				break
			}
			d.Media = append(d.Media, newSection(line))
			section = &d.Media[len(d.Media)-1]
		}
		section.take(line)
	}
	for i := range d.Media {
		d.Media[i].inherit(&d.Session)
	}
	return d
}

func parseLine(text string) Line {
	if len(text) < 2 || text[1] != '=' {
		return Line{Text: text}
	}
	line := Line{Type: text[0], Value: text[2:], Text: text}
	if line.Type == 'a' {
		line.Name, line.Value, _ = strings.Cut(text[2:], ":")
	}
	return line
}

// newSection reads "m=audio 9 UDP/TLS/RTP/SAVPF 111 63".
func newSection(line Line) Section {
	s := Section{Kind: "unknown", Port: -1}
	fields := strings.Fields(line.Value)
	if len(fields) > 0 {
		s.Kind = fields[0]
	}
	if len(fields) > 1 {
		port, _, _ := strings.Cut(fields[1], "/")
		if n, err := strconv.ParseUint(port, 10, 16); err == nil {
			s.Port = int(n)
		}
	}
	if s.Kind == "audio" || s.Kind == "video" {
		for _, pt := range fields[min(len(fields), 3):min(len(fields), 3+maxList)] {
			s.Codecs = append(s.Codecs, Codec{PayloadType: pt, Name: staticNames[pt]})
		}
	}
	return s
}

// take keeps a line and what it says.
func (s *Section) take(line Line) {
	s.Lines = append(s.Lines, line)
	switch line.Name {
	case "mid":
		s.Mid = line.Value
	case "setup":
		s.Setup = line.Value
	case "bundle-only":
		s.BundleOnly = true
	case "sendrecv", "sendonly", "recvonly", "inactive":
		s.Direction = line.Name
	case "extmap":
		id, uri, ok := strings.Cut(line.Value, " ")
		if uri, _, _ = strings.Cut(uri, " "); ok && len(s.Extensions) < maxList {
			s.Extensions = append(s.Extensions, Extension{ID: id, URI: uri})
		}
	case "rtpmap", "fmtp", "rtcp-fb":
		s.takeFormat(line)
	}
}

func (s *Section) takeFormat(line Line) {
	pt, rest, _ := strings.Cut(line.Value, " ")
	for i := range s.Codecs {
		c := &s.Codecs[i]
		if c.PayloadType != pt && (pt != "*" || line.Name != "rtcp-fb") {
			continue
		}
		switch line.Name {
		case "rtpmap":
			c.Name = rest
		case "fmtp":
			c.Params = rest
		case "rtcp-fb":
			if len(c.Feedback) < maxList && !slices.Contains(c.Feedback, rest) {
				c.Feedback = append(c.Feedback, rest)
			}
		}
	}
}

// inherit takes what the session says for all sections, and the default direction (RFC 8866 §6.7).
func (s *Section) inherit(session *Section) {
	if s.Setup == "" {
		s.Setup = session.Setup
	}
	if s.Kind != "audio" && s.Kind != "video" {
		s.Direction = ""
		return
	}
	if s.Direction == "" {
		s.Direction = session.Direction
	}
	if s.Direction == "" {
		s.Direction = "sendrecv"
	}
}

// Attribute is the value of the first attribute of this name.
func (s *Section) Attribute(name string) (string, bool) {
	for i := range s.Lines {
		if s.Lines[i].Type == 'a' && s.Lines[i].Name == name {
			return s.Lines[i].Value, true
		}
	}
	return "", false
}
