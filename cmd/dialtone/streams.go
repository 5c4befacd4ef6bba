package main

import (
	"io"
	"os"
	ossignal "os/signal"
	"syscall"

	"golang.org/x/term"

	"dialtone/diag"
	"dialtone/tui/pane"
)

// streams connect a command to its process. Tests have their own.
type streams struct {
	in        io.Reader
	out       io.Writer              // the result and nothing else
	err       io.Writer              // logs and errors
	environ   []string               // KEY=value
	configDir func() (string, error) // the user's directory for configuration
	terminal  bool                   // in and out are a terminal
	kill      func(diag.Exit)        // ends the process at once
	engine    engine                 // makes calls
	panes     []pane.Factory         // of the screen; nil: all
}

// realStreams are those of the process. A reader of stdout that goes away shows as a failed write (EPIPE) instead of
// killing the process, so that a recording can be completed.
func realStreams() streams {
	ossignal.Ignore(syscall.SIGPIPE)
	return streams{
		in: os.Stdin, out: os.Stdout, err: os.Stderr,
		environ: os.Environ(), configDir: os.UserConfigDir,
		terminal: isTerminal(os.Stdin) && isTerminal(os.Stdout),
		kill:     func(code diag.Exit) { os.Exit(int(code)) },
		engine:   newSession,
	}
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
