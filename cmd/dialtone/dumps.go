package main

import (
	"context"
	"runtime/debug"

	"dialtone/cmd/dialtone/internal/dumps"
	"dialtone/diag"
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
	debug.SetGCPercent(30) // as in replay
	opened, err := dumps.Open(c.Files, dumps.Options{Stdin: a.In, Connection: c.Connection, Large: c.Large})
	if err != nil {
		return diag.ExitCannotRun, err
	}
	return a.show(ctx, opened, c.Files[0], 1, c.screenFlags)
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
	configurable
}

func (c *diffCommand) run(_ context.Context, a app) (diag.Exit, error) {
	if err := a.checked(nil); err != nil {
		return diag.ExitUsage, err
	}
	damage, err := c.Write(a.Display(), a.In)
	a.Warn(damage)
	if err != nil {
		return diag.ExitCannotRun, err
	}
	return diag.ExitPass, nil
}
