package diag

import (
	"slices"
	"testing"
)

func TestEditDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"setup", "setup", 0}, {"setpu", "setup", 2}, {"relay", "delay", 1}, {"path", "pth", 1}} {
		if got := editDistance(tt.a, tt.b); got != tt.want || editDistance(tt.b, tt.a) != tt.want {
			t.Errorf("%q to %q: %d", tt.a, tt.b, got)
		}
	}
}

// TestNearest: those that are equally near, in order, up to three, however the known ones are sorted.
func TestNearest(t *testing.T) {
	known := []string{"p99", "setup", "p95", "p50", "p95", "p90", "min"}
	for word, want := range map[string][]string{
		"p96": {"p90", "p95", "p99"}, "setpu": {"setup"}, "min": {"min"}, "xyz": nil, "mix": {"min"}, "setupabc": {"setup"},
		"setupabcde": nil,
	} {
		if got := Nearest(word, known); !slices.Equal(got, want) {
			t.Errorf("%s: %v", word, got)
		}
	}
}
