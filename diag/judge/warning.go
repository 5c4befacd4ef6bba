package judge

// Warning is the evidence of a finding that repeats a warning of the log: what the underlying error said; empty where
// there was none.
type Warning struct {
	Cause string `json:"cause,omitempty"`
}
