package room

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"dialtone/signal"
	"dialtone/signal/web"
)

const (
	maxCode = 255 // characters of a room code
	// dialAttempts is how often a connection to dial on is tried.
	dialAttempts = 3
	// goodbyeTimeout bounds the last request.
	goodbyeTimeout = 2 * time.Second
	// dialGrace is how long a cancelled dial is waited for.
	dialGrace = 500 * time.Millisecond
)

// channel is the client's end of a room: a signal.Channel. Its engine decides when requests are made.
type channel struct {
	*signal.Inbox
	client   *web.Client
	endpoint *url.URL
	dialed   web.Call               // the request to dial, which may have to be made again
	userID   atomic.Pointer[string] // another one after the server has lost the first dial
	sends    chan *sending
	closing  chan struct{}
	overlap  bool          // the server lets requests overlap
	giveUp   time.Duration // how long a failure that passes is waited for
	leaving  atomic.Bool   // the goodbye is on its way
	cancel   context.CancelFunc
	done     chan struct{} // closed when the engine has stopped
	end      error         // why; readable after done

	closeOnce sync.Once
	closed    chan struct{} // closed when Close is done
	closeErr  error         // its result; readable after closed
}

// sending is a message in transit.
type sending struct {
	kind      signal.Kind
	call      web.Call
	result    chan error      // buffered, 1
	abandoned <-chan struct{} // the sender does not wait anymore
}

// Dial dials the code at the server and returns the channel to the peer that dials it too. ctx bounds the dialing only.
// The error is a *signal.Error.
//
// A ctx of signal.HangingUp dials nothing: it ends the call at the server, for the peer that dials to continue it.
//
// Dial tries a connection up to three times, but never repeats a request that the server may have taken: it would meet
// itself. A server that cannot reach its store has not; it is asked again for GiveUp.
func Dial(ctx context.Context, options Options) (signal.Channel, error) {
	o := options.withDefaults()
	endpoint, err := Endpoint(o.Server)
	if err != nil {
		return nil, err
	}
	call, over := signal.CallOf(ctx)
	op := "dial"
	if over {
		op = "hang_up"
	}
	body, err := dialBody(op, o.Code, call)
	if err != nil {
		return nil, err
	}
	client, err := web.NewClient(endpoint, o.Options)
	if err != nil {
		return nil, err
	}
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c := &channel{
		Inbox: signal.NewInbox(), client: client, endpoint: endpoint, cancel: cancel, giveUp: o.GiveUp,
		sends: make(chan *sending), closing: make(chan struct{}), done: make(chan struct{}), closed: make(chan struct{}),
	}
	c.dialed = c.request(op, body)
	if over {
		defer cancel()
		defer client.Close()
		return nil, c.hangUp(ctx)
	}
	longest, err := c.dial(ctx)
	if err != nil {
		cancel()
		client.Close()
		return nil, err
	}
	c.overlap = longest > 0
	e := newEngine(c, newPacer(o.LongPoll, longest), o.GiveUp)
	go e.run(life)
	return c, nil
}

// hangUp says that the call is over, to a server that knows how to keep that: another one refuses the request, and
// pairs no one.
func (c *channel) hangUp(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, goodbyeTimeout)
	defer cancel()
	if _, err := c.client.Do(bounded, c.dialed); err != nil {
		return err
	}
	return signal.ErrHungUp
}

// dialBody is that of a request about a room: dial or hang_up.
func dialBody(op, code, call string) ([]byte, error) {
	fail := func(text string) error {
		return &signal.Error{Op: "code", Reason: signal.ReasonRejected, Err: errors.New(text)}
	}
	switch n := utf8.RuneCountInString(code); {
	case n == 0:
		return nil, fail("the room code is empty")
	case n > maxCode:
		return nil, fail(fmt.Sprintf("the room code has %d characters, more than %d", n, maxCode))
	case !utf8.ValidString(code):
		return nil, fail("the room code is not UTF-8")
	case strings.ContainsFunc(code, unicode.IsControl):
		return nil, fail("the room code contains control characters")
	}
	body := map[string]string{"code": op, "call_code": code}
	if call != "" {
		body["call"] = call
	}
	return json.Marshal(body)
}

// dial takes a place at the server and returns the longest hold that it announces. After a dial that the server has
// lost it is called again. The error is a *signal.Error. A dial that is cancelled on its way gives the place back: the
// peer would be paired with no one.
func (c *channel) dial(ctx context.Context) (longest time.Duration, err error) {
	patient, stop := outliving(ctx)
	defer stop()
	call := c.dialed
	c.dialed.Repeat = true
	call.Read = func(a *web.Answer, _ *signal.Request) error {
		id, err := parseUserID(a.Body)
		c.userID.Store(&id)
		longest = announced(a)
		return err
	}
	begun := time.Now()
	for call.Attempt = 1; ; call.Attempt++ {
		_, err := c.client.Do(patient, call)
		failure := failureOf(err)
		switch {
		case ctx.Err() != nil:
			if failure == nil {
				_ = c.goodbye(patient) // the server forgets the place by itself, but later
			}
			return 0, &signal.Error{Op: call.Op, Err: fmt.Errorf("cancelled: %w", ctx.Err())}
		case failure == nil || !c.dialsAgain(failure, call.Attempt, time.Since(begun)) ||
			web.Sleep(ctx, backoff(call.Attempt)) != nil:
			return longest, err
		}
	}
}

// outliving is a context that ends with ctx, or later by [dialGrace] once a request has been sent.
func outliving(ctx context.Context) (context.Context, context.CancelFunc) {
	var sent atomic.Bool
	longer, end := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		if sent.Load() {
			select {
			case <-longer.Done():
			case <-time.After(dialGrace):
			}
		}
		end()
	})
	trace := &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }}
	return httptrace.WithClientTrace(longer, trace), func() {
		stop()
		end()
	}
}

// codeNoStore is the code of a server that cannot use its store for the moment, and so gave no place.
const codeNoStore = "store_unavailable"

// dialsAgain reports whether a dial that failed may be repeated: no server has taken it, and that may change soon.
func (c *channel) dialsAgain(f *signal.Error, attempt int, took time.Duration) bool {
	if f.Code == codeNoStore {
		return took < c.giveUp
	}
	return !f.Sent && mayConnect(f) && attempt < dialAttempts
}

// mayConnect reports whether another attempt to connect may succeed soon.
func mayConnect(f *signal.Error) bool {
	var dns *net.DNSError
	if f.Reason == signal.ReasonDNS && !(errors.As(f, &dns) && dns.IsTemporary && !dns.IsTimeout) {
		return false // there is no such name, or the wait was as long as any
	}
	return isPassing(f) && f.Reason != signal.ReasonTimeout
}

// Send implements signal.Channel.
func (c *channel) Send(ctx context.Context, m signal.Message) error {
	if err := m.Validate(); err != nil {
		return err
	}
	s, err := c.pack(ctx, m)
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
func (c *channel) pack(ctx context.Context, m signal.Message) (*sending, error) {
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
		c.leaving.Store(true)
		code = "disconnect"
		if call, over := signal.CallOf(ctx); over && call != "" {
			body["hung_up"] = call
		}
	case signal.KindUnknown, signal.KindPaired: // Validate lets neither through
	}
	body["code"] = code
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", signal.ErrMessage, err)
	}
	return &sending{kind: m.Kind, call: c.request(code, raw), result: make(chan error, 1)}, nil
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
	c.Drop()
	defer c.client.Close()
	if said || isKnown(c.end) {
		return err
	}
	return c.goodbye(ctx)
}

// isKnown reports whether the server knows already that the call is over.
func isKnown(end error) bool {
	return isOver(end) || errors.Is(end, errBye) || errors.Is(end, errSaidBye)
}

func isDone(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// goodbye ends the call at the server, once. That the server does not know it anymore is as good.
func (c *channel) goodbye(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, goodbyeTimeout)
	defer cancel()
	s, err := c.pack(bounded, signal.Message{Kind: signal.KindBye})
	if err != nil {
		return err
	}
	if _, err = c.client.Do(bounded, s.call); isOver(err) {
		return nil
	}
	return err
}
