package room

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
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

// networkError names what went wrong between here and the server.
func networkError(op string, err error, timeout time.Duration) *signal.Error {
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
	return e
}

// proxyError is a proxy's answer that does not let a connection through.
type proxyError struct{ status int }

// Error tells the status; the proxy's own words are not needed.
func (e *proxyError) Error() string {
	return fmt.Sprintf("the proxy answers %s (%d)", statusText(e.status), e.status)
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

// refusal is the JSON body of a dialtone server's error.
type refusal struct {
	Error     string `json:"error"`
	Message   string `json:"message"`
	RequestID string `json:"request_id"`
}

// statusError names what an answer other than 200 means.
func statusError(op string, a *answer) *signal.Error {
	e := &signal.Error{Op: op, Status: a.status, RequestID: a.requestID, Reason: signal.ReasonStatus}
	var body refusal
	if json.Unmarshal(a.body, &body) == nil && isReason(body.Error) {
		e.Code = body.Error
	}
	switch {
	case isGone(op, e.Code, a):
		e.Reason, e.Err = signal.ReasonPeerGone, gone(e.Code)
		return e
	case e.Code == "shutting_down":
		e.Reason = signal.ReasonShutdown
	case a.status == http.StatusTooManyRequests, a.status == http.StatusRequestEntityTooLarge:
		e.Reason = signal.ReasonLimit
		e.Hint = "wait a little; the server's limits can be raised where it runs"
	case a.status == http.StatusProxyAuthRequired:
		e.Reason, e.Hint = signal.ReasonProxy, "the proxy wants a login: check HTTP_PROXY and HTTPS_PROXY"
	case a.status == http.StatusBadRequest:
		e.Reason = signal.ReasonRejected
	}
	if e.Hint == "" {
		e.Hint = statusHint(a)
	}
	if e.Code != "" && body.Message != "" {
		e.Err = fmt.Errorf("the server says %s: %s", e.Code, clean(body.Message))
	} else {
		e.Err = errors.New("the server answers " + statusText(a.status))
	}
	return e
}

// isGone tells whether the server does not know our user ID anymore. To
// get_status and the original's server a 400 has no other meaning.
func isGone(op, code string, a *answer) bool {
	if a.status != http.StatusBadRequest {
		return false
	}
	switch code {
	case "unknown_user", "peer_left", "expired":
		return true
	case "":
		return op == "get_status" || strings.Contains(string(a.body), "Не найден user_id")
	}
	return false
}

func gone(code string) error {
	switch code {
	case "peer_left":
		return fmt.Errorf("%w: it hung up", signal.ErrPeerGone)
	case "expired":
		return fmt.Errorf("%w: one side was silent for too long and the server deleted the call", signal.ErrPeerGone)
	}
	return fmt.Errorf("%w: the server does not know the call anymore", signal.ErrPeerGone)
}

func statusText(status int) string {
	text := http.StatusText(status)
	if text == "" {
		text = "an unknown status"
	}
	return strings.ToLower(text)
}

func statusHint(a *answer) string {
	switch {
	case a.status >= 300 && a.status < 400:
		to := clean(a.location)
		if to == "" || strings.Contains(to, "@") {
			return "it redirects, which a POST must not follow: give the final address"
		}
		return "it redirects, which a POST must not follow: give the address it leads to, " + to
	case a.status == http.StatusBadRequest && strings.Contains(string(a.body), "HTTPS server"):
		return "the port speaks https: give an https:// address"
	case a.status == http.StatusUnauthorized, a.status == http.StatusForbidden:
		return "the server, or a proxy before it, wants a login that dialtone does not have"
	case a.status == http.StatusNotFound, a.status == http.StatusMethodNotAllowed:
		return "no room server is at this path: give the address of its call page, like https://HOST/call/"
	case a.status >= 500:
		return "the server has a fault: look at its log, or try again later"
	}
	return "is this the address of a room server's call page?"
}

// protocolError is an answer that is not of the protocol.
func protocolError(op string, a *answer, what error) *signal.Error {
	e := &signal.Error{
		Op: op, Reason: signal.ReasonProtocol, Status: a.status, RequestID: a.requestID, Err: what,
		Hint: "is this the address of a room server's call page, like https://HOST/call/?",
	}
	if text := strings.TrimSpace(string(a.body)); strings.HasPrefix(text, "<") {
		e.Err = fmt.Errorf("%w: it is a web page", what)
	}
	return e
}

// isReason tells whether a server's name for its refusal is fit to be shown.
func isReason(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}

// clean makes a server's words fit to be shown: printable, one line, bounded.
func clean(s string) string {
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

// isPassing tells whether a failure may be over when the request is repeated.
func isPassing(e *signal.Error) bool {
	switch e.Reason {
	case signal.ReasonDNS, signal.ReasonRefused, signal.ReasonUnreachable, signal.ReasonProxy,
		signal.ReasonTimeout, signal.ReasonBroken:
		return true
	case signal.ReasonStatus:
		return e.Status >= 500 || e.Status == http.StatusRequestTimeout
	case signal.ReasonLimit:
		return e.Code == "rate_limited" || e.Code == "" && e.Status == http.StatusTooManyRequests
	case signal.ReasonUnknown, signal.ReasonTLS, signal.ReasonProtocol, signal.ReasonRejected,
		signal.ReasonPeerGone, signal.ReasonShutdown:
	}
	return false
}
