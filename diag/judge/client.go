package judge

import (
	"net/http"
	"strconv"

	"dialtone/diag"
	"dialtone/diag/call"
)

// ClientRefused means that the call's own server refused a request of a client.
type ClientRefused struct {
	Method  string `json:"method"`
	Path    string `json:"path"`
	Status  int    `json:"status"`
	Problem string `json:"problem,omitempty"` // what the client was answered
	Times   int    `json:"times"`
}

// clientFindings name requests of clients that were refused. That a second caller is asked to come again is as it
// should be.
func clientFindings(c *call.Call, _ Expectation) []Finding {
	var out []Finding
	for _, r := range c.Signal.Refused {
		f := Finding{
			ID: "signal.client_refused", Severity: Warn, Subject: diag.Clean(r.Method, 20) + " " + strconv.Itoa(r.Status),
			Evidence: ClientRefused{
				diag.Clean(r.Method, 20), diag.Clean(r.Path, 100), r.Status, diag.Clean(r.Problem, 300), r.Times,
			},
		}
		if r.Status == http.StatusServiceUnavailable {
			f.Severity = Info
		}
		out = append(out, f)
	}
	return out
}
