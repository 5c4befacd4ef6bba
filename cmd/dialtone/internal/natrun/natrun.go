// Package natrun runs the diagnoses of dialtone nat, on the screen or as text.
package natrun

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"dialtone/cmd/dialtone/internal/calls"
	"dialtone/cmd/dialtone/internal/nattext"
	"dialtone/cmd/dialtone/internal/terminal"
	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/feed"
	"dialtone/diag/judge"
	"dialtone/diag/judge/network"
	"dialtone/diag/probe"
	"dialtone/diag/record"
	"dialtone/tui"
	"dialtone/tui/pane"
)

// Options say what is diagnosed, and where it is shown.
type Options struct {
	Streams terminal.Streams
	Config  diag.Config // of the recording
	Secrets []diag.Secret
	Inquiry probe.Inquiry
	Watch   bool          // diagnose again and again
	Every   time.Duration // the pause between two diagnoses
	Record  string        // a file; "" for none
	Redact  bool
	Room    *record.Room
	Screen  bool
	ASCII   bool           // on the screen
	Panes   []pane.Factory // of the screen
	JSON    bool           // instead of text
	Verbose bool           // in text
}

// run is one diagnosis or several after each other, and those who read its log.
type run struct {
	Options
	log   *feed.Feed
	again chan struct{} // another diagnosis is wanted now
	parts sync.WaitGroup

	// Of the goroutine that diagnoses, until it has ended.
	events *feed.Reader
	call   call.Call // the fold of the log, which is all that text and exit code are made of

	recordErr error
}

// Run runs the diagnoses. The exit code is that of the last.
func Run(ctx context.Context, o Options) (diag.Exit, error) {
	r := &run{Options: o, log: feed.New(time.Now), again: make(chan struct{}, 1)}
	r.Inquiry.Report = func(d diag.Data) { r.log.Append(d) }
	r.events = r.log.Reader()
	if err := r.startRecording(context.WithoutCancel(ctx)); err != nil {
		return diag.ExitCannotRun, err
	}
	var err error
	if o.Screen {
		err = r.onScreen(ctx)
	} else {
		err = r.asText(ctx)
	}
	r.log.Close()
	r.parts.Wait()
	if err = errors.Join(err, r.recordErr); err != nil {
		return diag.ExitCannotRun, err
	}
	if d := r.call.Diagnosis(); d == nil {
		return diag.ExitInterrupted, nil
	} else if d.Ended != nil && d.Ended.Stopped == diag.StoppedError && r.call.Diagnosed() == nil {
		return diag.ExitCannotRun, fmt.Errorf("the diagnosis failed: %s; check this machine's network and --bind",
			d.Ended.Reason)
	}
	return judge.Judge(&r.call).Exit, nil
}

// startRecording begins the file before anything is asked.
func (r *run) startRecording(ctx context.Context) error {
	if r.Record == "" {
		return nil
	}
	x := r.exporter()
	options := record.Options{Redact: x.Redact, Secrets: x.Secrets, Room: r.Room}
	file, err := record.Create(r.Record, x.Header, options)
	if err != nil {
		return err
	}
	events := r.log.Reader()
	r.parts.Go(func() {
		defer events.Close()
		if r.recordErr = file.Run(ctx, events); file.Full() {
			r.Streams.Warn("the recording ends at --record-limit")
		}
	})
	return nil
}

// exporter saves as --record does.
func (r *run) exporter() calls.Exporter {
	return calls.Exporter{Header: record.NewHeader(r.Config, r.log.Start()), Redact: r.Redact, Secrets: r.Secrets}
}

// once diagnoses the network, and reads what came of it from the log; false when ctx ended before it was done.
func (r *run) once(ctx context.Context, run int) bool {
	q := r.Inquiry
	if r.Watch {
		q.Run = run
	}
	_, _ = probe.Diagnose(ctx, q) // the log has its end, and an error
	for ended := false; !ended; {
		batch, err := r.events.Next(context.WithoutCancel(ctx))
		if err != nil {
			return false // the log is closed
		}
		for _, e := range batch {
			r.call.Apply(e)
			_, end := e.Data.(diag.DiagnosisEnd)
			ended = ended || end
		}
	}
	return ctx.Err() == nil
}

// pause waits until it is time for another diagnosis; false when there will be none.
func (r *run) pause(ctx context.Context, stays bool) bool {
	var due <-chan time.Time
	if r.Watch {
		timer := time.NewTimer(r.Every)
		defer timer.Stop()
		due = timer.C
	} else if !stays {
		return false
	}
	select {
	case <-due:
	case <-r.again:
	case <-ctx.Done():
		return false
	}
	return true
}

// onScreen shows the diagnosis until the user leaves, and then prints its verdict.
func (r *run) onScreen(ctx context.Context) error {
	inner, stop := context.WithCancel(ctx)
	defer stop()
	events := r.log.Reader()
	defer events.Close()
	r.parts.Go(func() {
		defer r.log.Close()
		for run := 1; ; run++ {
			if !r.once(inner, run) || !r.pause(inner, true) {
				return
			}
		}
	})
	err := tui.Run(ctx, tui.Options{
		Source: events, Controls: controls{r, stop}, Title: "nat", Start: r.log.Start(),
		Input: r.Streams.In, Output: r.Streams.Out,
		ASCII: r.ASCII, Panes: r.Panes, Export: r.exporter().Write,
	})
	stop()
	r.parts.Wait()
	if err != nil && !errors.Is(err, tui.ErrInterrupted) && ctx.Err() == nil {
		return calls.ScreenFault(r.Streams, r.Config.Version, err)
	}
	last := r.call.Diagnosed()
	if last == nil {
		return nil
	}
	n := network.Judge(last.State)
	return r.Streams.Print("%s%s", nattext.Verdict(n), nattext.Result(n))
}

// controls are what can be asked of a diagnosis by itself.
type controls struct {
	run  *run
	stop context.CancelFunc
}

var errNoCall = errors.New("there is no call")

// Chat is not possible.
func (controls) Chat(string) error { return errNoCall }

// Mute is not possible.
func (controls) Mute(string, bool) error { return errNoCall }

// RestartICE is not possible.
func (controls) RestartICE() error { return errNoCall }

// Diagnose asks again.
func (c controls) Diagnose() error {
	select {
	case c.run.again <- struct{}{}:
	default: // it is wanted already
	}
	return nil
}

// Hangup ends the diagnosis.
func (c controls) Hangup() { c.stop() }
