package load

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"dialtone/diag"
	"dialtone/diag/check"
	"dialtone/diag/report"
)

// PublisherError is why the publisher of a broadcast was not there.
type PublisherError struct {
	Exit diag.Exit
	Why  string
}

// Error implements error.
func (e *PublisherError) Error() string { return "the publisher of the broadcast: " + e.Why }

// publisher is the call whose media all others view.
type publisher struct {
	cancel context.CancelFunc
	ended  chan struct{}
	before error // why it ended, if that was before stop
}

// longestBroadcast is beyond every test.
const longestBroadcast = 48 * time.Hour

// publish places the call and returns when it is set up. The error is a [*PublisherError], or ctx's.
func publish(ctx context.Context, o check.Options) (*publisher, error) {
	lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	p := &publisher{cancel: cancel, ended: make(chan struct{})}
	o.Config.For = longestBroadcast
	open := make(chan struct{})
	isOpen := sync.OnceFunc(func() { close(open) })
	caller := check.Caller{
		Options: o, Open: func(int, time.Time) { isOpen() }, Explain: func() time.Duration { return explainTime },
	}
	go func() {
		defer close(p.ended)
		in, err := caller.Place(lasting, 1)
		if lasting.Err() == nil {
			p.before = why(o, in, err)
		}
	}()
	select {
	case <-open:
		return p, nil
	case <-p.ended:
		return nil, p.before
	case <-ctx.Done():
		_ = p.stop()
		return nil, ctx.Err()
	}
}

// explainTime is how long it may diagnose why it has no path.
const explainTime = 3 * time.Second

// why is the reason for which a publisher has ended by itself.
func why(o check.Options, in *report.RunInput, err error) error {
	if in == nil {
		return &PublisherError{diag.ExitCannotRun, fmt.Sprint(errors.Join(errors.New("it could not be placed"), err))}
	}
	run := report.Fold(o.Expectation(), *in).Run
	return &PublisherError{max(run.Exit.Code, diag.ExitAssertion), run.Headline}
}

// stop ends the call, and returns why it had ended before.
func (p *publisher) stop() error {
	if p == nil {
		return nil
	}
	p.cancel()
	<-p.ended
	return p.before
}
