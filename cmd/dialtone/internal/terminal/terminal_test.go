package terminal

import "testing"

// TestShowsScreens: without a type, or with one that has no cursor, output is plain.
func TestShowsScreens(t *testing.T) {
	for _, test := range []struct {
		term, system string
		want         bool
	}{
		{"xterm-256color", "linux", true},
		{"linux", "linux", true},
		{"dumb", "linux", false},
		{"", "linux", false},
		{"", "darwin", false},
		{"", "windows", true},
		{"dumb", "windows", false},
	} {
		if got := showsScreens(test.term, test.system); got != test.want {
			t.Errorf("TERM=%q on %s: %t", test.term, test.system, got)
		}
	}
}
