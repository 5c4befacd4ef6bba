// Package calls places calls: it records, judges and shows them while they last, and reports the result.
package calls

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"dialtone/cmd/dialtone/internal/terminal"
	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/feed"
	"dialtone/diag/judge"
	"dialtone/diag/record"
	"dialtone/tui"
	"dialtone/tui/pane"
)

// Caller is one call. *session.Session is one.
type Caller interface {
	tui.Controls
	// Run returns when the call and its log have ended; the end of ctx interrupts the call.
	Run(ctx context.Context)
	// UseServers replaces the ICE servers of the configuration, for what is gathered from now on.
	UseServers([]diag.ICEServerAuth)
}

// Engine makes a call that appends its events to the log.
type Engine func(config diag.Config, log *feed.Feed) (Caller, error)

// Placement is one call to place.
type Placement struct {
	Config diag.Config
	Record string       // file to write the events to; "" for none
	Room   *record.Room // for all recordings of the command
	Redact bool
	Screen bool // the terminal session instead of lines
	ASCII  bool // drawn without Unicode

	Engine Engine // makes the call; nil: the placer's
	// Supply gives ICE servers to use instead of those of the configuration, before their credentials expire, until ctx
	// ends; nil: they do not expire.
	Supply func(ctx context.Context, report func(diag.Data), use func([]diag.ICEServerAuth))

	Exchange bool // descriptions are exchanged on the terminal: the screen opens after that
}

// Secrets are the texts that no file may contain.
func (p Placement) Secrets() []diag.Secret {
	out := slices.Clone(p.Config.Secrets)
	if p.Config.Token != "" {
		out = append(out, p.Config.Token)
	}
	for _, server := range p.Config.ICEServers {
		out = append(out, server.Credential)
	}
	return out
}

// Placer places calls.
type Placer struct {
	terminal.Streams
	Engine Engine
	Panes  []pane.Factory // of the screen; nil: all
	// Begin gives the traceparent of a call, and takes the call and the begin of its log when it has ended; may be nil.
	Begin func() (traceparent string, ended func(began time.Time, placed *call.Call))
}

// Outcome is the result of a call.
type Outcome struct {
	Exit  diag.Exit
	Call  *call.Call
	Again bool // the same call was asked for again
}

// running is a call and the readers of its log.
type running struct {
	placer  Placer
	place   Placement
	log     *feed.Feed
	session Caller
	hangUp  context.CancelCauseFunc
	parts   sync.WaitGroup

	call      *call.Call // of the reader that judges
	recordErr error
	outputErr error
	again     bool
	faulty    bool // the screen failed: the call was not seen, whatever its result
}

// Repeat places the n-th call until none is asked for again.
func (p Placer) Repeat(ctx context.Context, place func(context.Context, int) (Outcome, error)) (diag.Exit, error) {
	ctx, restore := p.Interruptible(ctx)
	defer restore()
	for n := 1; ; n++ {
		result, err := place(ctx, n)
		if !result.Again || err != nil {
			return result.Exit, err
		}
	}
}

// Place places one call, shows it, and returns when everything that it started has ended. The error is a failure of
// dialtone; the result of the call itself is the outcome, and is written to stdout.
func (p Placer) Place(ctx context.Context, c Placement) (Outcome, error) {
	log := feed.New(time.Now)
	if c.Engine == nil {
		c.Engine = p.Engine
	}
	ended := func(time.Time, *call.Call) {}
	if p.Begin != nil {
		c.Config.Traceparent, ended = p.Begin()
	}
	session, err := c.Engine(c.Config, log)
	if err != nil {
		return Outcome{Exit: diag.ExitCannotRun}, fmt.Errorf("cannot place the call: %w", err)
	}
	callCtx, hangUp := context.WithCancelCause(ctx)
	defer hangUp(nil)
	r := &running{placer: p, place: c, log: log, session: session, hangUp: hangUp}
	lasting := context.WithoutCancel(ctx) // readers read to the end, also of a call that is interrupted
	if err := r.startRecording(lasting); err != nil {
		return Outcome{Exit: diag.ExitCannotRun}, err
	}
	r.read(func(events *feed.Reader) { r.call = follow(lasting, events) })
	if c.Screen {
		r.onScreen(ctx, callCtx)
	} else {
		r.startPrinting(lasting)
		r.run(callCtx)
	}
	r.parts.Wait()
	ended(log.Start(), r.call)
	return r.outcome()
}

// run places the call, and renews its ICE servers while it lasts.
func (r *running) run(ctx context.Context) {
	lasting, stop := context.WithCancel(ctx)
	defer stop()
	if r.place.Supply != nil {
		r.parts.Go(func() { r.place.Supply(lasting, r.log.Append, r.session.UseServers) })
	}
	r.session.Run(ctx)
}

// startRecording opens the file before the call begins: nothing is lost, and a failure is reported in time.
func (r *running) startRecording(ctx context.Context) error {
	if r.place.Record == "" {
		return nil
	}
	options := record.Options{Redact: r.place.Redact, Secrets: r.place.Secrets(), Room: r.place.Room}
	file, err := record.Create(r.place.Record, record.NewHeader(r.place.Config, r.log.Start()), options)
	if err != nil {
		return err
	}
	r.read(func(events *feed.Reader) {
		if r.recordErr = file.Run(ctx, events); file.Full() {
			r.log.Append(diag.Warning{ID: "record.limit", Subject: filepath.Base(file.Path())})
		}
	})
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

// startPrinting writes lines. When their reader is gone, a call without --for is ended, because nothing shows it any
// more. One with --for continues, for its recording and its exit code.
func (r *running) startPrinting(ctx context.Context) {
	r.read(func(events *feed.Reader) {
		r.outputErr = printEvents(ctx, events, r.placer.Results())
		if r.outputErr != nil && r.place.Config.For == 0 {
			r.hangUp(r.outputErr)
		}
	})
}

// onScreen runs the call behind the terminal session, and ends it with the session.
func (r *running) onScreen(ctx, callCtx context.Context) {
	events := r.log.Reader()
	defer events.Close()
	r.parts.Go(func() { r.run(callCtx) })
	if r.place.Exchange && !r.exchanged(ctx) {
		return
	}
	err := tui.Run(ctx, tui.Options{
		Source: events, Controls: r.session, Title: r.title(), Start: r.log.Start(), Input: r.placer.In, Output: r.placer.Out,
		ASCII: r.place.ASCII, Panes: r.placer.Panes, Again: true, Export: r.exporter().Write,
	})
	switch {
	case errors.Is(err, tui.ErrCallAgain):
		r.again, err = true, nil
	case errors.Is(err, tui.ErrInterrupted):
		err = terminal.ErrInterrupted
	case err != nil && ctx.Err() == nil:
		r.outputErr, r.faulty = ScreenFault(r.placer.Streams, r.place.Config.Version, err), true
		if r.place.Record != "" {
			r.outputErr = fmt.Errorf("%w; the recording %s is complete", r.outputErr, r.place.Record)
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
	if r.place.Config.Command == "demo" {
		return "demo"
	}
	return diag.Clean(r.place.Config.Start(time.Time{}).Title(), 60)
}

// outcome writes the verdict and adds what failed besides the call.
func (r *running) outcome() (Outcome, error) {
	verdict := judge.Judge(r.call)
	result := Outcome{Exit: verdict.Exit, Call: r.call, Again: r.again}
	if r.outputErr == nil || r.faulty {
		if err := r.placer.Print("%s", VerdictText(verdict)); err != nil && !r.faulty {
			r.outputErr = err
		}
	}
	if errors.Is(r.outputErr, syscall.EPIPE) {
		r.outputErr = nil // the reader has gone, as head does
	}
	err := errors.Join(r.recordErr, r.outputErr)
	if r.faulty || err != nil && result.Exit == diag.ExitPass {
		result.Exit = diag.ExitCannotRun
	}
	return result, err
}

// ScreenFault is the error of a failed screen. For a fault of the program itself it has written the stack to stderr; by
// then the terminal is restored.
func ScreenFault(s terminal.Streams, version string, err error) error {
	var fault *tui.PanicError
	if errors.As(err, &fault) {
		s.Complain("dialtone " + version + ": the screen failed here:")
		for line := range strings.Lines(string(fault.Stack)) {
			s.Complain("  " + diag.Clean(strings.ReplaceAll(strings.TrimRight(line, "\n"), "\t", "    "), 300))
		}
	}
	return err
}
