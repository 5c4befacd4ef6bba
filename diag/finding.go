package diag

import "cmp"

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

// QuotaReached reports whether the account has as many allocations as the server allows it (486, RFC 8656 §7.3).
func (s ServerResult) QuotaReached() bool { return !s.OK && s.ErrorCode == 486 }

// maxExpiry is how many days before its end a certificate is warned of: those of public authorities are renewed
// earlier.
const maxExpiry = 14

// withExpiry adds a warning of a certificate that ends soon, one for all servers that have it.
func WithExpiry(found []Finding, s ServerResult) []Finding {
	if s.TLSDaysLeft == nil || *s.TLSDaysLeft >= maxExpiry {
		return found
	}
	when := "expires in " + Plural(*s.TLSDaysLeft, "day", "days")
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
		Advice: About(s.URL, "renew the certificate on the server, and look why that does not happen by itself"),
	})
}

// about names the server that an advice is for: there may be several.
func About(url, advice string) string {
	if advice == "" {
		return ""
	}
	return Clean(url+": "+advice, 500)
}

// serverFindingID names the cause of a server's failure.
func ServerFindingID(s ServerResult) string {
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

func OrUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

// gaveNothing stands in the title of a finding between the URL of a server and why it is of no use.
const GaveNothing = " gave nothing: "

// Compare is negative where s is less grave than other, positive where it is graver.
func (s Severity) Compare(other Severity) int { return cmp.Compare(s.rank(), other.rank()) }

// rank orders severities, the gravest highest.
func (s Severity) rank() int {
	switch s {
	case Problem:
		return 2
	case Warn:
		return 1
	case Info:
	}
	return 0
}
