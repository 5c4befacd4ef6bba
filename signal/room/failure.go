package room

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"dialtone/signal"
	"dialtone/signal/web"
)

// refine recognizes that the pair has ended, and that the server does not know the user ID anymore. The original's
// server answers both with the same 400, which has no other meaning there, nor to get_status.
func (c *channel) refine(e *signal.Error, a *web.Answer) {
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
		if !c.leaving.Load() {
			e.Reason, e.Err = signal.ReasonForgotten, errForgotten
			return
		}
		e.Err = fmt.Errorf("%w: this side has hung up", signal.ErrPeerGone)
	case "":
		if e.Op != "get_status" && !strings.Contains(string(a.Body), "Не найден user_id") {
			return
		}
		e.Err = fmt.Errorf("%w: the server does not know the call anymore", signal.ErrPeerGone)
	default:
		return
	}
	e.Reason = signal.ReasonPeerGone
}

// codeUnknownUser is the code of dialtone's server for a user ID that it does not know. For a while after the end of a
// call it answers with the cause of that instead.
const codeUnknownUser = "unknown_user"

var errForgotten = errors.New(
	"the server does not know the call anymore: it was restarted, its store lost it, or this side was silent for long",
)

// isOver reports whether the server has no such call: there is nothing left to end.
func isOver(err error) bool {
	return errors.Is(err, signal.ErrPeerGone) || errors.Is(err, errForgotten)
}

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
		signal.ReasonPeerGone, signal.ReasonShutdown, signal.ReasonForgotten:
	}
	return false
}
