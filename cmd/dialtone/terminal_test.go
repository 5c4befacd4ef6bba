//go:build unix

package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"
	xterm "golang.org/x/term"

	"dialtone/diag"
)

// modes are what a program can switch in a terminal, by the private modes of ECMA-48 terminals: ?25 the cursor, ?1049 the
// alternate screen, ?1002 and others the mouse, ?2004 bracketed paste.
var modes = regexp.MustCompile(`\x1b\[\?([0-9;]+)([hl])`)

// leftModes are those that are not as they were when the program began: the cursor is shown, all else is off.
func leftModes(output string) []string {
	state := map[string]string{}
	for _, m := range modes.FindAllStringSubmatch(output, -1) {
		for mode := range strings.SplitSeq(m[1], ";") {
			state[mode] = m[2]
		}
	}
	var left []string
	for mode, is := range state {
		if (mode == "25") != (is == "h") {
			left = append(left, mode+is)
		}
	}
	return slices.Sorted(slices.Values(left))
}

// TestTerminalIsRestored ends the real program in every way that it can notice, and compares the terminal with what it was.
func TestTerminalIsRestored(t *testing.T) {
	t.Parallel()
	signal := func(sig syscall.Signal) func(*testing.T, *console) {
		return func(t *testing.T, s *console) {
			if err := s.cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
		}
	}
	press := func(keys string) func(*testing.T, *console) {
		return func(t *testing.T, s *console) { s.press(t, keys) }
	}
	tests := map[string]struct {
		program string
		leave   func(*testing.T, *console)
		want    diag.Exit
		said    string
	}{
		"q":       {"dialtone", press("q"), diag.ExitPass, "verdict: "},
		"ctrl+c":  {"dialtone", press("\x03"), diag.ExitInterrupted, "verdict: "},
		"SIGINT":  {"dialtone", signal(syscall.SIGINT), diag.ExitInterrupted, "verdict: "},
		"SIGTERM": {"dialtone", signal(syscall.SIGTERM), diag.ExitInterrupted, "verdict: "},
		"SIGHUP":  {"dialtone", signal(syscall.SIGHUP), diag.ExitInterrupted, "verdict: "},
		"panic":   {"dialtone-bomb", press("B"), diag.ExitCannotRun, "please report it"},
		"resizes": {"dialtone", func(t *testing.T, s *console) {
			s.resizeOften(t, 200)
			s.press(t, "q")
		}, diag.ExitPass, "verdict: "},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "demo.jsonl")
			s := startTerminal(t, test.program, "demo", "--record", path)
			s.await(t, "connected")
			awaitEvents(t, path, 1, func(e diag.Event) bool { _, ok := e.Data.(diag.Ping); return ok }) // or it is no pass
			test.leave(t, s)
			after, code := s.end(t)
			if code != test.want || !strings.Contains(after, test.said) {
				t.Errorf("exit %v, want %v; after the screen:\n%s", code, test.want, after)
			}
			if test.program == "dialtone-bomb" && (strings.Contains(after, "\x1b[2J") || !strings.Contains(after, "bomb") || !strings.Contains(after, path+" is complete")) {
				t.Errorf("it is not said where it happened, or how to go on:\n%s", after)
			}
			checkRecording(t, path)
		})
	}
}

// resizeOften changes the size of the terminal at random while the call goes on.
func (term *console) resizeOften(t *testing.T, times int) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same sizes in every run
	for range times {
		size := pty.Winsize{Cols: uint16(1 + random.IntN(220)), Rows: uint16(1 + random.IntN(70))}
		if err := pty.Setsize(term.master, &size); err != nil {
			t.Fatal(err)
		}
		select {
		case b := <-term.output:
			term.seen.Write(b)
		case <-time.After(5 * time.Millisecond):
		}
	}
	if err := pty.Setsize(term.master, &pty.Winsize{Cols: 120, Rows: 36}); err != nil {
		t.Fatal(err)
	}
}

// checkLeft compares the terminal with what it was before.
func (term *console) checkLeft(t *testing.T) {
	t.Helper()
	now, err := xterm.GetState(int(term.master.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fmt.Sprintf("%+v", term.before), fmt.Sprintf("%+v", now)); diff != "" {
		t.Errorf("the terminal's settings were not restored:\n%s", diff)
	}
	if left := leftModes(term.seen.String()); len(left) > 0 {
		t.Errorf("modes of the terminal that were not switched back: %q", left)
	}
}

// TestTerminalIsNotAsked: what has no screen does not ask the terminal for its colours, and does not wait for an answer that
// never comes.
func TestTerminalIsNotAsked(t *testing.T) {
	for said, args := range map[string][]string{
		"listening on http://": {"serve", "--listen=127.0.0.1:0"},
		"result: nat1,":        {"nat", "--plain", "127.0.0.1:9"},
		"platform ":            {"version"},
		"Usage: dialtone":      {"--help"},
	} {
		s := startTerminalOf(t, "xterm-256color", "dialtone", args...)
		s.await(t, said)
		if shown := s.seen.String(); strings.Contains(shown, "\x1b]") {
			t.Errorf("dialtone %s asks the terminal: %q", args[0], shown)
		}
		if args[0] == "serve" {
			s.press(t, "\x03")
		}
		s.leave(t)
	}
}

// TestReplayScreen seeks through a recording with keys and with the mouse, and looks at its end.
func TestReplayScreen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "demo.jsonl")
	call := openTerminal(t, "demo", "--for=2s", "--record", path)
	call.await(t, "reached --for")
	call.press(t, "q")
	if _, code := call.end(t); code != diag.ExitPass {
		t.Fatalf("the demo exits with %v", code)
	}

	s := openTerminal(t, "replay", path, "--speed", "16")
	s.await(t, "end of recording")
	s.press(t, "<")
	s.await(t, "paused")
	s.press(t, "5") // the log, or whatever stands there
	s.press(t, "...,")
	s.press(t, "\x1b[<0;60;35M\x1b[<0;60;35m") // a click on the timeline
	s.press(t, "y")
	s.await(t, "\x1b]52;c;")
	s.await(t, "copied ")
	s.press(t, "e")
	s.await(t, "saved ")
	s.press(t, ">")
	s.press(t, "?")
	s.await(t, "Timeline")
	s.press(t, "q")
	if after, code := s.end(t); code != diag.ExitPass || strings.TrimSpace(after[strings.LastIndex(after, "\x1b[?")+1:]) == "" {
		t.Errorf("exit %v, after the screen %q", code, after)
	}
	saved, err := filepath.Glob(filepath.Join(s.cmd.Dir, "dialtone-demo-*.jsonl"))
	if err != nil || len(saved) != 1 {
		t.Fatalf("saved were %q, %v", saved, err)
	}
	checkRecording(t, saved[0])
	if info, err := os.Stat(saved[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v, %v", info.Mode(), err)
	}
}

// TestCallAgain places the same call a second time, from the screen of the first.
func TestCallAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "demo.jsonl")
	s := openTerminal(t, "demo", "--no-media", "--record", path)
	s.await(t, "connected")
	s.press(t, "h")
	s.await(t, "call again")
	s.seen.Reset()
	s.press(t, "c")
	s.await(t, "restart ICE")
	s.press(t, "q")
	if after, code := s.end(t); code != diag.ExitPass || !strings.Contains(after, "verdict: ") {
		t.Errorf("exit %v:\n%s", code, after)
	}
	checkRecording(t, path)
	checkRecording(t, strings.TrimSuffix(path, ".jsonl")+"-2.jsonl")
}
