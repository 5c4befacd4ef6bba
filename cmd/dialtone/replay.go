package main

import (
	"context"
	"path/filepath"
	"runtime/debug"

	"dialtone/cmd/dialtone/internal/calls"
	"dialtone/cmd/dialtone/internal/dumps"
	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/record"
	"dialtone/tui"
)

// replayCommand is dialtone replay.
type replayCommand struct {
	File       string   `form:"replay" label:"recording" hint:"a file that --record has written" arg:"" help:"A recording that --record has written, packed by gzip or not, or - for the standard input; or a dump of a browser (dialtone import)."`
	Speed      playback `default:"1" placeholder:"X" help:"Playback speed, 0.25 to 16. Default: ${default}."`
	Connection string   `form:"-" placeholder:"ID" help:"The connection of a browser's dump that has several."`
	Large      bool     `help:"Read all of a recording, whatever memory its events take. Default: as many events as take 64 MiB, about three hours."`
	screenFlags
	configurable
}

// Help implements kong.HelpProvider.
func (replayCommand) Help() string {
	return detail("A recording opens in the screen of a call: pause with space, step with , and ., seek with [ and ] or "+
		"with the mouse on the timeline. To make one, use --record, or press e on the screen of a call.\n\n"+
		"Without a terminal, or with --plain, dialtone prints one line per event and the verdict, and exits with the "+
		"recorded call's code. The screen exits with 0.",
		[]string{
			"dialtone replay call.jsonl",
			"dialtone replay call.jsonl --speed 4",
			"dialtone replay call.jsonl --plain | grep ice.pair",
		},
		callExits...)
}

func (c *replayCommand) run(ctx context.Context, a app) (diag.Exit, error) {
	if err := a.checked(nil); err != nil {
		return diag.ExitUsage, err
	}
	debug.SetGCPercent(30) // the events are most of what is kept: twice their size would be wasted
	opened, err := dumps.Open([]string{c.File}, dumps.Options{Stdin: a.In, Connection: c.Connection, Large: c.Large})
	if err != nil {
		return diag.ExitCannotRun, err
	}
	return a.show(ctx, opened, c.File, float64(c.Speed), c.screenFlags)
}

// show shows a call that was read: on the screen, or as plain text. Of several connections it lists what they come to.
func (a app) show(ctx context.Context, opened *dumps.Opened, path string, speed float64, f screenFlags) (diag.Exit,
	error,
) {
	if opened.Recording == nil || !a.Terminal || f.Plain {
		a.Warn(opened.Damage)
		return opened.Print(a.Display())
	}
	return a.replayScreen(ctx, path, speed, f, opened.Recording, opened.Damage)
}

// replayScreen runs the terminal session over the recording.
func (a app) replayScreen(ctx context.Context, path string, speed float64, f screenFlags,
	recording *record.Recording, damage string,
) (diag.Exit, error) {
	ctx, restore := a.Interruptible(ctx)
	defer restore()
	export := calls.Exporter{Header: recording.Header, Redact: recording.Header.Redacted}
	panes := a.panes
	if panes == nil && call.Fold(recording.Events).Alone() {
		panes = natPanes()
	}
	err := tui.Run(ctx, tui.Options{
		Replay: &tui.Replay{Events: recording.Events, Speed: speed, Remark: damage},
		Title:  "replay " + diag.Clean(filepath.Base(path), 40), Input: a.In, Output: a.Out, Panes: panes,
		ASCII: f.ascii(a.streams), Export: export.Write,
	})
	switch {
	case ctx.Err() != nil:
		return diag.ExitInterrupted, nil
	case err != nil:
		return diag.ExitCannotRun, calls.ScreenFault(a.Streams, readVersion().Version, err)
	}
	return diag.ExitPass, nil
}
