package main

import (
	"context"
	"errors"
	"time"

	"dialtone/cmd/dialtone/internal/calls"
	"dialtone/cmd/dialtone/internal/telemetry"
	"dialtone/diag"
)

// callCommand is dialtone call.
type callCommand struct {
	Code *string `form:"call" label:"code" hint:"the room code that both peers dial" arg:"" optional:"" unflagged:"room" help:"The room code that both peers dial."`
	networkFlags
	telemetry.Flags
	callingFlags
	mediaFlags
	lengthFlags
	recordFlags
	screenFlags
	Wait time.Duration `default:"2m" placeholder:"DURATION" help:"How long to wait for the peer; 0: no limit. Default: ${default}."`
	configurable
}

// screenFlags say how a call is shown.
type screenFlags struct {
	Plain bool `help:"One line per event instead of the screen. The default if stdin or stdout is not a terminal."`
	glyphFlags
}

// ascii reports whether the screen is drawn with ASCII only: as the flag says, else as the environment suggests.
func (f glyphFlags) ascii(s streams) bool {
	if f.ASCII != nil {
		return *f.ASCII
	}
	return !s.Unicode()
}

// glyphFlags say with which characters a screen is drawn.
type glyphFlags struct {
	ASCII *bool `name:"ascii" help:"Draw the screen with ASCII characters only. The default without a UTF-8 locale and on the Linux console; --ascii=false uses Unicode anyway."`
}

// placement is the n-th call of this configuration: each has a recording of its own.
func (f screenFlags) placement(a app, config diag.Config, r *recordFlags, n int) calls.Placement {
	return calls.Placement{
		Config: config, Record: calls.Numbered(r.Record, n), Redact: r.Redact, Room: r.room(),
		Screen: a.Terminal && !f.Plain, ASCII: f.ascii(a.streams),
	}
}

// Help implements kong.HelpProvider.
func (callCommand) Help() string {
	return detail("Both peers dial the same room code at the same server. The peer can be dialtone answer on another "+
		"machine, or a browser on the server's page. To run your own server: dialtone serve.\n\n"+
		"On a terminal, a screen shows the path, the setup, media and messages; otherwise dialtone prints one line per "+
		"event, and the verdict at the end.",
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
	servers := newSupply(c.iceFromFlags, config)
	return a.placer().Repeat(ctx, func(ctx context.Context, n int) (calls.Outcome, error) {
		p := c.placement(a, config, &c.recordFlags, n)
		var err error
		if p.Config.ICEServers, err = servers.Renew(ctx, p.Config.ICEServers); err != nil {
			return calls.Outcome{Exit: diag.ExitSignaling}, err
		}
		way.reach(ctx, a, &p)
		p.Supply = servers.During(p.Config.ICEServers)
		return a.placer().Place(ctx, p)
	})
}

// plan is what to call, and how. The error joins all mistakes.
func (c *callCommand) plan(a app) (diag.Config, chosen, error) {
	config := c.networkFlags.config(c.mediaFlags, c.For)
	config.Command, config.Wait = "call", c.Wait
	w, err := a.choose(c.Code, &c.wayFlags)
	errs := []error{err, w.checkMedia(c.mediaFlags, false), c.complete(), c.checkProxy()}
	if w.Name == "" {
		return config, w, errors.Join(errs...) // there is nothing to validate yet
	}
	w.apply(&config, c.Token)
	errs = append(errs, w.ask(c.requestFlags, &config))
	switch {
	case w.Coded:
		config.Join = joinRoom(config.Code, string(c.Server))
	case w.Carried:
		config.Join = w.answerCommand()
	default:
		config.Server = w.shown()
		errs = append(errs, w.checkURL())
	}
	return config, w, errors.Join(append(errs, config.Validate())...)
}
