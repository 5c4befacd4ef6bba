package room

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"
	"time"

	"dialtone/signal"
	"dialtone/signal/web"
)

const (
	// maxInbox is how many messages may wait to be received before polling pauses.
	maxInbox = 1024
	// maxCandidates bounds how many candidates of the peer are accepted.
	maxCandidates = 4096
	// stopGrace is how long a request under way may still take at the end, where the server might
	// mix it up with the next one.
	stopGrace = time.Second
	// lossTime is for how long after a dial an unknown user means that the server has lost it: as long as a request takes
	// that was under way then, and undid it. Later it means that the pair has ended.
	lossTime = 2 * time.Second
	// maxRedials is how often a dial that was lost is made again, each time after up to redialPause: at random, because
	// the first peer polls at the same pace, and would undo each of them. Those before a dial that lasted for rareTime do
	// not count.
	maxRedials  = 8
	redialPause = 300 * time.Millisecond
	rareTime    = time.Minute
	// maxResent bounds the candidates that are sent again, and resendPause is when that is done after the server has said
	// "connected", each further time after twice the pause.
	maxResent   = 64
	maxRounds   = 5
	resendPause = 400 * time.Millisecond
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
	sent    []*sending  // local candidates that were accepted
	resends []*sending  // those to be sent again
	round   int         // of that
	resend  *time.Timer // until the next one
	dialed  time.Time   // when the server accepted the dial
	redials int

	phase     phase
	role      signal.Role
	own       *sending // the local offer or answer, once accepted
	ownAt     uint64   // number at that time: later polls know of it
	repeat    bool     // the server has lost it and asks again
	quiet     bool     // the last local candidate has been sent
	gotRemote bool     // the peer's description was delivered
	connected bool     // the server has said so
	seen      map[string]bool
	sawBlank  bool // the peer's end of candidates was delivered
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
	fresh   bool // the dial is so young that an unknown user means a lost one
	waiting bool // there is no peer yet
	again   bool // a dial that the server has lost may be made again
	redone  bool // it was made again
}

func newEngine(c *channel, p *pacer, giveUp time.Duration) *engine {
	e := &engine{
		c: c, pacer: p, giveUp: giveUp, due: true, dialed: time.Now(),
		posted: make(chan error, 1), polled: make(chan polled, 1),
		timer: time.NewTimer(time.Hour), resend: time.NewTimer(time.Hour), seen: make(map[string]bool),
	}
	e.timer.Stop()
	e.resend.Stop()
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
		case <-e.resend.C:
			e.resends = append([]*sending{}, e.sent...)
			e.resendLater()
		case <-e.c.closing:
			e.end = errClosing
		}
	}
	e.timer.Stop()
	e.resend.Stop()
	e.stop()
	e.c.end = e.end
	if isOrderly(e.end) {
		e.c.Finish(io.EOF)
	} else {
		e.c.Finish(e.end)
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

// startWaiting sends a message that waits before the next poll.
func (e *engine) startWaiting(ctx context.Context) {
	select {
	case s := <-e.acceptable():
		e.startPost(ctx, s)
	default:
	}
}

// resendLater begins the wait after which local candidates are sent again: a server of the original's kind loses those
// whose post overlapped with a request of the peer, and reports success.
func (e *engine) resendLater() {
	if !e.pacer.announced && e.round < maxRounds {
		e.resend.Reset(resendPause << e.round)
		e.round++
	}
}

// startRepeat posts the local description again if the server asked for it, and candidates that it may have lost.
func (e *engine) startRepeat(ctx context.Context) {
	if e.acceptable() == nil {
		return
	}
	switch {
	case e.repeat:
		e.repeat = false
		e.startAgain(ctx, e.own)
	case len(e.resends) > 0:
		s := e.resends[0]
		e.resends = e.resends[1:]
		e.startAgain(ctx, s)
	}
}

// startAgain repeats a post whose sender does not wait.
func (e *engine) startAgain(ctx context.Context, s *sending) {
	again := *s
	again.call.Repeat = true
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
	e.running.Go(func() { e.posted <- e.persist(ctx, s.call) })
}

// persist makes a post, and repeats it while the failure may pass and the pair may live.
func (e *engine) persist(ctx context.Context, call web.Call) error {
	begun := time.Now()
	call.Read = func(a *web.Answer, _ *signal.Request) error {
		if len(a.Body) > 0 && !json.Valid(a.Body) {
			return errNotEmpty
		}
		return nil
	}
	for call.Attempt = 1; ; call.Attempt++ {
		_, err := e.c.client.Do(ctx, call)
		failure := failureOf(err)
		switch {
		case failure == nil:
			return nil
		case failure.Reason == signal.ReasonRejected && call.Attempt > 1:
			return nil // the first attempt had arrived
		case !isPassing(failure), time.Since(begun)+backoff(call.Attempt) > e.giveUp:
			return failure
		}
		if web.Sleep(ctx, backoff(call.Attempt)) != nil {
			return failure
		}
	}
}

func (e *engine) onPosted(err error) {
	s := e.posting
	failure := failureOf(err)
	if isOver(err) && s.kind == signal.KindBye {
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

// endsAll reports whether a failed post is the end of the channel, and does not concern only its message.
func endsAll(f *signal.Error) bool {
	return isOver(f) || f.Reason == signal.ReasonShutdown || isPassing(f)
}

// lose ends the channel. If the server says that the peer hung up, that is its goodbye.
func (e *engine) lose(f *signal.Error) {
	gone := isOver(f)
	switch {
	case gone && isDone(e.c.closing): // by the local goodbye
		e.end = errClosing
	case gone && e.posting != nil && e.posting.kind == signal.KindBye:
		e.end = errSaidBye
	case f.Code == "peer_left":
		e.c.Put(signal.Message{Kind: signal.KindBye})
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
	case signal.KindCandidate:
		if !s.call.Repeat && !e.pacer.announced && len(e.sent) < maxResent {
			e.sent = append(e.sent, s)
		}
	case signal.KindUnknown, signal.KindPaired:
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
	if e.c.Len() > maxInbox { // nothing is received: look again later
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
	if time.Since(e.dialed) > rareTime {
		e.redials = 0
	}
	e.poll.again = e.redials < maxRedials
	e.poll.fresh = !e.pacer.announced && e.role == signal.RoleUnknown && e.poll.again &&
		time.Since(e.dialed) < lossTime
	e.poll.waiting = e.role == signal.RoleUnknown
	e.polling, e.due = true, false
	p, numbered := e.poll, e.pacer.announced
	e.running.Go(func() { e.polled <- e.c.ask(ctx, p, numbered) })
}

// getStatus makes one poll.
func (c *channel) getStatus(ctx context.Context, p polled, numbered bool) polled {
	body := struct {
		Code   string `json:"code"`
		UserID string `json:"user_id"`
		WaitMS int64  `json:"wait_ms,omitempty"`
		Poll   uint64 `json:"poll,omitempty"`
	}{"get_status", *c.userID.Load(), p.hold.Milliseconds(), 0}
	if numbered {
		body.Poll = p.number
	}
	raw, err := json.Marshal(body)
	if err != nil {
		p.failure = &signal.Error{Op: body.Code, Err: err}
		return p
	}
	call := c.request(body.Code, raw)
	call.Attempt, call.Hold = p.attempt, p.hold
	call.Read = func(a *web.Answer, r *signal.Request) (err error) {
		if p.status, err = parseStatus(a.Body); err != nil {
			return err
		}
		r.Answer, r.Candidates, r.Refused = p.status.code, len(p.status.candidates), p.status.refused
		return nil
	}
	_, err = c.client.Do(ctx, call)
	p.took, p.failure = time.Since(p.begun), failureOf(err)
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
	if p.redone {
		e.dialed = time.Now()
		e.redials++
	}
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
