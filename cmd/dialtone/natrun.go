package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"dialtone/cmd/dialtone/internal/calls"
	"dialtone/diag"
	"dialtone/diag/feed"
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
	again   chan struct{} // somebody wants another diagnosis now
	parts   sync.WaitGroup

	// Of the goroutine that diagnoses, until it has ended.
	last   *diag.NATReport // of the latest diagnosis that came to its end
	failed error           // why the latest could not be made; nil when it was

	recordErr error
}

// diagnose runs the diagnoses behind the screen, or as text.
func (c *natCommand) diagnose(ctx context.Context, a app, q probe.Inquiry) (diag.Exit, error) {
	r := &natRun{app: a, command: c, inquiry: q, log: feed.New(time.Now), again: make(chan struct{}, 1)}
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
	err = errors.Join(err, r.recordErr)
	switch {
	case err != nil:
		return diag.ExitCannotRun, err
	case r.last != nil:
		return r.last.Exit, nil
	case r.failed != nil && ctx.Err() == nil:
		return diag.ExitCannotRun, r.failed
	}
	return diag.ExitInterrupted, nil
}

// startRecording begins the file before anything is asked.
func (r *natRun) startRecording(ctx context.Context) error {
	if r.command.Record == "" {
		return nil
	}
	x := r.exporter()
	file, err := record.Create(r.command.Record, x.Header, record.Options{Redact: x.Redact, Secrets: x.Secrets})
	if err != nil {
		return err
	}
	events := r.log.Reader()
	r.parts.Go(func() {
		defer events.Close()
		r.recordErr = file.Run(ctx, events)
	})
	return nil
}

// exporter saves as --record does.
func (r *natRun) exporter() calls.Exporter {
	config := diag.Config{Command: "nat", Code: "nat", NoMedia: true, Version: readVersion().Version,
		Insecure: r.command.Insecure, CAFile: string(r.command.CA)}
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

// once diagnoses the network; false when ctx ended before it was done.
func (r *natRun) once(ctx context.Context, run int) bool {
	q := r.inquiry
	started := diag.NATStarted{Deep: q.Deep, Hairpin: q.Hairpin, BudgetMs: diag.Millis(probe.NATBudget)}
	if q.Deep || q.Hairpin {
		started.BudgetMs += diag.Millis(probe.FurtherBudget)
	}
	if r.command.Watch {
		started.Run = run
	}
	for _, u := range q.URLs {
		started.URLs = append(started.URLs, u.Short())
	}
	r.log.Append(started)
	q.Progress = func(p diag.NATProgress) { r.log.Append(p) }
	report, err := probe.Diagnose(ctx, q)
	if err != nil {
		r.log.Append(diag.NATProgress{Final: true, Stopped: diag.Clean(err.Error(), 400)})
		r.failed = fmt.Errorf("%w; check this machine's network and --bind", err)
		return ctx.Err() == nil
	}
	if ctx.Err() != nil {
		return false
	}
	r.failed, r.last = nil, &report
	return true
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

// onScreen shows the diagnosis until somebody leaves, and then tells its verdict.
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
		Source: events, Controls: natControls{r,
			stop}, Title: "nat", Start: r.log.Start(), Input: r.app.In, Output: r.app.Out,
		ASCII: r.command.ascii(r.app.streams), Panes: panes, Export: r.exporter().Write,
	})
	stop()
	r.parts.Wait()
	if err != nil && !errors.Is(err, tui.ErrInterrupted) && ctx.Err() == nil {
		return calls.ScreenFault(r.app.Streams, readVersion().Version, err)
	}
	if r.last == nil {
		return nil
	}
	return r.app.Print("%s%s", natVerdict(r.last), natResult(r.last))
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
	default: // somebody has asked already
	}
	return nil
}

// Hangup ends the diagnosis.
func (n natControls) Hangup() { n.stop() }
