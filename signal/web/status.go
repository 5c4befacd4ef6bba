package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"dialtone/signal"
)

// problem is an RFC 9457 problem body, or one of the habits from before it.
type problem struct {
	Title   string `json:"title"`
	Detail  string `json:"detail"`
	Error   string `json:"error"`
	Message string `json:"message"`
}

// longestPart is how long a part of a path may be, in bytes, to be taken for a name: what is longer may be a key.
const longestPart = 15

// leastValue is how long the value of a query is, in bytes, that is looked for in what a server says: shorter ones are
// everywhere.
const leastValue = 4

// keys are what a server may say back to us, and what is for nobody else: the token, and the keys that addresses hold.
func (c *Client) keys(asked *url.URL) []string {
	var out []string
	add := func(least int, s string) {
		if len(s) >= least {
			out = append(out, s)
		}
	}
	add(1, c.o.Token)
	for _, u := range []*url.URL{c.origin, asked} {
		add(leastValue, u.RawQuery)
		for _, values := range u.Query() {
			for _, v := range values {
				add(leastValue, v)
			}
		}
		for _, path := range []string{u.Path, u.EscapedPath()} {
			for part := range strings.SplitSeq(path, "/") {
				add(longestPart+1, part)
			}
		}
	}
	slices.SortFunc(out, func(a, b string) int { return len(b) - len(a) }) // what holds another comes before it
	return out
}

// words are what the body of an error says, without keys, cleaned and bounded; empty for nothing fit to be shown.
func (c *Client) words(call Call, a *Answer) string {
	keys := c.keys(call.URL)
	fit := func(s string) string {
		for _, key := range keys {
			s = strings.ReplaceAll(s, key, "***")
		}
		return Clean(s)
	}
	kind, _, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	if err != nil {
		kind = ""
	}
	text := strings.TrimSpace(string(a.Body))
	if strings.HasSuffix(kind, "json") || strings.HasPrefix(text, "{") {
		var p problem
		if json.Unmarshal(a.Body, &p) != nil {
			return ""
		}
		var parts []string
		for _, s := range []string{p.Title, p.Error, p.Detail, p.Message} {
			if s = fit(s); s != "" {
				parts = append(parts, s)
			}
		}
		return strings.Join(parts, ": ")
	}
	if strings.HasPrefix(text, "<") || strings.HasPrefix(text, "v=0") || kind == "text/html" {
		return ""
	}
	return fit(text)
}

// refuse is an answer that leads nowhere.
func (c *Client) refuse(call Call, a *Answer, err error) error {
	return &signal.Error{Op: call.Op, Reason: signal.ReasonStatus, Status: a.Status, Err: err,
		Hint: "give the final address"}
}

// Protocol is an answer that is not of the protocol.
func Protocol(op string, a *Answer, err error, hint string) *signal.Error {
	if strings.HasPrefix(strings.TrimSpace(string(a.Body)), "<") {
		err = fmt.Errorf("%w: it is a web page", err)
	}
	return &signal.Error{Op: op, Reason: signal.ReasonProtocol, Status: a.Status, Err: err, Hint: hint}
}

// statusError names what a status means that was not expected.
func (c *Client) statusError(call Call, a *Answer) *signal.Error {
	e := &signal.Error{Op: call.Op, Status: a.Status, Reason: signal.ReasonStatus,
		Err: errors.New("the server answers " + StatusText(a.Status))}
	if text := c.words(call, a); text != "" {
		e.Err = fmt.Errorf("the server answers %s: %s", StatusText(a.Status), text)
	}
	switch {
	case a.Status == http.StatusTooManyRequests, a.Status == http.StatusRequestEntityTooLarge:
		e.Reason, e.Hint = signal.ReasonLimit, "wait a little, or raise the limit where the server runs"
	case a.Status == http.StatusProxyAuthRequired:
		e.Reason, e.Hint = signal.ReasonProxy, "the proxy wants a login: check HTTP_PROXY and HTTPS_PROXY"
	case a.Status == http.StatusUnauthorized, a.Status == http.StatusForbidden:
		e.Hint = c.loginHint(call)
	case a.Status == http.StatusNotFound, a.Status == http.StatusMethodNotAllowed, a.Status == http.StatusGone:
		e.Hint = "nothing takes this request at this path: check the address, to the last letter"
	case a.Status == http.StatusServiceUnavailable, a.Status == http.StatusConflict:
		e.Hint = "it is busy, or nothing is there to be played: try again later"
	case a.Status >= 500:
		e.Hint = "the server has a fault: look at its log, or try again later"
	case a.Status >= 300 && a.Status < 400:
		e.Hint = "it redirects in a way that a POST must not follow (only 307 and 308 keep the request): give the final address"
	default:
		e.Reason, e.Hint = signal.ReasonRejected, "the server does not take this request: its words, or its log, say why"
	}
	return e
}

func (c *Client) loginHint(call Call) string {
	switch {
	case c.o.Token == "":
		return "the server wants a bearer token: give one with --token"
	case !SameOrigin(c.origin, call.URL):
		return "the server redirects to another origin, which the token was not sent to: give that address itself"
	}
	return "the server does not take this bearer token: check --token"
}
