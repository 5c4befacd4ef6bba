package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"dialtone/diag"
)

// Stages of a probe, as in [diag.ServerResult].
const (
	StageDNS      = "dns"
	StageConnect  = "connect"
	StageTLS      = "tls"
	StageBinding  = "binding"
	StageAllocate = "allocate"
)

// Causes of a failure, as in [diag.ServerResult].
const (
	CauseDNS         = "dns"         // the name does not resolve
	CauseRefused     = "refused"     // nothing listens on that port
	CauseTimeout     = "timeout"     // no answer
	CauseUnreachable = "unreachable" // no way there from this machine
	CauseTLS         = "tls"         // the handshake failed, or the certificate is wrong
	CauseAuth        = "auth"        // the credentials were not accepted
	CauseSTUN        = "stun-error"  // the server answered with an error code
	CauseProtocol    = "protocol"    // something answers, and not as a STUN or TURN server does
	CauseConfig      = "config"      // the probe could not begin: URL or credentials
	CauseCancelled   = "cancelled"   // the caller's context ended first; nothing is known of the server
)

// maxText is how many bytes of a server's own words are kept.
const maxText = 128

// stageError is why a probe ended without success. Its texts are fit to be shown.
type stageError struct {
	stage  string
	cause  string
	code   int    // STUN error code
	text   string // what happened
	advice string // the next step

	expired time.Time // when the credentials did, where that is known
}

func (f *stageError) Error() string { return f.text }

// errAnswer is wrapped by errors about what a server sent.
var errAnswer = errors.New("unusable answer")

// classify makes a failure of an error of the network. What is a failure already stays as it is.
func classify(u URL, stage string, err error) *stageError {
	var f *stageError
	if errors.As(err, &f) {
		return f
	}
	f = &stageError{stage: stage}
	var dns *net.DNSError
	switch {
	case errors.Is(err, context.Canceled):
		f.cause, f.text = CauseCancelled, "cancelled"
	case errors.As(err, &dns):
		f.dns(u, dns)
	case stage == StageDNS:
		f.dns(u, &net.DNSError{IsTimeout: isTimeout(err)})
	case errors.Is(err, errAnswer):
		f.cause, f.text = CauseProtocol, fmt.Sprintf("%s answers, but not as a %s server: %s", u.Address(), kind(u),
			reason(err))
		f.advice = adviceProtocol(u)
	case stage == StageTLS && f.tls(u, err):
	case isTimeout(err):
		f.timeout(u, err)
	case f.socket(u, err):
	case stage == StageTLS:
		f.cause, f.text = CauseTLS, "the TLS handshake failed: "+reason(err)
		f.advice = fmt.Sprintf("check that %s speaks TLS, or use %s: without it", u.Address(), plain(u.Scheme))
	default:
		f.cause, f.text = CauseUnreachable, fmt.Sprintf("%s could not be asked: %s", u.Address(), reason(err))
		f.advice = "check the address and this machine's network"
	}
	return f
}

// dns describes a name that did not resolve.
func (f *stageError) dns(u URL, err *net.DNSError) {
	f.stage, f.cause = StageDNS, CauseDNS
	switch {
	case err.IsNotFound:
		f.text = fmt.Sprintf("the name %s does not exist", u.Host)
		f.advice = "check the spelling of the host name"
	case err.IsTimeout:
		f.text = fmt.Sprintf("the resolver did not answer for %s", u.Host)
		f.advice = "check this machine's DNS server and network, or give the server's IP address"
	default:
		f.text = fmt.Sprintf("the name %s could not be resolved: %s", u.Host, diag.Clean(err.Err, maxText))
		f.advice = "check this machine's DNS server, or give the server's IP address"
	}
}

// tls describes a failed handshake; false when the error is not about TLS.
func (f *stageError) tls(u URL, err error) bool {
	var (
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
		record  tls.RecordHeaderError
		alert   tls.AlertError
	)
	switch {
	case errors.As(err, &unknown):
		f.text = fmt.Sprintf("the server's certificate%s is signed by an unknown authority",
			described(refusedCertificate(err)))
		f.advice = "install a certificate of a public authority on the server (with its intermediate certificates), or trust its authority with --ca"
	case errors.As(err, &name):
		f.text = fmt.Sprintf("the server's certificate is not for %s", diag.Clean(name.Host, maxText))
		if name.Certificate != nil {
			f.text = fmt.Sprintf("the server's certificate%s is for %s, not for %s", described(name.Certificate),
				forWhom(name.Certificate), diag.Clean(name.Host, maxText))
		}
		f.advice = "use a name that is in the certificate, or install a certificate for this one"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		f.text = "the server's certificate has expired or is not valid yet"
		if invalid.Cert != nil {
			f.text = fmt.Sprintf("the certificate %s (issued by %s) is valid from %s to %s only", certificateName(invalid.Cert),
				issuerName(invalid.Cert),
				invalid.Cert.NotBefore.UTC().Format(time.DateOnly), invalid.Cert.NotAfter.UTC().Format(time.DateOnly))
		}
		f.advice = "renew the certificate on the server, and check this machine's clock"
	case errors.As(err, &invalid):
		f.text = "the server's certificate is not valid: " + reason(err)
		f.advice = "install another certificate on the server"
	case errors.As(err, &record):
		f.text = fmt.Sprintf("%s answers, but does not speak TLS", u.Address())
		f.advice = fmt.Sprintf("use the server's TLS port (usually %d), or %s: without TLS", defaultPortSecured,
			plain(u.Scheme))
	case errors.As(err, &alert):
		f.text = "the server refused the TLS handshake: " + reason(alert)
		f.advice = "check the server's TLS configuration (versions, ciphers, certificate)"
	case errors.Is(err, io.EOF), isAny(err, closedErrors):
		f.text = "the server closed the connection during the TLS handshake"
		f.advice = fmt.Sprintf("check that %s is the server's TLS port and that its certificate is configured", u.Address())
	default:
		return false
	}
	f.cause = CauseTLS
	return true
}

// timeout describes silence.
func (f *stageError) timeout(u URL, err error) {
	f.cause = CauseTimeout
	f.text = fmt.Sprintf("no answer from %s over %s", u.Address(), u.Transport())
	switch {
	case f.stage == StageConnect:
		f.advice = "check the address; a firewall drops the connection, or the machine is down"
	case f.stage == StageTLS && !u.UDP:
		f.text = fmt.Sprintf("%s accepted the connection and did not answer the TLS handshake", u.Address())
		f.advice = fmt.Sprintf("check that this is the server's TLS port (usually %d)", defaultPortSecured)
	case !u.UDP:
		f.text = fmt.Sprintf("%s accepted the connection and did not answer", u.Address())
		f.advice = "check that a " + kind(u) + " server listens on this port"
	default:
		f.advice = "check host and port; where a firewall blocks UDP, try ?transport=tcp or turns: on port 443"
	}
	var asked *silenceError
	if errors.As(err, &asked) {
		f.text += fmt.Sprintf(" (%s)", asked)
	}
}

// socket describes what the system's sockets report; false when it is none of that.
func (f *stageError) socket(u URL, err error) bool {
	switch {
	case isAny(err, refusedErrors):
		f.cause = CauseRefused
		f.text = fmt.Sprintf("%s refuses: nothing listens there over %s", u.Address(), transportOf(u))
		f.advice = "check the port and the transport, and that the server runs"
	case isAny(err, unreachableErrors):
		f.cause = CauseUnreachable
		f.text = fmt.Sprintf("no way from here to %s: %s", u.Address(), reason(err))
		f.advice = "check this machine's network (for an IPv6 address, whether it has IPv6)"
	case errors.Is(err, os.ErrPermission):
		f.cause = CauseUnreachable
		f.text = fmt.Sprintf("this machine may not send to %s: %s", u.Address(), reason(err))
		f.advice = "check the firewall of this machine"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), isAny(err, closedErrors):
		f.cause = CauseProtocol
		f.text = fmt.Sprintf("%s closed the connection instead of an answer", u.Address())
		f.advice = adviceProtocol(u)
	default:
		return false
	}
	return true
}

// adviceProtocol is what to do where something else answers.
func adviceProtocol(u URL) string {
	advice := fmt.Sprintf("check that host and port are those of a %s server over %s", kind(u), u.Transport())
	if u.Transport() == "tcp" {
		advice += fmt.Sprintf("; where the port is for TLS, use %ss:", u.Scheme)
	}
	return advice
}

// kind is how people call such a server.
func kind(u URL) string {
	if u.Scheme.TURN() {
		return "TURN"
	}
	return "STUN"
}

// plain is the scheme without TLS.
func plain(s Scheme) Scheme { return Scheme(strings.TrimSuffix(string(s), "s")) }

// transportOf is the transport below TLS.
func transportOf(u URL) string {
	if u.UDP {
		return "UDP"
	}
	return "TCP"
}

// reason is the innermost text of an error, bounded and clean: the outer ones repeat addresses.
func reason(err error) string {
	var op *net.OpError
	for errors.As(err, &op) && op.Err != nil {
		err = op.Err
	}
	return diag.Clean(strings.TrimPrefix(err.Error(), errAnswer.Error()+": "), maxText)
}

// isTimeout reports whether a deadline ended it.
func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &t) &&
		t.Timeout()
}

// isAny reports whether err is one of list.
func isAny(err error, list []error) bool {
	for _, e := range list {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
