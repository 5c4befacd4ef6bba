package diagtest

import (
	"testing"
	"unicode"
	"unicode/utf8"
)

// CheckClean fails when s is not fit for a terminal.
func CheckClean(t *testing.T, s string, max int) {
	t.Helper()
	if len(s) > max {
		t.Errorf("%d bytes, at most %d are allowed: %q", len(s), max, s)
	}
	if !utf8.ValidString(s) {
		t.Errorf("broken UTF-8: %q", s)
	}
	for _, r := range s {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && r != '\u200d' || r == '\u2028' || r == '\u2029' {
			t.Errorf("%U in %q", r, s)
		}
	}
}
