package tui

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/record"
	"dialtone/diag/words/verdict"
)

// recorded are the calls in testdata/calls and what each amounts to.
var recorded = []struct {
	name string
	exit diag.Exit
}{
	{"good", diag.ExitPass},
	{"relay", diag.ExitPass},
	{"ice-failure", diag.ExitICE},
	{"one-way", diag.ExitMedia},
	{"page", diag.ExitPass},
	{"hostile", diag.ExitInterrupted},
}

func recordingFile(name string) string {
	return filepath.Join("..", "testdata", "calls", name+".jsonl")
}

func readCall(tb testing.TB, name string) []diag.Event {
	tb.Helper()
	rec, err := record.Open(recordingFile(name), record.MaxMemory)
	if err != nil {
		tb.Fatal(err)
	}
	return rec.Events
}

// TestRecordedCalls judges each recording, and looks at every pane of it, live and as a replay.
func TestRecordedCalls(t *testing.T) {
	if *update {
		writeHostile(t)
	}
	for _, placed := range recorded {
		t.Run(placed.name, func(t *testing.T) {
			events := readCall(t, placed.name)
			if v := judge.Judge(call.Fold(events)); v.Exit != placed.exit {
				t.Errorf("exit %v (%s), want %v", v.Exit, verdict.Of(v).Headline, placed.exit)
			}
			if info, err := os.Stat(recordingFile(placed.name)); err != nil || info.Size() > 200_000 {
				t.Errorf("the file: %v, %v", info, err)
			}
			for _, size := range sizes {
				for what, b := range map[string]*bench{
					"call": newBench(t, events, size.width, size.height), "replay": newReplay(t, events, size.width, size.height),
				} {
					for i := range b.panes {
						b.press(fmt.Sprint(i+1), ">")
						checkFrame(t, fmt.Sprintf("%s, pane %d", what, i+1), b.View(), size.width, size.height)
					}
				}
			}
		})
	}
}

// writeHostile writes the one recording that is no real call: dialtone's own parties do not behave like that.
func writeHostile(t *testing.T) {
	t.Helper()
	path := recordingFile("hostile")
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	config := diag.Config{Command: "call", Code: "w1", Server: "https://calls.example/call", Version: "0.2.0"}
	file, err := record.Create(path, record.NewHeader(config, time.Unix(1_700_000_000, 0)), record.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(file.Write(scenarioHostile()), file.Close()); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
}
