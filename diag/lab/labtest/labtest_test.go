package labtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// recorder records how a test would have ended.
type recorder struct {
	testing.TB
	ended, why string
}

func (r *recorder) Helper() {}

func (r *recorder) Skipf(format string, args ...any) {
	r.ended, r.why = "skipped", fmt.Sprintf(format, args...)
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.ended, r.why = "failed", fmt.Sprintf(format, args...)
}

// fakeProgram puts a shell script first in PATH.
func fakeProgram(t *testing.T, name, script string) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil { //nolint:gosec // it is a program
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	return path
}

// TestNeed: what is missing skips a test with the reason, and fails it with CI=true.
func TestNeed(t *testing.T) {
	NeedProgram(t, "sh")
	complete := fakeProgram(t, "complete", "echo all is there")
	half := fakeProgram(t, "half", "echo 'Namespace Gst not available' >&2; exit 1")
	// A Python with one module, whatever the machine has.
	python := fakeProgram(t, "python3", `[ "$2" = "import present" ] || { echo "No module named absent" >&2; exit 1; }`)
	for name, test := range map[string]struct {
		need        func(testing.TB) string
		result, why string
	}{
		"a program":                 {func(t testing.TB) string { return NeedProgram(t, "complete") }, complete, ""},
		"no program":                {func(t testing.TB) string { return NeedProgram(t, "no-such-program") }, "", "no-such-program"},
		"a Python with the module":  {func(t testing.TB) string { return NeedPython(t, "-c", "import present") }, python, ""},
		"no Python with the module": {func(t testing.TB) string { return NeedPython(t, "-c", "import absent_module") }, "", "absent"},
		"complete": {func(t testing.TB) string {
			NeedSuccess(t, "it", exec.CommandContext(t.Context(), complete))
			return ""
		}, "", ""},
		"half installed": {func(t testing.TB) string {
			NeedSuccess(t, "it", exec.CommandContext(t.Context(), half))
			return ""
		}, "", "Namespace Gst not available"},
	} {
		for ci, ended := range map[string]string{"": "skipped", "true": "failed"} {
			t.Run(name+" CI="+ci, func(t *testing.T) {
				t.Setenv("CI", ci)
				r := &recorder{TB: t}
				result := test.need(r)
				if test.why == "" {
					ended = ""
				}
				if result != test.result || r.ended != ended || !strings.Contains(r.why, test.why) {
					t.Errorf("result %q, ended %q: %s", result, r.ended, r.why)
				}
			})
		}
	}
}
