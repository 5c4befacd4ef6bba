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
	// ErrPeerGone: the pair has ended: the peer hung up, or was silent for longer than the server waits.
	ErrPeerGone = errors.New("the peer is gone")
	// ErrHungUp: the peer has ended the call, of which this exchange is not the first.
	ErrHungUp = errors.New("the peer has hung up")
	// ErrNoCodec: an offer has media, and none of it in a codec that the answerer knows.
	ErrNoCodec = errors.New("no codec in common")
	// ErrMessage: a message is malformed and was not passed on.
	ErrMessage = errors.New("invalid signaling message")
)

// Reason is why an exchange failed.
type Reason uint8

// The reasons of an Error.
const (
	// ReasonUnknown is the zero value.
	ReasonUnknown Reason = iota
	// ReasonDNS: the server's name does not resolve.
	ReasonDNS
	// ReasonRefused: nothing listens at the server's address.
	ReasonRefused
	// ReasonUnreachable: no connection for another reason (no route, no network).
	ReasonUnreachable
	// ReasonProxy: the HTTP proxy of the environment failed or rejected the request.
	ReasonProxy
	// ReasonTLS: the TLS handshake failed, mostly over the certificate.
	ReasonTLS
	// ReasonTimeout: the server did not answer in time.
	ReasonTimeout
	// ReasonBroken: the connection ended before the answer was complete.
	ReasonBroken
	// ReasonStatus: an HTTP status that the protocol does not use.
	ReasonStatus
	// ReasonLimit: a limit of the server (429, 413).
	ReasonLimit
	// ReasonProtocol: the answer is not of the protocol (HTML, garbage).
	ReasonProtocol
	// ReasonRejected: the server rejects this message in its present state (400).
	ReasonRejected
	// ReasonPeerGone: the pair has ended; the error also is ErrPeerGone.
	ReasonPeerGone
	// ReasonShutdown: the server says that it is shutting down.
	ReasonShutdown
	// ReasonForgotten: the server does not know the call anymore, and nothing says that the peer has left.
	ReasonForgotten
)

var reasonNames = [...]string{
	ReasonUnknown: "unknown", ReasonDNS: "dns", ReasonRefused: "refused", ReasonUnreachable: "unreachable",
	ReasonProxy: "proxy", ReasonTLS: "tls", ReasonTimeout: "timeout", ReasonBroken: "broken", ReasonStatus: "status",
	ReasonLimit: "limit", ReasonProtocol: "protocol", ReasonRejected: "rejected", ReasonPeerGone: "peer-gone",
	ReasonShutdown: "shutdown", ReasonForgotten: "forgotten",
}

// String is the stable lower-case name, for logs, recordings and scripts.
func (r Reason) String() string { return nameOf(reasonNames[:], int(r)) }

// Codes of an Error that dialtone gives itself, where a Reason has several causes that need different fixes. The others
// are a server's own.
const (
	CodeUnknownAuthority = "unknown_authority" // TLS: no trusted authority has signed the certificate
	CodeWrongName        = "wrong_name"        // TLS: the certificate is for other names
	CodeExpired          = "certificate_expired"
	CodeBadCertificate   = "bad_certificate"
	CodeNoTLS            = "no_tls"        // the port speaks something else
	CodeNoHTTP           = "no_http"       // the same
	CodeNeedsTLS         = "needs_tls"     // http was spoken to a port for https
	CodeNearRedirect     = "near_redirect" // it leads to this machine or its link
	CodeNoResponse       = "no_response"   // timeout: the connection was accepted, and the request was sent
	CodeMissing          = "missing_value" // an answer lacks a value that the next request needs
	CodeTokenMissing     = "token_missing"
	CodeTokenWithheld    = "token_withheld" // the token was not sent to another origin
	CodeTokenRejected    = "token_rejected"
	CodeNoBody           = "no_body"        // a success has no body
	CodeLogin            = "login_page"     // a page to log in, or a redirect to one
	CodeEncoding         = "encoding"       // the body is compressed, or not in UTF-8, which nothing says
	CodeWrapped          = "other_form"     // the description is within something else
	CodeReturned         = "returned_offer" // what was sent came back
	CodeIsOffer          = "is_offer"       // an offer came where the protocol has an answer
	CodeType             = "other_type"     // of the description: "Answer"
	CodeBadRedirect      = "bad_redirect"   // to no valid address, in a circle, or too many
	CodeIncomplete       = "incomplete"     // timeout: the answer began, and did not end
	CodeHeader           = "bad_header"     // the header of the answer is not valid HTTP
	CodeWrongRole        = "wrong_role"     // the room gave the other role; Op is "pairing"
)

// Error is a failed exchange. Every text in it that came from a server is bounded and free of control characters. It
// holds facts: what to do about them is derived from Op, Reason, Status and Code.
type Error struct {
	// Op is the step that failed: the protocol's own code ("dial", "get_status", "offer", …), or "endpoint", "token" and
	// "tls" for the preparation.
	Op string
	// Reason is why, for branching.
	Reason Reason
	// Status is the HTTP status, 0 without an answer.
	Status int
	// Code is the stable name of the detail: one of the Code constants, or the server's own; "" for none.
	Code string
	// Location is where a redirect that was not followed leads, or with CodeTokenWithheld the host that did not get the
	// token; "" if that is unknown or not fit to be shown.
	Location string
	// Scheme is how the server wants to know its clients ("Basic", "Bearer"), "" if it does not say.
	Scheme string
	// RequestID is the server's name for the request, "" if it gave none.
	RequestID string
	// Sent means that the server may have seen the request.
	Sent bool
	// Err is the cause; never nil in errors of this module, and never io.EOF, which is the orderly end of a channel.
	Err error
}

// Error reads "signaling dial failed: cause (HTTP 500, request 3f-12)".
func (e *Error) Error() string {
	text := e.Reason.String()
	if e.Err != nil {
		text = e.Err.Error()
	}
	var details []string
	if e.Status != 0 {
		details = append(details, "HTTP "+strconv.Itoa(e.Status))
	}
	if e.RequestID != "" {
		details = append(details, "request "+e.RequestID)
	}
	if len(details) > 0 {
		text += " (" + strings.Join(details, ", ") + ")"
	}
	return "signaling " + e.Op + " failed: " + text
}

// Unwrap gives Err, and so lets errors.Is find ErrPeerGone and the net package's errors.
func (e *Error) Unwrap() error { return e.Err }
