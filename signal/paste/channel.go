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

// patience is how long a person may take with the other's text.
const patience = 30 * time.Minute

// Desk is where the texts are shown and pasted. Its methods are called one at a time each.
type Desk interface {
	// Show presents our text ("offer" or "answer") to the person who carries it.
	Show(kind, text string) error
	// Read waits for a pasted text, of the kind that is expected. It must return when ctx ends; io.EOF tells that nothing
	// more can be pasted.
	Read(ctx context.Context, kind string) (string, error)
	// Reject tells why a pasted text was of no use; Read follows.
	Reject(err error)
}

// channel is one party's end.
type channel struct {
	desk  Desk
	role  signal.Role
	inbox *signal.Inbox
	stop  context.CancelFunc

	mu      sync.Mutex // guards what follows, and the start of the reader
	over    bool
	sent    bool
	own     string // our text: pasted back, it is a mistake worth its own words
	reading sync.WaitGroup
	once    sync.Once
}

// Offer is the channel of the party who begins: its text is shown when it offers, then the other's answer is read.
func Offer(d Desk) signal.Channel {
	c := newChannel(d, signal.RoleOfferer)
	c.inbox.Put(signal.Message{Kind: signal.KindPaired, Role: signal.RoleOfferer})
	return c
}

// Answer is the channel of the other party: it reads an offer first, then shows its answer.
func Answer(d Desk) signal.Channel {
	c := newChannel(d, signal.RoleAnswerer)
	c.read(signal.KindOffer)
	return c
}

func newChannel(d Desk, role signal.Role) *channel {
	return &channel{desk: d, role: role, inbox: signal.NewInbox(), stop: func() {}}
}

// Traits implements what signal.TraitsOf asks for.
func (*channel) Traits() signal.Traits { return signal.Traits{Whole: true, Patience: patience} }

// Send implements signal.Channel.
func (c *channel) Send(ctx context.Context, m signal.Message) error {
	if err := m.Validate(); err != nil {
		return err
	}
	switch {
	case m.Kind == signal.KindBye:
		return c.Close(ctx)
	case m.Kind == signal.KindEndOfCandidates:
		return nil
	case m.Kind != signal.KindOffer &&
		m.Kind != signal.KindAnswer, (m.Kind == signal.KindOffer) != (c.role == signal.RoleOfferer):
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
		err = fmt.Errorf("%w: one text each way is all that is pasted", signal.ErrMessage)
	default:
		c.sent, c.own = true, text
	}
	c.mu.Unlock()
	if err != nil {
		return err
	}
	if err := c.desk.Show(d.Type, text); err != nil {
		return &signal.Error{Op: "paste", Err: fmt.Errorf("the text cannot be shown: %w", err),
			Hint: "look at where the output goes"}
	}
	return nil
}

// read starts to wait for the other party's text.
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
	text, err := c.desk.Read(ctx, kind.String())
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("the input ended before the other party's text was pasted")
		}
		c.inbox.Finish(&signal.Error{Op: "paste", Err: err, Hint: "begin again and paste the other party's text"})
		return true
	}
	d, err := c.accept(text, kind)
	if err != nil {
		c.desk.Reject(err)
		return ctx.Err() != nil
	}
	if kind == signal.KindOffer {
		c.inbox.Put(signal.Message{Kind: signal.KindPaired, Role: signal.RoleAnswerer})
	}
	c.inbox.Put(signal.Message{Kind: kind, Description: d})
	return true
}

func (c *channel) accept(text string, kind signal.Kind) (*signal.Description, error) {
	d, err := Decode(text)
	switch {
	case errors.Is(err, ErrVersion):
		return nil, fmt.Errorf("%w: use the same version on both sides", err)
	case err != nil:
		return nil, fmt.Errorf("%w: copy it again, from dt1 to its last letter", err)
	}
	c.mu.Lock()
	own, encoded := c.own, ""
	c.mu.Unlock()
	if own != "" {
		encoded, err = Encode(*d)
	}
	switch {
	case err == nil && own != "" && encoded == own:
		return nil, errors.New("this is your own text: paste the one that the other party sends back")
	case d.Type != kind.String():
		return nil, fmt.Errorf("this is an %s, and an %s is due: one party begins (call), the other answers (answer)", d.Type,
			kind)
	}
	return d, nil
}

// Receive implements signal.Channel.
func (c *channel) Receive(ctx context.Context) (signal.Message, error) { return c.inbox.Take(ctx) }

// Close implements signal.Channel. Nobody is told: there is no way to.
func (c *channel) Close(context.Context) error {
	c.once.Do(func() {
		c.mu.Lock()
		c.over = true
		stop := c.stop
		c.mu.Unlock()
		stop()
		c.inbox.Drop()
		c.inbox.Finish(io.EOF)
		c.reading.Wait()
	})
	return nil
}
