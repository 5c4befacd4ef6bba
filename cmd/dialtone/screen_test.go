//go:build unix

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	xterm "golang.org/x/term"

	"dialtone/diag"
)

// terminal is dialtone in a terminal of 120×36.
type console struct {
	cmd    *exec.Cmd
	master *os.File
	output chan []byte // closed when dialtone has ended
	seen   bytes.Buffer
	before *xterm.State // the settings of the terminal
}

func openTerminal(t *testing.T, args ...string) *console {
	t.Helper()
	return startTerminal(t, "dialtone", args...)
}

func startTerminal(t *testing.T, name string, args ...string) *console {
	t.Helper()
	return startTerminalOf(t, "screen-256color", name, args...)
}

// startTerminalOf names the kind of terminal too: some are asked for their colours, some are not.
func startTerminalOf(t *testing.T, kind, name string, args ...string) *console {
	t.Helper()
	program, err := exec.LookPath(name) // TestMain has put it there
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = []string{"HOME=/no-home", "TERM=" + kind, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + t.TempDir(), "XDG_STATE_HOME=" + os.Getenv("XDG_STATE_HOME")}
	cmd.Dir = t.TempDir()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(master, &pty.Winsize{Cols: 120, Rows: 36}); err != nil {
		t.Fatal(err)
	}
	before, err := xterm.GetState(int(master.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := slave.Close(); err != nil {
		t.Fatal(err)
	}
	term := &console{cmd: cmd, master: master, output: make(chan []byte), before: before}
	go func() {
		defer close(term.output)
		for {
			buffer := make([]byte, 4096)
			n, err := master.Read(buffer)
			if err != nil {
				return
			}
			term.output <- buffer[:n]
		}
	}()
	return term
}

// await reads until the screen has shown a text.
func (term *console) await(t *testing.T, text string) {
	t.Helper()
	deadline := time.After(patience)
	for !strings.Contains(term.seen.String(), text) {
		select {
		case b, open := <-term.output:
			if !open {
				t.Fatalf("dialtone ended before it showed %q:\n%q", text, term.seen.String())
			}
			term.seen.Write(b)
		case <-deadline:
			t.Fatalf("%q is not shown:\n%q", text, term.seen.String())
		}
	}
}

func (term *console) press(t *testing.T, keys string) {
	t.Helper()
	if _, err := term.master.WriteString(keys); err != nil {
		t.Fatal(err)
	}
}

// end reads the rest and returns what dialtone wrote after the screen was left, and its exit code.
func (term *console) end(t *testing.T) (string, diag.Exit) {
	t.Helper()
	code := term.leave(t)
	shown := term.seen.String()
	at := strings.LastIndex(shown, "\x1b[?1049l")
	if at < 0 {
		t.Fatalf("the screen was not restored:\n%q", shown)
	}
	return shown[at:], code
}

// leave waits until the program has ended.
func (term *console) leave(t *testing.T) diag.Exit {
	t.Helper()
	watchdog := time.AfterFunc(patience, func() { _ = term.cmd.Process.Kill() })
	defer watchdog.Stop()
	for b := range term.output {
		term.seen.Write(b)
	}
	if _, race, found := strings.Cut(term.seen.String(), "WARNING: DATA RACE"); found {
		t.Errorf("a data race:\n%s", race) // the detector writes it on the screen
	}
	err := term.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	term.checkLeft(t)
	if err := term.master.Close(); err != nil {
		t.Fatal(err)
	}
	return diag.Exit(term.cmd.ProcessState.ExitCode())
}

func TestScreen(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args  []string
		leave func(*testing.T, *console)
		want  diag.Exit
		ended diag.EndReason
	}{
		"quit":      {nil, func(t *testing.T, s *console) { s.press(t, "q") }, diag.ExitPass, diag.EndHangup},
		"interrupt": {nil, func(t *testing.T, s *console) { s.press(t, "\x03") }, diag.ExitInterrupted, diag.EndInterrupted},
		"signal": {nil, func(t *testing.T, s *console) {
			if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
		}, diag.ExitInterrupted, diag.EndInterrupted},
		"time over, then quit": {[]string{"--for=500ms"}, func(t *testing.T, s *console) {
			s.await(t, "reached --for")
			s.press(t, "q")
		}, diag.ExitPass, diag.EndDuration},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "demo.jsonl")
			s := openTerminal(t, append([]string{"demo", "--no-media", "--record", path}, test.args...)...)
			s.await(t, "hello from dialtone") // the channels are open, or it is no pass
			test.leave(t, s)
			after, code := s.end(t)
			if code != test.want || !strings.Contains(after, "verdict: ") {
				t.Errorf("exit %v, want %v; after the screen:\n%s", code, test.want, after)
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text), `"type":"call.ended","reason":"`+string(test.ended)+`"`) {
				t.Errorf("the recording does not end by %q:\n%s", test.ended, text)
			}
		})
	}
}
