package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"runtime/debug"
	"syscall"

	"dialtone/cmd/dialtone/internal/calls"
	"dialtone/cmd/dialtone/internal/help"
	"dialtone/cmd/dialtone/internal/nattext"
	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/record"
	"dialtone/tui"
)

// replayCommand is dialtone replay.
type replayCommand struct {
	File  string   `form:"replay" label:"recording" hint:"a file that --record has written" arg:"" help:"A recording that --record has written."`
	Speed playback `default:"1" placeholder:"X" help:"Playback speed, 0.25 to 16. Default: ${default}."`
	Large bool     `help:"Read all of a recording, whatever memory its events take. Default: as many events as take 64 MiB, about three hours."`
	screenFlags
	configurable
}

// Help implements kong.HelpProvider.
func (replayCommand) Help() string {
	return help.Detail(
		"A recording opens in the screen of a call: pause with space, step with , and ., seek with [ and ] or "+
			"with the mouse on the timeline. To make one, use --record, or press e on the screen of a call.\n\n"+
			"Without a terminal, or with --plain, dialtone prints one line per event and the verdict, and exits with the "+
			"recorded call's code. The screen exits with 0.",
		[]string{
			"dialtone replay call.jsonl",
			"dialtone replay call.jsonl --speed 4",
			"dialtone replay call.jsonl --plain | grep ice.pair",
		},
		help.CallExits...)
}

func (c *replayCommand) run(ctx context.Context, a app) (diag.Exit, error) {
	if err := a.checked(nil); err != nil {
		return diag.ExitUsage, err
	}
	debug.SetGCPercent(30) // the events are most of what is kept: twice their size would be wasted
	recording, damage, err := c.open()
	if err != nil {
		return diag.ExitCannotRun, err
	}
	if !a.Terminal || c.Plain {
		return a.replayPlain(recording, damage)
	}
	return a.replayScreen(ctx, c, recording, damage)
}

// open reads the file. Damage comes back as a warning with the readable part.
func (c *replayCommand) open() (_ *record.Recording, damage string, _ error) {
	path, open := c.File, record.Open
	if c.Large {
		open = record.OpenLarge
	}
	recording, err := open(path)
	var damaged *record.DamagedError
	switch {
	case errors.As(err, &damaged):
		return recording, damaged.Error(), nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, "", fmt.Errorf("no such file: %s; give a recording, as --record FILE writes it", path)
	case errors.Is(err, syscall.EISDIR):
		return nil, "", fmt.Errorf("%s is a directory: give a recording in it", path)
	case errors.Is(err, record.ErrNotRecording):
		return nil, "", fmt.Errorf("%w; give a file that --record FILE has written", err)
	case err != nil:
		return nil, "", fmt.Errorf("cannot read the recording: %w", err)
	}
	if len(recording.Events) == 0 {
		damage = path + ": the recording has no events: it ended before the call began"
	}
	return recording, damage, nil
}

// replayPlain prints the events and the verdict, as the call itself did.
func (a app) replayPlain(recording *record.Recording, damage string) (diag.Exit, error) {
	a.Warn(damage)
	placed := call.Fold(recording.Events)
	verdict := judge.Judge(placed)
	err := calls.WriteLines(a.Results(), recording.Events)
	if err == nil {
		text := calls.VerdictText(verdict)
		if last := placed.Diagnosed(); placed.Alone() && last != nil {
			text = "\n" + nattext.Text(judge.Diagnose(last.State), true)
		}
		_, err = io.WriteString(a.Results(), text)
	}
	switch {
	case errors.Is(err, syscall.EPIPE): // the reader has gone, as head does
	case err != nil:
		return diag.ExitCannotRun, err
	}
	return verdict.Exit, nil
}

// replayScreen runs the terminal session over the recording.
func (a app) replayScreen(ctx context.Context, c *replayCommand, recording *record.Recording, damage string) (diag.Exit,
	error,
) {
	ctx, restore := a.Interruptible(ctx)
	defer restore()
	export := calls.Exporter{Header: recording.Header, Redact: recording.Header.Redacted}
	panes := a.panes
	if panes == nil && call.Fold(recording.Events).Alone() {
		panes = natPanes()
	}
	err := tui.Run(ctx, tui.Options{
		Replay: &tui.Replay{Events: recording.Events, Speed: float64(c.Speed), Remark: damage},
		Title: "replay " + diag.Clean(filepath.Base(c.File),
			40), Input: a.In, Output: a.Out, Panes: panes, ASCII: c.ascii(a.streams), Export: export.Write,
	})
	switch {
	case ctx.Err() != nil:
		return diag.ExitInterrupted, nil
	case err != nil:
		return diag.ExitCannotRun, calls.ScreenFault(a.Streams, readVersion().Version, err)
	}
	return diag.ExitPass, nil
}
