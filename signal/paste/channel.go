package paste

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"dialtone/signal"
)

// patience is how long a person may take with the peer's text.
const patience = 30 * time.Minute

// channel is one peer's end.
type channel struct {
	*signal.Inbox
	texts signal.Texts
	role  signal.Role
	stop  context.CancelFunc

	mu      sync.Mutex // guards what follows, and the start of the reader
	over    bool
	sent    bool
	local   string // the local text: pasted back, it is a mistake that deserves its own message
	reading sync.WaitGroup
}

// Offer is the channel of the peer who begins: its text is shown when it offers, then the answer is read.
func Offer(t signal.Texts) signal.Channel {
	c := newChannel(t, signal.RoleOfferer)
	c.Put(signal.Message{Kind: signal.KindPaired, Role: signal.RoleOfferer})
	return c
}

// Answer is the channel of the other peer: it reads an offer first, then shows its answer.
func Answer(t signal.Texts) signal.Channel {
	c := newChannel(t, signal.RoleAnswerer)
	c.read(signal.KindOffer)
	return c
}

func newChannel(t signal.Texts, role signal.Role) *channel {
	return &channel{Inbox: signal.NewInbox(), texts: t, role: role, stop: func() {}}
}

// Traits implements what signal.TraitsOf asks for.
func (*channel) Traits() signal.Traits { return signal.Traits{Whole: true, Patience: patience} }

// Send implements signal.Channel.
func (c *channel) Send(ctx context.Context, m signal.Message) error {
	if err := c.Check(m); err != nil {
		return err
	}
	switch {
	case m.Kind == signal.KindBye:
		return c.Close(ctx)
	case m.Kind == signal.KindEndOfCandidates:
		return nil
	case m.Kind != signal.KindOffer && m.Kind != signal.KindAnswer,
		(m.Kind == signal.KindOffer) != (c.role == signal.RoleOfferer):
		return fmt.Errorf("%w: a pasted text of the %s carries no %s", signal.ErrMessage, c.role, m.Kind)
	}
	if err := c.show(*m.Description); err != nil {
		return err
	}
	if m.Kind == signal.KindOffer {
		c.read(signal.KindAnswer)
	}
	return nil
}

func (c *channel) show(d signal.Description) error {
	text, err := Encode(d)
	if err != nil {
		return err
	}
	c.mu.Lock()
	switch {
	case c.over:
		err = signal.ErrClosed
	case c.sent:
		err = fmt.Errorf("%w: only one text each way is pasted", signal.ErrMessage)
	default:
		c.sent, c.local = true, text
	}
	c.mu.Unlock()
	if err != nil {
		return err
	}
	if err := c.texts.Show(d.Type, text); err != nil {
		return &signal.Error{Op: "paste", Code: "output", Err: fmt.Errorf("the text cannot be shown: %w", err)}
	}
	return nil
}

// read starts to wait for the peer's text.
func (c *channel) read(kind signal.Kind) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	c.stop = cancel
	c.reading.Go(func() {
		defer cancel()
		over := false
		for !over {
			over = c.readOnce(ctx, kind)
		}
	})
}

// readOnce reports whether reading is over.
func (c *channel) readOnce(ctx context.Context, kind signal.Kind) bool {
	text, err := c.texts.Read(ctx, kind.String())
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("the input ended before the peer's text was pasted")
		}
		c.Finish(&signal.Error{Op: "paste", Code: "input", Err: err})
		return true
	}
	d, err := c.accept(text, kind)
	if err != nil {
		c.texts.Reject(err)
		return ctx.Err() != nil
	}
	if kind == signal.KindOffer {
		c.Put(signal.Message{Kind: signal.KindPaired, Role: signal.RoleAnswerer})
	}
	c.Put(signal.Message{Kind: kind, Description: d})
	return true
}

func (c *channel) accept(text string, kind signal.Kind) (*signal.Description, error) {
	d, err := Decode(text)
	switch {
	case errors.Is(err, ErrVersion):
		return nil, fmt.Errorf("%w: use the same version at both ends", err)
	case err != nil:
		return nil, fmt.Errorf("%w: copy it again, from dt1 to its last character", err)
	}
	c.mu.Lock()
	local := c.local
	c.mu.Unlock()
	if encoded, err := Encode(*d); err == nil && encoded == local {
		return nil, errors.New("this is your own text: paste the one that the peer sends back")
	}
	if d.Type != kind.String() {
		return nil, fmt.Errorf("this is an %s, and an %s is needed: one peer begins (call), the other answers (answer)",
			d.Type, kind)
	}
	return d, nil
}

// Close implements signal.Channel. The peer is not informed: there is no way to.
func (c *channel) Close(context.Context) error {
	return c.Shut(func() error {
		c.mu.Lock()
		c.over = true
		stop := c.stop
		c.mu.Unlock()
		stop()
		c.Drop()
		c.Finish(io.EOF)
		c.reading.Wait()
		return nil
	})
}
