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

// writeAll writes the report to all its places. A failure at one does not keep the others from being written. Text goes
// to stdout if nothing else does.
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

// guarded masks secrets and, with --redact, addresses in jsonl, as in every recording.
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
		return fmt.Errorf("cannot write the report as %s: %w", o.format, err)
	}
	if !o.stdout() {
		if err := replaceFile(o.file, b.Bytes()); err != nil {
			return fmt.Errorf("cannot write the report as %s: %w; check the disk and the directory", o.format, err)
		}
		return nil
	}
	if _, err := a.out.Write(b.Bytes()); err != nil && !errors.Is(err, syscall.EPIPE) {
		return &outputError{err}
	}
	return nil
}

// replaceFile writes a file completely or not at all: beside its place first. A pipe or a device is written directly.
func replaceFile(path string, content []byte) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = f.Write(content)
		return errors.Join(err, f.Close())
	}
	// In a shared directory such as /tmp another user may prepare links, so the name cannot be guessed and must be new.
	beside := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%s.part", filepath.Base(path), rand.Text()))
	// #nosec G302 -- the umask restricts it, as any output
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
		_ = os.Remove(beside) // err is the cause
	}
	return err
}

// maxProgress is how many lines of progress are written if stderr is not a terminal.
const maxProgress = 20

// progress reports on stderr: each run that ended, and on a terminal the state of the check every second.
type progress struct {
	w      io.Writer
	live   bool
	named  bool // lines begin with the name of the check: there are several
	ticker *time.Ticker
	done   chan struct{}
	idle   sync.WaitGroup

	mu     sync.Mutex
	lines  int
	ended  int
	failed int
	of     int
	last   string // the state of the latest run
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
			complain(p.w, fmt.Sprintf("%d of %d runs finished, %d failed; %s", p.ended, p.of, p.failed, p.last))
		}
		p.mu.Unlock()
	}
}

// report prints progress of the check.
func (p *progress) report(n diagcheck.Progress) {
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
			complain(p.w, "… the report lists the other runs")
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
	complain(p.w, fmt.Sprintf("%srun %d of %d: %s%s", name, n.Run, n.Of, n.Done.Headline, setup))
}

// stop ends the ticker.
func (p *progress) stop() {
	close(p.done)
	p.idle.Wait()
	if p.ticker != nil {
		p.ticker.Stop()
	}
}
