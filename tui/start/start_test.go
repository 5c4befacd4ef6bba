package start

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"dialtone/tui/draw"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
	"github.com/muesli/termenv"
)

var update = flag.Bool("update", false, "write the golden frames anew")

// options are two commands: one that needs a code, one that needs nothing.
func options() Options {
	code := func(s string) error {
		if s == "" {
			return errors.New("the code is empty: choose a word that both parties dial")
		}
		return nil
	}
	server := func(s string) error {
		if !strings.Contains(s, "://") {
			return errors.New("give the address of the page, like https://call.example.org/call/")
		}
		return nil
	}
	return Options{
		Version: "0.1.0",
		Commands: []Command{
			{
				Name: "call", Summary: "place a call and watch every step",
				About: "Both parties dial the same code at the same server. The other one may be a browser on the server's page.",
				Fields: []Field{
					{Name: "code", Label: "code", Hint: "the word that both parties dial", Check: code},
					{Name: "server", Label: "server", Hint: "the signaling server", Value: "http://127.0.0.1:8000/call/", Check: server},
					{Name: "ice-pass", Label: "password", Hint: "of the TURN servers", Kind: Secret},
					{Name: "relay-only", Label: "relay only", Hint: "proves that a TURN server carries a call", Kind: Switch, Value: "false"},
				},
				Line: func(v Values) []string {
					return []string{"dialtone", "call", v["code"], "--server " + v["server"], fmt.Sprint("--relay-only=", v.On("relay-only"))}
				},
				Check: func(v Values) error {
					if v.On("relay-only") && v["ice-pass"] == "" {
						return errors.New("relay only needs a TURN server with a password")
					}
					return nil
				},
			},
			{Name: "demo", Summary: "a call that needs nothing else", Line: func(Values) []string { return []string{"dialtone", "demo"} }},
		},
		Recent: []Recent{
			{Command: "call", Title: "w1 at https://call.example.org/call/", Values: Values{"code": "w1", "server": "https://call.example.org/call/"}},
			{Command: "gone", Title: "of a later version"},
			{Command: "demo", Title: "as it is"},
		},
	}
}

type bench struct{ *Model }

func newBench(o Options, width, height int) bench {
	return newColoured(o, termenv.Ascii, width, height)
}

func newColoured(o Options, profile termenv.Profile, width, height int) bench {
	r := draw.NewTerminal(io.Discard)
	r.SetColorProfile(profile)
	r.Background = draw.Dark
	b := bench{New(o, r)}
	b.Update(tea.WindowSizeMsg{Width: width, Height: height})
	return b
}

var namedKeys = map[string]tea.KeyType{
	"tab": tea.KeyTab, "shift+tab": tea.KeyShiftTab, "enter": tea.KeyEnter, "esc": tea.KeyEsc, "ctrl+c": tea.KeyCtrlC, "up": tea.KeyUp,
	"down": tea.KeyDown, "left": tea.KeyLeft, "backspace": tea.KeyBackspace, "space": tea.KeySpace, "ctrl+u": tea.KeyCtrlU,
}

// press sends keys; what is no name is typed. It reports whether the screen quit.
func (b bench) press(keys ...string) (quit bool) {
	for _, k := range keys {
		msg := tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(k)}
		if kind, ok := namedKeys[k]; ok {
			msg = tea.KeyMsg{Type: kind}
			if kind == tea.KeySpace {
				msg.Runes = []rune(" ")
			}
		}
		if _, cmd := b.Update(msg); cmd != nil {
			_, quit = cmd().(tea.QuitMsg)
			return quit
		}
	}
	return false
}

var sizes = []struct{ width, height int }{{80, 24}, {120, 36}, {200, 60}}

func TestGolden(t *testing.T) {
	tests := map[string][]string{
		"list":     nil,
		"form":     {"enter", "w", "1", "tab", "ctrl+u", "n", "o", "w", "h", "e", "r", "e"},
		"again":    {"down", "down"},
		"together": {"enter", "w", "tab", "tab", "tab", "space"},
	}
	for name, keys := range tests {
		t.Run(name, func(t *testing.T) {
			var frames strings.Builder
			for _, size := range sizes {
				b := newBench(options(), size.width, size.height)
				b.press(keys...)
				fmt.Fprintf(&frames, "-- %dx%d --\n", size.width, size.height)
				for line := range strings.SplitSeq(b.View(), "\n") {
					frames.WriteString(strings.TrimRight(line, " ") + "\n")
				}
			}
			compareGolden(t, name+".txt", frames.String())
		})
	}
}

func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func TestChoices(t *testing.T) {
	tests := []struct {
		name string
		keys []string
		want *Choice
		err  error
	}{
		{"a command without fields", []string{"down", "enter"}, &Choice{"demo", Values{}}, nil},
		{"by its number", []string{"2", "enter"}, &Choice{"demo", Values{}}, nil},
		{
			"what is missing is asked for first",
			[]string{"enter", "w", "1", "enter"},
			&Choice{"call", Values{"code": "w1", "server": "http://127.0.0.1:8000/call/", "ice-pass": "", "relay-only": "false"}}, nil,
		},
		{
			"once more",
			[]string{"down", "down", "enter"},
			&Choice{"call", Values{"code": "w1", "server": "https://call.example.org/call/", "ice-pass": "", "relay-only": "false"}}, nil,
		},
		{
			"all fields",
			[]string{"tab", " ", "w", "1", " ", "tab", "ctrl+u", "a://b", "tab", " p", "tab", "space", "enter"},
			&Choice{"call", Values{"code": "w1", "server": "a://b", "ice-pass": " p", "relay-only": "true"}}, nil,
		},
		{
			"letters that are keys elsewhere",
			[]string{"tab", "q", "1", "enter"},
			&Choice{"call", Values{"code": "q1", "server": "http://127.0.0.1:8000/call/", "ice-pass": "", "relay-only": "false"}}, nil,
		},
		{"quit", []string{"q"}, nil, nil},
		{"quit after the form", []string{"enter", "w", "esc", "q"}, nil, nil},
		{"interrupt in the form", []string{"tab", "ctrl+c"}, nil, ErrInterrupted},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(options(), 80, 24)
			if !b.press(tt.keys...) {
				t.Fatalf("it goes on:\n%s", b.View())
			}
			got, err := b.Result()
			if diff := cmp.Diff(tt.want, got); diff != "" || !errors.Is(err, tt.err) {
				t.Errorf("error %v, want %v; choice (-want +got):\n%s", err, tt.err, diff)
			}
		})
	}
}

// Nothing that is wrong can be started, and the screen says why.
func TestMistakes(t *testing.T) {
	tests := []struct {
		name string
		keys []string
		want string
	}{
		{"no code", []string{"tab", "enter"}, "the code is empty"},
		{"as one types", []string{"tab", "tab", "ctrl+u", "x"}, "give the address of the page"},
		{"a mistake elsewhere", []string{"tab", "tab", "ctrl+u", "x", "shift+tab", "w", "enter"}, "give the address of the page"},
		{"a form as a whole", []string{"tab", "w", "tab", "tab", "tab", "space", "enter"}, "relay only needs a TURN server"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(options(), 80, 24)
			if b.press(tt.keys...) || !strings.Contains(b.View(), tt.want) {
				t.Errorf("%q is not told, or it started:\n%s", tt.want, b.View())
			}
		})
	}
}

func TestFocusGoesRound(t *testing.T) {
	b := newBench(options(), 80, 24)
	for i, key := range []string{"tab", "tab", "tab", "tab", "tab", "shift+tab", "shift+tab", "up", "up", "up", "up", "down"} {
		b.press(key)
		want := [][]any{{true, 0}, {true, 1}, {true, 2}, {true, 3}, {false, 3}, {true, 3}, {true, 2}, {true, 1}, {true, 0}, {true, 0}, {true, 0}, {true, 1}}[i]
		if got := []any{b.inForm, b.form().at}; !cmp.Equal(want, got) {
			t.Errorf("after %d keys: in form %v, want %v", i+1, got, want)
		}
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	b := newBench(options(), 120, 36)
	b.press("tab", "tab", "tab", "hunter2")
	if v := b.View(); strings.Contains(v, "hunter2") || !strings.Contains(v, "*******") {
		t.Errorf("the password:\n%s", v)
	}
	b.press("tab")
	if v := b.View(); strings.Contains(v, "hunter2") || !strings.Contains(v, "********") {
		t.Errorf("the password, its length told:\n%s", v)
	}
}

func TestPastedTextIsText(t *testing.T) {
	b := newBench(options(), 80, 24)
	b.press("tab")
	b.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("q\n\x1b[2J"), Paste: true})
	if got := b.form().values()["code"]; got != "q [2J" {
		t.Errorf("the code is %q", got)
	}
}

var sgr = regexp.MustCompile(`\x1b\[[0-9;]*m`)

func checkFrame(t *testing.T, frame string, width, height int) {
	t.Helper()
	lines := strings.Split(frame, "\n")
	if len(lines) > height {
		t.Errorf("%d lines at %dx%d", len(lines), width, height)
	}
	for _, line := range lines {
		if w := ansi.StringWidth(line); w > width {
			t.Errorf("%d columns at %dx%d: %q", w, width, height, line)
		}
		for _, r := range sgr.ReplaceAllString(line, "") {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
				t.Fatalf("%U at %dx%d in %q", r, width, height, line)
			}
		}
	}
}

// At every size the chosen entry and the field with the cursor can be seen.
func TestAnySize(t *testing.T) {
	for _, width := range []int{1, 8, 20, 40, 60, 91, 92, 120, 300} {
		for _, height := range []int{1, 2, 5, 7, 8, 12, 19, 20, 36, 100} {
			b := newColoured(options(), termenv.ANSI256, width, height)
			for range b.entries() {
				checkFrame(t, b.View(), width, height)
				if v := b.View(); width >= 20 && height >= 5 && !strings.Contains(v, b.theme.Glyphs.Cursor) {
					t.Fatalf("no cursor in the list at %dx%d:\n%s", width, height, v)
				}
				b.press("down")
			}
			b.press("1", "tab")
			for range 4 {
				checkFrame(t, b.View(), width, height)
				if v := b.View(); width >= 20 && height >= 5 && !strings.Contains(v, b.theme.Glyphs.Cursor) {
					t.Fatalf("no cursor in the form at %dx%d:\n%s", width, height, v)
				}
				b.press("tab")
			}
		}
	}
}

func FuzzHostile(f *testing.F) {
	f.Add("\x1b[2J\x9b31m\r\n\u202e 👨‍👩‍👧 日本語 e\u0301\u0301\u0301", uint16(80), uint16(24), false)
	f.Add("", uint16(20), uint16(5), true)
	f.Fuzz(func(t *testing.T, s string, w, h uint16, plain bool) {
		width, height := 1+int(w)%200, 1+int(h)%60
		o := options()
		o.Remark, o.ASCII = s, plain
		o.Commands[0].Fields[1].Value = s
		o.Recent[0].Title, o.Recent[0].Values["code"] = s, s
		o.Commands[0].Fields[0].Check = func(string) error { return errors.New(s) }
		b := newColoured(o, termenv.ANSI256, width, height)
		for _, key := range []string{"", "down", "down", "up", "1", "enter", s, "tab", "tab", s, "enter"} {
			if key != "" {
				b.press(key)
			}
			frame := b.View()
			checkFrame(t, frame, width, height)
			if plain {
				for i := range len(frame) {
					if frame[i] > 0x7e {
						t.Fatalf("%#x in %q", frame[i], frame)
					}
				}
			}
		}
	})
}
