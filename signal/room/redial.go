package room

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"dialtone/signal"
	"dialtone/signal/web"
)

// The pauses between dials of a server that restarts: the first one, and the longest. A dial that was sent but not
// answered may hold a place for longer: the next one would meet it.
const (
	restartPause    = time.Second
	longestRestart  = 10 * time.Second
	unansweredPause = 12 * time.Second
)

// ask makes one poll. If it shows that the server has lost the dial, that is made again: a server of the original's
// kind undoes it when a poll of the first peer overlaps with it, one that shuts down forgets it, and so does one that
// was killed, or whose store has lost its data. There is no call yet, and no peer who could have left it.
func (c *channel) ask(ctx context.Context, p polled, numbered bool) polled {
	p = c.getStatus(ctx, p, numbered)
	switch {
	case p.failure == nil, c.leaving.Load():
	case p.waiting && p.failure.Reason == signal.ReasonForgotten && !p.again:
		p.failure = forgetful(p.failure)
	case p.waiting && (p.failure.Reason == signal.ReasonShutdown || p.failure.Reason == signal.ReasonForgotten):
		if failure := c.dialRestarted(ctx); failure == nil {
			p.redone, p.failure, p.status = true, nil, &status{}
		} else if ctx.Err() == nil {
			p.failure = failure
		}
	case !p.fresh || p.failure.Reason != signal.ReasonPeerGone || p.failure.Code == "peer_left":
	case web.Sleep(ctx, rand.N(redialPause)) == nil: //nolint:gosec // no secret
		if _, err := c.dial(ctx); err == nil {
			p.redone, p.failure, p.status = true, nil, &status{}
		}
	}
	return p
}

// forgetful is the failure of a server that takes dials and does not know them afterwards.
func forgetful(f *signal.Error) *signal.Error {
	e := *f
	e.Err = errors.New("the server takes each dial and does not know it afterwards")
	return &e
}

// dialRestarted dials a server that shuts down or has lost the dial, until it is there again or ctx ends.
func (c *channel) dialRestarted(ctx context.Context) *signal.Error {
	for pause := restartPause; ; {
		if web.Sleep(ctx, pause) != nil {
			return &signal.Error{Op: "dial", Err: ctx.Err()}
		}
		_, err := c.dial(ctx)
		failure := failureOf(err)
		switch {
		case failure == nil:
			return nil
		case failure.Reason != signal.ReasonShutdown && !isPassing(failure):
			return failure
		}
		pause = pauseAfter(failure, pause)
	}
}

// pauseAfter is the pause after a dial that failed, and the one before it.
func pauseAfter(f *signal.Error, before time.Duration) time.Duration {
	if f.Sent && (f.Status == 0 || f.Status/100 == 2) { // no answer, or one that was not complete
		return unansweredPause // the server may have taken it: its place has expired by then
	}
	return min(2*before, longestRestart)
}
