package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"dialtone/diag"
	diagcheck "dialtone/diag/check"
	"dialtone/signal/ways"
)

// targets names the flags that say what to call.
func (c *checkCommand) targets() []string {
	var out []string
	if c.Loopback {
		out = append(out, "loopback")
	}
	for _, w := range c.chosen() {
		out = append(out, w.flag)
	}
	return out
}

// targetFlags are the flags that can name a target in the command, with their placeholders.
func (s side) targetFlags() []string {
	out := []string{"--loopback"}
	for _, w := range ways.All {
		if flags := s.flags(w); len(flags) > 0 {
			out = append(out, "--"+flags[0].Name+" "+flags[0].Placeholder)
		}
	}
	if s == checking {
		out = append(out, "--scenario FILE", "--recording FILE")
	}
	return out
}

// prefer drops the targets of the environment and the file if the command line names one.
func (c *checkCommand) prefer(typed map[string]bool) {
	targets := []string{"loopback", "scenario", "recording"}
	for _, w := range ways.All {
		if len(w.Check) > 0 {
			targets = append(targets, w.Check[0].Name)
		}
	}
	if !slices.ContainsFunc(targets, func(flag string) bool { return typed[flag] }) {
		return
	}
	for _, flag := range targets {
		if !typed[flag] {
			c.set(flag, "")
		}
	}
	c.Loopback = c.Loopback && typed["loopback"]
	if !typed["scenario"] {
		c.Scenario = ""
	}
	if !typed["recording"] {
		c.Recording = ""
	}
}

// Flags that not every target has a use for.
var (
	roomOnly   = []string{"role", "server", "wait"}
	remoteOnly = []string{"channel", "field", "header", "preset", "token", "token-to", "trickle"}
)

// unused reports flags of the command line that the target has no use for: the check would test something else than
// the user means.
func (c *checkCommand) unused(typed map[string]bool) error {
	targets, flags := c.targets(), slices.Clone(roomOnly)
	if len(targets) != 1 || targets[0] == "room" {
		return nil
	}
	if c.Loopback {
		flags = append(flags, remoteOnly...)
	}
	var errs []error
	for _, flag := range flags {
		if typed[flag] {
			errs = append(errs, fmt.Errorf("--%s does not apply to --%s", flag, targets[0]))
		}
	}
	return errors.Join(errs...)
}

// aim makes the target of a way of signaling.
func (c *checkCommand) aim(o *diagcheck.Options, w chosen) error {
	w, err := w.configured()
	w.apply(&o.Config, c.Token)
	err = errors.Join(err, w.ask(c.requestFlags, &o.Config))
	target := diagcheck.Remote{Way: w.Way, Setup: w.setup(o.Config), Shown: w.shown(), Role: c.Role}
	name := w.Name
	if w.Coded {
		target.Shown, name = o.Config.Server, w.Name+" "+diag.Clean(w.value, 60)
	}
	o.Target = target
	if w.Coded && c.Conformance && c.Role == diagcheck.RoleAny { // the server is tested: no one else has to be there
		o.Target = diagcheck.Each{Remote: target}
	}
	if o.Name == "" {
		o.Name = name
	}
	var parallel error
	if w.Coded && c.Parallel > 1 {
		parallel = errors.New("--parallel must be 1 in a room: simultaneous calls with one room code would reach each " +
			"other; use --repeat, or a --scenario with a check for each code")
	}
	return errors.Join(err, w.checkURL(), w.checkMedia(c.mediaFlags, false), parallel)
}

// nameServers adds the ICE servers of --ice-from, and those that the endpoints of the plans name.
func nameServers(ctx context.Context, plans []checkPlan) error {
	for i := range plans {
		config, begun := &plans[i].Config, time.Now()
		if servers := newSupply(plans[i].supply, *config); servers != nil {
			plans[i].Renew, plans[i].Supply = servers.Renew, servers.Keep
			var err error
			if config.ICEServers, err = servers.Renew(ctx, config.ICEServers); err != nil {
				return err
			}
		}
		t, ok := plans[i].Target.(diagcheck.Remote)
		if !ok || ctx.Err() != nil {
			continue
		}
		named, notes := namedServers(ctx, t.Way, t.Setup, config.ICEServers)
		config.ICEServers, plans[i].Notes = append(config.ICEServers, named...), notes
		plans[i].Asking = time.Since(begun)
	}
	return nil
}
