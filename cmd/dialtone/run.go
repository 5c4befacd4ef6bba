package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/diag"
)

// app is what commands share.
type app struct {
	streams
	settings *settings.Parsed
	name     string // of the command that runs
}

// run does what the arguments say.
func run(ctx context.Context, args []string, s streams) diag.Exit {
	if len(args) == 0 { // without a terminal, start says that it needs one
		args = []string{"start"}
	}
	parsed, err := settings.Parse(grammar(), args, s.options())
	if errors.Is(err, settings.ErrHelp) {
		return diag.ExitPass
	}
	if err != nil {
		return refuse(s, parsed, err)
	}
	chosen, ok := parsed.Command.(command)
	if !ok {
		complain(s.err, "dialtone: "+parsed.Name+" cannot be run")
		return diag.ExitCannotRun
	}
	code, err := chosen.run(ctx, app{streams: s, settings: parsed, name: parsed.Name})
	var wrong settings.Mistakes
	switch {
	case errors.As(err, &wrong):
		complain(s.err, wrong.Report(parsed.Name))
	case err != nil:
		complain(s.err, "dialtone: "+diag.Clean(err.Error(), 1000))
	}
	return code
}

// refuse reports what is wrong with the command line, and with the other sources as far as they were read.
func refuse(s streams, parsed *settings.Parsed, err error) diag.Exit {
	complain(s.err, "dialtone: "+diag.Clean(err.Error(), 600))
	var found settings.Mistakes
	if errors.As(parsed.Check(nil), &found) {
		for _, m := range found {
			complain(s.err, "dialtone: "+diag.Clean(m.Origin, 400)+": "+diag.Clean(m.Text, 600))
		}
	}
	help := "--help"
	if parsed.Name != "" {
		help = parsed.Name + " --help"
	}
	complain(s.err, "Try: dialtone "+help)
	return diag.ExitUsage
}

// checked returns all mistakes in the settings and those of err as one error, or nil.
func (a app) checked(err error) error { return a.settings.Check(err) }

// logger writes to stderr from a level on, which is one of slog's names.
func (a app) logger(name string) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(name)) // the setting takes no other names
	return slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: level}))
}

// print writes a part of the result to stdout.
func (a app) print(format string, args ...any) error {
	if _, err := io.WriteString(a.out, fmt.Sprintf(format, args...)); err != nil {
		return &outputError{err}
	}
	return nil
}

// results is stdout for a writer of results.
func (a app) results() io.Writer { return resultWriter{a.out} }

type resultWriter struct{ w io.Writer }

func (r resultWriter) Write(b []byte) (int, error) {
	n, err := r.w.Write(b)
	if err != nil {
		return n, &outputError{err}
	}
	return n, nil
}

// complain writes a line to stderr. A failure of stderr cannot be reported anywhere.
func complain(w io.Writer, text string) { _, _ = io.WriteString(w, text+"\n") }

// didYouMean is the end of a sentence about an unknown word.
func didYouMean(prefix, word string, candidates []string) string {
	return settings.DidYouMean(prefix, word, candidates)
}
