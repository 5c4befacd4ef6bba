package judge

// Evidence of findings that are made beside the rules about a call: by a comparison of reports and by conformance
// checks.
type (
	// BaselineWorse means that a value got worse beyond the run-to-run variation of both reports.
	BaselineWorse struct {
		Name   string  `json:"name"`
		Before float64 `json:"before"`
		Now    float64 `json:"now"`
		Unit   string  `json:"unit"`
		Noise  float64 `json:"noise"` // in the same unit
	}
	// ShouldNotKept means that an endpoint does not follow a SHOULD of RFC 9725.
	ShouldNotKept struct {
		Standard    string   `json:"standard,omitempty"` // RFC 9725, or the draft of WHEP
		Draft       bool     `json:"draft,omitempty"`    // the server does what a draft required
		Requirement string   `json:"requirement"`
		Section     string   `json:"section"`
		Reason      string   `json:"reason"`
		Exchanges   []string `json:"exchanges,omitempty"`
	}
)
