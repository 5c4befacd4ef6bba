package calls

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"dialtone/cmd/dialtone/internal/terminal"
	"dialtone/diag"
	"dialtone/diag/feed"
	"dialtone/diag/record"
)

// fakeCall is a session without a network: it is up at once, and ends when it is interrupted, hung up or its time is over.
type fakeCall struct {
	config diag.Config
	log    *feed.Feed
	hungUp chan struct{}
}

func fakeEngine(config diag.Config, log *feed.Feed) (Caller, error) {
	return &fakeCall{config: config, log: log, hungUp: make(chan struct{})}, nil
}

func (f *fakeCall) Run(ctx context.Context) {
	defer f.log.Close()
	f.log.Append(f.config.Start(f.log.Start()))
	f.log.Append(diag.ConnectionState{State: "connected"})
	f.log.Append(diag.ChannelOpen{Label: "chat", Ordered: true})
	var over <-chan time.Time
	if f.config.For > 0 {
		over = time.After(f.config.For)
	}
	reason := diag.EndHangup
	select {
	case <-ctx.Done():
		reason = diag.EndInterrupted
	case <-over:
		reason = diag.EndDuration
	case <-f.hungUp:
	}
	f.log.Append(diag.CallEnded{Reason: reason, By: diag.ByLocal})
}

func (f *fakeCall) Chat(string) error       { return nil }
func (f *fakeCall) Mute(string, bool) error { return nil }
func (f *fakeCall) RestartICE() error       { return nil }
func (f *fakeCall) Diagnose() error         { return nil }
func (f *fakeCall) Hangup()                 { close(f.hungUp) }

func (f *fakeCall) UseServers([]diag.ICEServerAuth) {}

// fakePlacer writes to out.
func fakePlacer(out io.Writer) Placer {
	return Placer{Streams: terminal.Streams{Out: out, Err: io.Discard}, Engine: fakeEngine}
}

func testConfig(length time.Duration) diag.Config {
	return diag.Config{Command: "call", Code: "w1", Server: "http://127.0.0.1:8000/call/", NoMedia: true, For: length}
}

func TestPlaceToTheEnd(t *testing.T) {
	var out strings.Builder
	path := filepath.Join(t.TempDir(), "call.jsonl")
	result, err := fakePlacer(&out).Place(t.Context(), Placement{Config: testConfig(time.Millisecond), Record: path})
	if err != nil || result.Exit != diag.ExitPass {
		t.Fatalf("exit %v, error %v, output:\n%s", result.Exit, err, out.String())
	}
	for _, want := range []string{"call.start ", "connection.state ", "call.ended ", "\nverdict: connected for", "(exit 0, pass)\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output lacks %q:\n%s", want, out.String())
		}
	}
	checkRecording(t, path)
}

// checkRecording reads a recording that must be whole.
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

func TestPlaceInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	path := filepath.Join(t.TempDir(), "call.jsonl")
	out := &notifyingWriter{word: "connection.state", notify: func() { cancel(terminal.ErrInterrupted) }}
	result, err := fakePlacer(out).Place(ctx, Placement{Config: testConfig(0), Record: path})
	if err != nil || result.Exit != diag.ExitInterrupted {
		t.Errorf("exit %v, error %v", result.Exit, err)
	}
	checkRecording(t, path)
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

func TestPlaceWithoutReaders(t *testing.T) {
	tests := map[string]struct {
		length time.Duration
		err    error
		want   diag.Exit
		told   bool
	}{
		"pipe closed, bounded":   {time.Millisecond, syscall.EPIPE, diag.ExitPass, false},
		"pipe closed, unbounded": {0, syscall.EPIPE, diag.ExitInterrupted, false},
		"disk full":              {time.Millisecond, syscall.ENOSPC, diag.ExitCannotRun, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "call.jsonl")
			result, err := fakePlacer(failingWriter{test.err}).Place(t.Context(), Placement{Config: testConfig(test.length), Record: path})
			if result.Exit != test.want || errors.Is(err, test.err) != test.told {
				t.Errorf("exit %v, error %v", result.Exit, err)
			}
			checkRecording(t, path)
		})
	}
}

func TestPlaceWithBadRecording(t *testing.T) {
	path := filepath.Join(t.TempDir(), "precious.txt")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	result, err := fakePlacer(io.Discard).Place(t.Context(), Placement{Config: testConfig(0), Record: path})
	if result.Exit != diag.ExitCannotRun || !errors.Is(err, record.ErrNotRecording) {
		t.Errorf("exit %v, error %v", result.Exit, err)
	}
}

func TestPlaceWithoutEngine(t *testing.T) {
	broken := errors.New("broken")
	a := fakePlacer(io.Discard)
	a.Engine = func(diag.Config, *feed.Feed) (Caller, error) { return nil, broken }
	if result, err := a.Place(t.Context(), Placement{Config: testConfig(0)}); result.Exit != diag.ExitCannotRun || !errors.Is(err, broken) {
		t.Errorf("exit %v, error %v", result.Exit, err)
	}
}

func TestNumbered(t *testing.T) {
	tests := []struct {
		path string
		n    int
		want string
	}{
		{"", 3, ""},
		{"call.jsonl", 1, "call.jsonl"},
		{"call.jsonl", 2, "call-2.jsonl"},
		{"a.b/call", 3, "a.b/call-3"},
		{"/tmp/x.tar.gz", 12, "/tmp/x.tar-12.gz"},
	}
	for _, test := range tests {
		if got := Numbered(test.path, test.n); got != test.want {
			t.Errorf("Numbered(%q, %d) = %q, want %q", test.path, test.n, got, test.want)
		}
	}
}
