package judge

import (
	"net/http"
	"slices"
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/finding"
	"dialtone/diag/judge/network"
)

// Evidence about requests that ended nothing.
type (
	// Tolerated means that answers of the signaling server were not as its protocol has them, and were used.
	Tolerated struct {
		Remarks []string `json:"remarks"` // as of signal.request
	}
	// Deferred means that the signaling server asked to come again later, and accepted what it was sent then.
	Deferred struct {
		Times       int `json:"times"`
		Unavailable int `json:"unavailable,omitempty"` // of these, answered with HTTP 503, not 429
	}
	// RequestFailed means that a request failed without which the call continued.
	RequestFailed struct {
		Request string `json:"request"`          // bye, candidates, restart
		Status  int    `json:"status,omitempty"` // HTTP status; absent without an answer
		Cause   string `json:"cause,omitempty"`
	}
)

// untrickled are the statuses of servers that do not accept candidates later, which is their choice (RFC 9725 §4.3.2).
var untrickled = []int{405, 415, 422, 428, 501}

// sessionUnknown reports whether a server does not know the session of a request.
func sessionUnknown(status int) bool {
	return status == http.StatusNotFound || status == http.StatusGone
}

// LacksSession reports whether an answer had no usable address by which the session is ended: it stays at the server.
func LacksSession(remarks []string) bool {
	return slices.ContainsFunc(remarks, func(r string) bool {
		return r == "no_session" || strings.HasPrefix(r, "session_")
	})
}

// signalingFindings name what the signaling server did that ended nothing.
func signalingFindings(out *finding.List, c *call.Call, _ Expectation) {
	failed := c.Ended != nil && c.Ended.Reason == diag.EndSignaling // then an answer was not tolerated
	if len(c.Signal.Remarks) > 0 && !failed {
		var e Tolerated
		for _, remark := range c.Signal.Remarks {
			e.Remarks = append(e.Remarks, diag.Clean(remark, 40))
		}
		severity := Info
		if LacksSession(c.Signal.Remarks) {
			severity = Warn
		}
		out.Add("signal.tolerated", severity, "", e)
	}
	e := Deferred{c.Signal.Limited + c.Signal.Unavailable, c.Signal.Unavailable}
	if e.Times > 0 && !failed {
		out.Add("signal.deferred", Warn, "", e)
	}
	if end := c.Signal.Certificate; end != nil && network.DaysLeft(end, c.Signal.Clock) < network.MaxExpiry {
		e := network.CertificateEnd{Certificate: *end, Days: network.DaysLeft(end, c.Signal.Clock)}
		out.Add("server.tls_expires", Warn, "the signaling server", e)
	}
	for _, r := range c.Signal.Side {
		if r.Code == "candidates" && slices.Contains(untrickled, r.Status) {
			continue
		}
		id := "signal.request_failed"
		if r.Code == "bye" {
			id = "signal.session_left"
			if c.Ended != nil && (c.Ended.By == diag.ByRemote || c.Ended.By == diag.ByNetwork && sessionUnknown(r.Status)) {
				continue // it has ended the session itself
			}
		}
		out.Add(id, Warn, diag.Clean(r.Code, 40), RequestFailed{diag.Clean(r.Code, 40), r.Status, diag.Clean(r.Error, 300)})
	}
}
