package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"dialtone/signal"
)

const (
	maxBody      = 1 << 20 // of an answer, in bytes
	maxRedirects = 5
	maxRetries   = 10
)

// Options configure a Client. The zero value is usable.
type Options struct {
	Trust
	// Token is sent as "Authorization: Bearer", only to the endpoint's own origin and to TokenTo; empty: none.
	Token string
	// Header are further fields of every request. They are secrets, and go where the token goes.
	Header http.Header
	// Secrets are further texts that must not be shown if a server repeats them.
	Secrets []string
	// TokenTo are further hosts (HOST or HOST:PORT) that get the token and the header.
	TokenTo []string
	// UserAgent is sent with every request. Default "dialtone".
	UserAgent string
	// Traceparent names the trace that all requests belong to (W3C Trace Context); it goes where the token goes.
	Traceparent string
	// Timeout bounds each request, beyond the time that the server was asked to hold it. Default 15 s.
	Timeout time.Duration
	// Patience bounds how long a server that says "not now" (503, 429, or 409 with Retry-After) is asked again. Default
	// 15 s. Negative: not at all.
	Patience time.Duration
	// OnRequest gets every request when it is over, one at a time. It must return quickly.
	OnRequest func(signal.Request)
}

// OptionsOf are those of a call's signaling.
func OptionsOf(s signal.Setup) Options {
	return Options{
		Trust: Trust{CAFile: s.CAFile, Insecure: s.Insecure, Proxy: s.Proxy}, Token: s.Token, Header: s.Header,
		TokenTo: s.TokenTo, Secrets: s.Secrets, UserAgent: s.UserAgent, OnRequest: s.OnRequest,
	}
}

// Traced are the options of what is dialed with ctx.
func (o Options) Traced(ctx context.Context) Options {
	o.Traceparent = signal.Trace(ctx)
	return o
}

// Call is a request to make.
type Call struct {
	Op, Method  string
	URL         *url.URL
	ContentType string // of Body
	Accept      string
	IfMatch     string
	Header      http.Header // further fields
	Body        []byte
	// Expect lists the statuses that are answers; every other is an error. Empty: any 2xx is an answer.
	Expect []int
	// Redirects: 307 and 308 are followed, and a server that asks to come again later is asked again.
	Redirects bool
	// Anonymous sends no token.
	Anonymous bool
	// Hold is how long the server may hold its answer.
	Hold time.Duration
	// Attempt and Repeat are reported; Attempt 0 is the first.
	Attempt int
	Repeat  bool
	// Read takes an expected answer in before the request is reported, and may add to the report. Its error is the failure
	// of the request: a *signal.Error as it is, any other as one of the protocol.
	Read func(*Answer, *signal.Request) error
	// Refine changes what an unexpected status means.
	Refine func(*signal.Error, *Answer)
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	URL    *url.URL // where it came from, after redirects
	Zipped bool     // the body came compressed, unasked
}

// Client makes requests to one endpoint.
type Client struct {
	o         Options
	transport *http.Transport
	jar       *cookiejar.Jar // what balancers set, so that all requests of a call reach one server
	origin    *url.URL

	mu sync.Mutex // one report at a time
}

// NewClient makes a client whose token belongs to the endpoint's origin. The error is a *signal.Error.
func NewClient(endpoint *url.URL, o Options) (*Client, error) {
	transport, err := o.transport()
	if err != nil {
		return nil, err
	}
	if strings.ContainsFunc(o.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, &signal.Error{Op: "token", Err: errors.New("the bearer token contains invalid characters")}
	}
	if o.UserAgent == "" {
		o.UserAgent = "dialtone"
	}
	if o.Timeout <= 0 {
		o.Timeout = 15 * time.Second
	}
	if o.Patience == 0 {
		o.Patience = 15 * time.Second
	}
	if o.OnRequest == nil {
		o.OnRequest = func(signal.Request) {}
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, &signal.Error{Op: "endpoint", Err: err} // it never fails
	}
	if o.Dial == nil {
		newDialer(endpoint).use(transport)
	}
	return &Client{o: o, transport: transport, jar: jar, origin: endpoint}, nil
}

// Open makes a client of an address, see Endpoint. The error is a *signal.Error.
func Open(address string, o Options) (*Client, error) {
	endpoint, err := Endpoint(address)
	if err != nil {
		return nil, err
	}
	return NewClient(endpoint, o)
}

// Endpoint is the address that the client was made for.
func (c *Client) Endpoint() *url.URL { return c.origin }

// Close frees the connections.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Do makes a request, follows redirects and comes again when the server says so. The error is a *signal.Error; the
// answer is not nil if there was one, errors included.
func (c *Client) Do(ctx context.Context, call Call) (*Answer, error) {
	deadline := time.Now().Add(c.o.Patience)
	seen := map[string]bool{}
	for call.Attempt = max(call.Attempt, 1); ; call.Attempt++ {
		a, failure := c.once(ctx, call)
		switch {
		case a == nil || failure == nil && !isRedirect(a.Status):
			return a, orNil(failure)
		case !call.Redirects:
			return a, orNil(failure)
		case isRedirect(a.Status):
			seen[call.URL.String()] = true
			if len(seen) > maxRedirects {
				return a, badRedirect(call, a, fmt.Errorf("the server redirects more than %d times", maxRedirects))
			}
			to, err := Resolve(call.URL, a.Header.Get("Location"))
			if err != nil {
				return a, badRedirect(call, a, err)
			}
			if seen[to.String()] {
				return a, badRedirect(call, a, errors.New("the server redirects in a circle"))
			}
			call.URL = to
			continue
		}
		wait, ok := retryAfter(a, time.Until(deadline))
		if !ok || call.Attempt >= maxRetries || Sleep(ctx, wait) != nil {
			return a, failure
		}
	}
}

// isRedirect: other statuses would turn a POST into a GET.
func isRedirect(status int) bool {
	return status == http.StatusTemporaryRedirect || status == http.StatusPermanentRedirect
}

func badRedirect(call Call, a *Answer, err error) error {
	e := &signal.Error{
		Op: call.Op, Reason: signal.ReasonStatus, Code: signal.CodeBadRedirect, Status: a.Status, Err: err,
	}
	if errors.Is(err, ErrNear) {
		e.Code = signal.CodeNearRedirect
	}
	return e
}

func orNil(e *signal.Error) error {
	if e == nil {
		return nil
	}
	return e
}

// retryAfter reads when the server wants to be asked again; false if it does not say, or not within the time left.
func retryAfter(a *Answer, left time.Duration) (time.Duration, bool) {
	switch a.Status {
	case http.StatusServiceUnavailable, http.StatusTooManyRequests, http.StatusConflict:
	default:
		return 0, false
	}
	wait := waitOf(a)
	if wait < 0 || wait > left {
		return 0, false
	}
	return max(wait, 100*time.Millisecond), true
}

// waitOf is how long the server asks to wait before the next request; negative if it does not say.
func waitOf(a *Answer) time.Duration {
	value := a.Header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		return time.Duration(seconds) * time.Second // #nosec G115 -- 32 bits
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(time.Until(at), 0)
	}
	return -1
}

// once makes one request and reports it. The answer is nil if there was none.
func (c *Client) once(ctx context.Context, call Call) (*Answer, *signal.Error) {
	limit := call.Hold + c.o.Timeout
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	r := signal.Request{
		Op: call.Op, Method: call.Method, Attempt: call.Attempt, Repeat: call.Repeat, Wait: call.Hold,
		Sent: len(call.Body),
	}
	t := newTracer()
	a, err := c.roundTrip(httptrace.WithClientTrace(bounded, t.hooks()), call)
	wrote := t.finish(&r)
	if a != nil {
		r.Status, r.Received, r.RequestID = a.Status, len(a.Body), requestID(a)
	}
	failure := c.classify(ctx, call, a, err, limit)
	if failure == nil && call.Read != nil && call.expects(a.Status) {
		if err := call.Read(a, &r); err != nil && !errors.As(err, &failure) {
			failure = Protocol(call.Op, a, err)
		}
	}
	var part *partError
	if errors.As(err, &part) {
		r.Status, r.Received = part.status, part.received
	}
	if failure != nil {
		switch {
		case failure.Reason == signal.ReasonTimeout && t.began:
			failure.Code = signal.CodeIncomplete
			if part == nil {
				failure.Err = fmt.Errorf("the answer was not complete within %s: %w", limit, context.DeadlineExceeded)
			}
		case failure.Reason == signal.ReasonTimeout && wrote:
			failure.Code = signal.CodeNoResponse
		case failure.Reason == signal.ReasonTimeout && t.unresolved:
			failure.Reason, failure.Err = signal.ReasonDNS, fmt.Errorf("the DNS did not answer: %w", failure.Err)
		}
		failure.Sent, r.Err = wrote, failure
	}
	c.mu.Lock()
	c.o.OnRequest(r)
	c.mu.Unlock()
	return a, failure
}

func (c *Client) classify(ctx context.Context, call Call, a *Answer, err error, limit time.Duration) *signal.Error {
	switch {
	case err != nil && ctx.Err() != nil:
		return &signal.Error{Op: call.Op, Err: fmt.Errorf("cancelled: %w", ctx.Err())}
	case errors.Is(err, errTooLarge), errors.Is(err, errZip):
		var part *partError
		errors.As(err, &part)
		return Protocol(call.Op, &Answer{Status: part.status}, part.err)
	case err != nil:
		return networkError(call.Op, err, limit)
	case call.expects(a.Status), call.Redirects && isRedirect(a.Status):
		return nil
	}
	e := c.statusError(call, a)
	if call.Refine != nil {
		call.Refine(e, a)
	}
	return e
}

// expects reports whether a status is an answer.
func (call Call) expects(status int) bool {
	if len(call.Expect) == 0 {
		return status/100 == 2
	}
	return slices.Contains(call.Expect, status)
}

// trusts reports whether an address may get the token and the header: the endpoint's own origin, and the hosts that the
// user named.
func (c *Client) trusts(u *url.URL) bool {
	return SameOrigin(c.origin, u) || slices.ContainsFunc(c.o.TokenTo, func(host string) bool {
		return strings.EqualFold(host, u.Host) || strings.EqualFold(host, u.Hostname())
	})
}

// authorized reports whether the user gave anything that a server could know them by.
func (c *Client) authorized() bool { return c.o.Token != "" || c.o.Header.Get("Authorization") != "" }

var errTooLarge = errors.New("the answer exceeds 1 MiB")

// roundTrip uses the transport itself: a client would carry the token along on redirects to subdomains, and repeat the
// whole address in its errors.
func (c *Client) roundTrip(ctx context.Context, call Call) (*Answer, error) {
	req, err := http.NewRequestWithContext(ctx, call.Method, call.URL.String(), bytes.NewReader(call.Body))
	if err != nil {
		return nil, errors.New("the request cannot be made")
	}
	maps.Copy(req.Header, call.Header)
	set := func(name, value string) {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	set("Content-Type", call.ContentType)
	set("Accept", call.Accept)
	set("If-Match", call.IfMatch)
	set("User-Agent", c.o.UserAgent)
	if c.trusts(call.URL) {
		set("Traceparent", c.o.Traceparent)
	}
	if !call.Anonymous && c.trusts(call.URL) {
		maps.Copy(req.Header, c.o.Header)
		if c.o.Token != "" {
			set("Authorization", "Bearer "+c.o.Token)
		}
	}
	for _, cookie := range c.jar.Cookies(call.URL) {
		req.AddCookie(cookie)
	}
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	c.jar.SetCookies(call.URL, resp.Cookies())
	a := &Answer{Status: resp.StatusCode, Header: resp.Header, URL: call.URL}
	a.Body, err = readAll(resp.Body)
	received := len(a.Body)
	if named := resp.Header.Get("Content-Encoding"); err == nil && received > 0 && strings.EqualFold(named, "gzip") {
		a.Zipped = true
		a.Body, err = unzip(a.Body)
	}
	if err != nil {
		return nil, &partError{a.Status, received, err}
	}
	return a, nil
}

// partError is why an answer that began was not read to its end.
type partError struct {
	status   int
	received int // bytes of the body
	err      error
}

func (e *partError) Error() string { return e.err.Error() }

func (e *partError) Unwrap() error { return e.err }

func readAll(r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxBody+1))
	if len(raw) > maxBody {
		err = errTooLarge
	}
	return raw, err
}

var errZip = &CodedError{
	Code: signal.CodeEncoding,
	Err:  errors.New("the Content-Encoding of the answer is gzip, and the answer cannot be decompressed"),
}

func unzip(raw []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, errZip
	}
	out, err := readAll(r)
	switch {
	case errors.Is(err, errTooLarge):
		err = fmt.Errorf("%w when it is decompressed: it is %d bytes of gzip", err, len(raw))
	case err != nil:
		err = errZip
	}
	return out, err
}

// Sleep waits, or returns ctx's error if that ends first.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
