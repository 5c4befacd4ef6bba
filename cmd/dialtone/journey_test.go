//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/record"
)

// then presses keys and reads until the screen has shown a text since.
func (term *console) then(t *testing.T, keys, text string) {
	t.Helper()
	from := term.seen.Len()
	term.press(t, keys)
	deadline := time.After(patience)
	for !strings.Contains(term.seen.String()[from:], text) {
		select {
		case b, open := <-term.output:
			if !open {
				t.Fatalf("dialtone ended before it showed %q", text)
			}
			term.seen.Write(b)
		case <-deadline:
			t.Fatalf("after %q no %q is shown:\n%q", keys, text, term.seen.String()[from:])
		}
	}
}

// TestJourney is a call as somebody sees it: every pane, a message that comes back, an ICE restart, a hang-up, the summary.
func TestJourney(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journey.jsonl")
	s := openTerminal(t, "demo", "--record", path)
	s.await(t, "hello from dialtone") // the greeting: the channels are open
	s.then(t, "2", "carries the call")
	s.then(t, "3", "Streams")
	s.then(t, "4", "Channels")
	s.then(t, "5", "asks the servers of this call")
	s.then(t, "d", "nat1,")
	s.then(t, "6", "Offer")
	s.then(t, "7", "following") // of the events, which are more than the screen has lines
	s.then(t, "1", "Setup")
	s.then(t, "r", "ICE restart at ")
	s.then(t, "4", "Channels")
	s.then(t, "tgood evening\r", "◀ good evening")
	s.then(t, "\x1b", "type a message")
	s.then(t, "7", `"chat" 12 bytes: good evening`)
	s.then(t, "1", "Setup")
	s.then(t, "h", "you hung up")
	s.press(t, "q")
	after, code := s.end(t)
	if code != diag.ExitPass || !strings.Contains(after, "verdict: connected for ") {
		t.Errorf("exit %v, after the screen:\n%s", code, after)
	}
	checkJourney(t, path)
}

// checkJourney reads in the recording what the screen was asked for.
func checkJourney(t *testing.T, path string) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	recording, err := record.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	c := call.Fold(recording.Events)
	echoed := false
	for _, m := range c.Messages {
		echoed = echoed || (m.Direction == diag.Inbound && m.Label == diag.LabelChat && m.Text == "good evening")
	}
	if !echoed || c.Restarts == 0 || c.Ended == nil || c.Ended.Reason != diag.EndHangup {
		t.Errorf("echoed %v, %d restarts, ended %+v", echoed, c.Restarts, c.Ended)
	}
}
