package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	diagcheck "dialtone/diag/check"
	"dialtone/diag/record"
	"dialtone/diag/report"
)

// writeAll writes the report to all its places. What fails at one keeps none of the others from being written. Text
// goes to stdout where nothing else does.
func (a app) writeAll(r *report.Report, list []output) error {
	taken := false
	for _, o := range list {
		taken = taken || o.stdout()
	}
	if !taken {
		list = append([]output{{format: "text", write: report.WriteText}}, list...)
	}
	var errs []error
	for _, o := range list {
		errs = append(errs, a.writeOne(r, o))
	}
	return errors.Join(errs...)
}

// guarded keeps out of jsonl, which is a recording, what recordings do not hold.
func (c *checkCommand) guarded(list []output, plans []checkPlan) []output {
	o := record.Options{Redact: c.Redact}
	for _, p := range plans {
		o.Secrets = append(o.Secrets, placement{config: p.Config}.secrets()...)
	}
	list = slices.Clone(list)
	for i := range list {
		if write := list[i].write; list[i].format == "jsonl" {
			list[i].write = func(w io.Writer, r *report.Report) error {
				var b bytes.Buffer
				if err := write(&b, r); err != nil {
					return err
				}
				_, err := w.Write(record.Clean(b.Bytes(), o))
				return err
			}
		}
	}
	return list
}

func (a app) writeOne(r *report.Report, o output) error {
	var b bytes.Buffer
	if err := o.write(&b, r); err != nil {
		return fmt.Errorf("the report cannot be made as %s: %w", o.format, err)
	}
	if !o.stdout() {
		if err := replaceFile(o.file, b.Bytes()); err != nil {
			return fmt.Errorf("the report cannot be written as %s: %w; look at the disk and the directory", o.format, err)
		}
		return nil
	}
	if _, err := a.out.Write(b.Bytes()); err != nil && !errors.Is(err, syscall.EPIPE) {
		return &outputError{err}
	}
	return nil
}

// replaceFile writes a file whole or not at all: beside its place first. What is no regular file (a pipe, a device) is
// written to directly.
func replaceFile(path string, content []byte) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = f.Write(content)
		return errors.Join(err, f.Close())
	}
	// Nobody else in the directory, /tmp for instance, can have laid a link there: the name is not to be guessed, and must
	// be new.
	beside := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%s.part", filepath.Base(path), rand.Text()))
	// #nosec G302 -- for all whom the umask allows, as any output
	f, err := os.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(beside, path)
	}
	if err != nil {
		_ = os.Remove(beside) // err tells more than this one would
	}
	return err
}

// maxProgress is how many lines of progress are written where nobody watches them live.
const maxProgress = 20

// progress tells on stderr how a check goes on: each run that ended, and on a terminal each second where it stands.
type progress struct {
	w      io.Writer
	live   bool
	named  bool // the check's name is told: there are several
	ticker *time.Ticker
	done   chan struct{}
	idle   sync.WaitGroup

	mu     sync.Mutex
	lines  int
	ended  int
	failed int
	of     int
	last   string // where the latest run stands
}

func newProgress(w io.Writer, named bool) *progress {
	f, isFile := w.(*os.File)
	p := &progress{w: w, named: named, live: isFile && isTerminal(f), done: make(chan struct{})}
	if p.live {
		p.ticker = time.NewTicker(time.Second)
		p.idle.Go(p.everySecond)
	}
	return p
}

func (p *progress) everySecond() {
	for {
		select {
		case <-p.done:
			return
		case <-p.ticker.C:
		}
		p.mu.Lock()
		if p.of > 0 && p.ended < p.of {
			complain(p.w, fmt.Sprintf("%d of %d calls ended, %d failed; %s", p.ended, p.of, p.failed, p.last))
		}
		p.mu.Unlock()
	}
}

// tell takes news of the check.
func (p *progress) tell(n diagcheck.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.of = n.Of
	p.last = fmt.Sprintf("call %d: %s", n.Run, n.State)
	if n.Done == nil {
		return
	}
	p.ended++
	if n.Done.Exit.Code != 0 {
		p.failed++
	}
	if p.lines++; p.lines > maxProgress && !p.live {
		if p.lines == maxProgress+1 {
			complain(p.w, "… further calls are told in the report alone")
		}
		return
	}
	name := ""
	if p.named {
		name = n.Check + ": "
	}
	setup := ""
	if n.Done.Setup.TotalMs != nil {
		setup = fmt.Sprintf(", set-up %.0f ms", *n.Done.Setup.TotalMs)
	}
	complain(p.w, fmt.Sprintf("%scall %d of %d: %s%s", name, n.Run, n.Of, n.Done.Headline, setup))
}

// stop ends the ticker.
func (p *progress) stop() {
	close(p.done)
	p.idle.Wait()
	if p.ticker != nil {
		p.ticker.Stop()
	}
}
