package agents

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"dialtone/diag/load"
)

// link is an agent's side of the broker: it sends the status of the agent, and follows the orders of one controller.
type link struct {
	conn   *nats.Conn
	agent  Agent
	id     string
	orders chan *nats.Msg
	ticker sync.WaitGroup
	stop   context.CancelFunc // of the goroutine

	test    context.Context //nolint:containedctx // ends when the test must end: of load.Run
	endTest context.CancelCauseFunc

	mu       sync.Mutex
	order    order // the newest; without Test: none
	heard    time.Time
	begins   time.Time // the schedule
	state    state
	why      string
	newest   *load.Report // that was not sent, or must be sent again
	packed   []byte       // the newest that was
	serial   int
	sendNext time.Time // not before
	changed  chan struct{}
}

// joinBeat is how often an agent says that it is there, until the controller says how long it may be silent.
const joinBeat = 300 * time.Millisecond

func newLink(ctx context.Context, a Agent) (*link, error) {
	conn, err := a.dial(ctx, "dialtone load "+a.Name)
	if err != nil {
		return nil, err
	}
	l := &link{
		conn: conn, agent: a, id: newID(), orders: make(chan *nats.Msg, 64), state: joining, changed: make(chan struct{}),
		heard: time.Now(),
	}
	if _, err := conn.ChanSubscribe(a.Subject+".order."+l.id, l.orders); err != nil {
		conn.Close()
		return nil, err
	}
	l.test, l.endTest = context.WithCancelCause(ctx)
	beating, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	l.ticker.Go(func() { l.run(beating) })
	return l, nil
}

// close ends the connection.
func (l *link) close() {
	l.stop()
	l.ticker.Wait()
	l.endTest(nil)
	l.conn.Close()
}

// run sends and receives until ctx ends.
func (l *link) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-l.orders:
			l.follow(m.Data)
		case <-timer.C:
			timer.Reset(l.beat())
		}
	}
}

// beatOf is how often a side sends its state, if its silence may last for a timeout.
func beatOf(timeout time.Duration) time.Duration {
	if timeout == 0 {
		return joinBeat
	}
	return min(timeout/10, time.Second)
}

// follow takes an order.
func (l *link) follow(raw []byte) {
	o, err := readOrder(raw)
	if err != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.order
	if known.Test != "" && (o.Test != known.Test || o.Phase == refused) {
		return // of another controller
	}
	l.heard = time.Now()
	if o.Phase == known.Phase {
		return
	}
	if known.Test != "" { // a part that was given remains
		o.Plan, o.Hold, o.Timeout = known.Plan, known.Hold, known.Timeout
	}
	l.order = o
	switch {
	case o.Phase == running:
		l.begins = l.heard.Add(o.Until.Duration())
	case o.Phase == stopping, o.Phase == finished && l.state != ended:
		l.endTest(errStopped)
	}
	l.wake()
}

var errStopped = errors.New("the controller stopped the test")

// wake lets those who wait look at the state again.
func (l *link) wake() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// await returns when done says so, or ctx ends. done is called with the lock held.
func (l *link) await(ctx context.Context, done func() bool) error {
	for {
		l.mu.Lock()
		ok, changed := done(), l.changed
		l.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-changed:
		}
	}
}

// assigned waits for the part of the agent.
func (l *link) assigned(ctx context.Context) (o order, err error) {
	ctx, stop := context.WithTimeoutCause(ctx, joinTime, ErrNoController)
	defer stop()
	err = l.await(ctx, func() bool {
		o = l.order
		return o.Test != ""
	})
	switch {
	case err != nil:
		return o, err
	case o.Phase == refused:
		return o, &RefusedError{o.Why}
	case o.Phase != preparing:
		return o, errStopped
	}
	return o, nil
}

// begin says that the agent can place calls, and waits for the moment at which the controller begins.
func (l *link) begin(ctx context.Context) (begins time.Time, err error) {
	l.mu.Lock()
	l.state = prepared
	l.mu.Unlock()
	err = l.await(ctx, func() bool {
		if begins = l.begins; !begins.IsZero() {
			l.state = placing
		}
		return l.state == placing
	})
	return begins, err
}

// snapshot sets the report that the agent sends next.
func (l *link) snapshot(r *load.Report) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.newest = r
}

// end sets the last that the agent sends, until the controller confirms it; r may be nil.
func (l *link) end(s state, why string, r *load.Report) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state, l.why, l.newest = s, why, r
}

// confirmed waits until the controller has the last state, for no longer than it may be silent.
func (l *link) confirmed(ctx context.Context) {
	l.mu.Lock()
	timeout := l.order.Timeout.Duration()
	l.mu.Unlock()
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer stop()
	if l.await(ctx, func() bool { return l.order.Phase == finished }) != nil {
		l.agent.Say("the controller did not confirm the report of this part")
	}
}

// beat sends the status, and returns the pause until the next.
func (l *link) beat() time.Duration {
	l.mu.Lock()
	now := time.Now()
	timeout := l.order.Timeout.Duration()
	if l.order.Test != "" && l.order.Phase != refused && now.Sub(l.heard) > timeout {
		l.endTest(ErrControllerLost)
	}
	s := status{Agent: l.agent.Name, ID: l.id, Test: l.order.Test, State: l.state, Why: l.why}
	fresh := l.newest
	again := l.state == ended || l.state == prepared // until the controller says that it has it
	due := !now.Before(l.sendNext) || l.state == ended
	if due {
		l.newest = nil
	}
	packed := l.packed
	l.mu.Unlock()
	var err error
	switch {
	case due && fresh != nil:
		if packed, err = pack(fresh, l.order.Plan.Parts); err != nil {
			s.State, s.Why, packed = failed, err.Error(), nil
		}
		l.mu.Lock()
		l.packed, l.serial = packed, l.serial+1
		l.sendNext = now.Add(max(time.Duration(len(packed))*time.Second/reportsBudget,
			time.Duration(l.order.Plan.Parts)*reportsPause))
		l.mu.Unlock()
	case !again || !due:
		packed = nil
	}
	l.send(s, packed)
	return beatOf(timeout)
}

// send publishes the status, with the pieces of a report. What is lost is sent again, by the next beat.
func (l *link) send(s status, packed []byte) {
	size := min(pieceSize, int(l.conn.MaxPayload()-2048)*3/4)
	if len(packed) == 0 || size <= 0 {
		l.publish(s)
		return
	}
	of := (len(packed) + size - 1) / size
	for i := range of {
		s.Report = &chunk{l.serial, i, of, packed[i*size : min((i+1)*size, len(packed))]}
		l.publish(s)
	}
}

func (l *link) publish(s status) {
	raw, err := json.Marshal(s)
	if err == nil {
		_ = l.conn.Publish(l.agent.Subject+".status", raw) // without a connection it is sent again by the next beat
	}
}
