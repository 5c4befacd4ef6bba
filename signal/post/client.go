package post

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"dialtone/signal"
	"dialtone/signal/web"
)

// Way is one POST of the offer.
var Way = signal.Way{
	Name: "post", Token: true, Path: "/offer",
	Call: []signal.Flag{{
		Name: "offer", Placeholder: "URL",
		Help: "POST the offer to this address as JSON; the response is the answer.",
	}},
	Answer: []signal.Flag{{
		Name: "listen", Placeholder: "HOST:PORT",
		Help: "Accept offers posted as JSON to http://HOST:PORT/offer, and answer in the response.",
	}},
	Check: []signal.Flag{{
		Name: "offer", Placeholder: "URL",
		Help: "POST an offer to this address as JSON; the response is the answer.",
	}},
	ValidAddress: web.Valid, Shown: web.Shown,
	Dial: func(ctx context.Context, s signal.Setup) (signal.Channel, error) {
		return Dial(ctx, Options{URL: s.Address, Options: web.OptionsOf(s)})
	},
	Listen: func(s signal.Setup) signal.Server { return NewServer(ServerOptions{Token: s.Token}) },
}

// Options of a client.
type Options struct {
	// URL is where the offer is posted, see web.Endpoint.
	URL string
	web.Options
}

// channel is the client's end.
type channel struct {
	*signal.Inbox
	client *web.Client
	sends  sync.WaitGroup
}

// Dial prepares the exchange; the request itself is made by Send of the offer. The error is a *signal.Error.
func Dial(_ context.Context, o Options) (signal.Channel, error) {
	client, err := web.Open(o.URL, o.Options)
	if err != nil {
		return nil, err
	}
	c := &channel{Inbox: signal.NewInbox(), client: client}
	c.Put(signal.Message{Kind: signal.KindPaired, Role: signal.RoleOfferer})
	return c, nil
}

// Traits implements what signal.TraitsOf asks for.
func (*channel) Traits() signal.Traits { return signal.Traits{Whole: true} }

// Send implements signal.Channel.
func (c *channel) Send(ctx context.Context, m signal.Message) error {
	if err := c.Check(m); err != nil {
		return err
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
	ctx, done := web.Until(ctx, c.Closed())
	defer done()
	var answer *signal.Description
	_, err = c.client.Do(ctx, web.Call{
		Op: "offer", Method: http.MethodPost, URL: c.client.Endpoint(), ContentType: "application/json",
		Accept: "application/json", Body: body, Expect: []int{http.StatusOK, http.StatusCreated}, Redirects: true,
		Read: func(a *web.Answer, _ *signal.Request) (err error) {
			if answer, err = signal.ParseDescription(a.Body, signal.KindAnswer); err != nil {
				err = errors.New(web.Clean(err.Error()))
			}
			return err
		},
	})
	if err != nil {
		return err
	}
	c.Put(signal.Message{Kind: signal.KindAnswer, Description: answer})
	return nil
}

// Close implements signal.Channel. The server is not informed: the exchange was over with its answer.
func (c *channel) Close(context.Context) error {
	return c.Shut(func() error {
		c.sends.Wait()
		c.client.Close()
		return nil
	})
}
