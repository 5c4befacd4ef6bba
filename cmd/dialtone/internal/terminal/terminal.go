// Package terminal connects a command to its process: streams, environment and signals.
package terminal

import (
	"errors"
	"fmt"
	"io"
	"os"
	ossignal "os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/term"

	"dialtone/diag"
)

// Streams are those of a process. Tests have their own.
type Streams struct {
	In        io.Reader
	Out       io.Writer              // the result and nothing else
	Err       io.Writer              // logs and errors
	Environ   []string               // KEY=value
	ConfigDir func() (string, error) // the user's directory for configuration
	Terminal  bool                   // In and Out are a terminal that can show a screen
	Kill      func(diag.Exit)        // ends the process at once
}

// Process are the streams of the process. A reader of stdout that goes away shows as a failed write (EPIPE) instead of
// killing the process, so that a recording can be completed.
func Process() Streams {
	ossignal.Ignore(syscall.SIGPIPE)
	shows := showsScreens(os.Getenv("TERM"), os.Getenv("CI"), runtime.GOOS)
	return Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Environ: os.Environ(), ConfigDir: os.UserConfigDir,
		Terminal: shows && isTerminal(os.Stdin) && isTerminal(os.Stdout),
		Kill:     func(code diag.Exit) { os.Exit(int(code)) },
	}
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// showsScreens reports whether a person sees a terminal of a type (TERM) that can move its cursor. That of Windows
// needs no type. No person sees that of a job of a pipeline, which says so in the variable CI.
func showsScreens(kind, ci, system string) bool {
	return kind != "dumb" && (kind != "" || system == "windows") && (ci == "" || ci == "false" || ci == "0")
}

// Getenv looks a variable up; the last of a name counts.
func (s Streams) Getenv(name string) string {
	for _, pair := range slices.Backward(s.Environ) {
		if key, text, _ := strings.Cut(pair, "="); key == name {
			return text
		}
	}
	return ""
}

// Complain writes a line to stderr. A failure of stderr cannot be reported anywhere.
func (s Streams) Complain(text string) { _, _ = io.WriteString(s.Err, text+"\n") }

// Warn writes the texts that are not empty to stderr.
func (s Streams) Warn(texts ...string) {
	for _, text := range texts {
		if text != "" {
			s.Complain("dialtone: warning: " + diag.Clean(text, 1000))
		}
	}
}

// Print writes a part of the result to [Streams.Display].
func (s Streams) Print(format string, args ...any) error {
	_, err := fmt.Fprintf(s.Display(), format, args...)
	return err
}

// Display is stdout for a result that is written once: a reader that has seen enough, as head does, is no failure.
func (s Streams) Display() io.Writer { return display{s.Results()} }

type display struct{ w io.Writer }

func (d display) Write(b []byte) (int, error) {
	n, err := d.w.Write(b)
	if errors.Is(err, syscall.EPIPE) {
		return len(b), nil
	}
	return n, err
}

// Results is stdout for results that go on as long as somebody reads them; its errors are of type [OutputError].
func (s Streams) Results() io.Writer { return results{s.Out} }

type results struct{ w io.Writer }

func (r results) Write(b []byte) (int, error) {
	n, err := r.w.Write(b)
	if err != nil {
		return n, &OutputError{err}
	}
	return n, nil
}

// OutputError is a failed write of the result.
type OutputError struct{ err error }

func (e *OutputError) Error() string {
	return "cannot write the result to stdout: " + e.err.Error() + "; check where it is redirected to"
}

func (e *OutputError) Unwrap() error { return e.err }

// Unicode reports whether the terminal shows more than ASCII. It reads the environment as the C library does: of the
// locale's variables the first that is set and not empty counts (POSIX.1-2024 §8.2). If none is, as on Windows and in
// many containers, Unicode is assumed. The Linux console has 512 glyphs at most, a dumb terminal promises nothing.
func (s Streams) Unicode() bool {
	if name := s.Getenv("TERM"); name == "linux" || name == "dumb" {
		return false
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale := strings.ToLower(s.Getenv(name)); locale != "" {
			return strings.Contains(locale, "utf-8") || strings.Contains(locale, "utf8")
		}
	}
	return true
}
