//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dialtone/diag"
	"dialtone/diag/lab"
)

// TestNATScreen is a diagnosis as somebody sees it, against servers on the loopback interface.
func TestNATScreen(t *testing.T) {
	good, err := lab.StartResponder(lab.ResponderOptions{Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = good.Close() })
	mute, err := lab.StartFault(lab.Fault{Network: lab.UDP, Behavior: lab.Mute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mute.Close() })
	path := filepath.Join(t.TempDir(), "nat.jsonl")

	s := openTerminal(t, "nat", good.URL(), "--record", path)
	s.await(t, "nat1,")
	s.then(t, "jj", "are translated on the path") // a behavior, explained
	s.then(t, "\r", "the socket")                 // its evidence
	s.then(t, "2", "diagnosis.start")             // the log
	s.then(t, "1d", "nothing has changed so far") // asked again: a line about both runs
	s.press(t, "q")
	after, code := s.end(t)
	if code != diag.ExitInconclusive && code != diag.ExitPass || !strings.Contains(after, "verdict: ") || !strings.Contains(after, "result: nat1,") {
		t.Errorf("exit %v, after the screen:\n%s", code, after)
	}
	text, err := os.ReadFile(path)
	if err != nil || strings.Count(string(text), `"type":"diagnosis.start"`) != 2 {
		t.Errorf("the recording: %v\n%s", err, text)
	}

	replay := openTerminal(t, "replay", path)
	replay.await(t, "1 Network")
	replay.then(t, ">", "nat1,")
	replay.press(t, "q")
	if _, code := replay.end(t); code != diag.ExitPass {
		t.Errorf("the replay ends with %v", code)
	}

	early := openTerminal(t, "nat", mute.STUN(), "--watch")
	early.await(t, "sking")
	early.press(t, "\x03")
	if _, code := early.end(t); code != diag.ExitInterrupted {
		t.Errorf("interrupted before the verdict: exit %v", code)
	}
}
