package sdp

import (
	"fmt"
	"slices"
	"strings"
)

// Mark is how an answer relates to what was offered.
type Mark uint8

// Marks.
const (
	Same    Mark = iota // as offered
	Own                 // each peer has its own value, and may: names, addresses, roles that match
	Dropped             // offered, not answered
	Added               // answered without having been offered
	Changed             // answered otherwise
)

// Row is a line of the offer and the line of the answer that corresponds to it; nil where there is none.
type Row struct {
	Offer, Answer *Line
	Mark          Mark
}

// Difference is one section of offer and answer beside each other. The first of a list is the session, the others
// are the media sections in their order, which is what ties them together (RFC 3264 §6).
type Difference struct {
	Offer, Answer *Section // one of them may be nil
	Rows          []Row
	Remarks       []Remark
}

// Compare puts an answer beside its offer. One of them may be nil when it is not known: then nothing is a
// difference.
func Compare(offer, answer *Description) []Difference {
	both := offer != nil && answer != nil
	var left, right []*Section
	if offer != nil {
		left = offer.sections()
	}
	if answer != nil {
		right = answer.sections()
	}
	out := make([]Difference, max(len(left), len(right)))
	for i := range out {
		d := &out[i]
		if i < len(left) {
			d.Offer = left[i]
		}
		if i < len(right) {
			d.Answer = right[i]
		}
		codecs := matchCodecs(d.Offer, d.Answer)
		d.Rows = compareLines(d.Offer, d.Answer, codecs)
		if both {
			d.Remarks = compareSections(d.Offer, d.Answer, codecs)
			continue
		}
		for r := range d.Rows {
			d.Rows[r].Mark = Same
		}
	}
	if len(out) > 0 {
		out[0].Remarks = append(invalid(OfferInvalid, offer), append(invalid(AnswerInvalid, answer), out[0].Remarks...)...)
	}
	return out
}

// codecMatch ties the codecs of an offer to those of its answer.
type codecMatch struct {
	answered map[int]int       // index in the offer → index in the answer
	offered  map[string]string // payload type of the answer → of the offer; a name of its own when never offered
}

// matchCodecs prefers the same payload type, then the same parameters; a codec is another when its name or clock
// differs.
func matchCodecs(offer, answer *Section) codecMatch {
	m := codecMatch{answered: map[int]int{}, offered: map[string]string{}}
	if offer == nil || answer == nil {
		return m
	}
	used := map[int]bool{}
	for _, same := range []func(a, b *Codec) bool{
		func(a, b *Codec) bool { return a.PayloadType == b.PayloadType },
		func(a, b *Codec) bool { return a.Params == b.Params && !a.Auxiliary() },
	} {
		for i := range offer.Codecs {
			if _, done := m.answered[i]; done {
				continue
			}
			for j := range answer.Codecs {
				a, b := &offer.Codecs[i], &answer.Codecs[j]
				if !used[j] && strings.EqualFold(a.Name, b.Name) && same(a, b) {
					used[j], m.answered[i], m.offered[b.PayloadType] = true, j, a.PayloadType
					break
				}
			}
		}
	}
	for j := range answer.Codecs {
		if pt := answer.Codecs[j].PayloadType; m.offered[pt] == "" {
			m.offered[pt] = neverOffered + pt
		}
	}
	return m
}

const neverOffered = "answered "

// ownLines are the attributes that each peer sets for itself.
var ownLines = map[string]bool{
	"ice-ufrag": true, "ice-pwd": true, "fingerprint": true,
	"candidate": true, "end-of-candidates": true, "msid": true, "msid-semantic": true,
	"ssrc": true, "ssrc-group": true, "rtcp": true, "sctp-port": true, "max-message-size": true, "cname": true,
}

func isOwn(l *Line) bool {
	return ownLines[l.Name] && l.Type == 'a' || l.Type == 'o' || l.Type == 'c' || l.Type == 's' || l.Type == 't'
}

func isDirection(name string) bool {
	return name == "sendrecv" || name == "sendonly" || name == "recvonly" || name == "inactive"
}

// compareLines aligns the lines of the answer with those of the offer, in the offer's order.
func compareLines(offer, answer *Section, codecs codecMatch) []Row {
	left, right := lines(offer), lines(answer)
	single := singles(left, right)
	at := map[string]int{}
	rows := make([]Row, 0, len(left))
	seen := map[string]int{}
	for i := range left {
		at[numbered(seen, lineKey(&left[i], nil, single))] = i
		rows = append(rows, Row{Offer: &left[i], Mark: Dropped})
	}
	after := map[int][]Row{} // answered only, by the row that they stand behind
	seen, last := map[string]int{}, -1
	for j := range right {
		if i, ok := at[numbered(seen, lineKey(&right[j], codecs.offered, single))]; ok {
			rows[i].Answer, last = &right[j], i
			continue
		}
		after[last] = append(after[last], Row{Answer: &right[j], Mark: Added})
	}
	out := after[-1]
	for i := range rows {
		out = append(append(out, rows[i]), after[i]...)
	}
	for i := range out {
		out[i].grade()
	}
	return out
}

func lines(s *Section) []Line {
	if s == nil {
		return nil
	}
	return s.Lines
}

// singles are the attributes and letters that neither side repeats: such lines correspond whatever they say.
func singles(sides ...[]Line) map[string]bool {
	out := map[string]bool{}
	for _, side := range sides {
		count := map[string]int{}
		for i := range side {
			name := string(side[i].Type) + side[i].Name
			if count[name]++; count[name] > 1 {
				out[name] = false
			} else if _, known := out[name]; !known {
				out[name] = true
			}
		}
	}
	return out
}

// lineKey is the same for lines that correspond. Payload types of an answer are translated to those of the offer.
func lineKey(l *Line, offered map[string]string, single map[string]bool) string {
	name := string(l.Type) + l.Name
	switch {
	case l.Type != 'a':
	case isDirection(l.Name):
		return "direction"
	case l.Name == "extmap":
		if _, uri, ok := strings.Cut(l.Value, " "); ok {
			return name + uri
		}
	case l.Name == "rtpmap" || l.Name == "fmtp" || l.Name == "rtcp-fb":
		pt, rest, _ := strings.Cut(l.Value, " ")
		if offered != nil && pt != "*" {
			if same, ok := offered[pt]; ok {
				pt = same
			}
		}
		if l.Name == "rtcp-fb" {
			pt += rest
		}
		return name + pt
	}
	if single[name] || isOwn(l) {
		return name
	}
	return l.Text
}

// numbered makes repeated keys distinct.
func numbered(seen map[string]int, key string) string {
	seen[key]++
	if n := seen[key]; n > 1 {
		return fmt.Sprintf("%s\x00%d", key, n)
	}
	return key
}

// grade decides what the difference of two lines means.
func (r *Row) grade() {
	a, b := r.Offer, r.Answer
	if b == nil {
		if isOwn(a) {
			r.Mark = Own
		}
		return
	}
	switch {
	case a == nil && isOwn(b):
		r.Mark = Own
	case a == nil:
	case a.Text == b.Text:
		r.Mark = Same
	case isOwn(a), isDirection(a.Name) && b.Name == complement[a.Name], a.Name == "setup" &&
		setupFits(a.Value, b.Value), a.Type == 'm' && onlyPortDiffers(a.Value, b.Value):
		r.Mark = Own
	default:
		r.Mark = Changed
	}
}

// complement is the answer that takes an offered direction as a whole (RFC 3264 §6.1).
var complement = map[string]string{
	"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly",
	"inactive": "inactive",
}

func setupFits(offer, answer string) bool {
	return offer == "actpass" && (answer == "active" || answer == "passive") || offer == "active" && answer == "passive" ||
		offer == "passive" && answer == "active"
}

// onlyPortDiffers compares m= lines; a port of 0 is more than another port.
func onlyPortDiffers(offer, answer string) bool {
	a, b := strings.Fields(offer), strings.Fields(answer)
	if len(a) != len(b) || len(a) < 2 || b[1] == "0" {
		return false
	}
	a[1] = b[1]
	return slices.Equal(a, b)
}
