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

// refusal is the JSON body of an error: an RFC 9457 problem, a room server's, or another habit.
type refusal struct {
	Title   string `json:"title"`
	Detail  string `json:"detail"`
	Error   string `json:"error"`
	Message string `json:"message"`
}

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

// fit is a server's text without keys, cleaned and bounded.
func (c *Client) fit(call Call, s string) string {
	for _, key := range c.keys(call.URL) {
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

// text is what the body of an error says, without keys, cleaned and bounded, and the server's stable name for it; both
// may be empty.
func (c *Client) text(call Call, a *Answer) (text, code string) {
	kind, _, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	if err != nil {
		kind = ""
	}
	body := strings.TrimSpace(string(a.Body))
	if strings.HasSuffix(kind, "json") || strings.HasPrefix(body, "{") {
		var r refusal
		if json.Unmarshal(a.Body, &r) != nil {
			return "", ""
		}
		if isCode(r.Error) {
			code = r.Error
		}
		var parts []string
		for _, s := range []string{r.Title, r.Error, r.Detail, r.Message} {
			if s = c.fit(call, s); s != "" {
				parts = append(parts, s)
			}
		}
		return strings.Join(parts, ": "), code
	}
	if strings.HasPrefix(body, "<") || strings.HasPrefix(body, "v=0") || kind == "text/html" {
		return "", ""
	}
	return c.fit(call, body), ""
}

// isCode reports whether a server's name for its refusal is a stable name.
func isCode(s string) bool {
	return s != "" && len(s) <= 64 && !strings.ContainsFunc(s, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_'
	})
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

// statusError classifies a status that was not expected.
func (c *Client) statusError(call Call, a *Answer) *signal.Error {
	text, code := c.text(call, a)
	e := &signal.Error{
		Op: call.Op, Status: a.Status, Code: code, RequestID: requestID(a), Reason: reasonOf(a.Status),
		Err: errors.New("the server answered " + StatusText(a.Status)),
	}
	if text != "" {
		e.Err = fmt.Errorf("%w: %s", e.Err, text)
	}
	switch {
	case code == "shutting_down":
		e.Reason = signal.ReasonShutdown
	case a.Status/100 == 3:
		if to := c.fit(call, a.Header.Get("Location")); !strings.Contains(to, "@") {
			e.Location = to
		}
	case a.Status == http.StatusBadRequest && strings.Contains(text, "HTTPS server"):
		e.Code = signal.CodeNeedsTLS
	case (a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden) && code == "" && !call.Anonymous:
		e.Code = c.tokenCode(call)
	}
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
	case c.o.Token == "":
		return signal.CodeTokenMissing
	case !SameOrigin(c.origin, call.URL):
		return signal.CodeTokenWithheld
	}
	return signal.CodeTokenRejected
}
