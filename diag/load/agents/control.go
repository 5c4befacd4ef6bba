package agents

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"dialtone/diag"
	"dialtone/diag/assert"
	"dialtone/diag/judge/crowd"
	"dialtone/diag/load"
)

// MaxAgents bounds the agents of a test.
const MaxAgents = 1000

// Controller gives agents their parts of a test, and joins their reports.
type Controller struct {
	Broker
	Agents     int       // that place the test: the schedule has as many parts
	Plan       load.Plan // of the whole
	Hold       time.Duration
	Timeout    time.Duration // of silence, after which an agent counts as lost, and an agent ends its calls
	Name       string        // of the test in the report; "": as the agents call it
	Assertions []*assert.Assertion
	Progress   func(load.Progress) // as in load.Options
	Say        func(string)        // a line about how it goes on
}

// Bounds of the phases of a test.
const (
	lead     = 2               // beats from the last agent being prepared to the first call, so that an order may be lost
	endTime  = 3 * time.Minute // that calls may need to end beyond their length
	stopTime = time.Minute     // that agents may need to end their calls early
	// maxPending bounds what has arrived and was not read: what is lost is sent again
	maxPending = 32 << 20 // bytes
)

// test is what the controller knows of a test.
type test struct {
	Controller
	conn     *nats.Conn
	id       string
	phase    phase
	since    time.Time // of the phase
	begins   time.Time
	dues     []int // calls of each part
	lastCall time.Duration
	members  []*member
	shown    int   // seconds
	fault    error // why the test cannot take place
	stopped  bool  // by the user
}

// Control waits until all agents have joined, lets them place the test, and returns its report: of all calls whose
// results arrived, and of what is missing. It is nil if the test did not begin. If ctx ends, the agents end their
// calls.
func Control(ctx context.Context, c Controller) (*load.Report, error) {
	conn, err := c.dial(ctx, "dialtone load")
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	arrived, err := conn.SubscribeSync(c.Subject + ".status")
	if err != nil {
		return nil, err
	}
	if err := arrived.SetPendingLimits(8*MaxAgents, maxPending); err != nil {
		return nil, err
	}
	t := &test{Controller: c, conn: conn, id: newID(), phase: gathering, since: time.Now()}
	for i := range c.Agents {
		due := 0
		for _, at := range (load.Plan{Stages: c.Plan.Stages, Calls: c.Plan.Calls, Part: i + 1, Parts: c.Agents}).Arrivals() {
			due, t.lastCall = due+1, max(t.lastCall, at)
		}
		t.dues = append(t.dues, due)
	}
	c.Say(fmt.Sprintf("waiting for %d agents", c.Agents))
	t.run(ctx, arrived)
	return t.report()
}

// run goes through the phases.
func (t *test) run(ctx context.Context, from *nats.Subscription) {
	receiving, stop := context.WithCancel(context.WithoutCancel(ctx))
	var receiver sync.WaitGroup
	defer receiver.Wait()
	defer stop()
	arrived := make(chan *nats.Msg)
	receiver.Go(func() { receive(receiving, from, arrived) })
	beat := time.NewTicker(beatOf(t.Timeout))
	defer beat.Stop()
	done := ctx.Done()
	for t.phase != finished {
		select {
		case <-done:
			done = nil
			t.stopped = true
			t.enter(stopping)
		case m := <-arrived:
			if s, err := readStatus(m.Data); err == nil {
				t.take(s)
			}
			continue
		case <-beat.C:
		}
		t.advance(time.Now())
		t.order()
		t.show()
	}
	_ = t.conn.FlushTimeout(t.Timeout) // agents that did not get the last order end by themselves
}

// receive hands on what arrives until ctx ends.
func receive(ctx context.Context, from *nats.Subscription, to chan<- *nats.Msg) {
	for ctx.Err() == nil {
		m, err := from.NextMsgWithContext(ctx)
		switch {
		case errors.Is(err, nats.ErrSlowConsumer): // more arrived than is kept; what follows is read
			continue
		case err != nil:
			return
		}
		select {
		case to <- m:
		case <-ctx.Done():
		}
	}
}

func (t *test) enter(p phase) { t.phase, t.since = p, time.Now() }

// advance goes to the next phase if it is time.
func (t *test) advance(now time.Time) {
	silent := t.silence(now)
	switch t.phase {
	case gathering:
		t.members = slices.DeleteFunc(t.members, func(m *member) bool { return m.silent })
		if len(t.members) == t.Agents {
			t.assign()
		} else if now.Sub(t.since) > joinTime {
			t.abort(fmt.Errorf("only %d of %d agents joined within %v: run dialtone load --join with the same --nats and "+
				"--nats-subject on each machine", len(t.members), t.Agents, joinTime))
		}
	case preparing:
		switch {
		case silent != "":
			t.abort(fmt.Errorf("nothing more was heard from agent %s before the test began", silent))
		case t.all(func(m *member) bool { return m.state == prepared && m.tail != nil }):
			t.begins = now.Add(lead * beatOf(t.Timeout))
			t.Say(fmt.Sprintf("all %d agents begin in %v", t.Agents, lead*beatOf(t.Timeout)))
			t.enter(running)
		case now.Sub(t.since) > joinTime:
			t.abort(fmt.Errorf("not all agents could begin within %v", joinTime))
		}
	case running:
		if t.all((*member).over) || now.After(t.begins.Add(t.lastCall+t.Hold+endTime)) {
			t.enter(finished)
		}
	case stopping:
		if t.all((*member).over) || now.Sub(t.since) > stopTime {
			t.enter(finished)
		}
	case refused, finished: // the test is over
	}
}

// silence notes who was not heard of for too long, and returns the name of one of them.
func (t *test) silence(now time.Time) (name string) {
	for _, m := range t.members {
		was := m.silent
		if m.silent = m.state != ended && now.Sub(m.heard) > t.Timeout; !m.silent {
			continue
		}
		if name = m.name; !was && t.phase == running {
			t.Say(fmt.Sprintf("agent %s was not heard of for %v", m.name, t.Timeout))
		}
	}
	return name
}

func (t *test) all(is func(*member) bool) bool {
	return !slices.ContainsFunc(t.members, func(m *member) bool { return !is(m) })
}

// assign gives each agent its part, in the order of their names.
func (t *test) assign() {
	slices.SortFunc(t.members, func(a, b *member) int { return strings.Compare(a.name, b.name) })
	for i, m := range t.members {
		m.part = i + 1
	}
	t.enter(preparing)
}

// abort ends a test that cannot take place.
func (t *test) abort(why error) {
	if t.fault == nil {
		t.fault = why
	}
	t.enter(stopping)
}

// order sends each agent what the phase asks of it.
func (t *test) order() {
	if t.phase == gathering {
		return
	}
	for _, m := range t.members {
		t.send(m)
	}
}

func (t *test) send(m *member) {
	if m.part == 0 { // it was stopped before it got one
		t.refuse(m.id, "the test was stopped")
		return
	}
	o := order{Test: t.id, Phase: t.phase, Plan: t.planOf(m), Hold: diag.Millis(t.Hold), Timeout: diag.Millis(t.Timeout)}
	if m.state == ended || m.state == failed {
		o.Phase = finished
	}
	if t.phase == running {
		o.Until = diag.Millis(time.Until(t.begins))
	}
	t.publish(m.id, o)
}

func (t *test) refuse(id, why string) { t.publish(id, order{Test: t.id, Phase: refused, Why: why}) }

func (t *test) publish(id string, o order) {
	raw, err := json.Marshal(o)
	if err == nil {
		_ = t.conn.Publish(t.Subject+".order."+id, raw) // without a connection it is sent again by the next beat
	}
}

func (t *test) planOf(m *member) load.Plan {
	return load.Plan{Stages: t.Plan.Stages, Calls: t.Plan.Calls, Part: m.part, Parts: t.Agents}
}

// partOf is that of an agent which has one.
func (t *test) partOf(m *member) part {
	longest := t.lastCall + t.Hold + endTime + stopTime
	return part{t.planOf(m), t.dues[m.part-1], int(longest/time.Second) + 1, t.shown}
}

// take takes the status of an agent.
func (t *test) take(s status) {
	i := slices.IndexFunc(t.members, func(m *member) bool { return m.id == s.ID })
	switch {
	case i < 0 && t.phase == gathering && s.Test == "" && s.State == joining:
		t.join(s)
		return
	case i < 0 || s.Agent != t.members[i].name:
		return
	case s.Test != "" && s.Test != t.id:
		if t.phase == preparing {
			t.abort(fmt.Errorf("agent %s takes part in the test of another controller: give each test a --nats-subject of its "+
				"own", s.Agent))
		}
		return
	}
	m := t.members[i]
	m.heard = time.Now()
	if s.Test == "" || m.part == 0 || m.state == ended || m.state == failed { // without a part there is no report
		return
	}
	if s.Report != nil {
		if whole := m.add(s.Report, t.partOf(m)); !whole && s.State == ended {
			return // the rest of its report follows
		}
	}
	m.state = s.State
	switch {
	case s.State == failed && t.phase == preparing:
		t.abort(fmt.Errorf("agent %s cannot place its part: %s", m.name, s.Why))
	case s.State == ended || s.State == failed:
		t.send(m)
	}
}

// join takes an agent into the test if there is room.
func (t *test) join(s status) {
	switch {
	case len(t.members) >= t.Agents:
		return // it may be one for the next test
	case slices.ContainsFunc(t.members, func(m *member) bool { return m.name == s.Agent }):
		t.refuse(s.ID, "another agent has its name; give each agent another name by --join")
		return
	}
	t.members = append(t.members, &member{name: s.Agent, id: s.ID, heard: time.Now(), state: joining})
	t.Say(fmt.Sprintf("agent %s joined: %d of %d", s.Agent, len(t.members), t.Agents))
}

// show passes on the newest second that all agents that still place calls have reported.
func (t *test) show() {
	if t.phase != running && t.phase != stopping {
		return
	}
	var all, placing []*load.Tail
	due := 0
	for i, m := range t.members {
		due += t.dues[i]
		if m.tail == nil {
			continue
		}
		if all = append(all, m.tail); !m.over() {
			placing = append(placing, m.tail)
		}
	}
	for len(placing) > 0 {
		now, ok := load.ProgressOf(all, placing, t.shown)
		if !ok {
			return
		}
		now.Due = due
		t.shown++
		t.Progress(now)
	}
}

// report joins the reports of the agents.
func (t *test) report() (*load.Report, error) {
	switch {
	case t.fault != nil:
		return nil, t.fault
	case t.begins.IsZero():
		return nil, errors.New("stopped before the test began")
	}
	r, err := load.MergeEach(t.reports)
	if err != nil {
		return nil, fmt.Errorf("the reports of the agents do not fit together: %w", err)
	}
	for i, m := range t.members {
		r.Agents = append(r.Agents, m.summary(t.dues[i], t.stopped))
	}
	r.Interrupted = t.stopped || r.Interrupted && !slices.ContainsFunc(r.Agents, lost)
	if t.Name != "" {
		r.Name = t.Name
	}
	r.Expect(t.Assertions)
	r.Settle()
	return r, nil
}

// reports are those that arrived, one after another.
func (t *test) reports(yield func(*load.Report) bool) {
	for _, m := range t.members {
		if m.packed == nil {
			continue
		}
		r, err := unpack(m.packed)
		if err != nil { // it could be read when it came
			continue
		}
		r.StartedAt = t.begins // whatever the clock of the agent says
		if !yield(r) {
			return
		}
	}
}

func lost(a crowd.Agent) bool { return a.Loss != "" }
