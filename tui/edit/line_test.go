package edit

import (
	"io"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"dialtone/tui/draw"
)

func TestLine(t *testing.T) {
	tests := []struct {
		name string
		keys []tea.KeyMsg
		want string
		at   int
	}{
		{"letters", typed("héllo"), "héllo", 5},
		{"insert in the middle", append(typed("ab"), special(tea.KeyLeft), typed("x")[0]), "axb", 2},
		{"backspace at the beginning", append(typed("ab"), special(tea.KeyHome), special(tea.KeyBackspace)), "ab", 0},
		{"delete", append(typed("ab"), special(tea.KeyHome), special(tea.KeyDelete)), "b", 0},
		{"a word", append(typed("one two  "), special(tea.KeyCtrlW)), "one ", 4},
		{"the rest", append(typed("abc"), special(tea.KeyLeft), special(tea.KeyCtrlK)), "ab", 2},
		{"all before", append(typed("abc"), special(tea.KeyLeft), special(tea.KeyCtrlU)), "c", 0},
		{"pasted lines", []tea.KeyMsg{{Type: tea.KeyRunes, Runes: []rune("a\nb\tc\x1b[2J"), Paste: true}}, "a b c[2J", 8},
		{"not text", []tea.KeyMsg{special(tea.KeyF1), {Type: tea.KeyRunes, Runes: []rune("x"), Alt: true}}, "", 0},
		{"the end", append(typed("ab"), special(tea.KeyHome), special(tea.KeyRight), special(tea.KeyEnd)), "ab", 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var in Line
			for _, k := range tt.keys {
				in.Take(k)
			}
			if string(in.text) != tt.want || in.at != tt.at {
				t.Errorf("got %q with the cursor at %d, want %q and %d", string(in.text), in.at, tt.want, tt.at)
			}
		})
	}
}

func typed(s string) []tea.KeyMsg {
	var out []tea.KeyMsg
	for _, r := range s {
		out = append(out, tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}})
	}
	return out
}

func special(k tea.KeyType) tea.KeyMsg { return tea.KeyMsg{Type: k} }

func TestLineIsBounded(t *testing.T) {
	var in Line
	for range MaxText + 10 {
		in.Take(typed("x")[0])
	}
	if len(in.Text()) != MaxText {
		t.Errorf("%d characters are kept, want %d", len(in.text), MaxText)
	}
	th := draw.NewTheme(draw.NewTerminal(io.Discard))
	if line := in.View(th, 30); draw.Width(line) > 30 || !strings.HasPrefix(line, "xxx") || !strings.HasSuffix(line, th.Glyphs.Bar[0]) {
		t.Errorf("the line is %q", line)
	}
}

func TestOf(t *testing.T) {
	in := Of("héllo")
	in.Take(special(tea.KeyBackspace))
	if got := in.Reset(); got != "héll" || in.Text() != "" {
		t.Errorf("%q, then %q", got, in.Text())
	}
}
