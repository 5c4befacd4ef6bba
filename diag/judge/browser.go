package judge

import (
	"dialtone/diag/browser"
	"dialtone/diag/call"
)

// browserFindings are what only the dump of a browser shows.
func browserFindings(c *call.Call, _ Expectation) []Finding {
	return browser.Findings(c.Browser, c.BrowserFacts())
}
