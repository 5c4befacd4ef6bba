package signal

import (
	"errors"
	"strconv"
	"strings"
)

// Sentinels a caller can branch on with errors.Is.
var (
	// ErrClosed: the channel has been closed on this side.
	ErrClosed = errors.New("the signaling channel is closed")
	// ErrPeerGone: the pair has ended: the other side hung up, or was silent for
	// longer than the server waits.
	ErrPeerGone = errors.New("the other party is gone")
	// ErrMessage: a message is malformed and was not passed on.
	ErrMessage = errors.New("invalid signaling message")
)

// Reason tells why an exchange failed.
type Reason uint8

// The reasons of an Error.
const (
	// ReasonUnknown is the zero value.
	ReasonUnknown Reason = iota
	// ReasonDNS: the server's name does not resolve.
	ReasonDNS
	// ReasonRefused: nothing listens at the server's address.
	ReasonRefused
	// ReasonUnreachable: no connection for another cause (no route, no network).
	ReasonUnreachable
	// ReasonProxy: the HTTP proxy of the environment failed or refused.
	ReasonProxy
	// ReasonTLS: the TLS handshake failed, mostly over the certificate.
	ReasonTLS
	// ReasonTimeout: the server did not answer in time.
	ReasonTimeout
	// ReasonBroken: the connection ended before the answer was complete.
	ReasonBroken
	// ReasonStatus: an HTTP status that the protocol does not foresee.
	ReasonStatus
	// ReasonLimit: the server refuses more (429, 413).
	ReasonLimit
	// ReasonProtocol: the answer is not of the room protocol (HTML, garbage).
	ReasonProtocol
	// ReasonRejected: the server refuses this message in the present state (400).
	ReasonRejected
	// ReasonPeerGone: the pair has ended; the error also is ErrPeerGone.
	ReasonPeerGone
	// ReasonShutdown: the server says that it is shutting down.
	ReasonShutdown
)

// String is the stable lower-case name, for logs, recordings and scripts.
func (r Reason) String() string {
	switch r {
	case ReasonDNS:
		return "dns"
	case ReasonRefused:
		return "refused"
	case ReasonUnreachable:
		return "unreachable"
	case ReasonProxy:
		return "proxy"
	case ReasonTLS:
		return "tls"
	case ReasonTimeout:
		return "timeout"
	case ReasonBroken:
		return "broken"
	case ReasonStatus:
		return "status"
	case ReasonLimit:
		return "limit"
	case ReasonProtocol:
		return "protocol"
	case ReasonRejected:
		return "rejected"
	case ReasonPeerGone:
		return "peer-gone"
	case ReasonShutdown:
		return "shutdown"
	case ReasonUnknown:
	}
	return "unknown"
}

// Error is a failed exchange with a signaling server. Every text in it that came
// from the server is bounded and free of control characters.
type Error struct {
	// Op is the step that failed: the protocol's own code ("dial", "get_status",
	// "offer", …), or "endpoint" and "tls" for the preparation.
	Op string
	// Reason tells why, for branching.
	Reason Reason
	// Status is the HTTP status, 0 where there was no answer.
	Status int
	// Code is the server's own stable name for its refusal ("" where it has none).
	Code string
	// RequestID is the server's name for the request ("" where it gave none).
	RequestID string
	// Hint is the next step for the person who reads the message, or "".
	Hint string
	// Err is what was underneath; never nil in errors of this module, and never
	// io.EOF, which tells the orderly end of a channel.
	Err error
}

// Error reads "signaling dial failed: cause (HTTP 500, request 3f-12): hint".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("signaling ")
	b.WriteString(e.Op)
	b.WriteString(" failed: ")
	if e.Err != nil {
		b.WriteString(e.Err.Error())
	} else {
		b.WriteString(e.Reason.String())
	}
	if details := e.details(); details != "" {
		b.WriteString(" (" + details + ")")
	}
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

func (e *Error) details() string {
	var parts []string
	if e.Status != 0 {
		parts = append(parts, "HTTP "+strconv.Itoa(e.Status))
	}
	if e.RequestID != "" {
		parts = append(parts, "request "+e.RequestID)
	}
	return strings.Join(parts, ", ")
}

// Unwrap gives Err, and so lets errors.Is find ErrPeerGone and the net package's errors.
func (e *Error) Unwrap() error { return e.Err }
