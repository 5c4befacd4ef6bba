package signal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// Bounds of what is accepted from the peer, in bytes. They are far above
// what browsers and pion produce (an SDP with three media sections is 6 KB, a
// candidate 120 bytes) and far below what would hurt.
const (
	// MaxSDP bounds Description.SDP.
	MaxSDP = 256 << 10
	// MaxCandidate bounds Candidate.Candidate.
	MaxCandidate = 1024
	// MaxIdentifier bounds Candidate.SDPMid and Candidate.UsernameFragment
	// (RFC 8839 §5.4 allows a fragment 256 characters).
	MaxIdentifier = 256
)

// Description is a W3C RTCSessionDescriptionInit.
type Description struct {
	// Type is "offer" or "answer".
	Type string `json:"type"`
	// SDP is the session description (RFC 8866), 1 to MaxSDP bytes.
	SDP string `json:"sdp"`
}

// Candidate is a W3C RTCIceCandidateInit. Absent fields are nil.
type Candidate struct {
	// Candidate is the candidate-attribute of RFC 8839 §5.1 ("candidate:…").
	Candidate string `json:"candidate"`
	// SDPMid is the identification tag of the media section it belongs to.
	SDPMid *string `json:"sdpMid,omitempty"`
	// SDPMLineIndex is the index of that media section, from 0.
	SDPMLineIndex *uint16 `json:"sdpMLineIndex,omitempty"`
	// UsernameFragment is the ICE username fragment of its generation.
	UsernameFragment *string `json:"usernameFragment,omitempty"`
}

// Message is one step of the exchange. Which fields are set depends on Kind.
type Message struct {
	Kind        Kind
	Role        Role         // with KindPaired: the receiver's own role
	Description *Description // with KindOffer and KindAnswer
	Candidate   *Candidate   // with KindCandidate
}

// Validate reports with ErrMessage what makes m impossible to send.
func (m Message) Validate() error {
	switch m.Kind {
	case KindOffer, KindAnswer:
		if m.Description == nil {
			return invalid("%s without a description", m.Kind)
		}
		return m.Description.validate(m.Kind.String())
	case KindCandidate:
		if m.Candidate == nil {
			return invalid("candidate message without a candidate")
		}
		if m.Candidate.Candidate == "" {
			return invalid("empty candidate: send KindEndOfCandidates instead")
		}
		return m.Candidate.validate()
	case KindEndOfCandidates, KindBye:
		return nil
	case KindUnknown, KindPaired:
	}
	return invalid("a message of kind %s cannot be sent", m.Kind)
}

func (d *Description) validate(kind string) error {
	switch {
	case d.Type != kind:
		return invalid("description has type %.20q, not %q", d.Type, kind)
	case d.SDP == "":
		return invalid("%s with an empty sdp", kind)
	case len(d.SDP) > MaxSDP:
		return invalid("%s has %d bytes, more than %d", kind, len(d.SDP), MaxSDP)
	}
	return nil
}

func (c *Candidate) validate() error {
	if len(c.Candidate) > MaxCandidate {
		return invalid("candidate has %d bytes, more than %d", len(c.Candidate), MaxCandidate)
	}
	if c.SDPMid != nil && len(*c.SDPMid) > MaxIdentifier {
		return invalid("sdpMid has %d bytes, more than %d", len(*c.SDPMid), MaxIdentifier)
	}
	if c.UsernameFragment != nil && len(*c.UsernameFragment) > MaxIdentifier {
		return invalid("usernameFragment has %d bytes, more than %d", len(*c.UsernameFragment), MaxIdentifier)
	}
	return nil
}

// ParseDescription reads a description of the given kind (KindOffer or
// KindAnswer) from JSON. The error is ErrMessage where raw is absent, null, no
// object, of another type, without SDP, or too long.
func ParseDescription(raw []byte, kind Kind) (*Description, error) {
	fields, err := parseObject(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", kind, err)
	}
	d := &Description{}
	if err := parseField(fields, "type", &d.Type); err != nil {
		return nil, err
	}
	if err := parseField(fields, "sdp", &d.SDP); err != nil {
		return nil, err
	}
	return d, d.validate(kind.String())
}

// ParseCandidate reads a candidate from JSON. A Candidate.Candidate of "" is
// the W3C's end-of-candidates indication and is let through. The error is
// ErrMessage where raw is absent, null, no object, or has a field of a wrong
// type or length; fields it does not know are ignored.
func ParseCandidate(raw []byte) (*Candidate, error) {
	fields, err := parseObject(raw)
	if err != nil {
		return nil, fmt.Errorf("candidate: %w", err)
	}
	c := &Candidate{}
	for name, target := range map[string]any{
		"candidate":        &c.Candidate,
		"sdpMid":           &c.SDPMid,
		"sdpMLineIndex":    &c.SDPMLineIndex,
		"usernameFragment": &c.UsernameFragment,
	} {
		if err := parseField(fields, name, target); err != nil {
			return nil, err
		}
	}
	return c, c.validate()
}

// parseObject keeps names exactly as they were sent: decoding into a struct
// would also take "TYPE" for "type".
func parseObject(raw []byte) (map[string]json.RawMessage, error) {
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return nil, invalid("is missing")
	}
	if !utf8.Valid(raw) {
		return nil, invalid("is not UTF-8")
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil || fields == nil {
		return nil, invalid("is no JSON object")
	}
	return fields, nil
}

func parseField(fields map[string]json.RawMessage, name string, target any) error {
	raw, ok := fields[name]
	if !ok {
		return nil
	}
	if err := json.Unmarshal(raw, target); err != nil {
		return invalid("field %s has the wrong type", name)
	}
	return nil
}

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMessage, fmt.Sprintf(format, args...))
}
