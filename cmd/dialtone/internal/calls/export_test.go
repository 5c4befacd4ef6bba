package calls

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/record"
)

func TestExportNeverOverwrites(t *testing.T) {
	dir := t.TempDir()
	x := Exporter{Header: record.Header{Config: record.Config{CallStart: diag.CallStart{Code: "w 1/../x"}}}, Secrets: []diag.Secret{"hunter22"}, dir: dir}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, want := range []string{"dialtone-w-1----x-20260102-030405.jsonl", "dialtone-w-1----x-20260102-030405-2.jsonl"} {
		path, err := x.create(now)
		if err != nil || path != filepath.Join(dir, want) {
			t.Errorf("%q, %v; want %s", path, err, want)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("others may read %s: %v, %v", path, info.Mode(), err)
		}
	}
	path, err := x.Write([]diag.Event{{Seq: 1, Data: diag.Warning{ID: "x", Cause: "the password hunter22"}}, {Seq: 2, Data: diag.CallEnded{Reason: diag.EndHangup}}})
	if err != nil {
		t.Fatal(err)
	}
	checkRecording(t, path)
	if text, err := os.ReadFile(path); err != nil || strings.Contains(string(text), "hunter22") {
		t.Errorf("a password was saved: %s, %v", text, err)
	}
	x.dir = filepath.Join(dir, "none")
	if _, err := x.Write(nil); err == nil || !strings.Contains(err.Error(), "a directory with write permission") {
		t.Errorf("a directory that is not there: %v", err)
	}
}

func TestFileWord(t *testing.T) {
	for code, want := range map[string]string{"w1": "w1", "": "call", "../..": "call", "a b": "a-b", "Ünïcode": "n-code", strings.Repeat("x", 90): strings.Repeat("x", 40)} {
		if got := FileWord(code); got != want {
			t.Errorf("FileWord(%q) = %q, want %q", code, got, want)
		}
	}
}
