package settings

import "testing"

func TestShellQuoted(t *testing.T) {
	tests := map[string]string{
		"w1": "w1", "http://127.0.0.1:8000/call/": "http://127.0.0.1:8000/call/", "two words": "'two words'", "it's": `'it'\''s'`,
		"": "''", "$HOME": "'$HOME'", "-x": "'-x'", "ü": "'ü'", "a;b": "'a;b'", "a~": "'a~'", "x\"y": "'x\"y'",
	}
	for arg, want := range tests {
		if got := ShellQuoted(arg); got != want {
			t.Errorf("ShellQuoted(%q) = %s, want %s", arg, got, want)
		}
	}
}
