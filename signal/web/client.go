package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
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
	// Token is sent as "Authorization: Bearer", to the endpoint's own origin alone; empty: none.
	Token string
	// UserAgent is sent with every request. Default "dialtone".
	UserAgent string
	// Timeout bounds each request. Default 15 s.
	Timeout time.Duration
	// Patience bounds how long a server that says "not now" (503, 429, or 409 with Retry-After) is asked again. Default 15
	// s. Negative: not at all.
	Patience time.Duration
	// OnRequest is told about every request when it is over, one at a time. It must return quickly.
	OnRequest func(Request)
}

// Request is one HTTP request with its times.
type Request struct {
	Op      string // the step: "offer", "candidates", "restart", "bye", …
	Method  string
	Attempt int // from 1
	Times
	Status         int // 0 without an answer
	Sent, Received int // sizes of the bodies in bytes
	Err            error
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
	// Expect lists the statuses that are answers; every other is an error.
	Expect []int
	// Redirects tells to follow 307 and 308. Where a server asks to come again later, only such a call does.
	Redirects bool
	// Anonymous sends no token.
	Anonymous bool
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	URL    *url.URL // where it came from, after redirects
}

// Client makes requests of one endpoint.
type Client struct {
	o         Options
	transport *http.Transport
	origin    *url.URL

	mu sync.Mutex // one report at a time
}

// NewClient makes a client whose token belongs to the endpoint's origin. The error is a *signal.Error.
func NewClient(endpoint *url.URL, o Options) (*Client, error) {
	transport, err := o.Transport()
	if err != nil {
		return nil, err
	}
	if strings.ContainsFunc(o.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, &signal.Error{
			Op: "token", Err: errors.New("the bearer token holds characters that no token has"),
			Hint: "give the token alone, without \"Bearer\", spaces or line ends",
		}
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
		o.OnRequest = func(Request) {}
	}
	return &Client{o: o, transport: transport, origin: endpoint}, nil
}

// Close frees the connections.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Do makes a request, follows redirects and comes again where the server says when. The error is a *signal.Error; the
// answer is not nil where there was one, errors included.
func (c *Client) Do(ctx context.Context, call Call) (*Answer, error) {
	deadline := time.Now().Add(c.o.Patience)
	redirects := 0
	for attempt := 1; ; attempt++ {
		a, failure := c.once(ctx, call, attempt)
		switch {
		case a == nil, failure == nil && !isRedirect(a.Status):
			return a, orNil(failure)
		case call.Redirects && isRedirect(a.Status):
			if redirects++; redirects > maxRedirects {
				return a, c.refuse(call, a, fmt.Errorf("it redirects more than %d times", maxRedirects))
			}
			to, err := Resolve(call.URL, a.Header.Get("Location"))
			if err != nil {
				return a, c.refuse(call, a, err)
			}
			call.URL = to
			continue
		}
		wait, ok := retryAfter(a, time.Until(deadline))
		if !call.Redirects || !ok || attempt >= maxRetries || sleep(ctx, wait) != nil {
			return a, failure
		}
	}
}

// isRedirect: others would turn a POST into a GET.
func isRedirect(status int) bool {
	return status == http.StatusTemporaryRedirect || status == http.StatusPermanentRedirect
}

func orNil(e *signal.Error) error {
	if e == nil {
		return nil
	}
	return e
}

// retryAfter reads when the server wants to be asked again; false when it does not say, or not within the time left.
func retryAfter(a *Answer, left time.Duration) (time.Duration, bool) {
	switch a.Status {
	case http.StatusServiceUnavailable, http.StatusTooManyRequests, http.StatusConflict:
	default:
		return 0, false
	}
	value := a.Header.Get("Retry-After")
	wait := time.Duration(-1)
	if seconds, err := strconv.ParseUint(value, 10, 16); err == nil {
		wait = time.Duration(seconds) * time.Second // #nosec G115 -- 16 bits
	} else if at, err := http.ParseTime(value); err == nil {
		wait = max(time.Until(at), 0)
	}
	if wait < 0 || wait > left {
		return 0, false
	}
	return max(wait, 100*time.Millisecond), true
}

// once makes one request and reports it. The answer is nil where there was none.
func (c *Client) once(ctx context.Context, call Call, attempt int) (*Answer, *signal.Error) {
	bounded, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	t := NewTracer()
	a, err := c.roundTrip(httptrace.WithClientTrace(bounded, t.Hooks()), call)
	r := Request{Op: call.Op, Method: call.Method, Attempt: attempt, Sent: len(call.Body)}
	r.Times, _ = t.Finish()
	failure := c.judge(ctx, call, a, err)
	if a != nil {
		r.Status, r.Received = a.Status, len(a.Body)
	}
	if failure != nil {
		r.Err = failure
	}
	c.mu.Lock()
	c.o.OnRequest(r)
	c.mu.Unlock()
	return a, failure
}

func (c *Client) judge(ctx context.Context, call Call, a *Answer, err error) *signal.Error {
	switch {
	case err != nil && ctx.Err() != nil:
		return &signal.Error{Op: call.Op, Err: fmt.Errorf("given up here: %w", ctx.Err())}
	case errors.Is(err, errTooLarge):
		return &signal.Error{Op: call.Op, Reason: signal.ReasonProtocol, Status: statusOf(a), Err: err,
			Hint: "is this the right address?"}
	case err != nil:
		return NetworkError(call.Op, err, c.o.Timeout)
	case slices.Contains(call.Expect, a.Status), call.Redirects && isRedirect(a.Status):
		return nil
	}
	return c.statusError(call, a)
}

var errTooLarge = errors.New("the answer exceeds 1 MiB")

func statusOf(a *Answer) int {
	if a == nil {
		return 0
	}
	return a.Status
}

// roundTrip uses the transport itself: a client would carry the token along on redirects to subdomains, and repeat the
// whole address in its errors.
func (c *Client) roundTrip(ctx context.Context, call Call) (*Answer, error) {
	req, err := http.NewRequestWithContext(ctx, call.Method, call.URL.String(), bytes.NewReader(call.Body))
	if err != nil {
		return nil, errors.New("the request cannot be made")
	}
	for name, values := range call.Header {
		req.Header[name] = values
	}
	set := func(name, value string) {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	set("Content-Type", call.ContentType)
	set("Accept", call.Accept)
	set("If-Match", call.IfMatch)
	set("User-Agent", c.o.UserAgent)
	if c.o.Token != "" && !call.Anonymous && SameOrigin(c.origin, call.URL) {
		set("Authorization", "Bearer "+c.o.Token)
	}
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	a := &Answer{Status: resp.StatusCode, Header: resp.Header, URL: call.URL}
	a.Body, err = io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if len(a.Body) > maxBody {
		a.Body, err = nil, errTooLarge
	}
	if err != nil {
		return nil, err
	}
	return a, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
