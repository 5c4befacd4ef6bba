package agents

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"time"

	"dialtone/diag"
	"dialtone/diag/load"
)

// Agent places one part of a test.
type Agent struct {
	Broker
	Name string // in the report of the controller
	// Prepare makes the options of the part that the controller gave; its error keeps the test from beginning.
	Prepare func(p load.Plan, hold time.Duration) (load.Options, error)
	Say     func(string) // a line about how it goes on
}

// joinTime bounds how long each side waits for the other before a test.
const joinTime = 10 * time.Minute

var (
	// ErrNoController says that no controller gave the agent a part.
	ErrNoController = errors.New("no controller gave this agent a part: run dialtone load --agents with the same --nats")
	// ErrControllerLost says that the controller disappeared during the test.
	ErrControllerLost = errors.New("nothing more was heard from the controller, so this agent ended its calls")
)

// RefusedError is why a controller does not want the agent.
type RefusedError struct{ Why string }

// Error implements error.
func (e *RefusedError) Error() string { return "the controller refused this agent: " + e.Why }

// Join waits for a controller, places the part that it gives, and returns the report of this part. It is nil if no call
// was to be placed.
func Join(ctx context.Context, a Agent) (*load.Report, error) {
	if a.Name == "" {
		a.Name = defaultName()
	}
	l, err := newLink(ctx, a)
	if err != nil {
		return nil, err
	}
	defer l.close()
	a.Say(fmt.Sprintf("agent %s waits for the controller", a.Name))
	part, err := l.assigned(ctx)
	if err != nil {
		return nil, err
	}
	a.Say(fmt.Sprintf("part %d of %d", part.Plan.Part, part.Plan.Parts))
	o, err := a.Prepare(part.Plan, part.Hold.Duration())
	if err != nil {
		l.end(failed, err.Error(), nil)
		l.confirmed(ctx)
		return nil, err
	}
	o.Begin, o.Snapshot = l.begin, l.snapshot
	r, err := load.Run(l.test, o)
	if r == nil {
		l.end(failed, errors.Join(err, errors.New("no call was placed")).Error(), nil)
		l.confirmed(ctx)
		return nil, err
	}
	l.end(ended, "", r)
	cause := context.Cause(l.test)
	switch {
	case !errors.Is(cause, ErrControllerLost):
		l.confirmed(ctx)
	case !errors.Is(err, cause):
		err = errors.Join(err, cause)
	}
	return r, err
}

// unfit are characters that a name cannot have.
var unfit = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// defaultName is that of this machine and process.
func defaultName() string {
	host, err := os.Hostname()
	if host = unfit.ReplaceAllString(host, "-"); err != nil || !names.MatchString(host) {
		host = "agent"
	}
	return diag.Clean(host, 40) + "-" + strconv.Itoa(os.Getpid())
}
