package peer

import (
	"slices"
	"testing"
)

// TestLatest: whatever the order in which handlers run, the last state reported is the one that lasts.
func TestLatest(t *testing.T) {
	for name, c := range map[string]struct{ read, want []string }{
		"in order":     {read: []string{"connecting", "connected"}, want: []string{"connecting", "connected"}},
		"late":         {read: []string{"connected", "connected"}, want: []string{"connected"}},
		"back and on":  {read: []string{"connected", "connecting", "connected"}, want: []string{"connected", "connecting", "connected"}},
		"nothing new":  {read: []string{""}},
		"late, closed": {read: []string{"connected", "closed", "closed"}, want: []string{"connected", "closed"}},
	} {
		t.Run(name, func(t *testing.T) {
			var reported []string
			now := ""
			l := latest[string]{read: func() string { return now }, report: func(s string) { reported = append(reported, s) }}
			for _, s := range c.read {
				now = s
				if got := l.update(); got != s {
					t.Errorf("update() = %q, want %q", got, s)
				}
			}
			if !slices.Equal(reported, c.want) {
				t.Errorf("reported %q, want %q", reported, c.want)
			}
		})
	}
}
