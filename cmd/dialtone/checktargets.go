package main

import (
	"context"
	"errors"

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

// targetFlags are all flags that can name a target.
func targetFlags() []string {
	flags := []string{"loopback"}
	for _, w := range ways.All {
		if len(w.Check) > 0 {
			flags = append(flags, w.Check[0].Name)
		}
	}
	return flags
}

// prefer drops the targets of the environment and the file if the command line names one.
func (c *checkCommand) prefer(typed map[string]bool) {
	any := typed["scenario"]
	for _, flag := range targetFlags() {
		any = any || typed[flag]
	}
	if !any {
		return
	}
	for _, flag := range targetFlags() {
		if !typed[flag] {
			c.set(flag, "")
		}
	}
	c.Loopback = c.Loopback && typed["loopback"]
	if !typed["scenario"] {
		c.Scenario = ""
	}
}

// aim makes the target of a way of signaling.
func (c *checkCommand) aim(o *diagcheck.Options, w chosen) error {
	w.apply(&o.Config, c.Token)
	target := diagcheck.Remote{Way: w.Way, Setup: w.setup(o.Config), Shown: w.shown(), Role: c.Role.name}
	name := w.Name
	if w.Coded {
		target.Shown, name = o.Config.Server, w.Name+" "+diag.Clean(w.value, 60)
	}
	o.Target = target
	if o.Name == "" {
		o.Name = name
	}
	var parallel error
	if w.Coded && c.Parallel.n > 1 {
		parallel = errors.New("--parallel must be 1 with --" + w.flag + ": calls that dial one code at once would meet each other; use only --repeat, or a check for each code in a --scenario")
	}
	return errors.Join(w.checkURL(), w.checkMedia(mediaFlags{NoMedia: c.NoMedia}), parallel)
}

// nameServers adds the ICE servers that the endpoints of the plans name.
func nameServers(ctx context.Context, plans []checkPlan) {
	for i := range plans {
		t, ok := plans[i].Target.(diagcheck.Remote)
		if !ok || ctx.Err() != nil {
			continue
		}
		config := &plans[i].Config
		config.ICEServers = append(config.ICEServers, namedServers(ctx, t.Way, t.Setup, config.ICEServers)...)
	}
}

// roomCode is the code of a check in a room; "" for any other.
func (c *checkCommand) roomCode() string {
	for _, w := range c.chosen() {
		if w.Coded {
			return w.value
		}
	}
	return ""
}
