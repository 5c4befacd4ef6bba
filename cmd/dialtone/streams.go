package main

import (
	"context"

	"dialtone/cmd/dialtone/internal/calls"
	"dialtone/cmd/dialtone/internal/terminal"
	"dialtone/diag"
	"dialtone/tui/pane"
)

// streams are what a command works with. Tests have their own.
type streams struct {
	terminal.Streams
	engine calls.Engine   // makes calls
	panes  []pane.Factory // of the screen; nil: all
}

func realStreams() streams { return streams{Streams: terminal.Process(), engine: newSession} }

// placer places calls with them.
func (s streams) placer() calls.Placer {
	return calls.Placer{Streams: s.Streams, Engine: s.engine, Panes: s.panes}
}

// place places one call.
func (s streams) place(ctx context.Context, p calls.Placement) (calls.Outcome, error) {
	return s.placer().Place(ctx, p)
}

// repeat places calls until none is asked for again.
func (s streams) repeat(ctx context.Context, place func(context.Context, int) (calls.Outcome, error)) (diag.Exit, error) {
	return s.placer().Repeat(ctx, place)
}
