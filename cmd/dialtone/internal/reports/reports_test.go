package reports

import (
	"io"
	"os"
	"path/filepath"
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
		p.Show(diagcheck.Progress{Check: "c", Run: n + 1, Of: 1000, Done: &report.Run{Result: report.Result{Headline: "fine"}}})
	}
	p.Stop()
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != maxProgress+1 || lines[0] != "c: run 1 of 1000: fine" || !strings.Contains(lines[maxProgress], "report only") {
		t.Errorf("%d lines, from %q to %q", len(lines), lines[0], lines[len(lines)-1])
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

// TestToyFormat: -o takes a format by its line in report.Formats.
func TestToyFormat(t *testing.T) {
	report.Formats["toy"] = func(w io.Writer, r *report.Report) error {
		_, err := io.WriteString(w, "toy of "+r.Name)
		return err
	}
	defer delete(report.Formats, "toy")
	path := filepath.Join(t.TempDir(), "r.toy")
	o, err := Parse("toy=" + path)
	if err != nil {
		t.Fatal(err)
	}
	var stdout strings.Builder
	if err := Write(&stdout, &report.Report{Name: "x"}, []Output{o}); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "toy of x" {
		t.Errorf("%q, %v", got, err)
	}
}

// TestModes: others cannot read a file that holds addresses, also if they could before.
func TestModes(t *testing.T) {
	for text, want := range map[string]os.FileMode{
		`{"address":"192.0.2.1"}`: 0o600, "host udp [2001:db8::1]:4242": 0o600, "fe80::1": 0o600, "0b5f.local": 0o600,
		"dialtone_check_pass 1\n": 0o644, "at 12:34:56.789, 1.2 s": 0o644,
	} {
		path := filepath.Join(t.TempDir(), "report")
		if err := os.WriteFile(path, nil, 0o644); err != nil { //nolint:gosec // it is about to be replaced
			t.Fatal(err)
		}
		o := Output{format: "text", file: path, write: func(w io.Writer, _ *report.Report) error {
			_, err := io.WriteString(w, text)
			return err
		}}
		if err := Write(io.Discard, &report.Report{}, []Output{o}); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != want&0o077 {
			t.Errorf("%q: mode %v, want %v", text, info.Mode(), want)
		}
	}
}
