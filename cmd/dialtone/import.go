package main

import (
	"context"
	"fmt"
	"runtime/debug"

	"dialtone/cmd/dialtone/internal/dumps"
	"dialtone/diag"
)

// importCommand is dialtone import.
type importCommand struct {
	Files      []string `arg:"" name:"file" help:"A dump of a browser, the dumps of both ends of a call, or a recording. - reads the standard input."`
	Connection string   `placeholder:"ID" help:"The connection of a dump that has several."`
	Large      bool     `help:"Read all, whatever memory the events take. Default: as many events as take 64 MiB."`
	screenFlags
	configurable
}

// Help implements kong.HelpProvider.
func (importCommand) Help() string {
	return detail("A dump of chrome://webrtc-internals, of Firefox's about:webrtc (JSON) or of rtcstats, packed by gzip "+
		"or not, opens in the screen of a call, with the same findings. Several connections are listed: choose one with "+
		"--connection. The dumps of both ends are put side by side.\n\n"+
		"Without a terminal, or with --plain, dialtone prints one line per event and the verdict, and exits with the "+
		"call's code. The screen exits with 0.",
		[]string{
			"dialtone import webrtc_internals_dump.gz",
			"dialtone import webrtc_internals_dump.gz --connection 9-1 --plain",
			"dialtone import caller.json callee.json",
			"zcat dump.gz | dialtone import -",
		},
		callExits...)
}

func (c *importCommand) run(ctx context.Context, a app) (diag.Exit, error) {
	if err := a.checked(nil); err != nil {
		return diag.ExitUsage, err
	}
	if len(c.Files) > 2 {
		return diag.ExitUsage, fmt.Errorf("%d files given: give one, or the dumps of both ends of a call", len(c.Files))
	}
	debug.SetGCPercent(30) // as in replay
	opened, err := dumps.Open(c.Files, dumps.Options{Stdin: a.In, Connection: c.Connection, Large: c.Large})
	if err != nil {
		return diag.ExitCannotRun, err
	}
	return a.show(ctx, opened, c.Files[0], 1, c.screenFlags)
}
