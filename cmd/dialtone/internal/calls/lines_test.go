package calls

import (
	"context"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/cmd/dialtone/internal/terminal"
	"dialtone/diag"
	"dialtone/diag/call"
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
	err := printEvents(t.Context(), events, terminal.Streams{Out: failingWriter{syscall.EPIPE}}.Results())
	var output *terminal.OutputError
	if !errors.As(err, &output) || !errors.Is(err, syscall.EPIPE) {
		t.Errorf("the error is %v", err)
	}
}

// failingWriter takes nothing.
type failingWriter struct{ err error }

func (f failingWriter) Write([]byte) (int, error) { return 0, f.err }

func TestVerdictText(t *testing.T) {
	got := VerdictText(judge.Verdict{
		Done: true, Exit: diag.ExitICE, Outcome: judge.Outcome{State: call.StateEnded, Ended: diag.EndICE, After: 2 * time.Second},
		Findings: []judge.Finding{{ID: "ice.no_path", Severity: judge.Problem, Evidence: judge.NoPath{
			Obstacle: judge.NoPairAnswered, Pairs: 9, Requests: 40, NoRelay: true, Configured: true,
		}}},
	})
	want := `
verdict: no path found after 2.0 s (exit 5, ice)
    why: 9 candidate pairs checked with 40 requests, none answered.
    why: Neither side has a relay candidate.
  error: No candidate pair worked. [ice.no_path]
   next: Give one side a TURN server that works: --ice turn:HOST --ice-user NAME.
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}
