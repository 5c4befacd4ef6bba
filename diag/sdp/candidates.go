package sdp

import (
	"fmt"
	"slices"

	"github.com/pion/sdp/v3"
)

// Candidate is an a=candidate line of a description.
type Candidate struct {
	Line string // "candidate:…"
	Mid  string // of its media section; empty when that has none
}

// Separated is a description apart from its candidates.
type Separated struct {
	Rest       string // without any; as it was if there were none
	Candidates []Candidate
	Lite       bool // its agent is ICE-lite (RFC 8839 §5.3)
}

// Separate takes the candidates out of a description, each once: sections of one bundle repeat them. The error is that
// of a description which is not valid.
func Separate(text string) (Separated, error) {
	var d sdp.SessionDescription
	if err := d.UnmarshalString(text); err != nil {
		return Separated{}, fmt.Errorf("parsing the description: %w", err)
	}
	out := Separated{Rest: text}
	_, out.Lite = d.Attribute(sdp.AttrKeyICELite)
	seen := map[string]bool{}
	isCandidate := func(a sdp.Attribute) bool { return a.Key == sdp.AttrKeyCandidate }
	for _, m := range d.MediaDescriptions {
		mid, _ := m.Attribute(sdp.AttrKeyMID)
		for _, a := range m.Attributes {
			if isCandidate(a) && !seen[a.Value] {
				seen[a.Value] = true
				out.Candidates = append(out.Candidates, Candidate{"candidate:" + a.Value, mid})
			}
		}
		m.Attributes = slices.DeleteFunc(m.Attributes, isCandidate)
	}
	d.Attributes = slices.DeleteFunc(d.Attributes, isCandidate)
	if len(out.Candidates) == 0 {
		return out, nil
	}
	rest, err := d.Marshal()
	if err != nil {
		return Separated{}, fmt.Errorf("writing the description: %w", err)
	}
	out.Rest = string(rest)
	return out, nil
}
