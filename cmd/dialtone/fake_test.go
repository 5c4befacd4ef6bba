package main

import (
	"io"
	"strings"
	"testing"
	"time"

	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/diag"
	"dialtone/diag/feed"
	"dialtone/diag/record"
)

// fakeCall is a session without a network, whose controls do nothing.
type fakeCall struct {
	config diag.Config
	log    *feed.Feed
}

func (*fakeCall) Chat(string) error       { return nil }
func (*fakeCall) Mute(string, bool) error { return nil }
func (*fakeCall) RestartICE() error       { return nil }
func (*fakeCall) Diagnose() error         { return nil }
func (*fakeCall) Hangup()                 {}

func (*fakeCall) UseServers([]diag.ICEServerAuth) {}

// fakeApp is that of dialtone call without configuration and output.
func fakeApp() app {
	s := testStreams()
	s.Out, s.Err = io.Discard, io.Discard
	return app{streams: s, settings: &settings.Parsed{}, name: "call"}
}

func testConfig(length time.Duration) diag.Config {
	return diag.Config{Command: "call", Code: "w1", Server: defaultServer, NoMedia: true, For: length}
}

// notifyingWriter calls notify once a word was written.
type notifyingWriter struct {
	text   strings.Builder
	word   string
	notify func()
}

func (n *notifyingWriter) Write(b []byte) (int, error) {
	n.text.Write(b)
	if n.notify != nil && strings.Contains(n.text.String(), n.word) {
		n.notify()
		n.notify = nil
	}
	return len(b), nil
}

// checkRecording reads a recording that must be complete.
func checkRecording(t *testing.T, path string) {
	t.Helper()
	recording, err := record.Open(path, record.MaxMemory)
	if err != nil {
		t.Fatal(err)
	}
	n := len(recording.Events)
	if n == 0 || recording.Events[n-1].Type() != diag.TypeOf(diag.CallEnded{}) {
		t.Errorf("the recording of %d events does not end with the end of the call", n)
	}
}
