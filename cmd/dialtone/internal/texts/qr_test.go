package texts

import (
	"strings"
	"testing"

	"dialtone/cmd/dialtone/internal/terminal"
)

// TestQRInTheTerminal: where a terminal can show it, and nowhere else.
func TestQRInTheTerminal(t *testing.T) {
	const page = "https://192.0.2.7:8443/call/"
	shown := terminal.Streams{Terminal: true, Environ: []string{"LANG=C.UTF-8", "NO_COLOR=1"}}
	for name, tt := range map[string]struct {
		s    terminal.Streams
		page string
		want bool
	}{
		"terminal":       {shown, page, true},
		"in colours":     {terminal.Streams{Terminal: true, Environ: []string{"LANG=C.UTF-8", "NO_COLOR="}}, page, true},
		"pipe":           {terminal.Streams{Environ: []string{"LANG=C.UTF-8"}}, page, false},
		"not in Unicode": {terminal.Streams{Terminal: true, Environ: []string{"LANG=C"}}, page, false},
		"this machine":   {shown, "https://[::1]:8443/call/", false},
		"localhost":      {shown, "https://localhost:8443/call/", false},
	} {
		got := PageQR(tt.s, tt.page)
		if (got != "") != tt.want || strings.Contains(got, "\x1b") != (name == "in colours") {
			t.Errorf("%s: %q", name, got)
		}
	}
}
