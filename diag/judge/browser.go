package judge

import (
	"slices"
	"strings"

	"dialtone/diag"
	"dialtone/diag/browser"
	"dialtone/diag/call"
)

// browserFindings are what only the dump of a browser shows.
func browserFindings(c *call.Call, _ Expectation) []Finding {
	if c.Browser == nil {
		return nil
	}
	f := browser.Facts{
		Ended: c.EndedAt, RelayOnly: c.Start.RelayOnly, Relay: call.HasType(c.Local, diag.Relay),
		Gathered: c.Gathering == "complete", Connected: c.ConnectedAt != nil, NoPath: c.NoPath(),
	}
	for _, s := range c.Start.ICEServers {
		failed := func(r call.ServerRow) bool { return r.URL == s.URL && r.Failed() != nil }
		if strings.HasPrefix(s.URL, "turn") {
			f.TURN = true
			f.Waiting = f.Waiting || !slices.ContainsFunc(c.Servers, failed)
		}
	}
	for _, s := range c.Samples {
		f.Samples, f.Times = append(f.Samples, s.Sample), append(f.Times, s.At)
	}
	var out []Finding
	for _, b := range browser.Findings(c.Browser, f) {
		out = append(out, Finding{ID: b.ID, Severity: b.Severity, Subject: b.Subject, Evidence: b.Evidence})
	}
	return out
}
