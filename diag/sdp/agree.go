package sdp

import (
	"slices"
	"strings"
)

// Refusal is why an answer takes no media in a section that was offered.
type Refusal string

// Refusals.
const (
	Rejected  Refusal = "rejected" // the port is 0 (RFC 3264 §6)
	Inactive  Refusal = "inactive" // the direction (RFC 3264 §6.1)
	Unwanted  Refusal = "sendonly" // the answerer wants to send, not to receive
	NoSection Refusal = "dropped"  // the answer lacks the section
	NoCodec   Refusal = "no-codec" // none of the codecs of the answer was offered
	NoRefusal Refusal = ""         // the offerer may send
)

// Agreement is what an offer and its answer agree on in a section of audio or video.
type Agreement struct {
	Kind       string   // audio or video
	Offered    []string // names of codecs, each once, without those that only help others
	Answered   []string
	Sends      bool    // the offerer offers to send
	Receives   bool    // the offerer offers to receive
	Refusal    Refusal // NoRefusal also where nothing was offered
	ToAnswerer bool    // the offerer may send
	ToOfferer  bool    // the answerer may send
}

// Agree pairs the sections of audio and video of an offer with those of its answer: by their mid or, without one, by
// their position.
func Agree(offer, answer *Description) []Agreement {
	var out []Agreement
	for i := range offer.Media {
		o := &offer.Media[i]
		if o.Kind != "audio" && o.Kind != "video" {
			continue
		}
		a := Agreement{Kind: o.Kind, Offered: o.codecNames(), Sends: o.sends(), Receives: o.receives()}
		a.settle(o, answer.counterpart(o, i))
		out = append(out, a)
	}
	return out
}

// counterpart is the section that answers one; nil for none.
func (d *Description) counterpart(o *Section, position int) *Section {
	for i := range d.Media {
		if s := &d.Media[i]; o.Mid != "" && s.Mid == o.Mid && s.Kind == o.Kind {
			return s
		}
	}
	if position < len(d.Media) && d.Media[position].Kind == o.Kind && (o.Mid == "" || d.Media[position].Mid == "") {
		return &d.Media[position]
	}
	return nil
}

// settle compares a section with its answer.
func (a *Agreement) settle(o, answer *Section) {
	refusal := NoSection
	if answer != nil {
		a.Answered = answer.codecNames()
		known := matchCodecs(o, answer)
		common := slices.ContainsFunc(answer.Codecs, func(c Codec) bool {
			return !c.Auxiliary() && !strings.HasPrefix(known.offered[c.PayloadType], neverOffered)
		})
		switch {
		case answer.Rejected():
			refusal = Rejected
		case !common:
			refusal = NoCodec
		case answer.Direction == "inactive":
			refusal = Inactive
		case answer.Direction == "sendonly" && a.Sends:
			refusal = Unwanted
		default:
			refusal = NoRefusal
		}
		a.ToOfferer = a.Receives && common && answer.sends()
	}
	if a.Sends || a.Receives {
		a.Refusal = refusal
	}
	a.ToAnswerer = a.Sends && refusal == NoRefusal
}

// sends reports whether who wrote the section wants to send.
func (s *Section) sends() bool {
	return !s.Rejected() && (s.Direction == "sendrecv" || s.Direction == "sendonly")
}

// receives reports whether who wrote the section wants to receive.
func (s *Section) receives() bool {
	return !s.Rejected() && (s.Direction == "sendrecv" || s.Direction == "recvonly")
}

// codecNames lists the codecs that carry media, each once.
func (s *Section) codecNames() []string {
	var names []string
	for _, c := range s.Codecs {
		if name := c.Short(); !c.Auxiliary() && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// Simulcast reports whether a section has several encodings, distinguished by a header extension (RFC 8853).
func (d *Description) Simulcast() bool {
	return slices.ContainsFunc(d.Media, func(s Section) bool {
		return s.Has("simulcast") || s.Has("rid")
	})
}
