package network

import (
	"cmp"
	"math"
	"net"
	"slices"
	"strings"
	"time"

	"dialtone/diag"
	"dialtone/diag/finding"
)

// ServerFailure is the evidence of a server that failed.
type ServerFailure struct {
	Server diag.Server   `json:"server"`
	Same   []diag.Server `json:"same,omitempty"` // the same failure under other URLs, or asked for something else
}

// CertificateEnd is the evidence of a certificate that ends soon.
type CertificateEnd struct {
	Certificate diag.Certificate `json:"certificate"`
	Days        int              `json:"days"`           // whole days until then; negative: it has ended
	Also        []string         `json:"also,omitempty"` // URLs of other servers that have it
}

// ServerAddress is the evidence about an address of a server.
type ServerAddress struct {
	Address string `json:"address"`           // that was asked
	Other   string `json:"other,omitempty"`   // that is at issue
	Relayed string `json:"relayed,omitempty"` // relayed transport address
	Peer    string `json:"peer,omitempty"`    // STUN server that was asked through the relay
}

// ServerDelay is the evidence of a slow server.
type ServerDelay struct {
	RTTMs diag.Millis `json:"rtt_ms"`
}

// FailedServers are the findings about servers that failed, the gravest first: one for each server and cause, however
// many URLs name it and whatever it was asked for.
func FailedServers(list []diag.Server, severity func(*diag.Server) diag.Severity) []finding.Finding {
	list = slices.DeleteFunc(slices.Clone(list), func(s diag.Server) bool { return s.Failed() == nil })
	slices.SortStableFunc(list, func(a, b diag.Server) int { return severity(&b).Compare(severity(&a)) })
	var out []finding.Finding
	at := map[string]int{}
	for _, s := range list {
		id := failureID(&s)
		key := id + " " + failedAt(&s)
		if i, known := at[key]; known {
			e, _ := out[i].Evidence.(ServerFailure)
			e.Same = append(e.Same, s)
			out[i].Evidence = e
			continue
		}
		at[key] = len(out)
		out = append(out, finding.Finding{ID: id, Severity: severity(&s), Subject: s.URL, Evidence: ServerFailure{Server: s}})
	}
	return out
}

// codeIDs are the findings of STUN error codes (RFC 8489 §14.8, RFC 8656 §19).
var codeIDs = map[int]string{
	300: "server.try_alternate", 401: "turn.unauthorized", 403: "turn.forbidden", 437: "turn.allocation_mismatch",
	438: "turn.stale_nonce", 440: "turn.family_unsupported", 441: "turn.wrong_credentials",
	442: "turn.transport_unsupported", 443: "turn.peer_family", 446: "turn.connection_exists", 486: "turn.quota_reached",
	508: "turn.insufficient_capacity",
}

// causeIDs are the findings of causes without an error code.
var causeIDs = map[diag.Cause]string{
	diag.CauseDNS: "server.dns", diag.CauseRefused: "server.refused", diag.CauseTimeout: "server.timeout",
	diag.CauseUnreachable: "server.unreachable", diag.CauseTLS: "server.tls", diag.CauseConfig: "server.config",
	diag.CauseProtocol: "server.protocol", diag.CauseAuth: "server.auth", diag.CauseCancelled: "server.timeout",
}

// failureID names the cause of a server's failure.
func failureID(s *diag.Server) string {
	code, cause := s.Code(), s.Cause()
	failed := s.Failed()
	switch {
	case failed != nil && failed.Name == diag.StageProxy:
		return "server.proxy"
	case failed != nil && failed.Name == diag.StageBinding && cause == diag.CauseAuth:
		return "server.auth" // it asks for credentials even for STUN
	case cause == diag.CauseAuth && (code == 400 || code == 401) && CredentialExpired(s):
		return "turn.credentials_expired"
	case cause == diag.CauseAuth && code == 400:
		return codeIDs[401] // some servers answer a wrong password with 400
	case code != 0:
		return cmp.Or(codeIDs[code], "stun.error_response")
	}
	return cmp.Or(causeIDs[cause], "server.failed")
}

// CredentialExpired reports whether the user name says that the credentials are no longer valid.
func CredentialExpired(s *diag.Server) bool {
	stage := s.Stage(diag.StageConfig)
	if stage == nil {
		return false
	}
	until, err := time.Parse(time.RFC3339, stage.CredentialExpires)
	now, err2 := time.Parse(time.RFC3339, stage.Clock)
	return err == nil && err2 == nil && now.After(until)
}

// failedAt distinguishes servers: what answers with an error, or has no address, by its name, anything else by where
// and how it was asked.
func failedAt(s *diag.Server) string {
	switch {
	case s.Failed().Name == diag.StageProxy && s.Cause() != diag.CauseProxy:
		return s.Proxy
	case s.Cause() == diag.CauseConfig:
		f := s.Failed().Failure
		return hostOf(s.URL) + " " + string(f.Detail) + f.Reason
	case s.Code() != 0 || s.Address == "":
		return hostOf(s.URL)
	}
	return s.Transport + " " + s.Address
}

// hostOf is the host that a STUN or TURN URL names; something else as it is.
func hostOf(url string) string {
	_, rest, _ := strings.Cut(url, ":")
	rest, _, _ = strings.Cut(rest, "?")
	if host, _, err := net.SplitHostPort(rest); err == nil {
		return host
	}
	return rest
}

// MaxExpiry is how many days before its end a certificate is warned of: those of public authorities are renewed
// earlier.
const MaxExpiry = 14

// DaysLeft is how many days a certificate remains valid; many if that is unknown.
func DaysLeft(c *diag.Certificate, clock string) int {
	until, err := time.Parse(time.RFC3339, c.NotAfter)
	now, err2 := time.Parse(time.RFC3339, clock)
	if err != nil || err2 != nil {
		return math.MaxInt
	}
	return int(math.Floor(until.Sub(now).Hours() / 24))
}

// Certificates are the findings about Certificates that end soon, one for all servers that have it.
func Certificates(list []diag.Server) []finding.Finding {
	var out []finding.Finding
	for _, s := range list {
		stage := s.Stage(diag.StageTLS)
		if stage == nil || stage.Certificate == nil || !s.OK() || DaysLeft(stage.Certificate, stage.Clock) >= MaxExpiry {
			continue
		}
		same := func(f finding.Finding) bool {
			c := f.Evidence.(CertificateEnd).Certificate //nolint:errcheck // all of them have it
			return c.Name == stage.Certificate.Name && c.Issuer == stage.Certificate.Issuer &&
				c.NotAfter == stage.Certificate.NotAfter
		}
		if i := slices.IndexFunc(out, same); i >= 0 {
			e, _ := out[i].Evidence.(CertificateEnd)
			e.Also = append(e.Also, s.URL)
			out[i].Evidence = e
			continue
		}
		out = append(out, finding.Finding{
			ID: "server.tls_expires", Severity: diag.Warn, Subject: s.URL,
			Evidence: CertificateEnd{Certificate: *stage.Certificate, Days: DaysLeft(stage.Certificate, stage.Clock)},
		})
	}
	return out
}
