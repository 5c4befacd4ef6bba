package sdp

import (
	"fmt"
	"slices"
	"strings"

	"dialtone/diag"
)

// compareSections puts into words what a section's answer took, left out and changed.
func compareSections(offer, answer *Section, codecs codecMatch) []Remark {
	switch {
	case answer == nil:
		return []Remark{{SDPDropped, "the answer lacks this section"}}
	case offer == nil:
		return []Remark{{SDPAdded, "never offered: an answer must not add a section"}}
	case offer.Kind == "session":
		return compareSessions(offer, answer)
	case answer.Rejected() && offer.Rejected():
		return nil
	case answer.Rejected():
		return []Remark{{SDPDropped, "refused (port 0)"}}
	}
	var out []Remark
	if offer.Kind != answer.Kind {
		out = append(out, Remark{SDPChanged, "offered " + offer.Kind + ", answered " + answer.Kind})
	}
	if offer.Mid != answer.Mid {
		out = append(out, Remark{SDPChanged, fmt.Sprintf("mid offered %q, answered %q", offer.Mid, answer.Mid)})
	}
	out = append(out, compareDirections(offer, answer)...)
	out = append(out, compareCodecs(offer, answer, codecs)...)
	out = append(out, compareExtensions(offer, answer)...)
	if offer.Setup != "" && answer.Setup != "" && !setupFits(offer.Setup, answer.Setup) {
		out = append(out, Remark{SDPChanged, "DTLS roles do not fit: offered " + diag.OrUnknown(offer.Setup) + ", answered " +
			answer.Setup})
	}
	if _, offered := offer.attribute("rtcp-mux"); offered {
		if _, taken := answer.attribute("rtcp-mux"); !taken {
			out = append(out, Remark{SDPDropped, "RTCP on the port of RTP (rtcp-mux) not taken"})
		}
	}
	return out
}

// compareSessions looks at what holds for all sections.
func compareSessions(offer, answer *Section) []Remark {
	var out []Remark
	group, _ := offer.attribute("group")
	taken, _ := answer.attribute("group")
	if missing := without(strings.Fields(group), strings.Fields(taken)); len(missing) > 0 &&
		strings.HasPrefix(group, "BUNDLE") {
		out = append(out, Remark{SDPDropped, "not bundled: " + strings.Join(without(missing, []string{"BUNDLE"}), ", ")})
	}
	for _, side := range []struct {
		name string
		of   *Section
	}{{"offerer", offer}, {"answerer", answer}} {
		if _, lite := side.of.attribute("ice-lite"); lite {
			out = append(out, Remark{SDPChanged, "the " + side.name + " is ICE-lite: it answers checks and makes none"})
		}
	}
	return out
}

func compareDirections(offer, answer *Section) []Remark {
	if offer.Direction == "" || answer.Direction == complement[offer.Direction] {
		return nil
	}
	text := "offered " + offer.Direction + ", answered " + diag.OrUnknown(answer.Direction)
	switch {
	case answer.Direction == "recvonly":
		text += ": only the offerer sends"
	case answer.Direction == "sendonly":
		text += ": only the answerer sends"
	case answer.Direction == "inactive":
		text += ": nobody sends"
	}
	return []Remark{{SDPChanged, text}}
}

func compareCodecs(offer, answer *Section, m codecMatch) []Remark {
	var out []Remark
	var dropped, added, renamed, tuned, feedback []string
	for i := range offer.Codecs {
		a := &offer.Codecs[i]
		j, ok := m.answered[i]
		if !ok {
			dropped = append(dropped, a.Short())
			continue
		}
		b := &answer.Codecs[j]
		if a.PayloadType != b.PayloadType {
			renamed = append(renamed, a.Short()+" "+a.PayloadType+" as "+b.PayloadType)
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
	remark := func(mark Mark, what string, names []string) {
		if len(names) > 0 {
			out = append(out, Remark{mark, what + strings.Join(names, ", ")})
		}
	}
	remark(SDPDropped, "codecs not taken: ", counted(dropped, offer.Codecs))
	remark(SDPAdded, "codecs never offered: ", counted(added, nil))
	if a, b := preferred(offer), preferred(answer); a != b && a != "" && b != "" {
		remark(SDPChanged, "first choice: ", []string{"offered " + a + ", answered " + b})
	}
	remark(SDPChanged, "payload types: ", renamed)
	remark(SDPChanged, "other parameters: ", counted(tuned, nil))
	remark(SDPDropped, "feedback not taken: ", unique(feedback))
	return out
}

func compareExtensions(offer, answer *Section) []Remark {
	uris := func(s *Section) (out []string) {
		for _, e := range s.Extensions {
			out = append(out, e.URI)
		}
		return out
	}
	short := func(list []string) string {
		for i, uri := range list {
			list[i] = Extension{URI: uri}.Short()
		}
		return strings.Join(unique(list), ", ")
	}
	var out []Remark
	if dropped := without(uris(offer), uris(answer)); len(dropped) > 0 {
		out = append(out, Remark{SDPDropped, "extensions not taken: " + short(dropped)})
	}
	if added := without(uris(answer), uris(offer)); len(added) > 0 {
		out = append(out, Remark{SDPAdded, "extensions never offered: " + short(added)})
	}
	return out
}

// preferred is the first codec that carries media: who sends picks it.
func preferred(s *Section) string {
	for _, c := range s.Codecs {
		if !c.Auxiliary() {
			return c.Short()
		}
	}
	return ""
}

// counted writes each name once: "4 of 6 H264", "2 VP9", "AV1". all is what the counts are of; nil for nothing.
func counted(names []string, all []Codec) []string {
	var out []string
	for _, name := range unique(names) {
		n, of := 0, 0
		for _, s := range names {
			if s == name {
				n++
			}
		}
		for _, c := range all {
			if c.Short() == name {
				of++
			}
		}
		switch {
		case of > n:
			name = fmt.Sprintf("%d of %d %s", n, of, name)
		case n > 1:
			name = fmt.Sprintf("%d %s", n, name)
		}
		out = append(out, name)
	}
	return out
}

// unique keeps the first of each.
func unique(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
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
