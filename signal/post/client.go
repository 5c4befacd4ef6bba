package post

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"dialtone/diag/sdp"
	"dialtone/signal"
	"dialtone/signal/web"
)

const (
	typeSDP      = "application/sdp"
	typeFragment = "application/trickle-ice-sdpfrag"
)

// holdTime is how long a server that holds its answers may take for the one that is waited for.
const holdTime = 30 * time.Second

// Options of a client.
type Options struct {
	// URL is the address, see web.Endpoint.
	URL string
	// Shape says which requests are made.
	Shape *Shape
	// Fields are what the user sets of it.
	Fields map[string]any
	// Trickle sends the offer at once and the candidates after it, if the shape can.
	Trickle bool
	// OnICEServers gets the ICE servers that the server names in its answer, if it names any.
	OnICEServers func([]signal.ICEServer)
	web.Options
}

// Client is one call of a client: a signal.Channel.
type Client struct {
	*signal.Inbox
	o      Options
	shape  *Shape
	client *web.Client
	work   sync.WaitGroup // the goroutines that send candidates and poll
	wake   chan struct{}  // buffered, 1: there may be candidates to send

	requests chan struct{} // buffered, 1: holds the right to make a request; they are made one after another

	mu         sync.Mutex
	values     values
	next       int          // of the shape's requests: the one to make
	local      sdp.Fragment // what candidates belong to: credentials and the first section of the local description
	remote     string       // the server's answer, which restarts are applied to
	countered  bool         // the server makes the offer
	untrickled bool         // the server does not accept candidates
	pending    []signal.Candidate
	end        bool
}

// Dial makes the requests that need no description. The error is a *signal.Error.
func Dial(ctx context.Context, o Options) (*Client, error) {
	shape, err := o.Shape.with(o.Fields)
	if err != nil {
		return nil, &signal.Error{Op: "preset", Err: err}
	}
	client, err := web.Open(o.URL, o.Options)
	if err != nil {
		return nil, err
	}
	c := &Client{
		Inbox: signal.NewInbox(), o: o, shape: shape, client: client, wake: make(chan struct{}, 1),
		requests: make(chan struct{}, 1), values: values{"address": client.Endpoint().String()},
	}
	maps.Copy(c.values, shape.Fields)
	if !shape.offers() {
		c.Put(signal.Message{Kind: signal.KindPaired, Role: signal.RoleOfferer})
	}
	if err := c.alone(ctx, func(ctx context.Context) error { return c.run(ctx, true) }); err != nil {
		_ = c.Close(context.WithoutCancel(ctx)) // what failed counts
		return nil, err
	}
	if c.trickles() {
		c.work.Go(c.trickle)
	}
	return c, nil
}

func (c *Client) trickles() bool { return c.o.Trickle && c.shape.Candidates != nil }

// Traits implements what signal.TraitsOf asks for. Restarts are possible once the server has given what they need.
func (c *Client) Traits() signal.Traits {
	c.mu.Lock()
	defer c.mu.Unlock()
	return signal.Traits{
		Whole:    !c.trickles() || c.countered || c.remote != "",
		Lasting:  c.shape.End != nil || c.shape.Poll != nil,
		Restarts: c.remote != "" && !c.countered && c.values.has(c.shape.Restart),
	}
}

// Send implements signal.Channel.
func (c *Client) Send(ctx context.Context, m signal.Message) error {
	if err := c.Check(m); err != nil {
		return err
	}
	switch m.Kind {
	case signal.KindOffer, signal.KindAnswer:
		return c.alone(ctx, func(ctx context.Context) error { return c.describe(ctx, m.Kind, m.Description.SDP) })
	case signal.KindCandidate, signal.KindEndOfCandidates:
		if m.Candidate != nil && c.shape.Candidates == nil {
			break // they all have to be in the description
		}
		c.queue(m.Candidate)
		return nil
	case signal.KindBye:
		return c.Close(ctx)
	case signal.KindPaired, signal.KindUnknown:
	}
	return fmt.Errorf("%w: a request carries no %s", signal.ErrMessage, m.Kind)
}

// alone runs one request at a time, until the channel is closed.
func (c *Client) alone(ctx context.Context, request func(context.Context) error) error {
	ctx, done := web.Until(ctx, c.Closed())
	defer done()
	select {
	case c.requests <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-c.requests }()
	return request(ctx)
}

// describe sends a local description: the one that the shape's requests wait for, the answer to a counter-offer, or an
// ICE restart.
func (c *Client) describe(ctx context.Context, kind signal.Kind, text string) error {
	c.mu.Lock()
	answers := kind == signal.KindAnswer
	first, countered := c.next < len(c.shape.Requests), c.countered
	misplaced := answers != (countered || first && c.shape.offers())
	if !misplaced {
		c.setLocal(kind, text)
	}
	c.mu.Unlock()
	switch {
	case misplaced:
		return fmt.Errorf("%w: the server does not wait for this %s", signal.ErrMessage, kind)
	case countered:
		return c.make(ctx, c.shape.Counter)
	case first:
		return c.run(ctx, false)
	}
	return c.restart(ctx)
}

// setLocal notes a local description and its placeholders, under the lock.
func (c *Client) setLocal(kind signal.Kind, text string) {
	d := sdp.Parse(text)
	c.local = *d.Fragment()
	mux := sdp.MuxOnly(text)
	c.values["sdp"], c.values["sdp-mux-only"], c.values["type"] = text, mux, kind.String()
	c.values["sdp64"], c.values["fragment"] = base64.StdEncoding.EncodeToString([]byte(text)), c.local.String()
	var sections []any
	for i := range d.Media {
		kind, _, _ := strings.Cut(d.Media[i].Kind, " ")
		if kind != "application" {
			sections = append(sections, values{"mid": d.Media[i].Mid, "kind": kind}.object(c.shape.Each["sections"]))
		}
	}
	c.values["sections"] = sections
}

// run makes the requests from where the call stands: up to the one that needs a local description, or all.
func (c *Client) run(ctx context.Context, prepare bool) error {
	for {
		c.mu.Lock()
		if c.next == len(c.shape.Requests) || prepare && c.shape.Requests[c.next].describes() {
			c.mu.Unlock()
			return nil
		}
		r := c.shape.Requests[c.next]
		c.next++
		last := c.next == len(c.shape.Requests)
		c.mu.Unlock()
		if err := c.make(ctx, r); err != nil {
			return err
		}
		if last && c.shape.Poll != nil {
			c.work.Go(c.poll)
		}
	}
}

// restart carries an ICE restart (RFC 9725 §4.3.3): the local credentials and candidates out, the server's back.
func (c *Client) restart(ctx context.Context) error {
	if !c.Traits().Restarts {
		return &signal.Error{
			Op: "restart", Reason: signal.ReasonProtocol, Err: errors.New("the server did not name the session"),
		}
	}
	c.mu.Lock()
	c.pending, c.end = nil, false // of the ICE session that is over
	c.mu.Unlock()
	return c.make(ctx, c.shape.Restart)
}

// call is a request as it is sent.
func (c *Client) call(r *Request) (web.Call, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.values["random"] = rand.Text()
	for _, name := range append(r.placeholders(), r.Needs...) {
		if v, known := c.values[name]; !known || v == nil {
			return web.Call{}, &signal.Error{
				Op: r.op(), Reason: signal.ReasonProtocol, Code: signal.CodeMissing,
				Err: fmt.Errorf("no answer of the server contained %q (%s)", name, c.shape.keptAt(name)),
			}
		}
	}
	body, contentType, err := c.values.body(r)
	if err != nil {
		return web.Call{}, &signal.Error{Op: r.op(), Err: err}
	}
	call := web.Call{
		Op: r.op(), Method: r.Method, Body: body, ContentType: contentType, Accept: "application/json, */*;q=0.1",
		Header: http.Header{}, Hold: r.hold, Redirects: slices.Contains(c.shape.Requests, r) || r == c.shape.Servers,
	}
	if r.Answer == whole {
		call.Accept = typeSDP + ", */*;q=0.1"
	}
	for name, template := range r.Header {
		if value := c.values.text(template); value != "" {
			call.Header.Set(name, value)
		}
	}
	if r.Answer != "" && c.shape.Counter != nil {
		call.Expect = []int{http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNotAcceptable}
	}
	call.URL, err = c.url(r)
	return call, err
}

// op is the name of a request in events.
func (r *Request) op() string {
	switch {
	case r.Op != "":
		return r.Op
	case r.describes():
		return "offer"
	}
	return "request"
}

// url is where a request goes: an address that the server gave, or the user's with something appended.
func (c *Client) url(r *Request) (*url.URL, error) {
	if m := hole.FindStringSubmatch(r.URL); m != nil && strings.HasPrefix(r.URL, m[0]) {
		if s, ok := c.values[m[1]].(string); ok && strings.Contains(s, "://") {
			u, err := web.Resolve(c.client.Endpoint(), s+c.values.filled(r.URL[len(m[0]):], url.PathEscape))
			if err != nil {
				return nil, &signal.Error{Op: r.op(), Reason: signal.ReasonProtocol, Err: err}
			}
			return u, nil
		}
	}
	u := *c.client.Endpoint()
	path, query, _ := strings.Cut(c.values.filled(r.URL, url.PathEscape), "?")
	if path != "" {
		u = *u.JoinPath(path)
	}
	if u.RawQuery != "" && query != "" {
		query = "&" + query
	}
	u.RawQuery += query
	return &u, nil
}

// make makes a request, again until its answer has what it is for.
func (c *Client) make(ctx context.Context, r *Request) error {
	call, err := c.call(r)
	if err != nil {
		return err
	}
	if r.hold > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, holdTime+r.hold, &signal.Error{
			Op: r.op(), Reason: signal.ReasonTimeout, Err: errors.New("the server did not send the answer"),
		})
		defer cancel()
	}
	for {
		again := false
		call.Read = func(a *web.Answer, report *signal.Request) (err error) {
			again, err = c.read(r, a, report)
			return err
		}
		_, err := c.client.Do(ctx, call)
		var late *signal.Error
		if errors.As(context.Cause(ctx), &late) {
			return late
		}
		if err != nil || !again {
			return err
		}
		if err := web.Sleep(ctx, pollPause); err != nil {
			return err
		}
	}
}

// Close implements signal.Channel: it ends the session.
func (c *Client) Close(ctx context.Context) error {
	return c.Shut(func() error {
		defer c.client.Close()
		c.work.Wait()
		return c.bye(ctx)
	})
}

// bye waits for a request in flight, which the end has cancelled, and ends the session, if the server has named it.
func (c *Client) bye(ctx context.Context) error {
	c.requests <- struct{}{}
	defer func() { <-c.requests }()
	c.mu.Lock()
	possible := c.values.has(c.shape.End)
	c.mu.Unlock()
	if !possible {
		return nil
	}
	return c.make(ctx, c.shape.End)
}

// has reports whether a request can be made: there is one, and all that it needs is known.
func (v values) has(r *Request) bool {
	if r == nil {
		return false
	}
	for _, name := range append(r.placeholders(), r.Needs...) {
		if v[name] == nil && !slices.Contains(builtin, name) {
			return false
		}
	}
	return true
}
