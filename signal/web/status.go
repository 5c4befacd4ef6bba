package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

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

// CodedError is why an answer is not of the protocol, with the Code of the failure.
type CodedError struct {
	Code string
	Err  error
}

func (e *CodedError) Error() string { return e.Err.Error() }

func (e *CodedError) Unwrap() error { return e.Err }

// Protocol is an answer that is not of the protocol.
func Protocol(op string, a *Answer, err error) *signal.Error {
	e := &signal.Error{Op: op, Reason: signal.ReasonProtocol, Status: a.Status, RequestID: requestID(a), Err: err}
	var coded *CodedError
	switch {
	case errors.As(err, &coded):
		e.Code = coded.Code
	case IsPage(a):
		page := PageError(a, "")
		e.Code, e.Err = page.Code, fmt.Errorf("%w: %w", err, page)
	}
	return e
}

// IsPage reports whether an answer looks like a web page.
func IsPage(a *Answer) bool { return strings.HasPrefix(strings.TrimSpace(string(a.Body)), "<") }

// PageError is a web page in place of an answer, with its words.
func PageError(a *Answer, said string) *CodedError {
	kind, code := "a web page", ""
	if password.Match(a.Body) || login.MatchString(strings.Join(pageText(a.Body), " ")) {
		kind, code = "a login page", signal.CodeLogin
	}
	if said != "" {
		kind += ": " + said
	}
	return &CodedError{Code: code, Err: errors.New("the answer is " + kind)}
}

// password is what a page to log in has, and login how it, and its address, are called.
var (
	password = regexp.MustCompile(`(?i)<input[^>]+type\s*=\s*["']?password`)
	login    = regexp.MustCompile(`(?i)\b(log|sign)[ _-]?(in|on)\b|\b(sso|oauth2?|saml2?|openid)\b`)
)

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
	if to := c.location(call.URL, a); to != "" && a.Status/100 == 3 {
		e.Err = fmt.Errorf("%w; it redirects to %s", e.Err, to)
	}
	if wait := waitOf(a); wait > 0 {
		e.Err = fmt.Errorf("%w; it asks to wait %s", e.Err, span(wait))
	}
	switch {
	case code == "shutting_down":
		e.Reason = signal.ReasonShutdown
	case a.Status/100 == 3:
		e.Location = c.location(call.URL, a)
		if login.MatchString(e.Location) {
			e.Code = signal.CodeLogin
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

// location is where a redirect leads, fit to be shown; "" if it is not.
func (c *Client) location(asked *url.URL, a *Answer) string {
	to := a.Header.Get("Location")
	if u, err := asked.Parse(to); err == nil && to != "" {
		to = u.String()
	}
	if to = c.Fit(asked, to); strings.Contains(to, "@") {
		return ""
	}
	return to
}

// span is a time that a server asks to wait, in the unit that fits.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	if d = d.Round(time.Second); d > 2*day {
		return fmt.Sprintf("%d days", d/day)
	}
	text := d.String()
	for _, zero := range []string{"0s", "0m"} {
		if cut, ok := strings.CutSuffix(text, zero); ok && strings.ContainsAny(cut[max(len(cut)-1, 0):], "hm") {
			text = cut
		}
	}
	return text
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
