package reports

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"

	diagcheck "dialtone/diag/check"
)

// maxProgress is how many lines of progress are written outside a terminal.
const maxProgress = 20

// Progress reports each run that ended, and on a terminal the state every second.
type Progress struct {
	w      io.Writer
	live   bool
	named  bool // with the check's name: there are several
	ticker *time.Ticker
	done   chan struct{}
	idle   sync.WaitGroup

	mu     sync.Mutex
	lines  int
	ended  int
	failed int
	of     int
	last   string // the latest run and its state
}

// NewProgress begins to report; named says that there are several checks. End it with Stop.
func NewProgress(w io.Writer, named bool) *Progress {
	f, isFile := w.(*os.File)
	p := &Progress{w: w, named: named, live: isFile && term.IsTerminal(int(f.Fd())), done: make(chan struct{})}
	if p.live {
		p.ticker = time.NewTicker(time.Second)
		p.idle.Go(p.everySecond)
	}
	return p
}

func (p *Progress) everySecond() {
	for {
		select {
		case <-p.done:
			return
		case <-p.ticker.C:
		}
		p.mu.Lock()
		if p.of > 0 && p.ended < p.of {
			p.linef("%d of %d runs finished, %d failed; %s", p.ended, p.of, p.failed, p.last)
		}
		p.mu.Unlock()
	}
}

// Show takes the news of a check.
func (p *Progress) Show(n diagcheck.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.of = n.Of
	p.last = fmt.Sprintf("run %d: %s", n.Run, n.State)
	if n.Done == nil {
		return
	}
	p.ended++
	if n.Done.Exit.Code != 0 {
		p.failed++
	}
	if p.lines++; p.lines > maxProgress && !p.live {
		if p.lines == maxProgress+1 {
			p.linef("… further runs are in the report only")
		}
		return
	}
	name := ""
	if p.named {
		name = n.Check + ": "
	}
	setup := ""
	if total := n.Done.Setup.Total; total != nil {
		setup = fmt.Sprintf(", setup %.0f ms", total.Float())
	}
	p.linef("%srun %d of %d: %s%s", name, n.Run, n.Of, n.Done.Headline, setup)
}

// Stop ends the reports.
func (p *Progress) Stop() {
	close(p.done)
	p.idle.Wait()
	if p.ticker != nil {
		p.ticker.Stop()
	}
}

// linef writes a line. A failure of stderr cannot be reported anywhere.
func (p *Progress) linef(format string, args ...any) { _, _ = fmt.Fprintf(p.w, format+"\n", args...) }
