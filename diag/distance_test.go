package diag

import "testing"

func TestEditDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"setup", "setup", 0}, {"setpu", "setup", 2}, {"relay", "delay", 1}, {"path", "pth", 1}} {
		if got := EditDistance(tt.a, tt.b); got != tt.want || EditDistance(tt.b, tt.a) != tt.want {
			t.Errorf("%q to %q: %d", tt.a, tt.b, got)
		}
	}
}
