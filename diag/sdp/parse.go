package sdp

import (
	"cmp"
	"slices"
	"sort"
	"strconv"
	"strings"

	pion "github.com/pion/sdp/v3"

	"dialtone/diag"
)

// Bounds of what is read of a description; a browser's has some 200 lines in 6 KB.
const (
	maxLines    = 2000
	maxLine     = 1024 // bytes
	maxSections = 64
	maxList     = 128 // codecs, extensions, or kinds of feedback for all codecs of one section
)

// Parse parses a description. It never fails: text of another form becomes lines.
func Parse(text string) *Description {
	d := &Description{size: len(text)}
	d.split(text)
	sections := d.sections()
	for i, parsed := range d.parse() {
		sections[i].parsed = parsed
		sections[i].read(&d.Session)
	}
	d.Session.Kind, d.Session.Port, d.Session.Direction = "session", -1, ""
	return d
}

// split makes the lines of all sections, which share an array.
func (d *Description) split(text string) {
	all := make([]Line, 0, min(strings.Count(text, "\n")+1, maxLines))
	var starts []int // of media sections
	for raw := range strings.Lines(text) {
		line := newLine(strings.TrimRight(raw, "\r\n"))
		switch {
		case line.raw == "":
			continue
		case d.rest != nil, len(all) == maxLines, line.Type == 'm' && len(starts) == maxSections:
			d.rest = append(d.rest, line)
		case line.Type == 'm':
			starts = append(starts, len(all))
			fallthrough
		default:
			all = append(all, line)
		}
		d.Cut = d.rest != nil || d.Cut || len(line.raw) > maxLine
	}
	d.Media = make([]Section, len(starts))
	for i, from := range slices.Backward(starts) {
		d.Media[i].Lines = all[from:]
		all = all[:from:from]
	}
	d.Session.Lines = all
}

func newLine(raw string) Line {
	line := Line{Text: diag.Clean(raw, maxLine), raw: raw}
	if len(line.Text) < 2 || line.Text[1] != '=' {
		return line
	}
	line.Type, line.Value = line.Text[0], line.Text[2:]
	if line.Type == 'a' {
		line.Name, line.Value, _ = strings.Cut(line.Value, ":")
	}
	return line
}

// parse lets pion parse the lines of the session and of each media section. If it rejects a line, that is Invalid, and
// pion's types hold the attributes and the m= lines of all others.
func (d *Description) parse() []*pion.MediaDescription {
	var all []*Line
	for _, s := range d.sections() {
		for i := range s.Lines {
			all = append(all, &s.Lines[i])
		}
	}
	strict, err := parseStrictly(all)
	if err == nil {
		return append([]*pion.MediaDescription{{Attributes: strict.Attributes}}, strict.MediaDescriptions...)
	}
	d.Invalid = all[sort.Search(len(all)-1, func(i int) bool {
		_, err := parseStrictly(all[:i+1])
		return err != nil
	})]
	out := []*pion.MediaDescription{{}}
	for _, l := range all {
		switch last := out[len(out)-1]; l.Type {
		case 'm':
			out = append(out, &pion.MediaDescription{MediaName: mediaName(l.Value)})
		case 'a':
			last.Attributes = append(last.Attributes, pion.NewAttribute(l.Name, l.Value))
		}
	}
	return out
}

func parseStrictly(lines []*Line) (*pion.SessionDescription, error) {
	size := 0
	for _, l := range lines {
		size += len(l.Text) + 2
	}
	var b strings.Builder
	b.Grow(size)
	for _, l := range lines {
		b.WriteString(l.Text)
		b.WriteString("\r\n")
	}
	d := &pion.SessionDescription{}
	return d, d.UnmarshalString(b.String())
}

// mediaName reads "audio 9 UDP/TLS/RTP/SAVPF 111 63" as far as it goes; the port is −1 if it is not a number.
func mediaName(value string) pion.MediaName {
	fields := strings.Fields(value)
	m := pion.MediaName{Media: "unknown", Port: pion.RangedPort{Value: -1}, Formats: fields[min(len(fields), 3):]}
	if len(fields) > 0 {
		m.Media = fields[0]
	}
	if len(fields) > 1 {
		port, _, _ := strings.Cut(fields[1], "/")
		if n, err := strconv.ParseUint(port, 10, 16); err == nil {
			m.Port.Value = int(n)
		}
	}
	return m
}

// read takes what the section says, and what the session says for all sections (RFC 8866 §6.7).
func (s *Section) read(session *Section) {
	s.Kind, s.Port = s.parsed.MediaName.Media, s.parsed.MediaName.Port.Value
	s.BundleOnly = s.Has("bundle-only")
	s.Mid, _ = s.Attribute("mid")
	s.Setup, _ = s.Attribute("setup")
	if s.Setup == "" {
		s.Setup = session.Setup
	}
	for _, direction := range []string{"sendrecv", "sendonly", "recvonly", "inactive"} {
		if s.Has(direction) {
			s.Direction = direction
		}
	}
	for value := range s.Attributes("extmap") {
		if f := strings.Fields(value); len(f) > 1 && len(s.Extensions) < maxList {
			s.Extensions = append(s.Extensions, Extension{ID: f[0], URI: f[1]})
		}
	}
	switch {
	case s == session:
	case s.Kind != "audio" && s.Kind != "video":
		s.Direction = ""
	default:
		s.Direction = cmp.Or(s.Direction, session.Direction, "sendrecv")
		s.readCodecs()
	}
}

// staticNames are formats that need no a=rtpmap (RFC 3551 §6), beside those that pion knows.
var staticNames = map[string]string{"3": "GSM/8000", "13": "CN/8000"}

// readCodecs takes the formats of the m= line in their order.
func (s *Section) readCodecs() {
	forAll := 0 // feedback for all formats: pion multiplies it with them
	attributes := slices.DeleteFunc(slices.Clone(s.parsed.Attributes), func(a pion.Attribute) bool {
		if a.Key != "rtcp-fb" || !strings.HasPrefix(a.Value, "*") {
			return false
		}
		forAll++
		return forAll > maxList
	})
	section := []*pion.MediaDescription{{Attributes: attributes}}
	known := (&pion.SessionDescription{MediaDescriptions: section}).GetCodecMap()
	for _, format := range s.parsed.MediaName.Formats[:min(len(s.parsed.MediaName.Formats), maxList)] {
		c := Codec{PayloadType: format, Name: staticNames[format]}
		if n, err := strconv.ParseUint(format, 10, 8); err == nil {
			k := known[uint8(n)]
			c.Params, c.Feedback = k.Fmtp, slices.Compact(k.RTCPFeedback)
			if k.Name != "" {
				c.Name = k.Name
			}
			if k.ClockRate > 0 {
				c.Name += "/" + strconv.FormatUint(uint64(k.ClockRate), 10)
			}
			if k.EncodingParameters != "" {
				c.Name += "/" + k.EncodingParameters
			}
		}
		s.Codecs = append(s.Codecs, c)
	}
}
