package live

import (
	"io"
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

// TestScreen opens and closes without a terminal.
func TestScreen(t *testing.T) {
	s := Open(Options{Out: io.Discard, Stop: func() {}}, &words{})
	s.Show("first")
	s.Close()
	s.Show("second") // late news do not block
}
