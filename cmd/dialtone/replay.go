package main

import (
	"context"
	"runtime/debug"

	"dialtone/cmd/dialtone/internal/dumps"
	"dialtone/diag"
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
	read := dumps.Options{Connection: c.Connection, Large: c.Large}
	return a.show(ctx, []string{c.File}, read, float64(c.Speed), c.screenFlags)
}

// show reads a call and shows it.
func (a app) show(ctx context.Context, files []string, o dumps.Options, speed float64, f screenFlags) (diag.Exit,
	error,
) {
	debug.SetGCPercent(30) // the events are most of what is kept: twice their size would be wasted
	o.Stdin = a.In
	opened, err := dumps.Open(files, o)
	if err != nil {
		return diag.ExitCannotRun, err
	}
	return opened.Play(ctx, dumps.Playing{
		Streams: a.Streams, Path: files[0], Plain: f.Plain, Speed: speed, ASCII: f.ascii(a.streams), Panes: a.panes,
		Version: readVersion().Version,
	})
}
