package whip

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"dialtone/signal"
	"dialtone/signal/web"
)

const (
	typeSDP      = "application/sdp"
	typeFragment = "application/trickle-ice-sdpfrag"
)

// Options of a client.
type Options struct {
	// URL is the endpoint, see web.Endpoint.
	URL string
	// Play asks for media (WHEP) instead of publishing it (WHIP).
	Play bool
	// Trickle sends the offer at once and the candidates after it.
	Trickle bool
	// OnICEServers is told of the ICE servers that the server names in its answer, where it names any.
	OnICEServers func([]ICEServer)
	web.Options
}

// Client is one session of a client: a signal.Channel.
type Client struct {
	o        Options
	client   *web.Client
	endpoint *url.URL
	inbox    *signal.Inbox
	closed   chan struct{}
	once     sync.Once
	closeErr error
	work     sync.WaitGroup // the goroutine that sends candidates
	kick     chan struct{}  // buffered, 1: there may be something for it

	requests chan struct{} // buffered, 1: holds the right to make a request; they are made one after another

	mu         sync.Mutex
	session    *url.URL // nil until there is one, and where the server did not name it
	etag       string
	ufrag, pwd string // of our description
	mid        Section
	answer     string // the server's, which restarts are applied to
	countered,
	untrickled bool // the server does not take candidates
	pending []string
	end     bool
}

// Dial prepares a session; the POST is made by Send of the offer. The error is a *signal.Error.
func Dial(_ context.Context, o Options) (*Client, error) {
	endpoint, err := web.Endpoint(o.URL)
	if err != nil {
		return nil, err
	}
	client, err := web.NewClient(endpoint, o.Options)
	if err != nil {
		return nil, err
	}
	c := &Client{
		o: o, client: client, endpoint: endpoint, inbox: signal.NewInbox(), closed: make(chan struct{}),
		kick: make(chan struct{}, 1), requests: make(chan struct{}, 1),
	}
	c.inbox.Put(signal.Message{Kind: signal.KindPaired, Role: signal.RoleOfferer})
	if o.Trickle {
		c.work.Go(c.trickle)
	}
	return c, nil
}

// ICEServers asks an endpoint with OPTIONS which ICE servers it offers; most answer with none. The error is a
// *signal.Error.
func ICEServers(ctx context.Context, o Options) ([]ICEServer, error) {
	endpoint, err := web.Endpoint(o.URL)
	if err != nil {
		return nil, err
	}
	client, err := web.NewClient(endpoint, o.Options)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	a, err := client.Do(ctx, web.Call{
		Op: "options", Method: http.MethodOptions, URL: endpoint, Redirects: true, Expect: []int{http.StatusOK,
			http.StatusNoContent},
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
	if err := m.Validate(); err != nil {
		return err
	}
	select {
	case <-c.closed:
		return signal.ErrClosed
	default:
	}
	switch m.Kind {
	case signal.KindOffer:
		c.mu.Lock()
		known := c.answer != ""
		c.mu.Unlock()
		if known {
			return c.alone(ctx, func(ctx context.Context) error { return c.restart(ctx, m.Description.SDP) })
		}
		return c.alone(ctx, func(ctx context.Context) error { return c.post(ctx, m.Description.SDP) })
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
	ctx, done := web.Until(ctx, c.closed)
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
		Op: "offer", Method: http.MethodPost, URL: c.endpoint, ContentType: typeSDP, Accept: typeSDP,
		Body: []byte(muxOnly(offer)), Expect: expect, Redirects: true,
	})
	if err != nil {
		return err
	}
	session, err := c.sessionOf(a)
	c.mu.Lock()
	c.session, c.etag, c.mid = session, a.Header.Get("ETag"), firstSection(offer)
	c.ufrag, _ = attribute(offer, "ice-ufrag")
	c.pwd, _ = attribute(offer, "ice-pwd")
	c.mu.Unlock()
	if err != nil {
		return web.Protocol("offer", a, err, "is this a WHIP or WHEP endpoint?")
	}
	if problem := isDescription(a); problem != nil {
		if a.Status == http.StatusNotAcceptable {
			return &signal.Error{Op: "offer", Status: a.Status, Reason: signal.ReasonRejected,
				Err:  errors.New("the server does not accept the offer, and makes none itself"),
				Hint: "look at the codecs that it takes"}
		}
		return web.Protocol("offer", a, problem, "is this a WHIP or WHEP endpoint?")
	}
	if servers := ParseICEServers(a.Header.Values("Link")); len(servers) > 0 && c.o.OnICEServers != nil {
		c.o.OnICEServers(servers)
	}
	c.taken(a)
	return nil
}

// sessionOf reads where the session is. A server that does not tell is left without a goodbye; only a counter-offer
// needs it.
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
	if len(a.Body) > signal.MaxSDP || !strings.HasPrefix(string(a.Body), "v=0") {
		return errors.New("the answer's body is no SDP")
	}
	return nil
}

// taken delivers what a POST was answered with.
func (c *Client) taken(a *web.Answer) {
	kind, sdp := signal.KindAnswer, string(a.Body)
	c.mu.Lock()
	if a.Status == http.StatusNotAcceptable {
		kind, c.countered = signal.KindOffer, true
	} else {
		c.answer = sdp
	}
	c.mu.Unlock()
	c.wake()
	c.inbox.Put(signal.Message{Kind: kind, Description: &signal.Description{Type: kind.String(), SDP: sdp}})
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

// restart carries an ICE restart (RFC 9725 §4.3.3): our new credentials and candidates out, the server's back.
func (c *Client) restart(ctx context.Context, offer string) error {
	c.mu.Lock()
	session, answer := c.session, c.answer
	c.mu.Unlock()
	if session == nil {
		return &signal.Error{Op: "restart", Reason: signal.ReasonProtocol,
			Err: errors.New("the server did not name the session"), Hint: "end this session and make another"}
	}
	fragment := FragmentOf(offer)
	a, err := c.client.Do(ctx, web.Call{
		Op: "restart", Method: http.MethodPatch, URL: session, ContentType: typeFragment, Accept: typeFragment, IfMatch: "*",
		Body: []byte(fragment.String()), Expect: []int{http.StatusOK},
	})
	if err != nil {
		return err
	}
	theirs, err := ParseFragment(a.Body)
	if err == nil && theirs.Ufrag == "" {
		err = fmt.Errorf("%w: it has no ICE credentials", errFragment)
	}
	if err != nil {
		return web.Protocol("restart", a, err, "the server's ICE restart is broken: end this session and make another")
	}
	sdp := restarted(answer, theirs)
	c.mu.Lock()
	c.etag, c.answer, c.mid = a.Header.Get("ETag"), sdp, fragment.Sections[0]
	c.ufrag, c.pwd = fragment.Ufrag, fragment.Pwd
	c.pending, c.end = nil, false // of the ICE session that is over
	c.mu.Unlock()
	c.inbox.Put(signal.Message{Kind: signal.KindAnswer, Description: &signal.Description{Type: "answer", SDP: sdp}})
	return nil
}

// Receive implements signal.Channel.
func (c *Client) Receive(ctx context.Context) (signal.Message, error) { return c.inbox.Take(ctx) }

// Close implements signal.Channel: it ends the session with DELETE.
func (c *Client) Close(ctx context.Context) error {
	c.once.Do(func() {
		close(c.closed)
		c.work.Wait()
		c.closeErr = c.bye(ctx)
		c.inbox.Drop()
		c.inbox.Finish(io.EOF)
		c.client.Close()
	})
	return c.closeErr
}

// bye waits for a request under way, which the end has cancelled, and deletes the session. That it is gone already is
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
