package terminal

import "testing"

// TestShowsScreens: without a type, or with one that has no cursor, and in a pipeline, output is plain.
func TestShowsScreens(t *testing.T) {
	for _, test := range []struct {
		term, ci, system string
		want             bool
	}{
		{"xterm-256color", "", "linux", true},
		{"xterm-256color", "false", "linux", true},
		{"xterm-256color", "true", "linux", false},
		{"xterm-256color", "1", "windows", false},
		{"linux", "", "linux", true},
		{"dumb", "", "linux", false},
		{"", "", "linux", false},
		{"", "", "darwin", false},
		{"", "", "windows", true},
		{"dumb", "", "windows", false},
	} {
		if got := showsScreens(test.term, test.ci, test.system); got != test.want {
			t.Errorf("TERM=%q CI=%q on %s: %t", test.term, test.ci, test.system, got)
		}
	}
}
