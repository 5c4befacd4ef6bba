package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"dialtone/cmd/dialtone/internal/calls"
	"dialtone/cmd/dialtone/internal/demo"
	"dialtone/diag"
	"dialtone/diag/feed"
)

// demoCommand is dialtone demo.
type demoCommand struct {
	networkFlags
	mediaFlags
	lengthFlags
	recordFlags
	screenFlags
	Wait time.Duration `default:"2m" placeholder:"DURATION" help:"How long to wait for the peer; 0: no limit. Default: ${default}."`
	configurable
}

// Help implements kong.HelpProvider.
func (demoCommand) Help() string {
	return detail("The signaling server, STUN, TURN and the peer run inside dialtone, on this machine's loopback "+
		"interface. The call between them is real.\n\n"+
		"Without a terminal, or with CI set in the environment, it hangs up after 5 s unless --for is given.\n\n"+
		"With --server, that server carries the signaling instead. Servers given with --ice are used in addition.",
		[]string{
			"dialtone demo",
			"dialtone demo --plain --for 4s",
			"dialtone demo --relay-only --record demo.jsonl",
			"dialtone demo --relay-only --ice-pass wrong   # a rejected password",
		},
		callExits...)
}

// demoTime is how long a call lasts that no person watches.
const demoTime = 5 * time.Second

func (c *demoCommand) run(ctx context.Context, a app) (diag.Exit, error) {
	if c.For == 0 && !a.Terminal {
		c.For = demoTime
	}
	config := c.networkFlags.config(c.mediaFlags, c.For)
	config.Command, config.Code, config.Wait = "demo", "demo", c.Wait
	config.LoopbackOnly = len(config.ICEServers) == 0 && c.Server == defaultServer
	withOwn := config
	withOwn.ICEServers = append(withOwn.ICEServers, diag.ICEServerAuth{}) // the one inside, which does not run yet
	if err := a.checked(errors.Join(withOwn.Validate(), c.complete())); err != nil {
		return diag.ExitUsage, err
	}
	return a.placer().Repeat(ctx, func(ctx context.Context, n int) (calls.Outcome, error) {
		return c.once(ctx, a, config, n)
	})
}

// once places the n-th call, with its own servers and peer.
func (c *demoCommand) once(ctx context.Context, a app, config diag.Config, n int) (calls.Outcome, error) {
	servers, err := demo.Open(&config, c.Server == defaultServer)
	if err != nil {
		return calls.Outcome{Exit: diag.ExitCannotRun}, fmt.Errorf("cannot start the demo's servers: %w", err)
	}
	servers.Start(ctx, config, a.answer)
	if len(c.ICE) == 0 {
		c.overrideAccount(config.ICEServers)
	}
	result, err := a.placer().Place(ctx, c.placement(a, config, &c.recordFlags, n))
	if closeErr := servers.Close(); err == nil && closeErr != nil {
		err = fmt.Errorf("the demo's servers did not shut down cleanly: %w", closeErr)
	}
	return result, err
}

// overrideAccount uses a name and password that were given without a server for the TURN server inside: that shows
// what a wrong password leads to.
func (c *demoCommand) overrideAccount(servers []diag.ICEServerAuth) {
	for i := range servers {
		if s := &servers[i]; s.Username != "" {
			s.Username, s.Credential = cmp.Or(c.ICEUser, s.Username), cmp.Or(c.ICEPass, s.Credential)
		}
	}
}

// answer takes one call.
func (a app) answer(ctx context.Context, config diag.Config) error {
	session, err := a.engine(config, feed.New(time.Now))
	if err == nil {
		session.Run(ctx)
	}
	return err
}
