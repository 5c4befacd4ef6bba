package record

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dialtone/diag"
)

func TestMain(m *testing.M) {
	if path := os.Getenv("RECORD_UNTIL_KILLED"); path != "" {
		recordUntilKilled(path)
		return
	}
	goleak.VerifyTestMain(m)
}

// batches is a source that gives what it holds and then ends with err, or io.EOF.
type batches struct {
	list [][]diag.Event
	err  error
}

func (b *batches) Next(context.Context) ([]diag.Event, error) {
	if len(b.list) == 0 {
		if b.err != nil {
			return nil, b.err
		}
		return nil, io.EOF
	}
	next := b.list[0]
	b.list = b.list[1:]
	return next, nil
}

// header is a header for tests.
func header() Header {
	return NewHeader(diag.Config{
		Command: "call", Code: "w1", Server: "http://127.0.0.1:8000/call/", Version: "0.1.0", Wait: time.Minute, CAFile: "/home/alice/ca.pem",
		ICEServers: []diag.ICEServerAuth{{URL: "turn:192.168.7.7:3478", Username: "alice", Credential: "hunter2hunter2"}},
	}, time.Date(2026, 1, 2, 3, 4, 5, 678901234, time.FixedZone("X", 3600)))
}

// numbered returns n events.
func numbered(n int) []diag.Event {
	events := make([]diag.Event, n)
	for i := range events {
		events[i] = diag.Event{Seq: uint64(i + 1), At: time.Duration(i) * time.Millisecond, Data: diag.Warning{ID: "test.event", Cause: strings.Repeat("x", i%50)}}
	}
	return events
}

// documented returns the example of every type of event that docs/reference/events.md shows.
func documented(t testing.TB) []diag.Event {
	t.Helper()
	doc, err := os.ReadFile("../../docs/reference/events.md")
	if err != nil {
		t.Fatal(err)
	}
	var events []diag.Event
	for line := range bytes.Lines(doc) {
		if !bytes.HasPrefix(line, []byte(`{"seq":`)) {
			continue
		}
		var e diag.Event
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("an example of the document can't be read: %v\n%s", err, line)
		}
		events = append(events, e)
	}
	if len(events) == 0 {
		t.Fatal("the document has no examples")
	}
	return events
}

// write records events and returns the file's text.
func write(t testing.TB, o Options, events ...diag.Event) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "call.jsonl")
	w, err := Create(path, header(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Run(context.Background(), &batches{list: [][]diag.Event{events}}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
