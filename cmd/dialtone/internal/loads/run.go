package loads

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
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

// Run runs the test, or the search for its limit, and shows it: on a screen, or with a line of progress each second. A
// search has lines. The report is nil if the search was interrupted before its first step ended.
func Run(ctx context.Context, o load.Options, findLimit bool, start load.Rate, show Show) (*load.Report, error) {
	p := newProgress(show.Err)
	o.Progress = p.show
	if !findLimit && show.Screen && p.live {
		var stop context.CancelFunc
		ctx, stop = context.WithCancel(ctx)
		defer stop()
		screen := live.Open(live.Options{ASCII: show.ASCII, In: show.In, Out: show.Err, Stop: stop}, loads.New(o.Call.Name))
		defer screen.Close()
		o.Progress = func(now load.Progress) { screen.Show(stateOf(now)) }
	}
	if !findLimit {
		return load.Run(ctx, o)
	}
	return load.FindLimit(ctx, o, start, func(s load.Step) {
		p.linef("%s: %s, %d calls, %d at once %s", s.Rate, s.Outcome, s.Calls.Ended, s.Calls.Peak, s.Broken)
	})
}

// stateOf is what the screen shows of a test.
func stateOf(p load.Progress) loads.State {
	s := loads.State{
		At: (p.Point.At + diag.Millis(time.Second)).Duration(), Due: p.Due, Started: p.Counts.Started,
		Passed: p.Counts.Passed,
		Failed: p.Counts.Failed, Dropped: p.Counts.Dropped, InProgress: p.Point.InProgress, CPU: p.Point.Tester.CPU,
		Unjudged: p.Counts.Ended - p.Counts.Passed - p.Counts.Failed - p.Counts.Interrupted,
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
			*q.to = diag.Ptr(v.Duration())
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
