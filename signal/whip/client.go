package whip

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"sync"

	"dialtone/diag/sdp"
	"dialtone/signal"
	"dialtone/signal/web"
)

const (
	typeSDP      = "application/sdp"
	typeFragment = "application/trickle-ice-sdpfrag"
)

// Publish is WHIP, and Play is WHEP.
var (
	Publish = way(signal.Way{
		Name: "whip", Media: signal.MediaFromCaller,
		Call: []signal.Flag{{
			Placeholder: "URL",
			Help:        "Publish the clips to this endpoint of a media server (WHIP, RFC 9725).",
		}},
		Answer: []signal.Flag{{
			Placeholder: "HOST:PORT",
			Help:        "Accept what encoders publish to http://HOST:PORT/whip (WHIP, RFC 9725).",
		}},
		Check: []signal.Flag{{Placeholder: "URL", Help: "Publish to this endpoint of a media server (WHIP)."}},
	})
	Play = way(signal.Way{
		Name: "whep", Media: signal.MediaToCaller,
		Call:   []signal.Flag{{Placeholder: "URL", Help: "Play from this endpoint of a media server (WHEP)."}},
		Answer: []signal.Flag{{Placeholder: "HOST:PORT", Help: "Play the clips to players at http://HOST:PORT/whep (WHEP)."}},
		Check:  []signal.Flag{{Placeholder: "URL", Help: "Play from this endpoint of a media server (WHEP)."}},
	})
)

// way completes what the two have in common.
func way(w signal.Way) signal.Way {
	for _, flags := range [][]signal.Flag{w.Call, w.Answer, w.Check} {
		flags[0].Name = w.Name
	}
	play := w.Media == signal.MediaToCaller
	options := func(s signal.Setup) Options {
		return Options{URL: s.Address, Play: play, OnICEServers: s.OnICEServers, Options: web.OptionsOf(s)}
	}
	w.Token, w.Path, w.ValidAddress, w.Shown = true, "/"+w.Name, web.Valid, web.Shown
	w.Dial = func(ctx context.Context, s signal.Setup) (signal.Channel, error) {
		c, err := Dial(ctx, options(s))
		if err != nil {
			return nil, err
		}
		return c, nil
	}
	w.Listen = func(s signal.Setup) signal.Server { return NewServer(ServerOptions{Play: play, Token: s.Token}) }
	w.ICEServers = func(ctx context.Context, s signal.Setup) ([]signal.ICEServer, error) {
		o := options(s)
		o.Patience = -1 // the call itself will find out
		return ICEServers(ctx, o)
	}
	return w
}

// Options of a client.
type Options struct {
	// URL is the endpoint, see web.Endpoint.
	URL string
	// Play asks for media (WHEP) instead of publishing it (WHIP).
	Play bool
	// Trickle sends the offer at once and the candidates after it.
	Trickle bool
	// OnICEServers gets the ICE servers that the server names in its answer, if it names any.
	OnICEServers func([]signal.ICEServer)
	web.Options
}

// Client is one session of a client: a signal.Channel.
type Client struct {
	*signal.Inbox
	o      Options
	client *web.Client
	work   sync.WaitGroup // the goroutine that sends candidates
	wake   chan struct{}  // buffered, 1: there may be something for it

	requests chan struct{} // buffered, 1: holds the right to make a request; they are made one after another

	mu         sync.Mutex
	session    *url.URL // nil until there is one, and if the server did not name it
	etag       string
	local      sdp.Fragment // what candidates belong to: credentials and the first section of the local description
	answer     string       // the server's, which restarts are applied to
	countered  bool         // the server makes the offer
	untrickled bool         // the server does not accept candidates
	pending    []string
	end        bool
}

// Dial prepares a session; the POST is made by Send of the offer. The error is a *signal.Error.
func Dial(_ context.Context, o Options) (*Client, error) {
	client, err := web.Open(o.URL, o.Options)
	if err != nil {
		return nil, err
	}
	c := &Client{
		Inbox: signal.NewInbox(), o: o, client: client, wake: make(chan struct{}, 1), requests: make(chan struct{}, 1),
	}
	c.Put(signal.Message{Kind: signal.KindPaired, Role: signal.RoleOfferer})
	if o.Trickle {
		c.work.Go(c.trickle)
	}
	return c, nil
}

// ICEServers asks an endpoint with OPTIONS which ICE servers it offers; most answer with none. The error is a
// *signal.Error.
func ICEServers(ctx context.Context, o Options) ([]signal.ICEServer, error) {
	client, err := web.Open(o.URL, o.Options)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	a, err := client.Do(ctx, web.Call{
		Op: "options", Method: http.MethodOptions, URL: client.Endpoint(), Redirects: true,
		Expect: []int{http.StatusOK, http.StatusNoContent},
		Header: http.Header{"Access-Control-Request-Method": {http.MethodPost}, "Access-Control-Request-Headers": {"Link"}},
	})
	if err != nil {
		return nil, err
	}
	return ParseICEServers(a.Header.Values("Link")), nil
}

// Traits implements what signal.TraitsOf asks for. Restarts are possible once the server has named the session and its
// ICE session.
func (c *Client) Traits() signal.Traits {
	c.mu.Lock()
	defer c.mu.Unlock()
	return signal.Traits{
		Whole: !c.o.Trickle || c.countered || c.answer != "", Lasting: true,
		Restarts: c.session != nil && c.etag != "" && !c.countered,
	}
}

// Send implements signal.Channel.
func (c *Client) Send(ctx context.Context, m signal.Message) error {
	if err := c.Check(m); err != nil {
		return err
	}
	switch m.Kind {
	case signal.KindOffer:
		send := c.post
		c.mu.Lock()
		if c.answer != "" {
			send = c.restart
		}
		c.mu.Unlock()
		return c.alone(ctx, func(ctx context.Context) error { return send(ctx, m.Description.SDP) })
	case signal.KindAnswer:
		return c.alone(ctx, func(ctx context.Context) error { return c.accept(ctx, m.Description.SDP) })
	case signal.KindCandidate, signal.KindEndOfCandidates:
		c.queue(m.Candidate)
		return nil
	case signal.KindBye:
		return c.Close(ctx)
	case signal.KindPaired, signal.KindUnknown:
	}
	return fmt.Errorf("%w: WHIP carries no %s", signal.ErrMessage, m.Kind)
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

// post makes the session.
func (c *Client) post(ctx context.Context, offer string) error {
	expect := []int{http.StatusCreated, http.StatusOK}
	if c.o.Play {
		expect = append(expect, http.StatusNotAcceptable)
	}
	a, err := c.client.Do(ctx, web.Call{
		Op: "offer", Method: http.MethodPost, URL: c.client.Endpoint(), ContentType: typeSDP, Accept: typeSDP,
		Body: []byte(sdp.MuxOnly(offer)), Expect: expect, Redirects: true,
	})
	if err != nil {
		return err
	}
	session, err := c.sessionOf(a)
	c.mu.Lock()
	c.session, c.etag, c.local = session, a.Header.Get("ETag"), *sdp.Parse(offer).Fragment()
	c.mu.Unlock()
	if err != nil {
		return web.Protocol("offer", a, err)
	}
	if problem := isDescription(a); problem != nil {
		if a.Status == http.StatusNotAcceptable {
			return &signal.Error{
				Op: "offer", Status: a.Status, Reason: signal.ReasonRejected,
				Err: errors.New("the server does not accept the offer, and makes none itself"),
			}
		}
		return web.Protocol("offer", a, problem)
	}
	if servers := ParseICEServers(a.Header.Values("Link")); len(servers) > 0 && c.o.OnICEServers != nil {
		c.o.OnICEServers(servers)
	}
	c.deliver(a)
	return nil
}

// sessionOf reads where the session is. A server that does not say so gets no goodbye; only a counter-offer needs it.
func (c *Client) sessionOf(a *web.Answer) (*url.URL, error) {
	location := a.Header.Get("Location")
	if location == "" && a.Status != http.StatusNotAcceptable {
		return nil, nil
	}
	return web.Resolve(a.URL, location)
}

func isDescription(a *web.Answer) error {
	kind, _, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	if err != nil || kind != typeSDP {
		return fmt.Errorf("the answer's content type is not %s", typeSDP)
	}
	if len(a.Body) > signal.MaxSDP || len(sdp.Parse(string(a.Body)).Media) == 0 {
		return errors.New("the answer's body is not SDP")
	}
	return nil
}

// deliver passes on what a POST was answered with.
func (c *Client) deliver(a *web.Answer) {
	kind, body := signal.KindAnswer, string(a.Body)
	c.mu.Lock()
	if a.Status == http.StatusNotAcceptable {
		kind, c.countered = signal.KindOffer, true
	} else {
		c.answer = body
	}
	c.mu.Unlock()
	c.notify()
	c.Put(signal.Message{Kind: kind, Description: &signal.Description{Type: kind.String(), SDP: body}})
}

// accept answers a counter-offer.
func (c *Client) accept(ctx context.Context, answer string) error {
	c.mu.Lock()
	session, countered := c.session, c.countered
	c.mu.Unlock()
	if !countered || session == nil {
		return fmt.Errorf("%w: the server has made no offer to be answered", signal.ErrMessage)
	}
	_, err := c.client.Do(ctx, web.Call{
		Op: "answer", Method: http.MethodPatch, URL: session, ContentType: typeSDP, Body: []byte(answer),
		Expect: []int{http.StatusNoContent, http.StatusOK},
	})
	return err
}

// restart carries an ICE restart (RFC 9725 §4.3.3): the local credentials and candidates out, the server's back.
func (c *Client) restart(ctx context.Context, offer string) error {
	c.mu.Lock()
	session, answer := c.session, c.answer
	c.mu.Unlock()
	if session == nil {
		return &signal.Error{
			Op: "restart", Reason: signal.ReasonProtocol,
			Err: errors.New("the server did not name the session"),
		}
	}
	local := sdp.Parse(offer).Fragment()
	var remote *sdp.Fragment
	a, err := c.client.Do(ctx, web.Call{
		Op: "restart", Method: http.MethodPatch, URL: session, ContentType: typeFragment, Accept: typeFragment,
		IfMatch: "*", Body: []byte(local.String()), Expect: []int{http.StatusOK},
		Read: func(a *web.Answer, _ *signal.Request) (err error) {
			if remote, err = sdp.ParseFragment(a.Body); err == nil && remote.Ufrag == "" {
				err = fmt.Errorf("%w: it has no ICE credentials", sdp.ErrFragment)
			}
			return err
		},
	})
	if err != nil {
		return err
	}
	body := sdp.Restarted(answer, remote)
	c.mu.Lock()
	c.etag, c.answer, c.local = a.Header.Get("ETag"), body, *local
	c.pending, c.end = nil, false // of the ICE session that is over
	c.mu.Unlock()
	c.Put(signal.Message{Kind: signal.KindAnswer, Description: &signal.Description{Type: "answer", SDP: body}})
	return nil
}

// Close implements signal.Channel: it ends the session with DELETE.
func (c *Client) Close(ctx context.Context) error {
	return c.Shut(func() error {
		defer c.client.Close()
		c.work.Wait()
		return c.bye(ctx)
	})
}

// bye waits for a request in flight, which the end has cancelled, and deletes the session. That it is gone already is
// as good.
func (c *Client) bye(ctx context.Context) error {
	c.requests <- struct{}{}
	defer func() { <-c.requests }()
	c.mu.Lock()
	session := c.session
	c.mu.Unlock()
	if session == nil {
		return nil
	}
	_, err := c.client.Do(ctx, web.Call{
		Op: "bye", Method: http.MethodDelete, URL: session,
		Expect: []int{http.StatusOK, http.StatusNoContent, http.StatusAccepted, http.StatusNotFound, http.StatusGone},
	})
	return err
}
