package forms

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/cmd/dialtone/internal/terminal"
	"dialtone/tui/start"
)

func TestHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "dialtone", "history.json")
	f := Form{Form: settings.Form{Command: "call"}}
	for _, name := range []string{"code", "server", "ice-user", "ice-pass", "record"} {
		f.Fields = append(f.Fields, settings.Field{Field: start.Field{Name: name}, Positional: name == "code", Private: name != "server" && name != "code"})
	}
	f.Fields[3].Kind = start.Secret
	var h History
	for i := range 30 {
		values := start.Values{"code": fmt.Sprint("w", i%25), "server": "http://x/", "ice-user": "ann", "ice-pass": "hunter2", "record": "a.jsonl"}
		h = h.With(f, values)
	}
	if err := h.Write(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, private := range []string{"hunter2", "ann", "a.jsonl"} {
		if strings.Contains(string(text), private) {
			t.Errorf("%q is kept:\n%s", private, text)
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	got, err := ReadHistory(path)
	if diff := cmp.Diff(h, got); diff != "" || err != nil {
		t.Errorf("%v (-written +read):\n%s", err, diff)
	}
	want := func(code string) []string { return []string{"call", code, "--server", "http://x/"} }
	if n := len(got.Lines); n != historyEntries || !slices.Equal(got.Lines[0], want("w4")) || !slices.Equal(got.Lines[5], want("w24")) {
		t.Errorf("%d lines, or not the latest first: %v", n, got.Lines)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".history.json.*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestHistoryThatCannotBeRead(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"no JSON":        {"{", "is damaged"},
		"other types":    {`{"schema":"dialtone.history/2","lines":[["call",1]]}`, "is damaged"},
		"another schema": {`{"schema":"dialtone.history/1"}`, "is not of the schema"},
		"too large":      {strings.Repeat(" ", maxHistory+1), "is larger"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "history.json")
			if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			h, err := ReadHistory(path)
			if err == nil || !strings.Contains(err.Error(), test.want) || len(h.Lines) > 0 {
				t.Errorf("error %v, want %q; %v", err, test.want, h)
			}
		})
	}
	if h, err := ReadHistory(filepath.Join(t.TempDir(), "none")); err != nil || len(h.Lines) > 0 {
		t.Errorf("a file that is not there: %v, %v", h, err)
	}
}

func TestHistoryFile(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("the system says where")
	}
	for environ, want := range map[string]string{
		"XDG_STATE_HOME=/s HOME=/h": "/s/dialtone/history.json", "XDG_STATE_HOME=s HOME=/h": "/h/.local/state/dialtone/history.json",
		"HOME=/h": "/h/.local/state/dialtone/history.json", "": "",
	} {
		got, err := HistoryFile(terminal.Streams{Environ: strings.Fields(environ)}.Getenv)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", environ, got, err, want)
		}
	}
}
