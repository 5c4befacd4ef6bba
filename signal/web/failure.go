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

// maxText bounds what is kept of a server's words, in characters.
const maxText = 200

// NetworkError names what went wrong between here and the server in the step op, whose patience was timeout.
func NetworkError(op string, err error, timeout time.Duration) *signal.Error {
	e := &signal.Error{Op: op, Err: err}
	var dns *net.DNSError
	var operation *net.OpError
	var refused *proxyError
	var dialing bool
	if errors.As(err, &operation) {
		dialing = operation.Op == "dial"
	}
	switch {
	case operation != nil && operation.Op == "proxyconnect", errors.As(err, &refused):
		e.Reason = signal.ReasonProxy
		e.Hint = "check HTTP_PROXY, HTTPS_PROXY and NO_PROXY"
	case errors.As(err, &dns):
		e.Reason = signal.ReasonDNS
		e.Hint = "check the name of the server, and this machine's DNS"
	case tlsError(err, e):
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Reason = signal.ReasonRefused
		e.Hint = "nothing listens there: is the server running, and is the port right?"
	case isTimeout(err):
		e.Reason = signal.ReasonTimeout
		e.Err = fmt.Errorf("no answer within %s: %w", timeout, context.DeadlineExceeded)
		e.Hint = "the server or the way to it is stuck: check the address, firewalls and proxies"
	case dialing:
		e.Reason = signal.ReasonUnreachable
		e.Hint = "check this machine's network, and the address"
	case strings.Contains(err.Error(), "malformed HTTP"):
		e.Reason = signal.ReasonProtocol
		e.Err = errors.New("the server does not speak HTTP")
		e.Hint = "check address and port"
	default:
		e.Reason = signal.ReasonBroken
		e.Err = fmt.Errorf("the connection ended before the answer: %w", e.Err)
		e.Hint = "the server, or a proxy before it, ended the connection: look at its log"
	}
	if errors.Is(e.Err, io.EOF) {
		e.Err = errors.New(e.Err.Error()) // io.EOF is how a channel's orderly end is told
	}
	e.Err = fit(e.Err)
	return e
}

// fit makes an error's words fit to be shown: those about a certificate hold all of its names, as the server wrote
// them.
func fit(err error) error {
	text := err.Error()
	if len(text) <= 2*maxText && !strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsPrint(c) }) {
		return err
	}
	return &wordedError{err, Clean(text)}
}

// wordedError is an error in other words.
type wordedError struct {
	err  error
	text string
}

func (e *wordedError) Error() string { return e.text }

func (e *wordedError) Unwrap() error { return e.err }

// proxyError is a proxy's answer that does not let a connection through.
type proxyError struct{ status int }

// Error tells the status; the proxy's own words are not needed.
func (e *proxyError) Error() string {
	return fmt.Sprintf("the proxy answers %s (%d)", StatusText(e.status), e.status)
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// tlsError recognises a failed handshake and says what helps.
func tlsError(err error, e *signal.Error) bool {
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	switch {
	case errors.As(err, &certificate):
		e.Hint = certificateHint(certificate)
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &record):
		e.Err = errors.New("the server does not speak TLS on this port")
		e.Hint = "give an http:// address, or the port where it speaks https"
	case errors.As(err, &alert), strings.Contains(err.Error(), "tls: "):
		e.Hint = "the server refuses the handshake: check its TLS versions and certificates"
	default:
		return false
	}
	e.Reason = signal.ReasonTLS
	return true
}

func certificateHint(err *tls.CertificateVerificationError) string {
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &authority):
		return "if this is your own authority, give its certificate with --ca FILE (or --insecure to check nothing)"
	case errors.As(err, &host):
		return "give the address by a name that the certificate holds (or --insecure to check nothing)"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the certificate is expired or not yet valid: renew it, or set this machine's clock (or --insecure to check nothing)"
	}
	return "the certificate is not valid for this server (--insecure to check nothing)"
}

// StatusText is the lower-case text of an HTTP status.
func StatusText(status int) string {
	text := http.StatusText(status)
	if text == "" {
		text = "an unknown status"
	}
	return strings.ToLower(text)
}

// Clean makes a server's words fit to be shown: printable, one line, bounded.
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
