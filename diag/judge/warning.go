package judge

import (
	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/finding"
)

// Warning is the evidence of a warning of the log. The subject of the finding is that of the warning.
type Warning struct {
	Cause string `json:"cause,omitempty"` // the words of the underlying error
}

// warningFindings pass the warnings of the log on. The wrong role can end a check, and another session can leave it
// without a path; the others do not end a call.
func warningFindings(c *call.Call, _ Expectation) []Finding {
	var out []Finding
	for _, w := range c.Warnings {
		if w.ID == "ice.consent_lost" && ownSilence(c, w.At) {
			continue
		}
		grave := w.ID == "signal.wrong_role" && c.Ended != nil || w.ID == "ice.other_session" && c.NoPath()
		out = append(out, Finding{
			ID: diag.Clean(w.ID, 80), Severity: finding.Graver(grave),
			Subject: diag.Clean(w.Subject, 200), Evidence: Warning{diag.Clean(w.Cause, 400)},
		})
	}
	return out
}
