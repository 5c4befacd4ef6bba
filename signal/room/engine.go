package room

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"
	"time"

	"dialtone/signal"
)

const (
	// maxInbox is how many messages may wait to be received before polling pauses.
	maxInbox = 1024
	// maxCandidates bounds how many candidates are taken from the other party.
	maxCandidates = 4096
	// stopGrace is how long a request under way may still take at the end, where the server might
	// mix it up with the next one.
	stopGrace = time.Second
)

// Why an engine stopped, besides failures. Receivers get io.EOF for each.
var (
	errClosing = errors.New("closed here")
	errSaidBye = errors.New("bye sent")
	errBye     = errors.New("bye received")
)

var errNotEmpty = errors.New("the answer should be empty")

func isOrderly(end error) bool {
	return errors.Is(end, errClosing) || errors.Is(end, errSaidBye) || errors.Is(end, errBye)
}

// engine is the one goroutine that decides what goes over the wire, and when.
// Requests run in goroutines of their own: at most one poll and one post, and
// never both where the server has not announced that they may overlap.
type engine struct {
	c      *channel
	pacer  *pacer
	giveUp time.Duration
	end    error

	running sync.WaitGroup
	posting *sending
	posted  chan error // buffered, 1
	begun   time.Time  // of the post
	polling bool
	polled  chan polled // buffered, 1
	poll    polled      // the one under way, or failed and to be repeated
	number  uint64      // of polls so far
	due     bool        // a poll may be made
	timer   *time.Timer // until it is
	trouble time.Time   // since when polls fail

	phase     phase
	role      signal.Role
	own       *sending // our offer or answer, once accepted
	ownAt     uint64   // number at that time: later polls know of it
	repeat    bool     // the server has lost it and asks again
	quiet     bool     // our last candidate has been sent
	gotOther  bool     // the other's description was delivered
	connected bool     // the server has said so
	seen      map[string]bool
	sawBlank  bool // the other's end of candidates was delivered
}

// polled is one poll and its result.
type polled struct {
	number  uint64
	attempt int
	hold    time.Duration
	begun   time.Time
	took    time.Duration
	status  *status
	failure *signal.Error
}

func newEngine(c *channel, p *pacer, giveUp time.Duration) *engine {
	e := &engine{
		c: c, pacer: p, giveUp: giveUp, due: true,
		posted: make(chan error, 1), polled: make(chan polled, 1),
		timer: time.NewTimer(time.Hour), seen: make(map[string]bool),
	}
	e.timer.Stop()
	return e
}

func (e *engine) run(ctx context.Context) {
	defer close(e.c.done)
	for e.end == nil {
		e.startRepeat(ctx)
		e.startWaiting(ctx)
		e.startPoll(ctx)
		select {
		case s := <-e.acceptable():
			e.startPost(ctx, s)
		case err := <-e.posted:
			e.onPosted(err)
		case p := <-e.polled:
			e.onPolled(p)
		case <-e.timer.C:
			e.due = true
		case <-e.c.closing:
			e.end = errClosing
		}
	}
	e.timer.Stop()
	e.stop()
	e.c.end = e.end
	if isOrderly(e.end) {
		e.c.inbox.Finish(io.EOF)
	} else {
		e.c.inbox.Finish(e.end)
	}
}

// acceptable is where the next message to send comes from: nowhere while it has
// to wait for the wire.
func (e *engine) acceptable() <-chan *sending {
	if e.posting != nil || e.polling && !e.pacer.announced {
		return nil
	}
	return e.c.sends
}

// startWaiting lets a message that waits go before the next poll.
func (e *engine) startWaiting(ctx context.Context) {
	select {
	case s := <-e.acceptable():
		e.startPost(ctx, s)
	default:
	}
}

// startRepeat posts our own description again where the server asked for it.
func (e *engine) startRepeat(ctx context.Context) {
	if !e.repeat || e.acceptable() == nil {
		return
	}
	e.repeat = false
	again := *e.own
	again.letter.repeat = true
	again.result = make(chan error, 1)
	again.abandoned = nil
	e.startPost(ctx, &again)
}

func (e *engine) startPost(ctx context.Context, s *sending) {
	select {
	case <-s.abandoned:
		return
	default:
	}
	e.posting, e.begun = s, time.Now()
	e.running.Go(func() { e.posted <- e.persist(ctx, s.letter) })
}

// persist makes a post, and repeats it while the failure may pass and the pair
// may live.
func (e *engine) persist(ctx context.Context, l letter) error {
	begun := time.Now()
	for l.attempt = 1; ; l.attempt++ {
		a, failure := e.c.wire.post(ctx, l)
		if failure == nil && len(a.body) > 0 && !json.Valid(a.body) {
			failure = protocolError(l.code, a, errNotEmpty)
			a.request.Err = failure
		}
		e.c.wire.tell(a.request)
		switch {
		case failure == nil:
			return nil
		case failure.Reason == signal.ReasonRejected && (l.attempt > 1 || l.repeat):
			return nil // the first attempt had arrived
		case !isPassing(failure), time.Since(begun)+backoff(l.attempt) > e.giveUp:
			return failure
		}
		if sleep(ctx, backoff(l.attempt)) != nil {
			return failure
		}
	}
}

func (e *engine) onPosted(err error) {
	s := e.posting
	var failure *signal.Error
	if errors.As(err, &failure) && failure.Reason == signal.ReasonPeerGone && s.kind == signal.KindBye {
		err = nil // there is nothing left to end
	}
	switch {
	case err == nil:
		e.onAccepted(s)
	case failure != nil && endsAll(failure):
		e.lose(failure)
	}
	e.posting = nil
	s.result <- err
}

// endsAll tells a failed post that is the end of the channel from one that
// concerns its message only.
func endsAll(f *signal.Error) bool {
	return f.Reason == signal.ReasonPeerGone || f.Reason == signal.ReasonShutdown || isPassing(f)
}

// lose ends the channel. Where the server says that the other party hung up that is
// its goodbye.
func (e *engine) lose(f *signal.Error) {
	gone := f.Reason == signal.ReasonPeerGone
	switch {
	case gone && isDone(e.c.closing): // by our own goodbye
		e.end = errClosing
	case gone && e.posting != nil && e.posting.kind == signal.KindBye:
		e.end = errSaidBye
	case f.Code == "peer_left":
		e.c.inbox.Put(signal.Message{Kind: signal.KindBye})
		e.end = errBye
	default:
		e.end = f
	}
}

func (e *engine) onAccepted(s *sending) {
	switch s.kind {
	case signal.KindOffer, signal.KindAnswer:
		e.own, e.ownAt = s, e.number
		if e.phase == phaseReply {
			e.phase = phaseSettling
			e.pacer.hurry()
			e.pollAfter(0)
		}
	case signal.KindEndOfCandidates:
		e.quiet = true
	case signal.KindBye:
		e.end = errSaidBye
	case signal.KindCandidate, signal.KindUnknown, signal.KindPaired:
	}
}

// pollAfter sets when the next poll may be made.
func (e *engine) pollAfter(d time.Duration) {
	e.due = d <= 0
	if e.due {
		e.timer.Stop()
	} else {
		e.timer.Reset(d)
	}
}

func (e *engine) startPoll(ctx context.Context) {
	if !e.due || e.polling || e.posting != nil && !e.pacer.announced {
		return
	}
	if e.c.inbox.Len() > maxInbox { // nobody receives: look again later
		e.pollAfter(firstPause)
		return
	}
	if e.poll.failure == nil { // otherwise the same poll is repeated under its number
		e.number++
		e.poll = polled{number: e.number}
	}
	e.poll.attempt++
	e.poll.failure, e.poll.status = nil, nil
	e.poll.hold = e.pacer.hold(e.phase, e.quiet)
	e.poll.begun = time.Now()
	e.polling, e.due = true, false
	p, numbered := e.poll, e.pacer.announced
	e.running.Go(func() { e.polled <- e.c.getStatus(ctx, p, numbered) })
}

// getStatus makes one poll.
func (c *channel) getStatus(ctx context.Context, p polled, numbered bool) polled {
	body := struct {
		Code   string `json:"code"`
		UserID string `json:"user_id"`
		WaitMS int64  `json:"wait_ms,omitempty"`
		Poll   uint64 `json:"poll,omitempty"`
	}{"get_status", c.userID, p.hold.Milliseconds(), 0}
	if numbered {
		body.Poll = p.number
	}
	raw, err := json.Marshal(body)
	if err != nil {
		p.failure = &signal.Error{Op: body.Code, Err: err}
		return p
	}
	var a *answer
	a, p.failure = c.wire.post(ctx, letter{code: body.Code, body: raw, attempt: p.attempt, wait: p.hold})
	if p.failure == nil {
		if p.status, err = parseStatus(a.body); err != nil {
			p.failure = protocolError(body.Code, a, err)
			a.request.Err = p.failure
		} else {
			a.request.Answer = p.status.code
			a.request.Candidates, a.request.Refused = len(p.status.candidates), p.status.refused
		}
	}
	p.took = a.request.Total
	c.wire.tell(a.request)
	return p
}

func (e *engine) onPolled(p polled) {
	e.polling = false
	e.poll = p
	if p.failure != nil {
		e.onPollFailed(p)
		return
	}
	e.trouble = time.Time{}
	news := e.absorb(p)
	if e.end == nil {
		e.pollAfter(e.pacer.answered(e.phase, p.hold, p.took, news))
	}
}

func (e *engine) onPollFailed(p polled) {
	if !isPassing(p.failure) {
		e.lose(p.failure)
		return
	}
	e.pacer.failed(p.hold, p.took)
	if e.trouble.IsZero() {
		// A poll that was held kept the pair alive until it failed.
		e.trouble = p.begun.Add(min(p.hold, p.took))
	}
	pause := backoff(p.attempt)
	if time.Since(e.trouble)+pause > e.giveUp {
		e.end = p.failure
		return
	}
	e.pollAfter(pause)
}

// stop ends the requests under way. After an orderly end they get a moment to
// be answered: a server that lets requests overlap hears the goodbye meanwhile and
// answers the parked poll, any other might mix up the goodbye with the request it has.
func (e *engine) stop() {
	grace := time.NewTimer(e.grace())
	defer grace.Stop()
	for isOrderly(e.end) && (e.polling || e.posting != nil) {
		select {
		case <-e.polled:
			e.polling = false
		case err := <-e.posted:
			e.posting.result <- err
			e.posting = nil
		case <-grace.C:
			e.polling, e.posting = false, nil
		}
	}
	e.c.cancel()
	e.running.Wait()
}

// grace is how long requests under way may still take. A poll that a server of
// unknown kind has been holding for longer than that is going to be held on.
func (e *engine) grace() time.Duration {
	switch {
	case e.pacer.announced:
		return stopGrace
	case e.polling:
		return stopGrace - time.Since(e.poll.begun)
	}
	return stopGrace - time.Since(e.begun)
}
