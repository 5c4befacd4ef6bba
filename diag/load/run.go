package load

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"dialtone/diag"
	"dialtone/diag/assert"
	"dialtone/diag/check"
	"dialtone/diag/judge/crowd"
	"dialtone/diag/report"
	"dialtone/diag/session"
)

// Options of a load test.
type Options struct {
	// Call says how each call is placed; its Config.For is how long it lasts once connected. Repeat and Parallel do not
	// count.
	Call          check.Options
	Plan          Plan
	MaxInProgress int // calls; those that are due beyond it are dropped; 0: 1,000
	// Begin is called when calls can be placed, and returns when the schedule begins; nil: at once.
	Begin func(ctx context.Context) (time.Time, error)
	// Publisher is the call that is placed before the first, and ended after the last, whose media they view; nil: none.
	Publisher  *check.Options
	Assertions []*assert.Assertion
	// Progress gets each second with the totals, and the calls that ended well; may be nil. It must not block.
	Progress func(Progress)
	// Snapshot gets a copy of the report so far before Begin and after each second; may be nil. It must not block.
	Snapshot func(*Report)
}

// Progress is the state of a test after a second.
type Progress struct {
	Point  Point
	Counts Counts
	Causes []Cause
	Due    int // calls of this part of the plan
}

const (
	defaultInProgress = 1000
	// tooLate is how late a call may begin; one that is later is dropped, as it would only come in a burst.
	tooLate = time.Second
	// maxEnd bounds how many findings of calls that passed are kept.
	maxFaults = 20
)

// runner is a test that runs.
type runner struct {
	Options
	placeOne func(ctx context.Context, n int) (*report.RunInput, error)
	begun    time.Time
	calls    sync.WaitGroup
	due      int

	mu        sync.Mutex
	counts    Counts
	judged    Metrics
	unjudged  Unjudged
	lateness  *Times
	causes    []Cause
	findings  []Noticed
	points    []Point
	lost      []float64 // of each second of the tester that is over: the share that says nothing, 0-1
	pending   []outcome // calls that ended in a second of the tester that is not over
	limit     crowd.TesterLimit
	starts    map[int]time.Duration // when calls in progress were due
	diagnosed bool
	faults    []error
	cut       bool // a call was interrupted
}

// Run runs the test and returns its report, also if ctx ends before all calls have. The error is what kept calls from
// being placed at all; without a publisher that was asked for, there is no report.
func Run(ctx context.Context, o Options) (*Report, error) {
	r := &runner{Options: o, starts: map[int]time.Duration{}}
	if r.MaxInProgress == 0 {
		r.MaxInProgress = defaultInProgress
	}
	if r.Progress == nil {
		r.Progress = func(Progress) {}
	}
	for range o.Plan.Arrivals() {
		r.due++
	}
	common, err := session.NewShared()
	if err != nil {
		return nil, err
	}
	o.Call.Tune = cheaply(common, o.Call.Tune)
	caller := check.Caller{Options: o.Call, Explain: r.explain, Open: r.ready}
	r.placeOne = caller.Place
	var broadcast *publisher
	if o.Publisher != nil {
		first := *o.Publisher
		first.Tune = cheaply(common, first.Tune)
		if broadcast, err = publish(ctx, first); err != nil {
			return nil, err
		}
	}
	defer paceCollector().stop()
	interrupted := !r.await(ctx)
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	var watcher sync.WaitGroup
	watcher.Go(func() { watchTester(watching, r.second) })
	if !interrupted {
		interrupted = !r.arrive(ctx)
	}
	r.calls.Wait()
	stop()
	watcher.Wait()
	if err := broadcast.stop(); err != nil {
		r.faults = append(r.faults, fmt.Errorf("%w, before the last viewer; the report is of calls with and without it", err))
	}
	r.flush(time.Since(r.begun))
	return r.report(interrupted || r.cut), errors.Join(r.faults...)
}

// await waits for the time at which the schedule begins. It returns false if ctx ends before.
func (r *runner) await(ctx context.Context) bool {
	r.begun = time.Now()
	if r.Begin == nil {
		return true
	}
	r.snapshot()
	begin, err := r.Begin(ctx)
	if err != nil {
		r.faults = append(r.faults, err)
		return false
	}
	r.begun = begin
	return diag.Sleep(ctx, time.Until(r.begun))
}

// snapshot passes on a copy of the report so far.
func (r *runner) snapshot() {
	if r.Snapshot == nil {
		return
	}
	r.mu.Lock()
	now, err := MergeEach(slices.Values([]*Report{r.report(false)}))
	r.mu.Unlock()
	if err == nil {
		r.Snapshot(now)
	}
}

// cheaply lets the sessions of the calls be cheap.
func cheaply(common *session.Shared, tune func(bool, *session.Options)) func(bool, *session.Options) {
	return func(answering bool, o *session.Options) {
		common.Cheap(answering, o)
		if tune != nil {
			tune(answering, o)
		}
	}
}

// arrive begins the calls at their times. It returns false if ctx ended before the last.
func (r *runner) arrive(ctx context.Context) bool {
	for n, at := range r.Plan.Arrivals() {
		if !diag.Sleep(ctx, time.Until(r.begun.Add(at))) || ctx.Err() != nil { // it may be due at the moment of the end
			return false
		}
		if r.start(n, at) {
			r.calls.Go(func() { r.place(ctx, n, at) })
		}
	}
	return true
}

// start counts a call that is due, and reports whether it can begin.
func (r *runner) start(n int, at time.Duration) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	late := time.Since(r.begun) - at
	p := r.point(at)
	r.counts.Scheduled++
	p.Scheduled++
	if len(r.starts) >= r.MaxInProgress || late > tooLate {
		r.counts.Dropped++
		p.Dropped++
		return false
	}
	r.starts[n] = at
	r.counts.Started++
	p.Started++
	r.counts.Peak = max(r.counts.Peak, len(r.starts))
	there(&r.lateness).add(max(0, late))
	return true
}

// point is the second in which a time lies.
func (r *runner) point(at time.Duration) *Point {
	i := int(max(0, at) / time.Second)
	for len(r.points) <= i {
		r.points = append(r.points, Point{At: diag.Millis(time.Duration(len(r.points)) * time.Second)})
	}
	return &r.points[i]
}

// explain lets one call of a test diagnose why it has no path: the network does not change between calls.
func (r *runner) explain() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.diagnosed {
		return 0
	}
	r.diagnosed = true
	return 3 * time.Second
}

// ready counts a call that was set up.
func (r *runner) ready(n int, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if due, known := r.starts[n]; known {
		r.counts.Ready++
		r.point(at.Sub(r.begun)).ready(at.Sub(r.begun) - due)
	}
}

// place places a call and keeps its outcome.
func (r *runner) place(ctx context.Context, n int, at time.Duration) {
	in, err := r.placeOne(ctx, n)
	var o outcome
	if in != nil {
		x := r.Call.Expectation()
		x.OneOfMany = true
		o = outcomeOf(at, r.begun, in, report.Fold(x, *in))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.starts, n)
	if err != nil && len(r.faults) < maxFaults {
		r.faults = append(r.faults, err)
	}
	o.scheduled, o.ended = at, time.Since(r.begun)
	switch {
	case in == nil:
		r.counts.NotPlaced++
		return
	case in.Call.Ended != nil && in.Call.Ended.Code == diag.CodeStuck:
		r.counts.Stuck++
		r.limit.Calls, r.limit.Unjudged = r.limit.Calls+1, r.limit.Unjudged+1
		return
	}
	o.run.Samples, o.run.Setup.Phases = nil, slices.Clone(o.run.Setup.Phases)
	r.pending = append(r.pending, o)
	p := r.point(o.ended)
	p.Ended++
	if o.failed() {
		p.Failed++
	}
}

// second keeps how the tester fared in a window, and judges the calls that ended before its end.
func (r *runner) second(w window) {
	r.mu.Lock()
	first, last := r.seconds(w)
	for len(r.lost) <= last {
		r.lost = append(r.lost, 0)
	}
	var p *Point
	for i := first; i <= last; i++ {
		p = r.point(time.Duration(i) * time.Second)
		p.Tester, p.InProgress = secondOf(w), len(r.starts)
	}
	if w.Short() {
		if r.limit.Seconds == 0 {
			r.limit.InProgress, r.limit.Rate, r.limit.LateShare = p.InProgress, float64(p.Started), p.Tester.Late
		}
		for i := first; i <= last; i++ {
			if r.lost[i] == 0 {
				r.limit.Seconds++
			}
			r.lost[i] = max(r.lost[i], w.Lost())
		}
		r.limit.Drops += w.Drops
	}
	r.limit.WorstMs = max(r.limit.WorstMs, diag.Millis(w.Worst))
	if w.CPU != nil && (r.limit.CPU == nil || *w.CPU > *r.limit.CPU) {
		r.limit.CPU = w.CPU
	}
	r.flush(w.to.Sub(r.begun))
	now := Progress{Point: *p, Counts: r.counts, Causes: slices.Clone(r.causes), Due: r.due}
	now.Point.Setup = slices.Clone(p.Setup)
	r.mu.Unlock()
	r.Progress(now)
	r.snapshot()
}

// seconds are the first and the last second of the test that a window is about: it begins and ends near their bounds.
func (r *runner) seconds(w window) (first, last int) {
	from, to := max(0, w.from.Sub(r.begun)), max(0, w.to.Sub(r.begun))
	first = int(min(from.Round(time.Second), to) / time.Second)
	return first, max(first, int(to.Round(time.Second)/time.Second)-1)
}

// flush judges the calls that ended before the tester was measured.
func (r *runner) flush(before time.Duration) {
	r.pending = slices.DeleteFunc(r.pending, func(o outcome) bool {
		if o.ended > before {
			return false
		}
		r.count(&o)
		return true
	})
}

// mostLost is the share of a call's time that may say nothing.
const mostLost = 0.05

// longWait is the time for which a call has waited in vain from which on the server is the cause, if the tester lost
// less than half of that time: what it waited for would have been read in the other half.
const longWait = 5 * time.Second

// shortIn reports whether the tester was its own limit while a call was set up, from the second before, or lost more
// than a twentieth of the call's time; of a call that was never set up, half of it.
func (r *runner) shortIn(o *outcome) bool {
	setup, took := o.ended, o.ended-o.scheduled
	if o.setup != nil {
		setup = o.scheduled + *o.setup
	}
	inVain := o.setup == nil && o.failed() && took >= longWait
	lost := 0.0
	for i := max(0, int(o.scheduled/time.Second)-1); i <= int(o.ended/time.Second) && i < len(r.lost); i++ {
		if lost += r.lost[i]; r.lost[i] > 0 && i <= int(setup/time.Second) && !inVain {
			return true
		}
	}
	if inVain {
		return lost > took.Seconds()/2
	}
	return lost > mostLost*took.Seconds()
}

// count adds a call to the totals.
func (r *runner) count(o *outcome) {
	r.counts.Ended++
	r.limit.Calls++
	switch {
	case o.run.Exit.Code == diag.ExitInterrupted:
		r.counts.Interrupted++
		r.cut = true
		if !r.shortIn(o) { // how it fared until then
			r.judged.add(o)
		}
	case r.shortIn(o) && !o.proven():
		r.limit.Unjudged++
		r.unjudged.add(o)
	case o.failed():
		r.counts.Failed++
		r.judged.add(o)
		f := o.cause()
		r.causes = addCause(r.causes, Cause{f, statusOf(f), 1, o.run.Exit, diag.Millis(o.ended)})
	default:
		r.counts.Passed++
		r.judged.add(o)
	}
	for i, f := range o.run.Findings { // of audio and of video it is one call
		n := Noticed{f, statusOf(f), 1}
		alike := func(g report.Finding) bool { return n.alike(Noticed{g, statusOf(g), 1}) }
		if !slices.ContainsFunc(o.run.Findings[:i], alike) {
			r.findings = addNoticed(r.findings, n)
		}
	}
}

// report makes the report.
func (r *runner) report(interrupted bool) *Report {
	target := r.Call.Describe()
	out := &Report{
		Schema: Schema, Tool: strings.TrimSpace("dialtone " + r.Call.Config.Version), Name: r.Call.Name,
		StartedAt: r.begun.UTC(), Duration: diag.Millis(time.Since(r.begun)), Target: target, Plan: r.Plan,
		MaxInProgress: r.MaxInProgress, Calls: r.counts, Metrics: r.judged, Unjudged: r.unjudged, Lateness: r.lateness,
		Causes: r.causes, Noticed: r.findings, Series: r.points, Tester: r.limit, Interrupted: interrupted,
		Complete: []int{r.Plan.Part},
	}
	out.Expect(r.Assertions)
	out.Settle()
	return out
}
