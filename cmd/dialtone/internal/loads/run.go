package loads

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"

	"dialtone/diag"
	"dialtone/diag/load"
	"dialtone/tui/live"
	"dialtone/tui/loads"
)

// maxLines is how many lines of progress are written outside a terminal: then each next line waits twice as long.
const maxLines = 20

// Show says how a test is shown while it runs.
type Show struct {
	In     io.Reader
	Err    io.Writer
	Screen bool // if Err is a terminal; else lines
	ASCII  bool
}

// Test is what is to be run.
type Test struct {
	load.Options
	Fleet     *Fleet
	FindLimit bool
	Arrive    load.Rate   // the first rate of a search
	Both      bool        // both peers of each call are here
	Trust     *tls.Config // for the broker
}

// Run runs the test, or the search for its limit, and shows it: on a screen, or with a line of progress each second. A
// search has lines. The report is nil if no call was placed.
func Run(ctx context.Context, t Test, show Show) (*load.Report, error) {
	p := newProgress(show.Err)
	say := func(text string) { p.linef("%s", text) }
	if t.Progress = p.show; !t.FindLimit && show.Screen && p.live {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		s := &screen{open: func() *live.Screen {
			return live.Open(live.Options{ASCII: show.ASCII, In: show.In, Out: show.Err, Stop: stop}, loads.New(t.Call.Name))
		}}
		defer s.close()
		if t.Progress = s.show; t.Fleet.NATS == "" {
			s.begin()
		}
		return t.run(ctx, p, func(text string) { s.unlessOpen(func() { say(text) }) })
	}
	return t.run(ctx, p, say)
}

// run runs the test, or the search for its limit.
func (t *Test) run(ctx context.Context, p *progress, say func(string)) (*load.Report, error) {
	switch {
	case t.FindLimit:
		return load.FindLimit(ctx, t.Options, t.Arrive, func(s load.Step) {
			p.linef("%s: %s, %d calls, %d at once %s", s.Rate, s.Outcome, s.Calls.Ended, s.Calls.Peak, s.Broken)
		})
	case t.Fleet.Agents > 0:
		return t.Fleet.control(ctx, t, say)
	case t.Fleet.Join != "":
		return t.Fleet.join(ctx, t, say)
	}
	return load.Run(ctx, t.Options)
}

// screen is opened when there is something to show: until then, the agents of a test join.
type screen struct {
	open func() *live.Screen

	mu  sync.Mutex
	now *live.Screen // nil: not open
}

func (s *screen) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now == nil {
		s.now = s.open()
	}
}

func (s *screen) show(now load.Progress) {
	s.begin()
	s.now.Show(stateOf(now))
}

// unlessOpen writes a line that would spoil the screen, and that the report repeats.
func (s *screen) unlessOpen(write func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now == nil {
		write()
	}
}

func (s *screen) close() {
	if s.now != nil {
		s.now.Close()
	}
}

// stateOf is what the screen shows of a test.
func stateOf(p load.Progress) loads.State {
	s := loads.State{
		At: (p.Point.At + diag.Millis(time.Second)).Duration(), Due: p.Due, Started: p.Counts.Started,
		Passed: p.Counts.Passed,
		Failed: p.Counts.Failed, Dropped: p.Counts.Dropped, InProgress: p.Point.InProgress, CPU: p.Point.Tester.CPU,
		Unjudged: p.Counts.Ended - p.Counts.Passed - p.Counts.Failed - p.Counts.Interrupted,
		Late:     p.Point.Tester.Late,
		Second: loads.Second{
			Started: p.Point.Started, Ended: p.Point.Ended, Failed: p.Point.Failed, InProgress: p.Point.InProgress,
			Short: p.Point.Tester.Short,
		},
	}
	for i, n := range p.Point.Setup {
		if n > 0 {
			s.Second.Setup = append(s.Second.Setup, loads.Count{Till: load.BucketEnd(i), N: n})
		}
	}
	for _, q := range []struct {
		share float64
		to    **time.Duration
	}{{0.5, &s.P50}, {0.95, &s.P95}} {
		if v := p.Point.Quantile(q.share); v != nil {
			*q.to = new(v.Duration())
		}
	}
	for _, c := range p.Causes {
		s.Causes = append(s.Causes, loads.Cause{Title: cmp.Or(c.Title, c.ID), Calls: c.Calls})
	}
	return s
}

// progress writes lines to stderr: one a second on a terminal, else ever fewer.
type progress struct {
	w     io.Writer
	live  bool
	lines int
	every int // seconds
	since int
}

func newProgress(w io.Writer) *progress {
	f, isFile := w.(*os.File)
	return &progress{w: w, live: isFile && term.IsTerminal(int(f.Fd())), every: 1}
}

// show takes the state after a second. It is called by one goroutine.
func (p *progress) show(now load.Progress) {
	if p.since++; !p.live && p.since < p.every {
		return
	}
	p.since = 0
	if p.lines++; p.lines%maxLines == 0 {
		p.every *= 2
	}
	p.linef("%s", line(now))
}

// linef writes a line. A failure of stderr cannot be reported anywhere.
func (p *progress) linef(format string, args ...any) { _, _ = fmt.Fprintf(p.w, format+"\n", args...) }
