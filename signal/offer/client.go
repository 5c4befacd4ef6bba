package offer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"

	"dialtone/signal"
	"dialtone/signal/web"
)

// Options of a client.
type Options struct {
	// URL is where the offer is posted, see web.Endpoint.
	URL string
	web.Options
}

// channel is the client's end.
type channel struct {
	client   *web.Client
	endpoint *url.URL
	inbox    *signal.Inbox
	once     sync.Once
	closed   chan struct{}
	sends    sync.WaitGroup
}

// Dial prepares the exchange; the request itself is made by Send of the offer. The error is a *signal.Error.
func Dial(_ context.Context, o Options) (signal.Channel, error) {
	endpoint, err := web.Endpoint(o.URL)
	if err != nil {
		return nil, err
	}
	client, err := web.NewClient(endpoint, o.Options)
	if err != nil {
		return nil, err
	}
	c := &channel{client: client, endpoint: endpoint, inbox: signal.NewInbox(), closed: make(chan struct{})}
	c.inbox.Put(signal.Message{Kind: signal.KindPaired, Role: signal.RoleOfferer})
	return c, nil
}

// Traits implements what signal.TraitsOf asks for.
func (*channel) Traits() signal.Traits { return signal.Traits{Whole: true} }

// Send implements signal.Channel.
func (c *channel) Send(ctx context.Context, m signal.Message) error {
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
		return c.post(ctx, m.Description)
	case signal.KindBye:
		return c.Close(ctx)
	case signal.KindEndOfCandidates:
		return nil // they were all in the offer
	case signal.KindAnswer, signal.KindCandidate, signal.KindPaired, signal.KindUnknown:
	}
	return fmt.Errorf("%w: a POST of the offer carries no %s", signal.ErrMessage, m.Kind)
}

func (c *channel) post(ctx context.Context, offer *signal.Description) error {
	body, err := json.Marshal(offer)
	if err != nil {
		return fmt.Errorf("%w: %w", signal.ErrMessage, err)
	}
	c.sends.Add(1)
	defer c.sends.Done()
	ctx, done := web.Until(ctx, c.closed)
	defer done()
	a, err := c.client.Do(ctx, web.Call{
		Op: "offer", Method: http.MethodPost, URL: c.endpoint, ContentType: "application/json", Accept: "application/json",
		Body: body, Expect: []int{http.StatusOK, http.StatusCreated}, Redirects: true,
	})
	if err != nil {
		return err
	}
	answer, err := signal.ParseDescription(a.Body, signal.KindAnswer)
	if err != nil {
		return web.Protocol("offer", a, errors.New(web.Clean(err.Error())),
			`the address must take a POST of {"type":"offer","sdp":…} and answer in kind`)
	}
	c.inbox.Put(signal.Message{Kind: signal.KindAnswer, Description: answer})
	return nil
}

// Receive implements signal.Channel.
func (c *channel) Receive(ctx context.Context) (signal.Message, error) { return c.inbox.Take(ctx) }

// Close implements signal.Channel. The server is told nothing: the exchange was over with its answer.
func (c *channel) Close(context.Context) error {
	c.once.Do(func() {
		close(c.closed)
		c.sends.Wait()
		c.inbox.Drop()
		c.inbox.Finish(io.EOF)
		c.client.Close()
	})
	return nil
}
