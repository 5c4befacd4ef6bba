package sdp

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"dialtone/diag"
)

// hashes are those of fingerprints that a peer can check (RFC 8122 §5, without those that it forbids).
var hashes = []string{"sha-1", "sha-224", "sha-256", "sha-384", "sha-512"}

// hashLength is the length of a fingerprint in bytes.
var hashLength = map[string]int{"sha-1": 20, "sha-224": 28, "sha-256": 32, "sha-384": 48, "sha-512": 64}

// checkable reports whether a fingerprint can be compared with the certificate of the handshake.
func checkable(fingerprint string) bool {
	name, _, _ := strings.Cut(fingerprint, " ")
	return hashLength[strings.ToLower(name)] > 0
}

// fingerprint is the value of the first a=fingerprint that can be checked, else of the first.
func (d *Description) fingerprint() string {
	first, _ := d.Attribute("fingerprint")
	for value := range d.Attributes("fingerprint") {
		if checkable(value) {
			return value
		}
	}
	return first
}

// checkFingerprint reports a fingerprint that cannot be compared with the certificate of the handshake.
func (d *Description) checkFingerprint() error {
	name, hex, _ := strings.Cut(d.fingerprint(), " ")
	length, known := hashLength[strings.ToLower(name)]
	switch {
	case !known:
		return fmt.Errorf("%w: its fingerprint has the hash %.20q, which cannot be checked; %s can", ErrSession, name,
			strings.Join(hashes, ", "))
	case len(strings.Split(hex, ":")) != length:
		return fmt.Errorf("%w: its fingerprint has %d bytes; %s has %d", ErrSession, len(strings.Split(hex, ":")), name,
			length)
	}
	return nil
}

// checkMids reports two sections with one mid (RFC 8843 §14, RFC 9143 §7.1), which nothing can distinguish.
func (d *Description) checkMids() error {
	seen := map[string]bool{}
	for i := range d.Media {
		mid := d.Media[i].Mid
		if mid != "" && seen[mid] {
			return fmt.Errorf("%w: two of its sections have the mid %.40s", ErrSession, mid)
		}
		seen[mid] = true
	}
	return nil
}

// checkPayloadTypes reports a format of a section of RTP that is no payload type.
func (d *Description) checkPayloadTypes() error {
	for i := range d.Media {
		for _, c := range d.Media[i].Codecs {
			n, err := strconv.ParseUint(c.PayloadType, 10, 8)
			if (err != nil || n > maxPayloadType) && !d.Media[i].Rejected() {
				return fmt.Errorf("%w: the payload type %.20s is not within 0 to 127: %.80s", ErrSession, c.PayloadType,
					d.Media[i].Lines[0].Text)
			}
		}
	}
	return nil
}

// Shared is a payload type that means several codecs.
type Shared struct {
	PayloadType string
	Codecs      []string // their names, each once
}

// SharedPayloadTypes are payload types of bundled sections that mean different codecs. RFC 9143 §9.1.1 forbids that:
// the sections are one RTP session.
func (d *Description) SharedPayloadTypes() []Shared {
	group, _ := d.Session.Attribute("group")
	mids := strings.Fields(group)
	if len(mids) == 0 || mids[0] != "BUNDLE" {
		return nil
	}
	var out []Shared
	names, order := map[string][]string{}, []string{}
	for i := range d.Media {
		if s := &d.Media[i]; s.Rejected() || !slices.Contains(mids[1:], s.Mid) {
			continue
		}
		for _, c := range d.Media[i].Codecs {
			has := names[c.PayloadType]
			if c.Name == "" || slices.ContainsFunc(has, func(n string) bool { return strings.EqualFold(n, c.Name) }) {
				continue
			}
			if len(has) == 1 {
				order = append(order, c.PayloadType)
			}
			names[c.PayloadType] = append(has, c.Name)
		}
	}
	for _, payloadType := range order {
		out = append(out, Shared{payloadType, names[payloadType]})
	}
	return out
}

// maxPayloadType is what seven bits can say (RFC 3550 §5.1).
const maxPayloadType = 127

// checkBundle reports a BUNDLE group whose first section, which carries the rest (RFC 9143 §7.3), is not there.
func (d *Description) checkBundle() error {
	group, _ := d.Session.Attribute("group")
	mids, bundled := strings.CutPrefix(group, "BUNDLE ")
	names := strings.Fields(mids)
	if !bundled || len(names) == 0 {
		return nil
	}
	var have []string
	for i := range d.Media {
		if d.Media[i].Mid == names[0] {
			return nil
		}
		have = append(have, cmp.Or(d.Media[i].Mid, "none"))
	}
	return fmt.Errorf("%w: its a=group:BUNDLE names the mid %.40s, and the mids of its sections are %.120s", ErrSession,
		names[0], strings.Join(have, ", "))
}

// lineEnds says what is wrong with the ends of lines in a description that is a single line; "" if nothing is.
func lineEnds(first string) string {
	rest, begins := strings.CutPrefix(first, "v=0")
	switch {
	case !begins || rest == "":
		return ""
	case rest[0] == '\\':
		return `its line ends are the characters \r\n or \n instead of line ends`
	case rest[0] == '\r':
		return "its lines end with CR instead of CRLF"
	}
	return ""
}

// Misfit is a media section of which offer and answer differ in what must be the same (RFC 3264 §6).
type Misfit struct {
	Section  int    `json:"section"`            // of the description, from 1
	Offered  string `json:"offered,omitempty"`  // kind and mid; absent: the offer has no such section
	Answered string `json:"answered,omitempty"` // likewise
	Setup    string `json:"setup,omitempty"`    // the DTLS role of the answer, if it is that which does not fit
}

// Misfits are what makes an answer one that does not belong to the offer. Other stacks may reject it as a whole.
func Misfits(offer, answer *Description) []Misfit {
	var out []Misfit
	for i, d := range Compare(offer, answer) {
		m := Misfit{Section: i, Offered: d.Offer.name(), Answered: d.Answer.name()}
		wrong := false
		for _, r := range d.Remarks {
			switch r.Kind {
			case SectionMissing, SectionNeverOffered, MediaChanged:
				wrong = true
			case MidChanged:
				wrong = wrong || r.To != "" // who knows no mids leaves them out
			case RolesConflict:
				wrong, m.Setup = true, diag.Clean(r.To, 40)
			default:
			}
		}
		if wrong {
			out = append(out, m)
		}
	}
	return out
}

// name is the kind and the mid of a section; empty for none.
func (s *Section) name() string {
	if s == nil {
		return ""
	}
	return strings.TrimSpace(diag.Clean(s.Kind, 20) + " " + diag.Clean(s.Mid, 40))
}

// Answering is the text of an answer that has a section for each of the offer (RFC 3264 §6): those that it leaves out,
// as pion does with other media than audio and video, are declined in their places. No section of it sends what the
// offer does not receive, or the reverse (§6.1), as those of pion do once they were agreed on for both directions.
func (d *Description) Answering(offer *Description) string {
	if slices.ContainsFunc(offer.Media, func(s Section) bool { return s.Mid == "" }) {
		return d.String()
	}
	var b strings.Builder
	write := func(lines []Line) {
		for _, l := range lines {
			b.WriteString(l.raw + "\r\n")
		}
	}
	write(d.Session.Lines)
	for i, o := range offer.Media {
		at := slices.IndexFunc(d.Media, func(s Section) bool { return s.Mid == o.Mid })
		if len(d.Media) >= len(offer.Media) { // pion's declined sections have no mid
			at = i
		}
		if at >= 0 {
			write(d.Media[at].answering(&o))
			continue
		}
		name := strings.Fields(o.Lines[0].raw)
		name[1] = "0" // the parser knows only such with a port
		b.WriteString(strings.Join(name, " ") + "\r\nc=IN IP4 0.0.0.0\r\na=inactive\r\na=mid:" + o.Mid + "\r\n")
	}
	write(d.rest)
	return b.String()
}

// answering are the lines of the section with the direction that the offered one lets it have.
func (s *Section) answering(offered *Section) []Line {
	direction := "inactive"
	switch sends, receives := s.sends() && offered.receives(), s.receives() && offered.sends(); {
	case sends && receives:
		direction = "sendrecv"
	case sends:
		direction = "sendonly"
	case receives:
		direction = "recvonly"
	}
	lines := slices.Clone(s.Lines)
	for i := range lines {
		if s.Direction != "" && isDirection(lines[i].Name) {
			lines[i].raw = "a=" + direction
		}
	}
	return lines
}
