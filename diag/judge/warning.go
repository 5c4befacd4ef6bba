package judge

import (
	"dialtone/diag"
	"dialtone/diag/call"
)

// Warning is the evidence of a remark that the session made: what happened, in the words of the underlying error.
type Warning struct {
	Cause string `json:"cause,omitempty"`
}

// warningFindings pass the session's remarks on.
func warningFindings(c *call.Call, _ Expectation) []Finding {
	var out []Finding
	for _, w := range c.Warnings {
		out = append(out, prose([]diag.Finding{{ID: diag.Clean(w.ID, 80), Severity: graver(w.ID == "signal.wrong_role" && c.Ended != nil), Title: diag.Clean(w.Text, 400), Advice: diag.Clean(w.Advice, 400)}})...)
	}
	return out
}
