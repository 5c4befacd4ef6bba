package judge

import (
	"net/http"
	"strconv"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/finding"
)

// ClientRefused means that the call's own server refused a request of a client.
type ClientRefused struct {
	Method  string `json:"method"`
	Path    string `json:"path"`
	Status  int    `json:"status"`
	Problem string `json:"problem,omitempty"` // what the client was answered
	Times   int    `json:"times"`
	Other   bool   `json:"otherClient,omitempty"` // it was not the client of this call
}

// clientFindings name requests of clients that were refused. That a second caller is asked to come again is as it
// should be, and what others than the call's client are refused is no fault of this call.
func clientFindings(out *finding.List, c *call.Call, _ Expectation) {
	for _, r := range c.Signal.Refused {
		severity, method, other := Warn, diag.Clean(r.Method, 20), c.Signal.IsOthers(r)
		if r.Status == http.StatusServiceUnavailable || other {
			severity = Info
		}
		out.Add("signal.client_refused", severity, method+" "+strconv.Itoa(r.Status),
			ClientRefused{method, diag.Clean(r.Path, 100), r.Status, diag.Clean(r.Problem, 300), r.Times, other})
	}
}

// refusedPosts is how many POST requests of clients were refused: the offers are among them.
func refusedPosts(c *call.Call) (n int) {
	for _, r := range c.Signal.Refused {
		if r.Method == http.MethodPost {
			n += r.Times
		}
	}
	return n
}
