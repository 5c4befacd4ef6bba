package room

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"dialtone/signal"
	"dialtone/signal/web"
)

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
		e.Err = fmt.Errorf("the server says %s: %s", e.Code, web.Clean(body.Message))
	} else {
		e.Err = errors.New("the server answers " + web.StatusText(a.status))
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

func statusHint(a *answer) string {
	switch {
	case a.status >= 300 && a.status < 400:
		to := web.Clean(a.location)
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
