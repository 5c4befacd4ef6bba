package web

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
	"unicode"

	"dialtone/signal"
)

// maxText bounds what is kept of a server's text, in characters.
const maxText = 200

// networkError classifies what went wrong on the way to the server in the step op, which had to be over within limit.
func networkError(op string, err error, limit time.Duration) *signal.Error {
	e := &signal.Error{Op: op, Err: err}
	var dns *net.DNSError
	var operation *net.OpError
	var proxy *proxyError
	var part *partError
	var dialing bool
	if errors.As(err, &part) {
		e.Status = part.status
	}
	if errors.As(err, &operation) {
		dialing = operation.Op == "dial"
	}
	switch {
	case errors.Is(err, ErrNear):
		e.Reason, e.Code, e.Err = signal.ReasonStatus, signal.CodeNearRedirect, ErrNear
	case errors.As(err, &proxy):
		e.Reason, e.Status = signal.ReasonProxy, proxy.status
	case operation != nil && operation.Op == "proxyconnect":
		e.Reason = signal.ReasonProxy
	case errors.As(err, &dns):
		e.Reason = signal.ReasonDNS
	case isTLS(err, e):
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Reason = signal.ReasonRefused
	case isTimeout(err) && dialing:
		e.Reason, e.Err = signal.ReasonTimeout, fmt.Errorf("no connection within %s: %w", min(limit, connectTime), err)
	case isTimeout(err) && part != nil:
		e.Reason = signal.ReasonTimeout
		e.Err = fmt.Errorf("the answer was not complete within %s: %d bytes of its body came: %w", limit, part.received,
			context.DeadlineExceeded)
	case isTimeout(err):
		e.Reason = signal.ReasonTimeout
		e.Err = fmt.Errorf("no answer within %s: %w", limit, context.DeadlineExceeded)
	case dialing:
		e.Reason = signal.ReasonUnreachable
	case strings.Contains(err.Error(), "malformed HTTP"):
		e.Reason, e.Code = signal.ReasonProtocol, signal.CodeNoHTTP
		e.Err = errors.New("the server does not speak HTTP")
	case isLongHeader(err):
		e.Reason, e.Err = signal.ReasonProtocol, fmt.Errorf("the header of the answer exceeds %d KiB", maxHeader>>10)
	case strings.Contains(err.Error(), "malformed MIME header"):
		_, line, _ := strings.Cut(err.Error(), "malformed MIME header line: ")
		name, _, _ := strings.Cut(line, ":")
		e.Reason, e.Code = signal.ReasonProtocol, signal.CodeHeader
		e.Err = fmt.Errorf("the header of the answer has a line that is not valid: %.40s", strings.Trim(name, `"`))
	case part != nil:
		e.Reason = signal.ReasonBroken
		e.Err = fmt.Errorf("the connection ended within the answer, after %d bytes of its body: %w", part.received, e.Err)
	default:
		e.Reason = signal.ReasonBroken
		e.Err = fmt.Errorf("the connection ended before the answer: %w", e.Err)
	}
	if errors.Is(e.Err, io.EOF) {
		e.Err = errors.New(e.Err.Error()) // io.EOF is the orderly end of a channel
	}
	e.Err = cleaned(e.Err)
	return e
}

// cleaned makes an error's text fit to be shown: that about a certificate holds all of its names, as the server wrote
// them.
func cleaned(err error) error {
	text := err.Error()
	if len(text) <= 2*maxText && !strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsPrint(c) }) {
		return err
	}
	return &cleanedError{err, Clean(text)}
}

// cleanedError is an error with another text.
type cleanedError struct {
	err  error
	text string
}

func (e *cleanedError) Error() string { return e.text }

func (e *cleanedError) Unwrap() error { return e.err }

// proxyError is a proxy's answer that does not let a connection through.
type proxyError struct{ status int }

// Error names the status; the proxy's own text is not needed.
func (e *proxyError) Error() string { return "the proxy answered " + StatusText(e.status) }

// isLongHeader recognizes what net/http gives no type: it has ended the connection, and not the server.
func isLongHeader(err error) bool {
	text := err.Error()
	return strings.Contains(text, "response headers exceeded") || strings.Contains(text, "response header list larger")
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// isTLS recognizes a failed handshake.
func isTLS(err error, e *signal.Error) bool {
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &certificate):
		e.Code = certificateCode(certificate)
		if sent := certificate.UnverifiedCertificates; e.Code == signal.CodeUnknownAuthority && len(sent) > 0 {
			e.Err = fmt.Errorf("%w: its issuer is %q", e.Err, Clean(sent[0].Issuer.String()))
		}
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &record):
		e.Code, e.Err = signal.CodeNoTLS, errors.New("the server does not speak TLS on this port")
	case strings.Contains(err.Error(), "tls: "):
	default:
		return false
	}
	e.Reason = signal.ReasonTLS
	return true
}

func certificateCode(err *tls.CertificateVerificationError) string {
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &authority):
		return signal.CodeUnknownAuthority
	case errors.As(err, &host):
		return signal.CodeWrongName
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return signal.CodeExpired
	}
	return signal.CodeBadCertificate
}

// StatusText is the lower-case text of an HTTP status.
func StatusText(status int) string {
	text := http.StatusText(status)
	if text == "" {
		text = "an unknown status"
	}
	return strings.ToLower(text)
}

// Clean makes a server's text fit to be shown: printable, one line, bounded.
func Clean(s string) string {
	var b strings.Builder
	n := 0
	for _, c := range s {
		if n++; n > maxText {
			b.WriteRune('…')
			break
		}
		if !unicode.IsPrint(c) {
			c = ' '
		}
		b.WriteRune(c)
	}
	return strings.TrimSpace(b.String())
}
