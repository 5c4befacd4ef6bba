package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"dialtone/cmd/dialtone/internal/calls"
	"dialtone/cmd/dialtone/internal/nattext"
	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/feed"
	"dialtone/diag/judge"
	"dialtone/diag/probe"
	"dialtone/diag/record"
	"dialtone/tui"
	"dialtone/tui/pane"
)

// natRun is one diagnosis or several after each other, and those who read its log.
type natRun struct {
	app     app
	command *natCommand
	inquiry probe.Inquiry
	log     *feed.Feed
	again   chan struct{} // another diagnosis is wanted now
	parts   sync.WaitGroup

	// Of the goroutine that diagnoses, until it has ended.
	events *feed.Reader
	call   call.Call // the fold of the log, which is all that text and exit code are made of

	recordErr error
}

// diagnose runs the diagnoses behind the screen, or as text.
func (c *natCommand) diagnose(ctx context.Context, a app, q probe.Inquiry) (diag.Exit, error) {
	r := &natRun{app: a, command: c, inquiry: q, log: feed.New(time.Now), again: make(chan struct{}, 1)}
	r.inquiry.Report = func(d diag.Data) { r.log.Append(d) }
	r.events = r.log.Reader()
	if err := r.startRecording(context.WithoutCancel(ctx)); err != nil {
		return diag.ExitCannotRun, err
	}
	var err error
	if a.Terminal && !c.Plain && c.Output == "text" {
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
func (r *natRun) startRecording(ctx context.Context) error {
	if r.command.Record == "" {
		return nil
	}
	x := r.exporter()
	options := record.Options{Redact: x.Redact, Secrets: x.Secrets, Room: r.command.room()}
	file, err := record.Create(r.command.Record, x.Header, options)
	if err != nil {
		return err
	}
	events := r.log.Reader()
	r.parts.Go(func() {
		defer events.Close()
		if r.recordErr = file.Run(ctx, events); file.Full() {
			r.app.Warn("the recording ends at --record-limit")
		}
	})
	return nil
}

// exporter saves as --record does.
func (r *natRun) exporter() calls.Exporter {
	config := diag.Config{
		Command: "nat", Code: "nat", NoMedia: true, Version: readVersion().Version,
		Insecure: r.command.Insecure, CAFile: string(r.command.CA),
	}
	for _, u := range r.inquiry.URLs {
		server := diag.ICEServerAuth{URL: u.Short()}
		if u.Scheme.TURN() {
			server.Username = r.inquiry.Username
		}
		config.ICEServers = append(config.ICEServers, server)
	}
	return calls.Exporter{
		Header: record.NewHeader(config, r.log.Start()), Redact: r.command.Redact,
		Secrets: []diag.Secret{diag.Secret(r.inquiry.Password), r.command.TURNSecret},
	}
}

// once diagnoses the network, and reads what came of it from the log; false when ctx ended before it was done.
func (r *natRun) once(ctx context.Context, run int) bool {
	q := r.inquiry
	if r.command.Watch {
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
func (r *natRun) pause(ctx context.Context, stays bool) bool {
	var due <-chan time.Time
	if r.command.Watch {
		timer := time.NewTimer(r.command.Every)
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
func (r *natRun) onScreen(ctx context.Context) error {
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
	panes := r.app.panes
	if panes == nil {
		panes = natPanes()
	}
	err := tui.Run(ctx, tui.Options{
		Source: events, Controls: natControls{
			r,
			stop,
		}, Title: "nat", Start: r.log.Start(), Input: r.app.In, Output: r.app.Out,
		ASCII: r.command.ascii(r.app.streams), Panes: panes, Export: r.exporter().Write,
	})
	stop()
	r.parts.Wait()
	if err != nil && !errors.Is(err, tui.ErrInterrupted) && ctx.Err() == nil {
		return calls.ScreenFault(r.app.Streams, readVersion().Version, err)
	}
	last := r.call.Diagnosed()
	if last == nil {
		return nil
	}
	n := judge.Diagnose(last.State)
	return r.app.Print("%s%s", nattext.Verdict(n), nattext.Result(n))
}

// natPanes are those of a diagnosis by itself.
func natPanes() []pane.Factory { return []pane.Factory{pane.NewNetwork, pane.NewLog} }

// natControls are what can be asked of a diagnosis by itself.
type natControls struct {
	run  *natRun
	stop context.CancelFunc
}

var errNoCall = errors.New("there is no call")

// Chat is not possible.
func (natControls) Chat(string) error { return errNoCall }

// Mute is not possible.
func (natControls) Mute(string, bool) error { return errNoCall }

// RestartICE is not possible.
func (natControls) RestartICE() error { return errNoCall }

// Diagnose asks again.
func (n natControls) Diagnose() error {
	select {
	case n.run.again <- struct{}{}:
	default: // it is wanted already
	}
	return nil
}

// Hangup ends the diagnosis.
func (n natControls) Hangup() { n.stop() }
