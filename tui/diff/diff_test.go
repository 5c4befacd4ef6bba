package diff

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/google/go-cmp/cmp"
	"github.com/muesli/termenv"

	"dialtone/diag/call"
	"dialtone/diag/record"
	"dialtone/diag/words/compare"
	"dialtone/tui/draw"
	"dialtone/tui/live"
	"dialtone/tui/picture"
)

var update = flag.Bool("update", false, "write the golden frames anew")

// example is a good call beside one without a path.
func example(t *testing.T, before, after string) *Beside {
	t.Helper()
	var calls [2]*call.Call
	for i, name := range []string{before, after} {
		r, err := record.Open(filepath.Join("..", "..", "testdata", "calls", name), 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		calls[i] = call.Fold(r.Events)
	}
	return New(compare.Of(calls[0], calls[1]), [2]string{before, after}, false, "")
}

func press(b *Beside, keys ...string) *Beside {
	for _, k := range keys {
		msg := tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(k)}
		switch k {
		case "end":
			msg = tea.KeyMsg{Type: tea.KeyEnd}
		case "esc":
			msg = tea.KeyMsg{Type: tea.KeyEsc}
		}
		b.Key(msg)
	}
	return b
}

func TestGolden(t *testing.T) {
	th := draw.NewTheme(draw.NewTerminal(io.Discard))
	const good, relay, failed, hostile = "good.jsonl", "relay.jsonl", "ice-failure.jsonl", "hostile.jsonl"
	var frames strings.Builder
	for _, one := range []struct {
		before, after string
		width, height int
		keys          []string
	}{
		{good, failed, 80, 24, nil},
		{good, failed, 80, 24, []string{"end"}},
		{good, relay, 120, 36, nil},
		{good, failed, 200, 60, nil},
		{good, relay, 200, 60, []string{"a"}},
		{good, good, 80, 24, nil},
		{good, hostile, 100, 30, nil},
		{good, failed, 80, 24, []string{"?"}},
		{good, failed, 20, 5, nil},
	} {
		b := example(t, one.before, one.after)
		live.Frame(b, th, one.width, one.height, false)
		frame := live.Frame(press(b, one.keys...), th, one.width, one.height, false)
		lines := strings.Split(frame, "\n")
		if len(lines) > one.height {
			t.Errorf("%d lines at %d×%d", len(lines), one.width, one.height)
		}
		for _, l := range lines {
			if draw.Width(l) > one.width {
				t.Errorf("%d columns at %d×%d: %q", draw.Width(l), one.width, one.height, l)
			}
		}
		fmt.Fprintf(&frames, "== %s, %s, %d×%d %s\n%s\n", one.before, one.after, one.width, one.height, one.keys, frame)
	}
	ascii := draw.NewTheme(draw.NewTerminal(io.Discard)).UseASCII()
	fmt.Fprintf(&frames, "== ASCII\n%s\n", live.Frame(example(t, good, relay), ascii, 100, 30, false))
	name := filepath.Join("testdata", "frames.txt")
	if *update {
		if err := os.MkdirAll("testdata", 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(frames.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if diff := cmp.Diff(string(want), frames.String()); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

// TestPicture compares the picture of docs/reference/screens.md with what the screen looks like now. With -update it
// draws it anew.
func TestPicture(t *testing.T) {
	const width, height = 120, 36
	terminal := draw.NewTerminal(io.Discard)
	terminal.SetColorProfile(termenv.ANSI256)
	terminal.Background = draw.Dark
	frame := live.Frame(example(t, "relay.jsonl", "one-way.jsonl"), draw.NewTheme(terminal), width, height, false)
	svg := picture.SVG(frame, "Two calls beside each other: the result, the findings, the setup, the path", width, height)
	file := filepath.Join("..", "..", "docs", "images", "diff.svg")
	if *update {
		if err := os.WriteFile(file, []byte(svg), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if kept, err := os.ReadFile(file); err != nil || string(kept) != svg {
		t.Errorf("%v; %s shows what the screen looked like once: draw it anew with go test ./tui/diff -update", err, file)
	}
}

// TestKeys: the keys scroll within the lines, unfold what is the same, and show themselves; others are not taken.
func TestKeys(t *testing.T) {
	th := draw.NewTheme(draw.NewTerminal(io.Discard))
	b := example(t, "good.jsonl", "relay.jsonl")
	b.remark = "cut"
	shown := func(keys ...string) string {
		press(b, keys...)
		return live.Frame(b, th, 80, 24, false)
	}
	if frame := shown(); !strings.Contains(frame, "cut") || b.total <= b.page {
		t.Errorf("%d of %d lines:\n%s", b.page, b.total, frame)
	}
	few := b.total
	for _, step := range []struct {
		key string
		top int
	}{{"j", 1}, {"k", 0}, {"k", 0}, {" ", b.page - 1}, {"b", 0}, {"end", b.total - b.page}, {"j", b.total - b.page}, {"g", 0}} {
		if shown(step.key); b.top != step.top {
			t.Errorf("after %q the first line is %d, want %d", step.key, b.top, step.top)
		}
	}
	if frame := shown("a"); b.total <= few || !strings.Contains(frame, "show only what differs") || strings.Contains(frame, "cut") {
		t.Errorf("%d lines, %d before:\n%s", b.total, few, frame)
	}
	if frame := shown("?"); !strings.Contains(frame, "only the second") || strings.Contains(frame, "verdict") {
		t.Error(frame)
	}
	if frame := shown("esc"); !strings.Contains(frame, "verdict") {
		t.Error(frame)
	}
	if b.Key(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("q")}) {
		t.Error("q does not reach the screen")
	}
}

// TestMarks: what differs is marked without color, too.
func TestMarks(t *testing.T) {
	seen := map[string]bool{}
	for _, th := range []*draw.Theme{draw.NewTheme(draw.NewTerminal(io.Discard)), draw.NewTheme(draw.NewTerminal(io.Discard)).UseASCII()} {
		clear(seen)
		for s := compare.Same; s <= compare.OnlySecond; s++ {
			glyph, _, means := mark(th, s)
			if seen[glyph] || seen[means] || draw.Width(glyph) != 1 {
				t.Errorf("%d: %q %q", s, glyph, means)
			}
			seen[glyph], seen[means] = true, true
		}
	}
}
