package main

import (
	"context"

	"dialtone/cmd/dialtone/internal/dumps"
	"dialtone/diag"
	"dialtone/tui/live"
)

// importCommand is dialtone import.
type importCommand struct {
	dumps.Import
	screenFlags
	configurable
}

func (c *importCommand) run(ctx context.Context, a app) (diag.Exit, error) {
	if err := a.checked(c.Check()); err != nil {
		return diag.ExitUsage, err
	}
	return a.show(ctx, c.Files, dumps.Options{Connection: c.Connection, Large: c.Large}, 1, c.screenFlags)
}

// exportCommand is dialtone export.
type exportCommand struct {
	dumps.Export
	configurable
}

func (c *exportCommand) run(_ context.Context, a app) (diag.Exit, error) {
	if err := a.checked(nil); err != nil {
		return diag.ExitUsage, err
	}
	damage, exit, err := c.Write(a.Display(), a.In, readVersion().Version)
	a.Warn(damage)
	return exit, err
}

// diffCommand is dialtone diff.
type diffCommand struct {
	dumps.Diff
	glyphFlags
	configurable
}

func (c *diffCommand) run(_ context.Context, a app) (diag.Exit, error) {
	if err := a.checked(nil); err != nil {
		return diag.ExitUsage, err
	}
	calls, err := c.Read(a.In)
	if err != nil {
		return diag.ExitCannotRun, err
	}
	if a.Terminal && !c.Plain {
		calls.Show(live.Options{ASCII: c.ascii(a.streams), In: a.In, Out: a.Out})
		return diag.ExitPass, nil
	}
	a.Warn(calls.Damage)
	return done(calls.Write(a.Display()))
}
