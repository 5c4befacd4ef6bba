package signal

import (
	"crypto/tls"
	"time"
)

// Request is one HTTP request of an exchange with its times.
type Request struct {
	Op      string // the step: "dial", "get_status", "offer", "candidates", …
	Method  string
	Attempt int  // from 1; more are repeats after a failure
	Repeat  bool // the server asked for the same message again, or may have lost it
	// Wait is how long the server was asked to hold its answer; 0: not at all.
	Wait time.Duration
	Times
	Status         int // 0 without an answer
	Sent, Received int // sizes of the bodies in bytes
	// Answer is the code of the answer to a poll, "" for none.
	Answer string
	// Candidates is how many candidates the answer brought; Refused how many of its entries were unusable and dropped.
	Candidates, Refused int
	// Remarks are names of what was wrong with the answer and was tolerated.
	Remarks []string
	// RequestID is the server's name for the request, "" where it gave none.
	RequestID string
	// TLSState is what the handshake of a new connection came to; nil without one.
	TLSState *tls.ConnectionState
	// Err is the failure, an *Error; nil for an answer that the protocol allows.
	Err error
}

// Times are when a request began and how long its parts took. A duration of 0 means that the step did not happen or was
// not reached: a reused connection needs no DNS, an address needs none either, http has no TLS.
type Times struct {
	// Start is when the request began.
	Start time.Time
	// DNS, Connect and TLS are what a new connection took.
	DNS     time.Duration
	Connect time.Duration
	TLS     time.Duration
	// FirstByte is from the request written to the first byte of the answer: the round trip and the server's own time,
	// with a long poll the hold.
	FirstByte time.Duration
	// Total is from Start to the answer read, or to the failure.
	Total time.Duration
	// Reused means that no new connection was needed.
	Reused bool
	// Remote is the address and port connected to, a proxy's if there is one.
	Remote string
}

// Remarks of a Request: what was wrong with an answer, and was tolerated as other clients do.
const (
	RemarkStatus      = "status"       // another 2xx than the protocol has
	RemarkContentType = "content_type" // the description has another content type, or none
	RemarkBOM         = "bom"          // it begins with a byte order mark
	RemarkBlank       = "blank"        // it begins with blank lines or spaces
	RemarkLineEnd     = "line_end"     // its last line has no end
	RemarkZipped      = "gzip"         // it is compressed, unasked
	RemarkNoSetup     = "no_setup"     // it does not say who starts the DTLS handshake (a=setup, RFC 8842 §5)
	RemarkNoSession   = "no_session"   // it does not name the session, which cannot be ended then
	RemarkNear        = "session_near" // it names one on this machine or its link, and came from elsewhere
	RemarkDowngrade   = "session_http" // it came by https, and names one for http
	RemarkLocation    = "session_invalid"
	RemarkUTF8        = "utf8"      // it is not valid UTF-8
	RemarkType        = "type"      // its type is no text, such as a number
	RemarkElsewhere   = "elsewhere" // it is at another place of the answer than the protocol says
)
