package failure

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"dialtone/diag"
)

// maxNames is how many names of a certificate are listed.
const maxNames = 3

func (f failing) tls() (what, advice string) {
	certificate, validity := "the server's certificate", ""
	var names []string
	if c := f.stage.Certificate; c != nil {
		names = c.Names[:min(len(c.Names), maxNames)]
		if len(c.Names) > maxNames {
			names = append(slices.Clone(names), "…")
		}
		certificate += fmt.Sprintf(" %s (issued by %s, valid until %s)", c.Name, c.Issuer, Day(c.NotAfter))
		validity = fmt.Sprintf("it is valid from %s to %s, and this machine's clock says %s", Day(c.NotBefore),
			Day(c.NotAfter), minute(f.stage.Clock))
	}
	if f.Detail == diag.DetailExpired || f.Detail == diag.DetailNotYet {
		return f.outdated(certificate, validity)
	}
	if what, advice := f.chain(certificate); what != "" {
		return what, advice
	}
	switch f.Detail {
	case diag.DetailName:
		what = certificate + " is not for " + f.Reason
		if len(names) > 0 {
			what = certificate + " is for " + strings.Join(names, ", ") + ", not for " + f.Reason
		}
		return what,
			"Use a name that the certificate is for, or install a certificate for this one on " + f.at + "."
	case diag.DetailNoSAN:
		return certificate + " has no host name in subjectAltName; that of its subject does not count", "Install a " +
			"certificate with " + f.Reason + " in subjectAltName on " + f.at + ": browsers require it too."
	case diag.DetailInvalid:
		return certificate + " is not valid: " + f.Reason, "Install another certificate on " + f.at + "."
	case diag.DetailNotTLS:
		return f.at + " answers, but does not speak TLS",
			fmt.Sprintf("Use the server's TLS port (usually 5349), or %s: without TLS.", f.plain())
	case diag.DetailAlert, diag.DetailVersion, diag.DetailCipher, diag.DetailUnknownName, diag.DetailALPN,
		diag.DetailClientCert:
		return "the server rejected the TLS handshake: " + f.Reason, f.alertAdvice()
	case diag.DetailClosed:
		return "the server closed the connection during the TLS handshake",
			"Check that " + f.at + " is the server's TLS port and that its certificate is configured."
	default:
		return "the TLS handshake failed: " + cmp.Or(f.Reason, "unknown error"),
			fmt.Sprintf("Check that %s speaks TLS, or use %s: without it.", f.at, f.plain())
	}
}

// alertAdvice is the next step when the server speaks TLS and rejected the handshake.
func (f failing) alertAdvice() string {
	switch f.Detail {
	case diag.DetailVersion:
		return "Let " + f.at + " accept TLS 1.2 and later: browsers offer nothing older."
	case diag.DetailCipher:
		return "Let " + f.at + " accept the ciphers and curves of current clients (for TLS 1.2: ECDHE with AES-GCM)."
	case diag.DetailUnknownName:
		return "Use a host name that " + f.at + " serves, or add this one there: it selects by server name (SNI), as load " +
			"balancers do."
	case diag.DetailALPN:
		return "Let " + f.at + " accept clients without ALPN, or check that it is the port of the " + f.kind() + " server."
	case diag.DetailClientCert:
		return "Let " + f.at + " accept clients without a certificate: browsers present none."
	default:
		return "Check the TLS configuration of " + f.at + ": versions, ciphers, certificate."
	}
}

// chain is about who signed a certificate; empty where that is not the failure.
func (f failing) chain(certificate string) (what, advice string) {
	issuer := "its issuer"
	if c := f.stage.Certificate; c != nil {
		issuer = c.Issuer
	}
	switch f.Detail {
	case diag.DetailIssuer:
		return certificate + " is signed by an unknown authority, whose certificate was not sent", "Let " + f.at + " send " +
			"its intermediate certificates too (fullchain.pem instead of cert.pem); if " + issuer + " is an authority of your " +
			"own, or of a proxy that decrypts TLS, trust it with --ca."
	case diag.DetailSelfSigned:
		return certificate + " is self-signed", "Install a certificate of a public authority on " + f.at + ": browsers " +
			"reject this one; to accept it here, trust it with --ca."
	case diag.DetailAuthority:
		return certificate + " is signed by an unknown authority", "Install a certificate of a public authority, with " +
			"its intermediate certificates, on " + f.at + ", or trust its authority with --ca."
	default:
		return "", ""
	}
}

// outdated is about a certificate that is not valid now, by this machine's clock.
func (f failing) outdated(certificate, validity string) (what, advice string) {
	if f.Detail == diag.DetailNotYet {
		return stated(certificate+" is not valid yet", validity), "Set this machine's clock; if it is right, install " +
			"a certificate that is valid already on " + f.at + "."
	}
	return stated(certificate+" has expired", validity), "Renew the certificate of " + f.at + "; if this machine's " +
		"clock is wrong, set it."
}

// Day is the date of an RFC 3339 time, minute the same with the time of day.
func Day(time string) string {
	date, _, _ := strings.Cut(time, "T")
	return date
}

func minute(time string) string {
	date, clock, _ := strings.Cut(time, "T")
	return strings.TrimSpace(date + " " + clock[:min(len(clock), len("15:04"))])
}

// stated is a fact with its details, if there are any.
func stated(fact, details string) string { return strings.TrimSuffix(fact+": "+details, ": ") }
