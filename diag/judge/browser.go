package judge

import (
	"dialtone/diag/browser"
	"dialtone/diag/call"
)

// browserFindings are what only the dump of a browser shows.
func browserFindings(c *call.Call, _ Expectation) []Finding {
	var out []Finding
	for _, b := range browser.Findings(c.Browser, c.BrowserFacts()) {
		out = append(out, Finding{ID: b.ID, Severity: b.Severity, Subject: b.Subject, Evidence: b.Evidence})
	}
	return out
}
