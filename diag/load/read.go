package load

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"dialtone/diag"
)

// Bounds of a report that is read, whose author may be hostile.
const (
	maxPoints   = 25 * 3600
	maxPhases   = 64        // each has a histogram, which takes 0.2 MB, whatever its text
	maxElements = 2_500_000 // of all lists: most are counts of setup times
	maxOthers   = 20_000    // that are none
	maxTexts    = 256 << 10 // bytes of all causes, findings or assertions
)

var errReport = errors.New("not a report of dialtone load")

// ReadJSON reads what [WriteJSON] wrote. Its texts are cleaned where they are shown.
func ReadJSON(raw []byte) (*Report, error) {
	size := diag.SizeOfJSON(raw)
	if size.Objects > 3*maxPoints || size.Elements > maxElements {
		return nil, fmt.Errorf("%w: more than %d objects or %d elements of lists", errReport, 3*maxPoints, maxElements)
	}
	var head head
	if err := json.Unmarshal(raw, &head); err != nil {
		return nil, fmt.Errorf("%w: %w", errReport, err)
	}
	if head.Schema != Schema {
		return nil, fmt.Errorf("%w: schema %.60q instead of %q", errReport, head.Schema, Schema)
	}
	if !head.fits() || size.Elements-head.Series.elements > maxOthers {
		return nil, fmt.Errorf("%w: too long, or of no part", errReport)
	}
	r := &Report{}
	if err := json.Unmarshal(raw, r); err != nil {
		return nil, fmt.Errorf("%w: %w", errReport, err)
	}
	for i := range r.Series {
		if len(r.Series[i].Setup) > buckets {
			return nil, fmt.Errorf("%w: unknown buckets", errReport)
		}
	}
	r.Plan.Part, r.Plan.Parts = max(1, r.Plan.Part), max(1, r.Plan.Parts)
	if !r.plausible() {
		return nil, fmt.Errorf("%w: its numbers contradict each other", errReport)
	}
	return r, nil
}

// head is how many of each a report has.
type head struct {
	Schema     string `json:"schema"`
	Series     points `json:"series"`
	Causes     texts  `json:"causes"`
	Noticed    texts  `json:"noticed"`
	Findings   texts  `json:"findings"`
	Assertions texts  `json:"assertions"`
	Parts      number `json:"parts"`
	Missing    number `json:"missing_parts"`
	Agents     number `json:"agents"`
	Phases     number `json:"phases"`
	Plan       struct {
		Stages number `json:"stages"`
	} `json:"plan"`
	Limit struct {
		Steps number `json:"steps"`
	} `json:"limit"`
}

func (h *head) fits() bool {
	for _, l := range []texts{h.Causes, h.Noticed, h.Findings, h.Assertions} {
		if l.number > maxCauses || l.bytes > maxTexts {
			return false
		}
	}
	return h.Plan.Stages <= maxCauses && h.Series.number <= maxPoints && h.Parts > 0 && h.Parts <= maxPoints &&
		h.Missing <= maxCauses &&
		h.Agents <= maxPoints &&
		h.Phases <= maxPhases &&
		h.Limit.Steps <= maxPoints
}

// points counts the seconds, and with them what they have.
type points struct {
	number
	elements int // of all their lists
}

// UnmarshalJSON counts.
func (p *points) UnmarshalJSON(raw []byte) error {
	p.elements += diag.SizeOfJSON(raw).Elements
	return p.number.UnmarshalJSON(raw)
}

// texts counts what has texts, and its bytes.
type texts struct {
	number
	bytes int
}

// UnmarshalJSON counts.
func (t *texts) UnmarshalJSON(raw []byte) error {
	t.bytes += len(raw)
	return t.number.UnmarshalJSON(raw)
}

// number counts the elements of a list, or the members of an object, without keeping them. Where a report has a name
// twice, it counts both.
type number int

// UnmarshalJSON counts.
func (n *number) UnmarshalJSON(raw []byte) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	begin, err := d.Token()
	if err != nil {
		return err
	}
	for d.More() {
		if begin == json.Delim('{') {
			if _, err := d.Token(); err != nil {
				return err
			}
		}
		*n++
		if err := d.Decode(&skipped{}); err != nil {
			return err
		}
	}
	return nil
}

// skipped is any value.
type skipped struct{}

// UnmarshalJSON keeps nothing.
func (*skipped) UnmarshalJSON([]byte) error { return nil }
