package main

import (
	"dialtone/cmd/dialtone/internal/calls"
	"dialtone/cmd/dialtone/internal/telemetry"
	"dialtone/cmd/dialtone/internal/terminal"
	"dialtone/tui/pane"
)

// streams are what a command works with. Tests have their own.
type streams struct {
	terminal.Streams
	engine calls.Engine      // makes calls
	panes  []pane.Factory    // of the screen; nil: all
	sender *telemetry.Sender // to OpenTelemetry; nil: none
}

func realStreams() streams { return streams{Streams: terminal.Process(), engine: newSession} }

// placer places calls with them.
func (s streams) placer() calls.Placer {
	return calls.Placer{Streams: s.Streams, Engine: s.engine, Panes: s.panes, Begin: s.sender.Placed}
}
