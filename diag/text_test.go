package diag_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"dialtone/diag"
	"dialtone/diag/diagtest"
)

func TestClean(t *testing.T) {
	tests := []struct {
		name, in string
		max      int
		want     string
	}{
		{"plain", "hello", 10, "hello"},
		{"exactly fits", "hello", 5, "hello"},
		{"cut", "hello world", 8, "hello…"},
		{"cut between runes", "ééééé", 7, "éé…"},
		{"fits in bytes, not in ASCII", "ééé", 6, "ééé"},
		{"empty", "", 0, ""},
		{"no room", "hello", 0, ""},
		{"no room for the mark", "hello", 2, ""},
		{"room for the mark alone", "hello", 3, "…"},
		{"colour sequence", "\x1b[31mred\x1b[0m", 40, "\ufffd[31mred\ufffd[0m"},
		{"C1 introducer", "\u009b31m", 40, "\ufffd31m"},
		{"title sequence", "\x1b]0;owned\a", 40, "\ufffd]0;owned\ufffd"},
		{"lines and tabs", "a\r\nb\tc\u2028d\u2029e", 40, "a  b c d e"},
		{"NUL, DEL", "a\x00b\x7f", 40, "a\ufffdb\ufffd"},
		{"bidirectional override", "abc\u202edcba", 40, "abc\ufffddcba"},
		{"isolates and marks", "\u2066a\u2069\u200e", 40, "\ufffda\ufffd\ufffd"},
		{"zero width space, byte order mark", "a\u200bb\ufeff", 40, "a\ufffdb\ufffd"},
		{"tag characters", "a\U000e0041", 40, "a\ufffd"},
		{"emoji keep their joiner", "👩\u200d💻", 40, "👩\u200d💻"},
		{"broken UTF-8", "a\xffb\xc3", 40, "a\ufffdb\ufffd"},
		{"growth counts", "\x01\x01\x01\x01", 6, "\ufffd…"},
		{"shrinking counts", "\u2028\u2028\u2028", 3, "   "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := diag.Clean(tt.in, tt.max); got != tt.want {
				t.Errorf("Clean(%q, %d) = %q, want %q", tt.in, tt.max, got, tt.want)
			}
		})
	}
}

func FuzzClean(f *testing.F) {
	f.Add("hello", 3)
	f.Add("\x1b[2J\u202e\xff\u200d👩", 7)
	f.Add("\x01\x02", 4)
	f.Fuzz(func(t *testing.T, s string, max int) {
		max = min(max&0xffff, 1<<16) // a length
		got := diag.Clean(s, max)
		diagtest.CheckClean(t, got, max)
		if again := diag.Clean(got, max); again != got {
			t.Errorf("cleaning twice changes %q to %q", got, again)
		}
	})
}

func BenchmarkClean(b *testing.B) {
	for name, s := range map[string]string{"plain": strings.Repeat("plain text ", 50), "foreign": strings.Repeat("žluťoučký ", 50)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				diag.Clean(s, 600)
			}
		})
	}
}

// hostile has a character of each kind that a terminal could take for an order or not show: C1, bidi, zero-width, DEL,
// tags, line separators, private use, unassigned.
const hostile = "a\u009b31m\u202eb\u200b\u200d\u2066\x7f\U000e0041\u2028\ufeff\ue000\U0010ffff\u00ad日é"

func TestEscapeJSON(t *testing.T) {
	raw, err := json.Marshal(map[string]string{"k" + hostile: hostile})
	if err != nil {
		t.Fatal(err)
	}
	got := diag.EscapeJSON(raw)
	for _, r := range string(got) {
		if !unicode.IsPrint(r) {
			t.Errorf("%U is in %s", r, got)
		}
	}
	var back map[string]string
	if err := json.Unmarshal(got, &back); err != nil || back["k"+hostile] != hostile {
		t.Errorf("%q, %v", back, err)
	}
	if !strings.Contains(string(got), "日é") {
		t.Errorf("letters are escaped: %s", got)
	}
	if got := diag.EscapeJSON([]byte("\"\xff\"")); string(got) != `"\ufffd"` {
		t.Errorf("invalid UTF-8: %q", got)
	}
}
