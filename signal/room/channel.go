package room

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"dialtone/signal"
)

const (
	maxCode = 255 // characters of a call code
	// dialAttempts is how often a connection to dial on is tried.
	dialAttempts = 3
	// goodbyeTimeout bounds the last request.
	goodbyeTimeout = 2 * time.Second
)

// channel is the client's end of a room: a signal.Channel. Its engine owns the wire.
type channel struct {
	wire    *wire
	dialled letter
	userID  atomic.Pointer[string] // another one where the server has lost our dial
	inbox   *signal.Inbox
	sends   chan *sending
	closing chan struct{}
	overlap bool // the server lets requests overlap
	cancel  context.CancelFunc
	done    chan struct{} // closed when the engine has stopped
	end     error         // why; readable after done

	closeOnce sync.Once
	closed    chan struct{} // closed when Close is done
	closeErr  error         // its result; readable after closed
}

// sending is a message under way.
type sending struct {
	kind      signal.Kind
	letter    letter
	result    chan error      // buffered, 1
	abandoned <-chan struct{} // the sender does not wait anymore
}

// Dial dials the code at the server and returns the channel to whoever dials it
// too. ctx bounds the dialling only. The error is a *signal.Error.
//
// Dial tries a connection up to three times, but never repeats a request that
// the server may have seen: it would meet itself.
func Dial(ctx context.Context, options Options) (signal.Channel, error) {
	o := options.withDefaults()
	endpoint, err := Endpoint(o.Server)
	if err != nil {
		return nil, err
	}
	body, err := dialBody(o.Code)
	if err != nil {
		return nil, err
	}
	transport, err := o.transport()
	if err != nil {
		return nil, err
	}
	w := &wire{transport: transport, endpoint: endpoint.String(), userAgent: o.UserAgent, timeout: o.Timeout,
		onRequest: o.OnRequest}
	l := letter{code: "dial", body: body}
	userID, announced, err := dial(ctx, w, l)
	if err != nil {
		transport.CloseIdleConnections()
		return nil, err
	}
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c := &channel{
		wire: w, dialled: l, inbox: signal.NewInbox(), overlap: announced > 0, cancel: cancel,
		sends: make(chan *sending), closing: make(chan struct{}), done: make(chan struct{}), closed: make(chan struct{}),
	}
	c.userID.Store(&userID)
	e := newEngine(c, newPacer(o.LongPoll, announced), o.GiveUp)
	go e.run(life)
	return c, nil
}

func dialBody(code string) ([]byte, error) {
	fail := func(text string) error {
		return &signal.Error{Op: "dial", Reason: signal.ReasonRejected, Err: errors.New(text), Hint: "choose another code"}
	}
	switch n := utf8.RuneCountInString(code); {
	case n == 0:
		return nil, fail("the call code is empty")
	case n > maxCode:
		return nil, fail(fmt.Sprintf("the call code has %d characters, more than %d", n, maxCode))
	case !utf8.ValidString(code):
		return nil, fail("the call code is not UTF-8")
	}
	for _, c := range code {
		if unicode.IsControl(c) {
			return nil, fail("the call code holds control characters")
		}
	}
	return json.Marshal(map[string]string{"code": "dial", "call_code": code})
}

func dial(ctx context.Context, w *wire, l letter) (userID string, announced time.Duration, err error) {
	for l.attempt = 1; ; l.attempt++ {
		a, failure := w.post(ctx, l)
		if failure == nil {
			if userID, err = parseUserID(a.body); err != nil {
				failure = protocolError("dial", a, err)
				a.request.Err = failure
			}
		}
		w.tell(a.request)
		if failure == nil {
			return userID, a.announced, nil
		}
		if a.wrote || !mayConnect(failure) || l.attempt == dialAttempts || sleep(ctx, backoff(l.attempt)) != nil {
			return "", 0, failure
		}
	}
}

// redial takes a seat anew, after the server has lost that of the first dial. The error is a *signal.Error.
func (c *channel) redial(ctx context.Context) error {
	l := c.dialled
	l.repeat = true
	userID, _, err := dial(ctx, c.wire, l)
	if err == nil {
		c.userID.Store(&userID)
	}
	return err
}

// mayConnect tells whether another attempt to connect may succeed soon.
func mayConnect(f *signal.Error) bool {
	var dns *net.DNSError
	if errors.As(f, &dns) && dns.IsNotFound {
		return false
	}
	return isPassing(f) && f.Reason != signal.ReasonTimeout
}

// Send implements signal.Channel.
func (c *channel) Send(ctx context.Context, m signal.Message) error {
	if err := m.Validate(); err != nil {
		return err
	}
	s, err := c.pack(m)
	if err != nil {
		return err
	}
	s.abandoned = ctx.Done()
	select {
	case c.sends <- s:
	case <-c.done:
		return c.sendEnd()
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-s.result:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-c.done:
	}
	select { // it may have been the last thing that was done
	case err := <-s.result:
		return err
	default:
		return c.sendEnd()
	}
}

// pack makes the request that carries a message.
func (c *channel) pack(m signal.Message) (*sending, error) {
	body := map[string]any{"user_id": *c.userID.Load()}
	code := ""
	switch m.Kind {
	case signal.KindOffer, signal.KindAnswer:
		code = m.Kind.String()
		body[code] = m.Description
	case signal.KindCandidate:
		code = "ice"
		body[code] = m.Candidate
	case signal.KindEndOfCandidates:
		// The W3C's own indication; browsers take it, and a null would be skipped.
		code = "ice"
		body[code] = signal.Candidate{}
	case signal.KindBye:
		code = "disconnect"
	case signal.KindUnknown, signal.KindPaired: // Validate lets neither through
	}
	body["code"] = code
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", signal.ErrMessage, err)
	}
	return &sending{kind: m.Kind, letter: letter{code: code, body: raw}, result: make(chan error, 1)}, nil
}

// sendEnd is what a Send after the end gets.
func (c *channel) sendEnd() error {
	switch {
	case errors.Is(c.end, errBye):
		return signal.ErrPeerGone
	case isOrderly(c.end):
		return signal.ErrClosed
	}
	return c.end
}

// Receive implements signal.Channel.
func (c *channel) Receive(ctx context.Context) (signal.Message, error) {
	return c.inbox.Take(ctx)
}

// Close implements signal.Channel.
func (c *channel) Close(ctx context.Context) error {
	first := false
	c.closeOnce.Do(func() {
		first = true
		close(c.closing)
	})
	if first {
		c.closeErr = c.close(ctx)
		close(c.closed)
		return c.closeErr
	}
	select {
	case <-c.closed:
		return c.closeErr
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *channel) close(ctx context.Context) error {
	said, err := false, error(nil)
	if c.overlap && !isDone(c.done) {
		// The server answers the parked poll when it hears the goodbye.
		said, err = true, c.goodbye(ctx)
	}
	select {
	case <-c.done:
	case <-ctx.Done():
		c.cancel()
		<-c.done
	}
	c.inbox.Drop()
	defer c.wire.transport.CloseIdleConnections()
	if said || errors.Is(c.end, signal.ErrPeerGone) || errors.Is(c.end, errBye) || errors.Is(c.end, errSaidBye) {
		return err
	}
	return c.goodbye(ctx)
}

func isDone(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// goodbye tells the server, once. That it knows the call no more is as good.
func (c *channel) goodbye(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, goodbyeTimeout)
	defer cancel()
	s, err := c.pack(signal.Message{Kind: signal.KindBye})
	if err != nil {
		return err
	}
	s.letter.attempt = 1
	a, failure := c.wire.post(bounded, s.letter)
	c.wire.tell(a.request)
	if failure == nil || failure.Reason == signal.ReasonPeerGone {
		return nil
	}
	return failure
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
