package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"

	"dialtone/diag"
)

// maxText is how many bytes of a server's own words are kept.
const maxText = 128

// failed is why a step ended without success.
type failed struct{ diag.Failure }

func (f *failed) Error() string { return f.String() }

// errAnswer is wrapped by errors about what a server sent.
var errAnswer = errors.New("unusable answer")

// unusable is an answer that is well formed, and lacks what it must have.
func unusable(detail diag.Detail) error {
	return &failed{diag.Failure{Cause: diag.CauseProtocol, Detail: detail}}
}

// misconfigured is a target that cannot be asked.
func misconfigured(detail diag.Detail, reason string) error {
	return &failed{diag.Failure{Cause: diag.CauseConfig, Detail: detail, Reason: reason}}
}

// classify makes a failure of an error of the network. What is a failure already stays as it is.
func classify(stage diag.StageName, err error) *diag.Failure {
	var known *failed
	var dns *net.DNSError
	if errors.As(err, &known) {
		return &known.Failure
	}
	f := &diag.Failure{}
	switch {
	case errors.Is(err, context.Canceled):
		f.Cause = diag.CauseCancelled
	case errors.As(err, &dns):
		resolving(f, dns)
	case stage == diag.StageDNS:
		resolving(f, &net.DNSError{IsTimeout: isTimeout(err), Err: reason(err)})
	case errors.Is(err, errAnswer):
		f.Cause, f.Reason = diag.CauseProtocol, reason(err)
	case stage == diag.StageTLS && handshake(f, err):
		f.Cause = diag.CauseTLS
	case isTimeout(err):
		f.Cause = diag.CauseTimeout
		var silence *silenceError
		if errors.As(err, &silence) {
			f.Requests, f.Bytes = silence.requests, silence.part
		}
	case socketError(f, err):
	case stage == diag.StageTLS:
		f.Cause, f.Reason = diag.CauseTLS, reason(err)
	default:
		f.Cause, f.Reason = diag.CauseUnreachable, reason(err)
	}
	return f
}

// resolving describes a name that did not resolve.
func resolving(f *diag.Failure, err *net.DNSError) {
	f.Cause = diag.CauseDNS
	switch {
	case err.IsNotFound:
		f.Detail = diag.DetailNoName
	case err.IsTimeout:
		f.Detail = diag.DetailResolver
	default:
		f.Reason = diag.Clean(err.Err, maxText)
	}
}

// handshake describes a failed handshake; false when the error is not about TLS.
func handshake(f *diag.Failure, err error) bool {
	var (
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
		record  tls.RecordHeaderError
		alert   tls.AlertError
	)
	switch {
	case errors.As(err, &unknown):
		f.Detail = diag.DetailAuthority
	case errors.As(err, &name):
		f.Detail, f.Reason = diag.DetailName, diag.Clean(name.Host, maxText)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		f.Detail = diag.DetailExpired
	case errors.As(err, &invalid):
		f.Detail, f.Reason = diag.DetailInvalid, reason(err)
	case errors.As(err, &record):
		f.Detail = diag.DetailNotTLS
	case errors.As(err, &alert):
		f.Detail, f.Reason = diag.DetailAlert, reason(alert)
	case errors.Is(err, io.EOF), isAny(err, closedErrors):
		f.Detail = diag.DetailClosed
	default:
		return false
	}
	return true
}

// socketError describes what the system's sockets report; false when it is none of that.
func socketError(f *diag.Failure, err error) bool {
	switch {
	case isAny(err, refusedErrors):
		f.Cause = diag.CauseRefused
	case isAny(err, unreachableErrors):
		f.Cause, f.Reason = diag.CauseUnreachable, reason(err)
	case errors.Is(err, os.ErrPermission):
		f.Cause, f.Detail, f.Reason = diag.CauseUnreachable, diag.DetailNotPermitted, reason(err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), isAny(err, closedErrors):
		f.Cause, f.Detail = diag.CauseProtocol, diag.DetailClosed
	default:
		return false
	}
	return true
}

// stunError describes an error response to a request. The alternate server is that of 300, when one was named.
func stunError(code int, phrase string, alternate netip.AddrPort) *failed {
	f := &failed{diag.Failure{Cause: diag.CauseSTUN, Code: code, Reason: phrase}}
	if code == 401 || code == 441 {
		f.Cause = diag.CauseAuth
	}
	if code == 300 && alternate.IsValid() {
		f.Alternate = alternate.String()
	}
	return f
}

// credentialsError describes an error response to a request with credentials. A server that asked for them and then
// calls the request bad means the credentials: pion/turn answers 400 instead of 401 (RFC 8489 §9.2.4).
func credentialsError(r reply) *failed {
	f := stunError(r.code, r.phrase, r.alternate)
	if r.code == 400 {
		f.Cause = diag.CauseAuth
	}
	return f
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
