package check

import (
	"context"
	"crypto/tls"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"dialtone/diag"
	"dialtone/diag/assert"
	"dialtone/diag/call"
	"dialtone/diag/guard"
	"dialtone/diag/judge"
	"dialtone/diag/peer"
	"dialtone/diag/reach"
	"dialtone/diag/record"
	"dialtone/diag/report"
	"dialtone/diag/session"
	"dialtone/diag/speed"
)

// Options of a check. Target and Config.For are needed.
type Options struct {
	Name   string      // of the check, in the report
	Target Target      // what it calls
	Config diag.Config // of each call; Command, Code and LoopbackOnly are set here
	Expect string      // the path: judge.ExpectDirect, judge.ExpectRelay; "" for any
	// ExpectMedia are the kinds of media that must flow; nil: all that take part in the call.
	ExpectMedia []string
	Clips       peer.Clips     // what is sent instead of clips of the program
	NoEcho      bool           // no data channel needs to open and to be answered
	TLS         *tls.Config    // for turns: and stuns: servers; nil: the system's authorities
	Proxies     *reach.Proxies // for TURN over TCP and TLS; nil: none
	Limiter     *guard.Limiter // as in session.Options; nil: one of each call's own

	// Renew replaces ICE servers whose credentials expire, before each run; nil: none do.
	Renew func(ctx context.Context, have []diag.ICEServerAuth) ([]diag.ICEServerAuth, error)
	// Supply does the same during a run, until the context ends: it gives the servers to use instead. Set with Renew.
	Supply func(ctx context.Context, have []diag.ICEServerAuth, report func(diag.Data), use func([]diag.ICEServerAuth))
	// Asking is what it took to get the ICE servers from others before: the check began then.
	Asking time.Duration
	// Notes are warnings that every run begins with.
	Notes []diag.Warning

	// Allocations is how long each TURN server is asked for allocations after the calls; 0: not at all.
	Allocations time.Duration

	Repeat   int // runs; 0: 1
	Parallel int // of them at once; 0: 1

	Room   *record.Room // for all recordings; nil: without limit
	Record string       // existing directory for a recording of each side of each run; "": none
	Redact bool         // mask addresses in them

	Assertions []*assert.Assertion // beside the default ones
	Baseline   *report.Report      // an earlier report; nil: none

	// Progress gets every change of state, from one goroutine at a time; may be nil.
	Progress func(Progress)
	// Traced gives the traceparent of a run, "" for none, and a function that gets the run when it has ended; may be nil.
	Traced func() (traceparent string, done func(report.RunInput))
	// Tune changes the options of the session of the offerer or the answerer before it starts; may be nil.
	Tune func(answering bool, o *session.Options)

	unwatched bool // the machine's load is not measured: tests of faults run beside others
}

// Progress is a change of the state of a run.
type Progress struct {
	Check string
	Run   int         // from 1
	Of    int         // how many there will be
	State string      // of the run
	Done  *report.Run // the run has ended; nil before
}

// checker is a check that runs.
type checker struct {
	Caller
	begun time.Time

	mu     sync.Mutex // of what follows, and around Progress
	runs   []report.Folded
	faults []error   // recordings that could not be written
	kept   int       // events in runs
	worst  diag.Exit // of runs
	cannot bool      // a run could not begin
	short  bool      // a run was interrupted

	relays []speed.Allocations

	explained bool // a run has asked the servers why there is no path
}

// Run places the calls and returns the report, also if ctx ends before all are done. The error is what kept the check
// from doing all its work, such as a recording that cannot be written; the report is valid nevertheless.
func Run(ctx context.Context, o Options) (*report.Report, error) {
	o.Repeat, o.Parallel = max(o.Repeat, 1), max(o.Parallel, 1)
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	c := &checker{Caller: Caller{Options: o, Keep: maxEvents}, begun: time.Now().Add(-o.Asking)}
	c.Explain, c.State = c.explain, c.progress
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	var load judge.Load
	var watcher sync.WaitGroup
	if !o.unwatched {
		watcher.Go(func() { load = WatchLoad(watching) })
	}
	c.runAll(ctx)
	stop()
	watcher.Wait()
	c.relays = allocations(ctx, o)
	return c.report(load, time.Since(c.begun), ctx.Err() != nil && c.cut()), errors.Join(c.faults...)
}

// progress reports the state of a run.
func (c *checker) progress(n int, state call.State) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Progress(Progress{Check: c.Name, Run: n, Of: c.Repeat, State: state.String()})
}

// runAll does the runs, some of them in parallel.
func (c *checker) runAll(ctx context.Context) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(c.Parallel, c.Repeat) {
		workers.Go(func() {
			for ctx.Err() == nil && !c.broken() {
				n := int(next.Add(1))
				if n > c.Repeat {
					return
				}
				c.runOne(ctx, n)
			}
		})
	}
	workers.Wait()
	slices.SortFunc(c.runs, func(a, b report.Folded) int { return int(a.Start - b.Start) })
}

// broken reports whether a run could not begin: the next ones would fail alike.
func (c *checker) broken() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cannot
}

// cut reports whether the end of the context cost anything: a run that was not begun, or one that it ended.
func (c *checker) cut() bool {
	return len(c.runs) < c.Repeat || c.short
}

// Expectation is what is asked of each call: a data channel that is echoed, and all media that takes part in it, unless
// the user said what to expect or asserts something about the same thing.
func (o Options) Expectation() judge.Expectation {
	asserted := func(path ...string) bool {
		return slices.ContainsFunc(o.Assertions, func(a *assert.Assertion) bool { return a.Mentions(path...) })
	}
	x := judge.Expectation{Path: o.Expect}
	x.Echo = !o.Config.MediaOnly && o.Config.Channel == "" && !o.NoEcho &&
		!asserted("answered") && !asserted("echoed") && !asserted("channels")
	way := wayOf(o.Target.Place(0).Flow)
	if way == "" {
		way = o.Config.Way
	}
	kinds := o.ExpectMedia
	if kinds == nil {
		kinds = diag.Kinds
	}
	for _, kind := range kinds {
		for _, dir := range []diag.Direction{diag.Inbound, diag.Outbound} {
			left := o.Config.NoMedia || slices.Contains(o.Config.NoKinds, kind) || way != "" && way != dir
			if !left && !asserted("media", kind, string(dir)) {
				x.Media = append(x.Media, call.MediaKind{Direction: dir, Kind: kind})
			}
		}
	}
	return x
}

// Describe is the target as the report shows it.
func (o Options) Describe() report.Target {
	target := o.Target.Describe()
	target.ICEServers = []string{}
	for _, s := range o.Config.ICEServers {
		target.ICEServers = append(target.ICEServers, s.URL)
	}
	target.RelayOnly, target.Media, target.For = o.Config.RelayOnly, !o.Config.NoMedia, diag.Millis(o.Config.For)
	return target
}

// report makes the report of all runs.
func (c *checker) report(load judge.Load, took time.Duration, interrupted bool) *report.Report {
	x := c.Expectation()
	target := c.Describe()
	r := report.Build(report.Input{
		Tool: strings.TrimSpace("dialtone " + c.Config.Version), Name: c.Name, StartedAt: c.begun, Duration: took,
		Target: target, Load: load, Runs: c.runs, Interrupted: interrupted,
	})
	addAllocations(r, c.relays)
	x.Echo = x.Echo && c.Config.Channel == "" // the peer's own channel needs to open, but not to answer
	Assert(r, append(DefaultAssertions(x), c.Assertions...))
	if c.Baseline != nil {
		r.Compare(c.Baseline)
	}
	return r
}
