package judge

import (
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
)

// serverFindings are about the servers of a call.
func serverFindings(c *call.Call) []diag.Finding {
	var list []diag.Server
	for _, row := range c.Servers {
		list = append(list, row.Server)
	}
	return inEnglish(callServers(list, c.NoPath(), c.RelayedBy))
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
