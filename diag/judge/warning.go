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
func warningFindings(out *finding.List, c *call.Call, _ Expectation) {
	for _, w := range c.Warnings {
		if w.ID == "ice.consent_lost" && ownSilence(c, w.At) {
			continue
		}
		grave := w.ID == "signal.wrong_role" && c.Ended != nil || w.ID == "ice.other_session" && c.NoPath()
		out.Add(diag.Clean(w.ID, 80), finding.Graver(grave), diag.Clean(w.Subject, 200), Warning{diag.Clean(w.Cause, 400)})
	}
}
