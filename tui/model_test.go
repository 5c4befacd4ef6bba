package tui

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/tui/pane"
)

// toy is the smallest pane: one file with a factory, and its name in a list, make it part of the session.
type toy struct {
	scene         *pane.Scene
	width, height int
	got           []string
	events        int
}

func newToy(s *pane.Scene) pane.Pane { return &toy{scene: s} }

func (*toy) Title() string { return "Toy" }

func (*toy) Keys() []key.Binding {
	return []key.Binding{key.NewBinding(key.WithKeys("x"), key.WithHelp("x", "play"))}
}

func (p *toy) SetSize(width, height int) { p.width, p.height = width, height }

func (p *toy) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case pane.Events:
		p.events += len(msg)
	case pane.Reset:
		p.events = msg.Lost + len(msg.Events)
	case tea.MouseMsg:
		p.got = append(p.got, fmt.Sprintf("click %d,%d", msg.X, msg.Y))
	case tea.KeyMsg:
		p.got = append(p.got, msg.String())
	}
	return nil
}

func (p *toy) View() string {
	return p.scene.Theme.Strong.On("a toy shows " + p.scene.Call.State().String())
}

func TestNewPaneIsOneFileAndOneLine(t *testing.T) {
	b := newBench(t, scenarioGood(), 120, 36, append(pane.All(), newToy)...)
	number := fmt.Sprint(len(pane.All()) + 1)
	if b.press(number); !strings.Contains(b.View(), "a toy shows connected") || !strings.Contains(b.View(), number+" Toy") {
		t.Errorf("the toy is not on the screen:\n%s", b.View())
	}
	if !strings.Contains(b.footerKeys(), "x play") {
		t.Errorf("its key is not in the footer: %s", b.footerKeys())
	}
	if b.press("?"); !strings.Contains(b.View(), "Toy pane") {
		t.Errorf("its keys are not in the help:\n%s", b.View())
	}
}

// TestLongCallTakesNoMoreMemory: neither the timeline nor the list of events keeps more of a long call than a part.
func TestLongCallTakesNoMoreMemory(t *testing.T) {
	b := newBench(t, nil, 80, 24)
	all := pings(3 * maxKept)
	for i := 0; i < len(all); i += 1000 {
		b.send(batchMsg{all[i : i+1000]})
	}
	if n := len(b.time.events); n > maxKept {
		t.Errorf("%d events are kept", n)
	}
	b.press("7")
	if !strings.Contains(b.View(), "of 24,000") || b.scene.Keep != maxKept {
		t.Errorf("the panes keep %d events:\n%s", b.scene.Keep, b.View())
	}
}

func TestRouting(t *testing.T) {
	b := newBench(t, nil, 80, 24, newToy, newToy)
	first, second := b.panes[0].(*toy), b.panes[1].(*toy)
	b.send(batchMsg{scenarioWaiting()})
	if n := len(scenarioWaiting()); first.events != n || second.events != n {
		t.Errorf("events reached %d and %d times, want %d each", first.events, second.events, n)
	}
	b.press("x", "tab", "u", "shift+tab", "z", "2", "w", "9")
	if diff := cmp.Diff([]string{"x", "z"}, first.got); diff != "" {
		t.Errorf("keys of the first pane (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"u", "w", "9"}, second.got); diff != "" {
		t.Errorf("keys of the second pane (-want +got):\n%s", diff)
	}
	b.send(tea.WindowSizeMsg{Width: 100, Height: 20})
	if first.width != 99 || first.height >= 20 || first.height != second.height {
		t.Errorf("sizes %d×%d and %d×%d", first.width, first.height, second.width, second.height)
	}
}

func TestControls(t *testing.T) {
	b := newBench(t, scenarioGood(), 120, 36)
	b.press("m", "v", "r", "h")
	b.send(batchMsg{[]diag.Event{{Seq: 9999, At: time.Minute, Data: diag.TrackMuted{Side: diag.Local, Kind: "audio", Muted: true}}}})
	if !strings.Contains(b.footerKeys(), "m unmute audio") {
		t.Errorf("the footer does not know that audio is muted: %s", b.footerKeys())
	}
	b.press("m")
	if diff := cmp.Diff([]string{"mute audio", "mute video", "restart", "hang up", "unmute audio"}, b.asked.wishes); diff != "" {
		t.Errorf("wishes (-want +got):\n%s", diff)
	}
	b.asked.err = errors.New("the server is gone")
	if b.press("r"); !strings.Contains(b.View(), "▲ the server is gone") {
		t.Errorf("a refused wish is not told:\n%s", b.View())
	}
	if b.press("3"); strings.Contains(b.View(), "the server is gone") {
		t.Error("the refusal stays after the next key")
	}
}

func TestKeysThatCannotWork(t *testing.T) {
	b := newBench(t, scenarioWaiting(), 120, 36)
	b.press("m", "v", "r", "t")
	if len(b.asked.wishes) != 0 {
		t.Errorf("a waiting call was asked for %q", b.asked.wishes)
	}
	if got, want := strings.TrimSpace(b.footerKeys()), "h hang up · space pause · y copy · ? keys · q quit"; got != want {
		t.Errorf("footer %q, want %q", got, want)
	}
	replay := newReplay(t, scenarioGood(), 120, 36)
	want := "space play · , . step 1 event · [ ] step 1 s · { } step 10 % · - + speed · < > start/end · y copy · ? keys · q quit"
	if got := strings.TrimSpace(replay.footerKeys()); got != want {
		t.Errorf("footer of a replay %q, want %q", got, want)
	}
}

func TestTyping(t *testing.T) {
	b := newBench(t, scenarioGood(), 80, 24)
	b.press("t")
	b.press(strings.Split("quiz?", "")...)
	b.press(" ", "2", "é", "backspace", "tab")
	if !strings.Contains(b.View(), "> quiz? 2") || !strings.Contains(b.footerKeys(), "enter send") {
		t.Errorf("typed text or its keys are missing:\n%s", b.View())
	}
	b.press("enter", "esc", "q")
	if diff := cmp.Diff([]string{"chat quiz? 2", "hang up"}, b.asked.wishes); diff != "" {
		t.Errorf("wishes (-want +got):\n%s", diff)
	}
}

func TestTypingEndsWithTheCall(t *testing.T) {
	b := newBench(t, scenarioGood(), 80, 24)
	b.press("t", "a")
	b.send(batchMsg{[]diag.Event{{Seq: 9999, At: time.Hour, Data: diag.CallEnded{Reason: diag.EndPeerHangup, By: diag.ByRemote}}}})
	if !b.press("q") {
		t.Error("q is still text after the end")
	}
}

func TestQuit(t *testing.T) {
	end := batchMsg{[]diag.Event{{Seq: 9999, At: time.Hour, Data: diag.CallEnded{Reason: diag.EndHangup, By: diag.ByLocal}}}}
	t.Run("a running call is hung up first", func(t *testing.T) {
		b := newBench(t, scenarioGood(), 80, 24)
		if b.press("q") {
			t.Fatal("left before the call had ended")
		}
		if !strings.Contains(b.View(), "hanging up") {
			t.Errorf("it is not told what is waited for:\n%s", b.View())
		}
		if cmd := b.send(end); !quits(cmd) {
			t.Error("stayed after the end")
		}
	})
	t.Run("a second q does not wait", func(t *testing.T) {
		b := newBench(t, scenarioGood(), 80, 24)
		if !b.press("q", "q") {
			t.Error("stayed")
		}
	})
	t.Run("the source ends without a last word", func(t *testing.T) {
		b := newBench(t, scenarioGood(), 80, 24)
		b.press("q")
		if !quits(b.send(sourceMsg{})) {
			t.Error("stayed")
		}
	})
	t.Run("an ended call", func(t *testing.T) {
		b := newBench(t, scenarioHungUp(), 80, 24)
		if !b.press("q") || len(b.asked.wishes) > 0 {
			t.Errorf("stayed, or asked for %q", b.asked.wishes)
		}
	})
	t.Run("ctrl+c while typing", func(t *testing.T) {
		b := newBench(t, scenarioGood(), 80, 24)
		if !b.press("t", "x", "ctrl+c") || !errors.Is(b.err, ErrInterrupted) {
			t.Errorf("stayed, or returns %v", b.err)
		}
	})
}

// quits runs a batch until one of its commands quits; the others are ended by closing the model.
func quits(cmd tea.Cmd) bool {
	if cmd == nil {
		return false
	}
	switch msg := cmd().(type) {
	case tea.QuitMsg:
		return true
	case tea.BatchMsg:
		for i := len(msg) - 1; i >= 0; i-- { // quitting is the last of them
			if quits(msg[i]) {
				return true
			}
		}
	}
	return false
}

func TestNothingTicksAfterTheEnd(t *testing.T) {
	b := newBench(t, scenarioHungUp(), 80, 24)
	b.clockID, b.spinID = 1, 1
	if b.send(clockMsg{1}) != nil || b.send(spinMsg{1}) != nil {
		t.Error("a clock or a spinner goes on")
	}
	if b.startClock() != nil || b.startSpinner() != nil {
		t.Error("a clock or a spinner begins")
	}
}

func TestStaleTicksAreDropped(t *testing.T) {
	b := newBench(t, scenarioWaiting(), 80, 24)
	before := b.scene.Spin
	if b.send(spinMsg{77}) != nil || b.send(clockMsg{77}) != nil || b.scene.Spin != before {
		t.Error("a tick of nobody was taken")
	}
	if b.send(spinMsg{b.spinID}) == nil || b.scene.Spin != before+1 {
		t.Error("the spinner does not turn while the call waits")
	}
}

func TestClockRuns(t *testing.T) {
	b := newBench(t, scenarioGood(), 80, 24)
	b.now = b.now.Add(17 * time.Second)
	b.send(clockMsg{b.clockID})
	if want := "01:03"; !strings.Contains(b.View(), want) {
		t.Errorf("no %s in the header:\n%s", want, strings.SplitN(b.View(), "\n", 2)[0])
	}
}

func TestBrokenSourceIsTold(t *testing.T) {
	b := newBench(t, scenarioGood(), 80, 24)
	b.send(sourceMsg{errors.New("line 7 is no event")})
	if !strings.Contains(b.View(), "reading events failed: line 7 is no event") {
		t.Errorf("not told:\n%s", b.View())
	}
}
