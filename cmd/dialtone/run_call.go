package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/feed"
	"dialtone/diag/judge"
	"dialtone/diag/record"
	"dialtone/tui"
)

// placement is one call to place.
type placement struct {
	config diag.Config
	record string // file to write the events to; "" for none
	redact bool
	screen bool // the terminal session instead of lines
	ascii  bool // drawn without Unicode

	engine   engine // makes the call; nil: the app's
	exchange bool   // descriptions are exchanged on the terminal: the screen opens after that
}

// outcome is the result of a call.
type outcome struct {
	exit  diag.Exit
	call  *call.Call
	again bool // the same call was asked for again
}

// running is a call and the readers of its log.
type running struct {
	app     app
	place   placement
	log     *feed.Feed
	session caller
	hangUp  context.CancelCauseFunc
	parts   sync.WaitGroup

	call      *call.Call // of the reader that judges
	recordErr error
	outputErr error
	again     bool
	faulty    bool // the screen failed: the call was not seen, whatever its result
}

// repeat places the n-th call until none is asked for again.
func (a app) repeat(ctx context.Context, place func(ctx context.Context, n int) (outcome, error)) (diag.Exit, error) {
	ctx, restore := a.interruptible(ctx)
	defer restore()
	for n := 1; ; n++ {
		result, err := place(ctx, n)
		if !result.again || err != nil {
			return result.exit, err
		}
	}
}

// place places one call, shows it, and returns when everything that it started has ended. The error is a failure of
// dialtone; the result of the call itself is the outcome, and is written to stdout.
func (a app) place(ctx context.Context, p placement) (outcome, error) {
	log := feed.New(time.Now)
	if p.engine == nil {
		p.engine = a.engine
	}
	session, err := p.engine(p.config, log)
	if err != nil {
		return outcome{exit: diag.ExitCannotRun}, fmt.Errorf("cannot place the call: %w", err)
	}
	callCtx, hangUp := context.WithCancelCause(ctx)
	defer hangUp(nil)
	r := &running{app: a, place: p, log: log, session: session, hangUp: hangUp}
	lasting := context.WithoutCancel(ctx) // readers read to the end, also of a call that is interrupted
	if err := r.startRecording(lasting); err != nil {
		return outcome{exit: diag.ExitCannotRun}, err
	}
	r.read(func(events *feed.Reader) { r.call = follow(lasting, events) })
	if p.screen {
		r.onScreen(ctx, callCtx)
	} else {
		r.startPrinting(lasting)
		session.Run(callCtx)
	}
	r.parts.Wait()
	return r.outcome()
}

// startRecording opens the file before the call begins: nothing is lost, and a failure is reported in time.
func (r *running) startRecording(ctx context.Context) error {
	if r.place.record == "" {
		return nil
	}
	options := record.Options{Redact: r.place.redact, Secrets: r.place.secrets()}
	file, err := record.Create(r.place.record, record.NewHeader(r.place.config, r.log.Start()), options)
	if err != nil {
		return err
	}
	r.read(func(events *feed.Reader) { r.recordErr = file.Run(ctx, events) })
	return nil
}

// read starts a reader of the log.
func (r *running) read(f func(*feed.Reader)) {
	events := r.log.Reader()
	r.parts.Go(func() {
		defer events.Close()
		f(events)
	})
}

// startPrinting writes lines. When their reader is gone, a call without --for is ended, because nothing shows it any more.
// One with --for continues, for its recording and its exit code.
func (r *running) startPrinting(ctx context.Context) {
	r.read(func(events *feed.Reader) {
		r.outputErr = printEvents(ctx, events, r.app.out)
		if r.outputErr != nil && r.place.config.For == 0 {
			r.hangUp(r.outputErr)
		}
	})
}

// onScreen runs the call behind the terminal session, and ends it with the session.
func (r *running) onScreen(ctx, callCtx context.Context) {
	events := r.log.Reader()
	defer events.Close()
	r.parts.Go(func() { r.session.Run(callCtx) })
	if r.place.exchange && !r.exchanged(ctx) {
		return
	}
	err := tui.Run(ctx, tui.Options{
		Source: events, Controls: r.session, Title: r.title(), Start: r.log.Start(), Input: r.app.in, Output: r.app.out,
		ASCII: r.place.ascii, Panes: r.app.panes, Again: true, Export: r.exporter().write,
	})
	switch {
	case errors.Is(err, tui.ErrCallAgain):
		r.again, err = true, nil
	case errors.Is(err, tui.ErrInterrupted):
		err = errInterrupted
	case err != nil && ctx.Err() == nil:
		r.outputErr, r.faulty = r.app.screenFault(err), true
		if r.place.record != "" {
			r.outputErr = fmt.Errorf("%w; the recording %s is complete", r.outputErr, r.place.record)
		}
	}
	r.hangUp(err)
}

// exchanged waits until the terminal is no longer needed for descriptions: for the answerer when the call is connected,
// since its text has to be visible until then. It returns false if the call has ended before.
func (r *running) exchanged(ctx context.Context) bool {
	events := r.log.Reader()
	defer events.Close()
	placed := &call.Call{}
	for {
		batch, err := events.Next(context.WithoutCancel(ctx)) // a call that is interrupted ends its log
		if err != nil {
			return false
		}
		for _, e := range batch {
			placed.Apply(e)
		}
		switch {
		case placed.Ended != nil:
			return false
		case placed.ConnectedAt != nil, placed.Role == diag.RoleOfferer && placed.Signal.State == diag.SignalConnected:
			return true
		}
	}
}

func (r *running) title() string {
	if r.place.config.Command == "demo" {
		return "demo"
	}
	return diag.Clean(r.place.config.Start(time.Time{}).Title(), 60)
}

// outcome writes the verdict and adds what failed besides the call.
func (r *running) outcome() (outcome, error) {
	verdict := judge.Judge(r.call)
	result := outcome{exit: verdict.Exit, call: r.call, again: r.again}
	if r.outputErr == nil || r.faulty {
		_, err := io.WriteString(r.app.out, verdictText(verdict))
		if err != nil && !r.faulty {
			r.outputErr = &outputError{err}
		}
	}
	if errors.Is(r.outputErr, syscall.EPIPE) {
		r.outputErr = nil // the reader has gone, as head does
	}
	err := errors.Join(r.recordErr, r.outputErr)
	if r.faulty || err != nil && result.exit == diag.ExitPass {
		result.exit = diag.ExitCannotRun
	}
	return result, err
}
