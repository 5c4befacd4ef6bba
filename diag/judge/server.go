package judge

import (
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
)

// serverFindings makes a finding of every server that gave nothing.
func serverFindings(c *call.Call, severity diag.Severity) []diag.Finding {
	var out []diag.Finding
	for _, s := range c.Servers {
		if s.OK {
			out = diag.WithExpiry(out, s.ServerResult)
			continue
		}
		if s.QuotaReached() && c.RelayedBy(s.URL) {
			continue // by the call's own relay: it was the probe that came too late
		}
		out = append(out, diag.Finding{
			ID: diag.ServerFindingID(s.ServerResult), Severity: severity,
			Title:    diag.Clean(s.URL+diag.GaveNothing+s.ErrorText, 400),
			Evidence: []string{diag.Clean("stage "+diag.OrUnknown(s.Stage)+", cause "+diag.OrUnknown(s.Cause), 200)},
			Advice:   diag.About(s.URL, s.Advice),
		})
	}
	return out
}

// mediaFindings names media that both sides agreed on and nobody has seen, while there is time to look.
func mediaFindings(c *call.Call) []diag.Finding {
	var out []diag.Finding
	for _, what := range c.MissingMedia() {
		direction, kind, _ := strings.Cut(what, " ")
		out = append(out, diag.Finding{
			ID: "media.no_" + direction + "_" + kind, Severity: diag.Warn,
			Title:    "No " + what + " after " + diag.Span(c.UpTime()) + " of connection.",
			Evidence: []string{"both descriptions agree on it, no packet was counted"},
			Advice:   "The path carries packets, so look at the sender: muted, without a source, or with a codec that was not negotiated.",
		})
	}
	return out
}

// warningFindings passes the session's own remarks on.
func warningFindings(c *call.Call) []diag.Finding {
	var out []diag.Finding
	for _, w := range c.Warnings {
		out = append(out, diag.Finding{ID: diag.Clean(w.ID, 80), Severity: diag.Warn, Title: diag.Clean(w.Text, 400),
			Advice: diag.Clean(w.Advice, 400)})
	}
	return out
}
