package main

import (
	"bytes"
	"strings"
	"syscall"
	"testing"

	"dialtone/cmd/dialtone/internal/terminal"
	"dialtone/diag"
)

// goneReader is a stdout whose reader has seen enough, as head does.
type goneReader struct{}

func (goneReader) Write([]byte) (int, error) { return 0, syscall.EPIPE }

// A reader that goes away is no failure of what it has read.
func TestReaderGone(t *testing.T) {
	for _, line := range []string{
		"--help", "check --help", "help call", "--version", "version", "explain", "explain preset/whip", "man", "man nat",
		"completion bash", "replay ../../testdata/calls/good.jsonl --plain", "export ../../testdata/calls/good.jsonl --to csv",
		"diff ../../testdata/calls/good.jsonl ../../testdata/calls/good.jsonl",
	} {
		var complaints bytes.Buffer
		code := run(t.Context(), strings.Fields(line), streams{Streams: terminal.Streams{
			In: strings.NewReader(""), Out: goneReader{}, Err: &complaints, ConfigDir: func() (string, error) { return t.TempDir(), nil },
		}})
		if code != diag.ExitPass || complaints.Len() > 0 {
			t.Errorf("dialtone %s: exit %d, stderr %q", line, code, &complaints)
		}
	}
}
