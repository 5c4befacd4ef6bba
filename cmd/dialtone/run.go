package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"

	"dialtone/cmd/dialtone/internal/calls"
	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/cmd/dialtone/internal/shells"
	"dialtone/cmd/dialtone/internal/telemetry"
	"dialtone/cmd/dialtone/internal/terminal"
	"dialtone/diag"
	"dialtone/tui/pane"
)

// app is what commands share.
type app struct {
	streams
	settings *settings.Parsed
	name     string // of the command that runs
}

// run does what the arguments say.
func run(ctx context.Context, args []string, s streams) diag.Exit {
	if shells.IsQuery(args) {
		return s.complete(args)
	}
	parsed, err := settings.Parse(grammar(), usual(args), s.options())
	s.Warn(parsed.Warnings...)
	code := diag.ExitUsage
	c, ok := parsed.Command.(command)
	switch {
	case ok && err == nil:
		s.sender = telemetry.Open(ctx, telemetry.Options{
			Command: c, Version: readVersion().Version, Getenv: s.Getenv, Complain: s.Complain,
		})
		code, err = c.run(ctx, app{s, parsed, parsed.Name})
		s.sender.Close()
	case ok && !errors.Is(err, settings.ErrHelp):
		err = unread(app{s, parsed, parsed.Name}, c, args, err)
	}
	var wrong settings.MistakeErrors
	switch {
	case errors.Is(err, settings.ErrHelp):
		return diag.ExitPass
	case errors.As(err, &wrong):
		s.Complain(wrong.Report(parsed.Name))
	case err != nil:
		s.Complain("dialtone: " + diag.Clean(strings.ReplaceAll(err.Error(), "\n", "; "), 1000))
	}
	return code
}

// done is how a command ends that has done its work, or could not.
func done(err error) (diag.Exit, error) {
	if err != nil {
		return diag.ExitCannotRun, err
	}
	return diag.ExitPass, nil
}

// usual turns what other programs understand into commands of this one.
func usual(args []string) []string {
	switch {
	case len(args) == 0: // without a terminal, start says that it needs one
		return []string{"start"}
	case args[0] == "--version" || args[0] == "-V":
		return append([]string{"version"}, args[1:]...)
	case args[0] == "help":
		return append(slices.Clone(args[1:]), "--help")
	}
	return args
}

// checked returns all mistakes in the settings and those of err as one error, or nil.
func (a app) checked(err error) error { return a.settings.Check(err) }

// logger writes to stderr from a level on, which is one of slog's names.
func (a app) logger(name string) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(name)) // the setting takes no other names
	return slog.New(slog.NewTextHandler(a.Err, &slog.HandlerOptions{Level: level}))
}

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
