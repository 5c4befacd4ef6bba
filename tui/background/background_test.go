package background

import (
	"bytes"
	"os"
	"slices"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/google/go-cmp/cmp"
	"github.com/muesli/termenv"
)

// TestReader: answers are taken out, wherever they stand and however they are cut; everything else is passed on, byte for
// byte.
func TestReader(t *testing.T) {
	const light, dark = "\x1b]11;rgb:ffff/ffff/f0f0\x1b\\", "\x1b]11;rgb:10/20/1e\a"
	for name, tt := range map[string]struct {
		writes []string
		typed  string
		found  []tea.Msg
	}{
		"kitty":                  {[]string{"a\x1b_Gi=31;OK\x1b\\b", "\x1bP>|kitty(0.28.0)\x1b\\c"}, "abc", []tea.Msg{Graphics{}}},
		"Ghostty, and light":     {[]string{light, "q\x1b_Gi=31;O", "K\x1b\\", "\x1bP>|ghostty 1.2.0\x1b\\"}, "q", []tea.Msg{Found{false}, Graphics{}}},
		"an old kitty":           {[]string{"\x1b_Gi=31;OK\x1b\\", "\x1bP>|kitty(0.26.5)\x1b\\"}, "", nil},
		"without placeholders":   {[]string{"\x1b_Gi=31;OK\x1b\\", "\x1bP>|WezTerm 20240203\x1b\\"}, "", nil},
		"no graphics":            {[]string{"\x1b_Gi=31;EINVAL:no\x1b\\q", "\x1bP>|kitty(0.42.1)\x1b\\"}, "q", nil},
		"cut in its beginning":   {[]string{"a" + light[:3], light[3:] + "b\x1bP", ">|kitty(0.42.1)\x1b\\c"}, "abc", []tea.Msg{Found{false}}},
		"a version only":         {[]string{"\x1bP>|XTerm(390)\x1b\\q"}, "q", nil},
		"no answer":              {[]string{"dq", "\x1b[A"}, "dq\x1b[A", nil},
		"light":                  {[]string{light}, "", []tea.Msg{Found{false}}},
		"dark":                   {[]string{dark}, "", []tea.Msg{Found{true}}},
		"keys on both sides":     {[]string{"ab" + dark + "cd\r"}, "abcd\r", []tea.Msg{Found{true}}},
		"cut in the middle":      {[]string{"a" + light[:9], light[9:] + "b"}, "ab", []tea.Msg{Found{false}}},
		"the terminator cut":     {[]string{light[:len(light)-1], light[len(light)-1:] + "b"}, "b", []tea.Msg{Found{false}}},
		"escape alone":           {[]string{"\x1b", "q"}, "\x1bq", nil},
		"another answer":         {[]string{"\x1b]10;rgb:0/0/0\a"}, "\x1b]10;rgb:0/0/0\a", nil},
		"no color":               {[]string{"\x1b]11;red\aq"}, "q", nil},
		"a color without an end": {[]string{"\x1b]11;rgb:" + string(make([]byte, 100)), "q"}, "\x1b]11;rgb:" + string(make([]byte, 100)) + "q", nil},
	} {
		in, out, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		var found []tea.Msg
		r := &Reader{File: in, found: func(f tea.Msg) { found = append(found, f) }}
		typed := ""
		buf := make([]byte, 16)
		for _, w := range tt.writes {
			if _, err := out.WriteString(w); err != nil {
				t.Fatal(err)
			}
			for left := len(w); left > 0 || len(r.passed) > 0; {
				if len(r.passed) == 0 {
					left -= min(left, len(buf))
				}
				n, err := r.Read(buf)
				if err != nil {
					t.Fatal(err)
				}
				typed += string(buf[:n])
			}
		}
		if diff := cmp.Diff(tt.typed, typed); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if diff := cmp.Diff(tt.found, found); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		_, _ = in.Close(), out.Close()
	}
}

// TestProfileOf: screen and tmux have colors whatever else the environment says of the terminal around them.
func TestProfileOf(t *testing.T) {
	for _, tt := range []struct {
		name        string
		found, want termenv.Profile
	}{
		{"screen", termenv.Ascii, termenv.ANSI256},
		{"screen.xterm", termenv.Ascii, termenv.ANSI256},
		{"tmux", termenv.Ascii, termenv.ANSI256},
		{"tmux", termenv.TrueColor, termenv.TrueColor},
		{"screen-256color", termenv.ANSI256, termenv.ANSI256},
		{"dumb", termenv.Ascii, termenv.Ascii},
		{"vt100", termenv.Ascii, termenv.Ascii},
		{"xterm", termenv.ANSI, termenv.ANSI},
	} {
		if got := profileOf(tt.name, tt.found); got != tt.want {
			t.Errorf("%s: %v instead of %v", tt.name, got, tt.want)
		}
	}
}

// FuzzReader: whatever a terminal sends, in whatever pieces, little is held back, and what holds no answer is passed on.
func FuzzReader(f *testing.F) {
	f.Add([]byte("a\x1b]11;rgb:ffff/ffff/f0f0\x1b\\b"), uint8(9))
	f.Add([]byte("\x1b]11;\x1b]11;rgb:/1/2\a\x1b"), uint8(1))
	f.Add([]byte("\x1b_Gi=1;OK\x1b\\\x1b]10;?\a"), uint8(4))
	f.Fuzz(func(t *testing.T, raw []byte, size uint8) {
		r := &Reader{found: func(tea.Msg) {}}
		var passed []byte
		for piece := range slices.Chunk(raw, max(1, int(size))) {
			passed = append(passed, r.strip(append(r.held, piece...))...)
			if len(r.held) > len(answer)+maxAnswer {
				t.Fatalf("%d bytes are held back", len(r.held))
			}
		}
		if _, begin := first(raw); begin == "" && !bytes.Equal(append(passed, r.held...), raw) {
			t.Fatalf("%q became %q", raw, passed)
		}
	})
}

// TestAsksGraphics: what passes no picture on, or prints the question, is not asked.
func TestAsksGraphics(t *testing.T) {
	for _, tt := range []struct {
		env  map[string]string
		want bool
	}{
		{map[string]string{"TERM": "xterm-kitty"}, true},
		{map[string]string{"TERM": "xterm-256color"}, true},
		{map[string]string{"TERM": "xterm-kitty", "TMUX": "/tmp/tmux-0/default,1,0"}, false},
		{map[string]string{"TERM": "xterm-kitty", "STY": "1.pts"}, false},
		{map[string]string{"TERM": "tmux-256color"}, false},
		{map[string]string{"TERM": "screen"}, false},
		{map[string]string{"TERM": "linux"}, false},
		{map[string]string{"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, false},
	} {
		if got := AsksGraphics(func(name string) string { return tt.env[name] }); got != tt.want {
			t.Errorf("%v: %v", tt.env, got)
		}
	}
}
