package loads

import (
	"context"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"dialtone/diag/load"
)

// maxLines is how many lines of progress are written outside a terminal: then each next line waits twice as long.
const maxLines = 20

// Run runs the test, or the search for its limit, with a line of progress each second. The report is nil if the search
// was interrupted before its first step ended.
func Run(ctx context.Context, o load.Options, findLimit bool, start load.Rate, w io.Writer) (*load.Report, error) {
	p := newProgress(w)
	o.Progress = p.show
	if !findLimit {
		return load.Run(ctx, o)
	}
	return load.FindLimit(ctx, o, start, func(s load.Step) {
		p.linef("%s: %s, %d calls, %d at once %s", s.Rate, s.Outcome, s.Calls.Ended, s.Calls.Peak, s.Broken)
	})
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
