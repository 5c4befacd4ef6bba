package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"syscall"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/record"
	"dialtone/tui"
)

// replayCommand is dialtone replay.
type replayCommand struct {
	File  string  `arg:"" help:"A recording, as --record writes it."`
	Speed float64 `default:"1" placeholder:"X" help:"How fast to replay it: 0.25 to 16 times as fast as it was. Default: ${default}."`
	screenFlags
	configurable
}

// Help implements kong.HelpProvider.
func (replayCommand) Help() string {
	return detail("The screen of a call over its recording: pause with space, step with , and ., seek with [ and ] or with the mouse on the timeline. "+
		"Without a terminal, or with --plain, its events one per line and the verdict. The exit code is then the recorded call's; that of the screen is 0.",
		[]string{
			"dialtone replay call.jsonl",
			"dialtone replay call.jsonl --speed 4",
			"dialtone replay call.jsonl --plain | grep ice.pair",
		},
		callExits...)
}

func (c *replayCommand) run(ctx context.Context, a app) (diag.Exit, error) {
	if err := a.checked(c.validate()); err != nil {
		return diag.ExitUsage, err
	}
	recording, damage, err := openRecording(c.File)
	if err != nil {
		return diag.ExitCannotRun, err
	}
	if !a.terminal || c.Plain {
		return a.replayPlain(recording, damage)
	}
	return a.replayScreen(ctx, c, recording, damage)
}

func (c *replayCommand) validate() error {
	if c.Speed < 0.25 || c.Speed > 16 {
		return errors.New("a recording can be replayed between 0.25 and 16 times as fast as it was: give for example --speed 4")
	}
	return nil
}

// openRecording reads a file. What is damaged comes back as a warning beside what could be read.
func openRecording(path string) (_ *record.Recording, damage string, _ error) {
	recording, err := record.Open(path)
	var damaged *record.DamagedError
	switch {
	case errors.As(err, &damaged):
		return recording, damaged.Error(), nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, "", fmt.Errorf("there is no file %s: give the name of a recording, as --record FILE writes it", path)
	case errors.Is(err, syscall.EISDIR):
		return nil, "", fmt.Errorf("%s is a directory: give the name of a recording in it", path)
	case errors.Is(err, record.ErrNotRecording):
		return nil, "", fmt.Errorf("%w; give a file that --record FILE has written", err)
	case err != nil:
		return nil, "", fmt.Errorf("the recording cannot be read: %w", err)
	}
	if len(recording.Events) == 0 {
		damage = path + ": the recording holds no event: the call had not begun when it ended"
	}
	return recording, damage, nil
}

// replayPlain prints the events and what they amount to, as the call itself did.
func (a app) replayPlain(recording *record.Recording, damage string) (diag.Exit, error) {
	if damage != "" {
		complain(a.err, "dialtone: warning: "+damage)
	}
	placed := call.Fold(recording.Events)
	verdict := judge.Judge(placed)
	err := writeLines(a.out, recording.Events)
	if err == nil {
		text := verdictText(verdict)
		if last := placed.Diagnosed(); placed.Alone() && last != nil {
			text = "\n" + natText(judge.Diagnose(last.State), true)
		}
		_, err = io.WriteString(a.out, text)
	}
	switch {
	case errors.Is(err, syscall.EPIPE): // who reads has seen enough
	case err != nil:
		return diag.ExitCannotRun, &outputError{err}
	}
	return verdict.Exit, nil
}

// replayScreen runs the terminal session over the recording.
func (a app) replayScreen(ctx context.Context, c *replayCommand, recording *record.Recording, damage string) (diag.Exit,
	error) {
	ctx, restore := a.interruptible(ctx)
	defer restore()
	export := exporter{header: recording.Header, redact: recording.Header.Redacted}
	panes := a.panes
	if panes == nil && call.Fold(recording.Events).Alone() {
		panes = natPanes()
	}
	err := tui.Run(ctx, tui.Options{
		Replay: &tui.Replay{Events: recording.Events, Speed: c.Speed, Remark: damage},
		Title: "replay " + diag.Clean(filepath.Base(c.File),
			40), Input: a.in, Output: a.out, Panes: panes, ASCII: c.ascii(a.streams), Export: export.write,
	})
	switch {
	case ctx.Err() != nil:
		return diag.ExitInterrupted, nil
	case err != nil:
		return diag.ExitCannotRun, a.screenFault(err)
	}
	return diag.ExitPass, nil
}
