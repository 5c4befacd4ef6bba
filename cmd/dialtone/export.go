package main

import (
	"context"

	"dialtone/cmd/dialtone/internal/dumps"
	"dialtone/diag"
)

// exportCommand is dialtone export.
type exportCommand struct {
	dumps.Export
	configurable
}

func (c *exportCommand) run(_ context.Context, a app) (diag.Exit, error) {
	if err := a.checked(nil); err != nil {
		return diag.ExitUsage, err
	}
	damage, exit, err := c.Write(a.Results(), a.In, readVersion().Version)
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
	damage, err := c.Write(a.Results(), a.In)
	a.Warn(damage)
	if err != nil {
		return diag.ExitCannotRun, err
	}
	return diag.ExitPass, nil
}
