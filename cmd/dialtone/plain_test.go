package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/feed"
	"dialtone/diag/judge"
)

func TestPrintEvents(t *testing.T) {
	log := feed.New(time.Now)
	reader := log.Reader()
	log.Replay(diag.Event{At: 1234567 * time.Microsecond, Data: diag.ICEState{State: "checking"}})
	log.Replay(diag.Event{At: 61 * time.Second, Data: diag.ICEState{State: "connected\x1b[2J"}})
	log.Close()
	var out strings.Builder
	if err := printEvents(t.Context(), reader, &out); err != nil {
		t.Fatal(err)
	}
	want := "   1.235  ice.state          checking\n  61.000  ice.state          connected\uFFFD[2J\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// TestPrintEventsAsTheyCome reads the first line before the second event exists.
func TestPrintEventsAsTheyCome(t *testing.T) {
	log := feed.New(time.Now)
	events := log.Reader()
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- printEvents(context.Background(), events, w) }()
	buffer := make([]byte, 4096)
	for range 3 {
		log.Append(diag.ICEState{State: "checking"})
		n, err := r.Read(buffer)
		if err != nil || !strings.HasSuffix(string(buffer[:n]), "checking\n") {
			t.Fatalf("read %q, %v", buffer[:n], err)
		}
	}
	log.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestPrintEventsToAClosedPipe(t *testing.T) {
	log := feed.New(time.Now)
	events := log.Reader()
	log.Append(diag.ICEState{State: "checking"})
	err := printEvents(t.Context(), events, failingWriter{syscall.EPIPE})
	var output *outputError
	if !errors.As(err, &output) || !errors.Is(err, syscall.EPIPE) {
		t.Errorf("the error is %v", err)
	}
}

// failingWriter takes nothing.
type failingWriter struct{ err error }

func (f failingWriter) Write([]byte) (int, error) { return 0, f.err }

func TestVerdictText(t *testing.T) {
	got := verdictText(judge.Verdict{
		Exit: diag.ExitICE, Headline: "no path was found", Why: []string{"9 pairs were tried."}, Todo: []string{"Add a TURN server."},
		Findings: []diag.Finding{{ID: "turn.unauthorized", Severity: diag.Problem, Title: "turn:t gave nothing: 401"}},
	})
	want := `
verdict: no path was found (exit 5, ice)
   why: 9 pairs were tried.
   error: turn:t gave nothing: 401 [turn.unauthorized]
  next: Add a TURN server.
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}
