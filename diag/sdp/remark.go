package sdp

import (
	"slices"
	"strings"
)

// Kind is what kind of difference there is between a section of an offer and its answer.
type Kind uint8

// Kinds.
const (
	KindUnknown            Kind = iota
	SectionMissing              // the answer lacks the section
	SectionNeverOffered         // the answer adds a section
	SectionRejected             // by the port 0
	MediaChanged                // From and To are the kinds of the section
	MidChanged                  // From and To are the mids
	DirectionChanged            // From and To are the directions
	CodecsDropped               // Items are the codecs
	CodecsNeverOffered          // Items are the codecs
	PreferenceChanged           // From and To are the first codecs
	PayloadTypesChanged         // Items are the codecs, with the payload types offered and answered
	ParametersChanged           // Items are the codecs
	FeedbackDropped             // Items are the messages
	ExtensionsDropped           // Items are the header extensions
	ExtensionsNeverOffered      // Items are the header extensions
	RolesConflict               // From and To are the DTLS roles
	RTCPMuxDropped              // RTCP needs a port of its own
	NotBundled                  // Items are the mids
	OffererIsLite               // the offerer only answers checks
	AnswererIsLite              // the answerer only answers checks
	OfferInvalid                // Items are the first line that the grammar forbids
	AnswerInvalid               // Items are the first line that the grammar forbids
)

// Mark is how the answer treats what was offered.
func (k Kind) Mark() Mark {
	switch k {
	case SectionMissing, SectionRejected, CodecsDropped, FeedbackDropped, ExtensionsDropped, RTCPMuxDropped, NotBundled:
		return Dropped
	case SectionNeverOffered, CodecsNeverOffered, ExtensionsNeverOffered:
		return Added
	default:
		return Changed
	}
}

// Remark is one difference between a section of the offer and its answer.
type Remark struct {
	Kind     Kind
	From, To string // offered and answered; empty for what is missing
	Items    []Item
}

// Item is a codec, a message, an extension or a section that a remark is about.
type Item struct {
	Name     string
	Count    int    // how many of the name
	Of       int    // how many the offer has; 0 where that does not matter
	From, To string // payload types
}

// invalid is the remark about a description that a strict parser rejects.
func invalid(kind Kind, d *Description) []Remark {
	if d == nil || d.Invalid == nil {
		return nil
	}
	return []Remark{{Kind: kind, Items: []Item{{Name: d.Invalid.Text, Count: 1}}}}
}

// compareSections lists what a section's answer accepts, omits and changes.
func compareSections(offer, answer *Section, codecs codecMatch) []Remark {
	switch {
	case answer == nil:
		return []Remark{{Kind: SectionMissing}}
	case offer == nil:
		return []Remark{{Kind: SectionNeverOffered}}
	case offer.Kind == "session":
		return compareSessions(offer, answer)
	case answer.Rejected() && offer.Rejected():
		return nil
	case answer.Rejected():
		return []Remark{{Kind: SectionRejected}}
	}
	var out []Remark
	if offer.Kind != answer.Kind {
		out = append(out, Remark{Kind: MediaChanged, From: offer.Kind, To: answer.Kind})
	}
	if offer.Mid != answer.Mid {
		out = append(out, Remark{Kind: MidChanged, From: offer.Mid, To: answer.Mid})
	}
	if offer.Direction != "" && answer.Direction != complement[offer.Direction] {
		out = append(out, Remark{Kind: DirectionChanged, From: offer.Direction, To: answer.Direction})
	}
	out = append(out, compareCodecs(offer, answer, codecs)...)
	out = append(out, about(ExtensionsDropped, named(short(without(offer.extensions(), answer.extensions()))))...)
	out = append(out, about(ExtensionsNeverOffered, named(short(without(answer.extensions(), offer.extensions()))))...)
	if offer.Setup != "" && answer.Setup != "" && !setupFits(offer.Setup, answer.Setup) {
		out = append(out, Remark{Kind: RolesConflict, From: offer.Setup, To: answer.Setup})
	}
	if offer.Has("rtcp-mux") && !answer.Has("rtcp-mux") {
		out = append(out, Remark{Kind: RTCPMuxDropped})
	}
	return out
}

// compareSessions looks at what holds for all sections.
func compareSessions(offer, answer *Section) []Remark {
	var out []Remark
	group, _ := offer.Attribute("group")
	taken, _ := answer.Attribute("group")
	if mids, bundled := strings.CutPrefix(group, "BUNDLE"); bundled {
		out = about(NotBundled, named(without(strings.Fields(mids), strings.Fields(taken))))
	}
	if offer.Has("ice-lite") {
		out = append(out, Remark{Kind: OffererIsLite})
	}
	if answer.Has("ice-lite") {
		out = append(out, Remark{Kind: AnswererIsLite})
	}
	return out
}

func compareCodecs(offer, answer *Section, m codecMatch) []Remark {
	var dropped, added, tuned, feedback []string
	var renamed []Item
	for i := range offer.Codecs {
		a := &offer.Codecs[i]
		j, ok := m.answered[i]
		if !ok {
			dropped = append(dropped, a.Short())
			continue
		}
		b := &answer.Codecs[j]
		if a.PayloadType != b.PayloadType {
			renamed = append(renamed, Item{Name: a.Short(), Count: 1, From: a.PayloadType, To: b.PayloadType})
		}
		if a.Params != b.Params && !a.Auxiliary() {
			tuned = append(tuned, a.Short())
		}
		feedback = append(feedback, without(a.Feedback, b.Feedback)...)
	}
	for j := range answer.Codecs {
		if strings.HasPrefix(m.offered[answer.Codecs[j].PayloadType], neverOffered) {
			added = append(added, answer.Codecs[j].Short())
		}
	}
	lost := counted(dropped)
	for i := range lost {
		for _, c := range offer.Codecs {
			if c.Short() == lost[i].Name {
				lost[i].Of++
			}
		}
	}
	out := append(about(CodecsDropped, lost), about(CodecsNeverOffered, counted(added))...)
	if a, b := preferred(offer), preferred(answer); a != b && a != "" && b != "" {
		out = append(out, Remark{Kind: PreferenceChanged, From: a, To: b})
	}
	out = append(out, about(PayloadTypesChanged, renamed)...)
	out = append(out, about(ParametersChanged, counted(tuned))...)
	return append(out, about(FeedbackDropped, named(feedback))...)
}

// about is a remark about items; none without items.
func about(kind Kind, items []Item) []Remark {
	if len(items) == 0 {
		return nil
	}
	return []Remark{{Kind: kind, Items: items}}
}

// preferred is the first codec that carries media, which the sender uses.
func preferred(s *Section) string {
	for _, c := range s.Codecs {
		if !c.Auxiliary() {
			return c.Short()
		}
	}
	return ""
}

func (s *Section) extensions() []string {
	var out []string
	for _, e := range s.Extensions {
		out = append(out, e.URI)
	}
	return out
}

// short names header extensions by the end of their URI.
func short(uris []string) []string {
	for i, uri := range uris {
		uris[i] = Extension{URI: uri}.Short()
	}
	return uris
}

// named is each name once.
func named(list []string) []Item {
	out := counted(list)
	for i := range out {
		out[i].Count = 1
	}
	return out
}

// counted is each name once, with its number.
func counted(names []string) []Item {
	var out []Item
	for _, name := range names {
		if i := slices.IndexFunc(out, func(it Item) bool { return it.Name == name }); i >= 0 {
			out[i].Count++
		} else {
			out = append(out, Item{Name: name, Count: 1})
		}
	}
	return out
}

// without is what list has and other has not.
func without(list, other []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(other, s) {
			out = append(out, s)
		}
	}
	return out
}
