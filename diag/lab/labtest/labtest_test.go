package labtest

import (
	"testing"
)

// recorder notes how a test would have ended.
type recorder struct {
	testing.TB
	ended string
}

func (r *recorder) Helper()               {}
func (r *recorder) Skipf(string, ...any)  { r.ended = "skipped" }
func (r *recorder) Fatalf(string, ...any) { r.ended = "failed" }

func TestNeedProgram(t *testing.T) {
	const missing = "no-program-has-this-name"
	for _, tt := range []struct{ ci, program, want string }{
		{"", "go", ""}, {"true", "go", ""}, {"", missing, "skipped"}, {"true", missing, "failed"},
	} {
		t.Setenv("CI", tt.ci)
		r := &recorder{TB: t}
		path := NeedProgram(r, tt.program)
		if r.ended != tt.want || (path == "") != (tt.want != "") {
			t.Errorf("CI=%q %s: %q, path %q", tt.ci, tt.program, r.ended, path)
		}
	}
}
