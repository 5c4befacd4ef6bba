package tui

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"
	"go.uber.org/goleak"

	"dialtone/diag"
	"dialtone/tui/draw"
	"dialtone/tui/pane"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// nothing is a source without events.
type nothing struct{}

func (nothing) Next(context.Context) ([]diag.Event, error) { return nil, io.EOF }

// asked records what was wanted of the call.
type asked struct {
	wishes []string
	err    error
}

func (a *asked) note(wish string) error {
	a.wishes = append(a.wishes, wish)
	return a.err
}

func (a *asked) Chat(text string) error { return a.note("chat " + text) }

func (a *asked) Mute(kind string, muted bool) error {
	if muted {
		return a.note("mute " + kind)
	}
	return a.note("unmute " + kind)
}

func (a *asked) RestartICE() error { return a.note("restart") }
func (a *asked) Diagnose() error   { return a.note("diagnose") }
func (a *asked) Hangup()           { _ = a.note("hang up") }

// bench is a model whose commands the test runs itself.
type bench struct {
	*Model
	asked *asked
	now   time.Time
}

func newTerminal(profile termenv.Profile) *draw.Terminal {
	r := draw.NewTerminal(io.Discard)
	r.SetColorProfile(profile)
	r.Background = draw.Dark
	return r
}

// newBench folds the events into a fresh model of that size, five seconds after the last of them.
func newBench(tb testing.TB, events []diag.Event, width, height int, panes ...pane.Factory) *bench {
	tb.Helper()
	return newColored(tb, termenv.Ascii, events, width, height, panes...)
}

func newColored(tb testing.TB, profile termenv.Profile, events []diag.Event, width, height int, panes ...pane.Factory) *bench {
	tb.Helper()
	start := time.Unix(1_700_000_000, 0)
	b := &bench{asked: &asked{}, now: start}
	if len(events) > 0 {
		b.now = start.Add(events[len(events)-1].At + 5*time.Second)
	}
	b.Model = New(tb.Context(), Options{
		Source: nothing{}, Controls: b.asked, Title: "call w1", Start: start, Now: func() time.Time { return b.now }, Panes: panes,
	}, newTerminal(profile))
	tb.Cleanup(b.Close)
	b.send(tea.WindowSizeMsg{Width: width, Height: height})
	if len(events) > 0 {
		b.send(batchMsg{events})
	}
	return b
}

// newReplay shows a recording, paused at its beginning.
func newReplay(tb testing.TB, events []diag.Event, width, height int, panes ...pane.Factory) *bench {
	tb.Helper()
	b := &bench{asked: &asked{}, now: time.Unix(1_700_000_000, 0)}
	b.Model = New(tb.Context(), Options{
		Replay: &Replay{Events: events}, Title: "replay call.jsonl", Now: func() time.Time { return b.now }, Panes: panes,
	}, newTerminal(termenv.Ascii))
	tb.Cleanup(b.Close)
	b.send(tea.WindowSizeMsg{Width: width, Height: height})
	return b
}

// pass lets time pass for a replay that plays.
func (b *bench) pass(d time.Duration) {
	b.now = b.now.Add(d)
	b.send(playMsg{b.transport.id})
}

func (b *bench) send(msg tea.Msg) tea.Cmd {
	_, cmd := b.Update(msg)
	return cmd
}

// press sends keys; it runs the command of each and feeds what comes of it back.
func (b *bench) press(keys ...string) (quit bool) {
	for _, k := range keys {
		cmd := b.send(keyMsg(k))
		for cmd != nil {
			msg := cmd()
			if _, ok := msg.(tea.QuitMsg); ok {
				return true
			}
			if cmd = nil; msg != nil {
				cmd = b.send(msg)
			}
		}
	}
	return false
}

var namedKeys = map[string]tea.KeyType{
	"tab": tea.KeyTab, "shift+tab": tea.KeyShiftTab, "enter": tea.KeyEnter, "esc": tea.KeyEsc, "ctrl+c": tea.KeyCtrlC, "up": tea.KeyUp,
	"down": tea.KeyDown, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "home": tea.KeyHome, "left": tea.KeyLeft, "right": tea.KeyRight, "end": tea.KeyEnd, "backspace": tea.KeyBackspace,
}

func keyMsg(name string) tea.KeyMsg {
	if t, ok := namedKeys[name]; ok {
		return tea.KeyMsg{Type: t}
	}
	return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(name)}
}

func (b *bench) footerKeys() string {
	lines := strings.Split(b.View(), "\n")
	return lines[len(lines)-1]
}
