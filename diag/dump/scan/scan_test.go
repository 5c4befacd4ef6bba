package scan

import (
	"bytes"
	"strings"
	"testing"
)

// TestCutString: a string that ends in an escape, and one that is too long.
func TestCutString(t *testing.T) {
	s := New(bytes.NewReader([]byte(`"a\"\\\u00e9\ud83d\ude00" "` + strings.Repeat("ä", 100) + `" 12`)))
	for _, want := range []string{"a\"\\é😀", strings.Repeat("ä", 10)} {
		if got, err := s.Text(20); err != nil || got != want {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
	if got, err := s.Raw(10); err != nil || string(got) != "12" || s.Long != 1 {
		t.Errorf("%q, %v, %d long", got, err, s.Long)
	}
}
