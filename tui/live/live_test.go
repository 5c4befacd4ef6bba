package live

import (
	"io"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"go.uber.org/goleak"

	"dialtone/tui/draw"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// words shows the last news.
type words struct{ last string }

func (w *words) Take(what any)                       { w.last, _ = what.(string) }
func (w *words) Draw(*draw.Theme, int, int) []string { return []string{w.last, "2", "3", "4"} }
func (*words) Foot(_ *draw.Theme, _ int, ending bool) []string {
	return []string{map[bool]string{true: "ending"}[ending]}
}

// TestKeys: the first ctrl+c ends the work and the screen stays; the second leaves it.
func TestKeys(t *testing.T) {
	stopped := 0
	m := &model{o: Options{Stop: func() { stopped++ }}, terminal: draw.NewTerminal(io.Discard), content: &words{}}
	m.paint()
	press := tea.KeyMsg{Type: tea.KeyCtrlC}
	if _, cmd := m.Update(press); cmd != nil || stopped != 1 || !m.ending {
		t.Errorf("stopped %d times, ending %v", stopped, m.ending)
	}
	m.Update(tea.WindowSizeMsg{Width: 20, Height: 3})
	m.Update(news{"first"})
	if got := m.View(); got != "first\n2\nending" {
		t.Errorf("%q", got)
	}
	if _, cmd := m.Update(press); cmd == nil || stopped != 1 {
		t.Errorf("stopped %d times", stopped)
	}
}

// explained is content with a key.
type explained struct{ words }

func (*explained) Explain(draw.Glyphs, bool) [][2]string { return [][2]string{{"x", "what x does"}} }

// TestExplain: ? lists the keys instead of the content, and hides them again; content without any ignores it.
func TestExplain(t *testing.T) {
	for name, c := range map[string]Content{"explained": &explained{}, "not": &words{}} {
		m := &model{o: Options{Stop: func() {}}, terminal: draw.NewTerminal(io.Discard), content: c}
		m.paint()
		m.Update(tea.WindowSizeMsg{Width: 40, Height: 6})
		m.Update(news{"first"})
		press := func(k tea.KeyMsg) bool {
			m.Update(k)
			return strings.Contains(m.View(), "what x does") && !strings.Contains(m.View(), "first")
		}
		question, esc := tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("?")}, tea.KeyMsg{Type: tea.KeyEsc}
		want := name == "explained"
		if press(question) != want || press(question) || press(esc) || press(question) != want || press(esc) || !strings.HasPrefix(m.View(), "first") {
			t.Errorf("%s: %q", name, m.View())
		}
	}
}

// TestScreen opens and closes without a terminal.
func TestScreen(t *testing.T) {
	s := Open(Options{Out: io.Discard, Stop: func() {}}, &words{})
	s.Show("first")
	s.Close()
	s.Show("second") // late news do not block
}
