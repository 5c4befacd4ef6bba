package room

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"dialtone/signal"
	"dialtone/signal/web"
)

// refine recognizes that the server does not know the user ID anymore. To get_status and to the original's server a 400
// has no other meaning.
func refine(e *signal.Error, a *web.Answer) {
	if a.Status != http.StatusBadRequest {
		return
	}
	switch e.Code {
	case "hung_up":
		e.Err = fmt.Errorf("%w: %w", signal.ErrPeerGone, signal.ErrHungUp)
	case "peer_left":
		e.Err = fmt.Errorf("%w: it hung up", signal.ErrPeerGone)
	case "expired":
		e.Err = fmt.Errorf("%w: one peer was silent for too long and the server deleted the call", signal.ErrPeerGone)
	case codeUnknownUser:
		e.Err = errUnknownCall
	case "":
		if e.Op != "get_status" && !strings.Contains(string(a.Body), "Не найден user_id") {
			return
		}
		e.Err = errUnknownCall
	default:
		return
	}
	e.Reason = signal.ReasonPeerGone
}

// codeUnknownUser is the code of a server that does not know the user ID: it has lost it, or the call ended long ago.
const codeUnknownUser = "unknown_user"

var errUnknownCall = fmt.Errorf("%w: the server does not know the call anymore", signal.ErrPeerGone)

// failureOf gives the *signal.Error that every failed request ends with; nil for none.
func failureOf(err error) *signal.Error {
	var e *signal.Error
	errors.As(err, &e)
	return e
}

// isPassing reports whether a failure may be over when the request is repeated.
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
