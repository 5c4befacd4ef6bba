//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dialtone/diag"
)

// The start screen leads to a call, remembers it, and the call's end leads back to the shell.
func TestStart(t *testing.T) {
	state := t.TempDir()
	t.Setenv("XDG_STATE_HOME", state)
	s := openTerminal(t)
	s.await(t, "What would you like to do?")
	s.press(t, "3\t\t ") // the demo, its form, the second switch
	s.await(t, "dialtone demo --no-media")
	s.press(t, "\r")
	s.await(t, "hello from dialtone") // the channels are open, or it is no pass
	s.press(t, "q")
	after, code := s.end(t)
	if code != diag.ExitPass || strings.Count(s.seen.String(), "\x1b[?1049h") != 2 || strings.Count(s.seen.String(), "\x1b[?1049l") != 2 {
		t.Errorf("exit %v; after the screens:\n%q", code, after)
	}
	if !strings.Contains(after, "verdict: connected") {
		t.Errorf("no verdict:\n%s", after)
	}
	text, err := os.ReadFile(filepath.Join(state, "dialtone", "history.json"))
	if err != nil || !strings.Contains(string(text), `"--no-media"`) {
		t.Errorf("the history: %v\n%s", err, text)
	}

	s = openTerminal(t)
	s.await(t, "--no-media")
	s.press(t, "q")
	if after, code := s.end(t); code != diag.ExitPass || strings.TrimSpace(after) != "" && !strings.HasPrefix(after, "\x1b") {
		t.Errorf("left with %v; after the screen:\n%q", code, after)
	}
}

// A history that cannot be read is told, and replaced.
func TestStartWithDamagedHistory(t *testing.T) {
	state := t.TempDir()
	t.Setenv("XDG_STATE_HOME", state)
	if err := os.MkdirAll(filepath.Join(state, "dialtone"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(state, "dialtone", "history.json"), []byte("?"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := openTerminal(t, "start", "--ascii")
	s.await(t, "cannot read the history")
	s.press(t, "\x03")
	if _, code := s.end(t); code != diag.ExitInterrupted {
		t.Errorf("exit %v", code)
	}
	if strings.ContainsRune(s.seen.String(), '▸') {
		t.Error("--ascii draws with Unicode")
	}
}
