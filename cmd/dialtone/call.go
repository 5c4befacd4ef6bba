package main

import (
	"context"
	"errors"

	"dialtone/diag"
)

// callCommand is dialtone call.
type callCommand struct {
	Code string `arg:"" help:"The word that both parties dial."`
	networkFlags
	mediaFlags
	recordFlags
	screenFlags
	Wait duration `default:"2m" placeholder:"DURATION" help:"How long to wait for the other party; 0 waits without limit. Default: ${default}."`
	configurable
}

// screenFlags say how a call is shown.
type screenFlags struct {
	Plain bool `help:"One line per event instead of the screen. It is the default where stdin or stdout is no terminal."`
	glyphFlags
}

// glyphFlags say what a screen is drawn with.
type glyphFlags struct {
	ASCII *bool `name:"ascii" help:"Draw the screen with ASCII alone. It is the default where the locale is not UTF-8, and on the Linux console; --ascii=false insists on Unicode."`
}

// placement is the n-th call of this configuration: each has a recording of its own.
func (f screenFlags) placement(a app, config diag.Config, r recordFlags, n int) placement {
	return placement{config: config, record: numbered(r.Record, n), redact: r.Redact, screen: a.terminal && !f.Plain, ascii: f.ascii(a.streams)}
}

// Help implements kong.HelpProvider.
func (callCommand) Help() string {
	return detail("On a terminal it shows a screen with the call's path, its set-up, its media and its messages; otherwise one line per event, and the verdict at the end.",
		[]string{
			"dialtone call w1 --server https://call.example.org/call/",
			"dialtone call w1 --ice stun:stun.example.org --for 10s --record call.jsonl",
			"DIALTONE_ICE_PASS=… dialtone call w1 --ice turn:turn.example.org --ice-user ann --relay-only",
		},
		callExits...)
}

func (c *callCommand) run(ctx context.Context, a app) (diag.Exit, error) {
	config := c.networkFlags.config(c.mediaFlags)
	config.Command, config.Code, config.Wait = "call", c.Code, c.Wait.Duration
	config.Join = "dialtone call " + shellQuoted(c.Code) + " --server " + shellQuoted(c.Server.page)
	if err := a.checked(errors.Join(config.Validate(), c.complete())); err != nil {
		return diag.ExitUsage, err
	}
	ctx, restore := a.interruptible(ctx)
	defer restore()
	for n := 1; ; n++ {
		result, err := a.place(ctx, c.placement(a, config, c.recordFlags, n))
		if !result.again || err != nil {
			return result.exit, err
		}
	}
}
