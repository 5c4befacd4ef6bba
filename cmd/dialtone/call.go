package main

import (
	"context"
	"errors"

	"dialtone/diag"
)

// callCommand is dialtone call.
type callCommand struct {
	Code *string `arg:"" optional:"" help:"The word that both parties dial."`
	networkFlags
	callingFlags
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
	return placement{config: config, record: numbered(r.Record, n), redact: r.Redact, screen: a.terminal && !f.Plain,
		ascii: f.ascii(a.streams)}
}

// Help implements kong.HelpProvider.
func (callCommand) Help() string {
	return detail("On a terminal it shows a screen with the call's path, its set-up, its media and its messages; otherwise one line per event, and the verdict at the end.",
		[]string{
			"dialtone call w1 --server https://call.example.org/call/",
			"dialtone call w1 --ice stun:stun.example.org --for 10s --record call.jsonl",
			"DIALTONE_ICE_PASS=… dialtone call w1 --ice turn:turn.example.org --ice-user ann --relay-only",
			"dialtone call --offer https://echo.example.org/offer --for 10s",
			"DIALTONE_TOKEN=… dialtone call --whip https://media.example.org/whip/stream",
			"dialtone call --whep https://media.example.org/whep/stream --for 30s --plain",
			"dialtone call --paste",
		},
		callExits...)
}

func (c *callCommand) run(ctx context.Context, a app) (diag.Exit, error) {
	config, way, err := c.plan(a)
	if err := a.checked(err); err != nil {
		return diag.ExitUsage, err
	}
	ctx, restore := a.interruptible(ctx)
	defer restore()
	for n := 1; ; n++ {
		p := c.placement(a, config, c.recordFlags, n)
		way.reach(ctx, a, &p)
		result, err := a.place(ctx, p)
		if !result.again || err != nil {
			return result.exit, err
		}
	}
}

// plan makes of the flags what is to be called, and how. The error joins all mistakes.
func (c *callCommand) plan(a app) (diag.Config, chosen, error) {
	config := c.networkFlags.config(c.mediaFlags)
	config.Command, config.Wait = "call", c.Wait.Duration
	w, err := a.layers.choose(c.Code, &c.wayFlags)
	errs := []error{err, w.checkMedia(c.mediaFlags), c.complete()}
	if w.Name == "" {
		return config, w, errors.Join(errs...) // there is nothing to validate yet
	}
	w.apply(&config, c.Token)
	switch {
	case w.Coded:
		config.Join = "dialtone call " + shellQuoted(config.Code) + " --server " + shellQuoted(c.Server.page)
	case w.Carried:
		config.Join = "dialtone answer --" + w.Answer[0].Name
	default:
		config.Server = w.shown()
		errs = append(errs, w.checkURL())
	}
	return config, w, errors.Join(append(errs, config.Validate())...)
}
