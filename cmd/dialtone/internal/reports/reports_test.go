package reports

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"dialtone/diag"
	diagcheck "dialtone/diag/check"
	"dialtone/diag/record"
	"dialtone/diag/report"
)

// TestProgressIsBounded: outside a terminal, a thousand calls do not make a thousand lines.
func TestProgressIsBounded(t *testing.T) {
	var b strings.Builder
	p := NewProgress(&b, true)
	for n := range 1000 {
		p.Show(diagcheck.Progress{Check: "c", Run: n + 1, Of: 1000, State: "connecting"})
		p.Show(diagcheck.Progress{Check: "c", Run: n + 1, Of: 1000, Done: &report.Run{Headline: "fine"}})
	}
	p.Stop()
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != maxProgress+1 || lines[0] != "c: call 1 of 1000: fine" || !strings.Contains(lines[maxProgress], "report only") {
		t.Errorf("%d lines, from %q to %q", len(lines), lines[0], lines[len(lines)-1])
	}
}

// TestReplaceFile: whole or not at all, and nothing is left beside it.
func TestReplaceFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "r.json")
	for _, content := range []string{"first", "second"} {
		if err := replaceFile(path, []byte(content)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != content {
			t.Errorf("%q, %v", got, err)
		}
	}
	if err := replaceFile(filepath.Join(dir, "no", "r.json"), nil); err == nil {
		t.Error("a file in no directory was written")
	}
	if runtime.GOOS != "windows" {
		link := filepath.Join(dir, "link")
		if err := os.Symlink("/dev/null", link); err != nil {
			t.Fatal(err)
		}
		if err := replaceFile(link, []byte("x")); err != nil {
			t.Error(err)
		}
		if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
			t.Error("a device was replaced by a file")
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 2 {
		t.Errorf("left beside: %v, %v", entries, err)
	}
}

// TestReplaceFileFollowsNoLink: in a directory where others write, what they have laid beside the file is not written to.
func TestReplaceFileFollowsNoLink(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("making a link takes a privilege")
	}
	dir := t.TempDir()
	path, victim := filepath.Join(dir, "r.json"), filepath.Join(dir, "victim")
	if err := os.WriteFile(victim, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, filepath.Join(dir, fmt.Sprintf(".r.json.%d.part", os.Getpid()))); err != nil {
		t.Fatal(err)
	}
	if err := replaceFile(path, []byte("report")); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(victim); err != nil || string(got) != "mine" {
		t.Errorf("the victim holds %q, %v", got, err)
	}
}

// TestLinesAreRecordings: what no recording holds is not in the lines of a report either.
func TestLinesAreRecordings(t *testing.T) {
	var list []Output
	for _, text := range []string{"jsonl=r.jsonl", "json=r.json"} {
		o, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, o)
	}
	r := &report.Report{Runs: []report.Run{{Events: []diag.Event{
		{Data: diag.Warning{ID: "x", Cause: "the server at 198.51.100.7 says t0k3n and s3cret"}},
	}}}}
	for _, redact := range []bool{false, true} {
		o := record.Options{Redact: redact, Secrets: []diag.Secret{"t0k3n", "s3cret"}}
		var b strings.Builder
		if err := Guard(list, o)[0].write(&b, r); err != nil {
			t.Fatal(err)
		}
		if text := b.String(); strings.Contains(text, "t0k3n") || strings.Contains(text, "s3cret") || strings.Contains(text, "198.51.100.7") == redact || !strings.Contains(text, "says *** and ***") {
			t.Errorf("redact %v: %s", redact, text)
		}
	}
}
