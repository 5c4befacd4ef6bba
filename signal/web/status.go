package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"dialtone/signal"
)

// longestPart is how long a part of a path may be, in bytes, to be taken for a name: what is longer may be a key.
const longestPart = 15

// leastValue is how long the value of a query is, in bytes, that is looked for in a server's text: shorter ones are
// everywhere.
const leastValue = 4

// Shown is an address fit to be shown and recorded: many media servers put a key into the path or the query. It is
// empty for an address that is not valid.
func Shown(address string) string {
	u, err := Endpoint(address)
	if err != nil {
		return ""
	}
	parts := strings.Split(u.Path, "/")
	for i, part := range parts {
		if len(part) > longestPart {
			parts[i] = "…"
		}
	}
	query := ""
	if u.RawQuery != "" {
		query = "?…"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host}).String() + strings.Join(parts, "/") + query
}

// Fit is a server's text without keys, cleaned and bounded. asked is where it came from.
func (c *Client) Fit(asked *url.URL, s string) string {
	for _, key := range c.keys(asked) {
		s = strings.ReplaceAll(s, key, "***")
	}
	return Clean(s)
}

// keys are what a server may repeat to this client but what must not be shown: the token, and the keys that addresses
// hold.
func (c *Client) keys(asked *url.URL) []string {
	var out []string
	add := func(least int, s string) {
		if len(s) >= least {
			out = append(out, s)
		}
	}
	add(1, c.o.Token)
	for _, s := range c.o.Secrets {
		add(leastValue, s)
	}
	for _, values := range c.o.Header {
		for _, v := range values {
			add(leastValue, v)
			if _, credentials, ok := strings.Cut(v, " "); ok {
				add(leastValue, credentials)
			}
		}
	}
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

// requestID is a server's name for a request, if it is fit to be shown.
func requestID(a *Answer) string {
	s := a.Header.Get("X-Request-Id")
	if len(s) > 64 || strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return ""
	}
	return s
}

// Protocol is an answer that is not of the protocol.
func Protocol(op string, a *Answer, err error) *signal.Error {
	if strings.HasPrefix(strings.TrimSpace(string(a.Body)), "<") {
		err = fmt.Errorf("%w: it is a web page", err)
	}
	return &signal.Error{Op: op, Reason: signal.ReasonProtocol, Status: a.Status, RequestID: requestID(a), Err: err}
}

// Words are what the body of an answer says about an error; "" if it says nothing, or not in words.
func (c *Client) Words(a *Answer) string {
	text, _ := c.text(Call{URL: a.URL}, a)
	return text
}

// Refused is the failure that an answer's status and body are, whatever the status.
func (c *Client) Refused(op string, a *Answer) *signal.Error {
	return c.statusError(Call{Op: op, URL: a.URL}, a)
}

// statusError classifies a status that was not expected.
func (c *Client) statusError(call Call, a *Answer) *signal.Error {
	text, code := c.text(call, a)
	e := &signal.Error{
		Op: call.Op, Status: a.Status, Code: code, RequestID: requestID(a), Reason: reasonOf(a.Status),
		Err: errors.New("the server answered " + StatusText(a.Status)),
	}
	if _, why := challenge(a); text == "" {
		text = c.Fit(call.URL, why)
	}
	if text != "" {
		e.Err = fmt.Errorf("%w: %s", e.Err, text)
	}
	switch {
	case code == "shutting_down":
		e.Reason = signal.ReasonShutdown
	case a.Status/100 == 3:
		if to := c.Fit(call.URL, a.Header.Get("Location")); !strings.Contains(to, "@") {
			e.Location = to
		}
	case a.Status == http.StatusBadRequest && strings.Contains(text, "HTTPS server"):
		e.Code = signal.CodeNeedsTLS
	case (a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden) && code == "" && !call.Anonymous:
		switch why := c.tokenCode(call); {
		case why == signal.CodeTokenWithheld:
			e.Code, e.Location = why, call.URL.Host
		case a.Status == http.StatusUnauthorized: // 403 need not be about the token (RFC 9110 §15.5.4)
			e.Code = why
		}
	}
	scheme, _ := challenge(a)
	e.Scheme = scheme
	return e
}

func reasonOf(status int) signal.Reason {
	switch status {
	case http.StatusTooManyRequests, http.StatusRequestEntityTooLarge:
		return signal.ReasonLimit
	case http.StatusProxyAuthRequired:
		return signal.ReasonProxy
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed,
		http.StatusGone, http.StatusConflict, http.StatusRequestTimeout:
		return signal.ReasonStatus
	}
	if status/100 == 4 {
		return signal.ReasonRejected
	}
	return signal.ReasonStatus
}

func (c *Client) tokenCode(call Call) string {
	switch {
	case !c.authorized():
		return signal.CodeTokenMissing
	case !c.trusts(call.URL):
		return signal.CodeTokenWithheld
	}
	return signal.CodeTokenRejected
}
