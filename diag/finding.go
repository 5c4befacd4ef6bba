package diag

import (
	"slices"
	"strings"
)

// Severity grades a finding.
type Severity string

// Severities.
const (
	Info    Severity = "info"    // good to know
	Warn    Severity = "warning" // it may do harm
	Problem Severity = "error"   // it explains a failure
)

// Finding is one thing that was found out, with a stable ID that scripts and documents can refer to.
type Finding struct {
	ID       string   `json:"id"`                 // stable: dialtone explain ID prints a paragraph about it
	Severity Severity `json:"severity"`           // how grave it is
	Title    string   `json:"title"`              // what is so, in one sentence
	Evidence []string `json:"evidence,omitempty"` // how it is known: counts, codes, addresses
	Advice   string   `json:"advice,omitempty"`   // the next step
}

// serverFindings makes a finding of every server that gave nothing.
func serverFindings(c *Call, severity Severity) []Finding {
	var out []Finding
	for _, s := range c.Servers {
		if s.OK {
			out = withExpiry(out, s.ServerResult)
			continue
		}
		if s.QuotaReached() && c.relayedBy(s.URL) {
			continue // by the call's own relay: it was the probe that came too late
		}
		out = append(out, Finding{
			ID: serverFindingID(s.ServerResult), Severity: severity,
			Title:    Clean(s.URL+gaveNothing+s.ErrorText, 400),
			Evidence: []string{Clean("stage "+orUnknown(s.Stage)+", cause "+orUnknown(s.Cause), 200)},
			Advice:   about(s.URL, s.Advice),
		})
	}
	return out
}

// QuotaReached reports whether the account has as many allocations as the server allows it (486, RFC 8656 §7.3).
func (s ServerResult) QuotaReached() bool { return !s.OK && s.ErrorCode == 486 }

// relayedBy reports whether the call itself got a relay from this server.
func (c *Call) relayedBy(url string) bool {
	return slices.ContainsFunc(c.Local, func(row CandidateRow) bool {
		return row.CandidateType == Relay &&
			row.URL == url
	})
}

// maxExpiry is how many days before its end a certificate is warned of: those of public authorities are renewed
// earlier.
const maxExpiry = 14

// withExpiry adds a warning of a certificate that ends soon, one for all servers that have it.
func withExpiry(found []Finding, s ServerResult) []Finding {
	if s.TLSDaysLeft == nil || *s.TLSDaysLeft >= maxExpiry {
		return found
	}
	when := "expires in " + plural(*s.TLSDaysLeft, "day", "days")
	switch {
	case *s.TLSDaysLeft < 0:
		when = "has expired" // where certificates are not verified
	case *s.TLSDaysLeft == 0:
		when = "expires within a day"
	}
	certificate := Clean(s.TLSName+", issued by "+s.TLSIssuer+", is valid until "+s.TLSExpires, 300)
	for i := range found {
		if f := &found[i]; f.ID == "server.tls_expires" && f.Evidence[0] == certificate {
			f.Evidence = append(f.Evidence, Clean(s.URL+" has it too", 400))
			return found
		}
	}
	return append(found, Finding{
		ID: "server.tls_expires", Severity: Warn, Title: Clean("The certificate of "+s.URL+" "+when+".",
			400), Evidence: []string{certificate},
		Advice: about(s.URL, "renew the certificate on the server, and look why that does not happen by itself"),
	})
}

// about names the server that an advice is for: there may be several.
func about(url, advice string) string {
	if advice == "" {
		return ""
	}
	return Clean(url+": "+advice, 500)
}

// mediaFindings names media that both sides agreed on and nobody has seen, while there is time to look.
func mediaFindings(c *Call) []Finding {
	var out []Finding
	for _, what := range c.missingMedia() {
		direction, kind, _ := strings.Cut(what, " ")
		out = append(out, Finding{
			ID: "media.no_" + direction + "_" + kind, Severity: Warn,
			Title:    "No " + what + " after " + span(c.upTime()) + " of connection.",
			Evidence: []string{"both descriptions agree on it, no packet was counted"},
			Advice:   "The path carries packets, so look at the sender: muted, without a source, or with a codec that was not negotiated.",
		})
	}
	return out
}

// serverFindingID names the cause of a server's failure.
func serverFindingID(s ServerResult) string {
	if s.CredentialExpired != "" {
		return "turn.credentials_expired"
	}
	if s.Cause == "auth" && (s.ErrorCode == 400 || s.ErrorCode == 401) {
		return "turn.unauthorized" // some servers answer a wrong password with 400
	}
	switch s.ErrorCode {
	case 0:
	case 300:
		return "server.try_alternate"
	case 401:
		return "turn.unauthorized"
	case 403:
		return "turn.forbidden"
	case 437:
		return "turn.allocation_mismatch"
	case 438:
		return "turn.stale_nonce"
	case 441:
		return "turn.wrong_credentials"
	case 442:
		return "turn.transport_unsupported"
	case 446:
		return "turn.connection_exists"
	case 486:
		return "turn.quota_reached"
	case 508:
		return "turn.insufficient_capacity"
	default:
		return "stun.error_response"
	}
	switch s.Cause {
	case "dns", "refused", "timeout", "unreachable", "tls", "config", "protocol", "auth":
		return "server." + s.Cause
	}
	return "server.failed"
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

// warningFindings passes the session's own remarks on.
func warningFindings(c *Call) []Finding {
	var out []Finding
	for _, w := range c.Warnings {
		out = append(out, Finding{ID: Clean(w.ID, 80), Severity: Warn, Title: Clean(w.Text, 400),
			Advice: Clean(w.Advice, 400)})
	}
	return out
}

// gaveNothing stands in the title of a finding between the URL of a server and why it is of no use.
const gaveNothing = " gave nothing: "

