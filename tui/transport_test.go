package tui

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/tui/pane"
)

// exported compares calls without what their packages keep to themselves.
var exported = cmpopts.IgnoreUnexported(call.Call{}, call.Distribution{}, call.DescriptionRow{})

// checkPosition compares what is shown with a fold of the first n events.
func checkPosition(t *testing.T, b *bench, all []diag.Event, n int) {
	t.Helper()
	if b.time.at != n {
		t.Errorf("at event %d, want %d", b.time.at, n)
	}
	if diff := cmp.Diff(call.Fold(all[:n]), b.scene.Call, exported); diff != "" {
		t.Errorf("what is shown is not the call at event %d:\n%s", n, diff)
	}
	toy, ok := b.panes[0].(*toy)
	if ok && toy.events != n {
		t.Errorf("the pane knows %d events, want %d", toy.events, n)
	}
}

func TestPauseALiveCall(t *testing.T) {
	all := scenarioHungUp()
	n := len(all) - 12
	b := newBench(t, all[:n], 120, 36, newToy)
	b.press(" ")
	b.send(batchMsg{all[n : n+5]})
	checkPosition(t, b, all, n)
	if head := strings.SplitN(b.View(), "\n", 2)[0]; !strings.Contains(head, "paused, 5 events behind") {
		t.Errorf("the header does not tell: %s", head)
	}
	if b.scene.Live || !b.live() {
		t.Error("panes take the past for the present, or the root the present for the past")
	}
	b.press(",", "left", ".")
	checkPosition(t, b, all, n-1)
	b.press("h") // the call goes on, and can be hung up
	b.send(batchMsg{all[n+5:]})
	checkPosition(t, b, all, n-1)
	if diff := cmp.Diff([]string{"hang up"}, b.asked.wishes); diff != "" {
		t.Error(diff)
	}
	b.press(">")
	checkPosition(t, b, all, len(all))
	if strings.Contains(b.View(), "paused") || b.barShown() {
		t.Errorf("back at the present it is not told:\n%s", b.View())
	}
}

func TestBackToThePresent(t *testing.T) {
	all := scenarioGood()
	for _, k := range []string{"l", " ", "end", ">"} {
		b := newBench(t, all[:40], 100, 30, newToy)
		b.press("[", "[")
		b.send(batchMsg{all[40:]})
		b.press(k)
		checkPosition(t, b, all, len(all))
		if !b.scene.Live || b.transport.playback != following {
			t.Errorf("%q does not go back to the present", k)
		}
	}
}

func TestTypingGoesToThePresent(t *testing.T) {
	all := scenarioGood()
	b := newBench(t, all, 100, 30)
	b.press("<", "t")
	if !b.typing() || b.transport.playback != following {
		t.Error("one types into the past")
	}
}

func TestSeekKeys(t *testing.T) {
	all := pings(100)
	tests := []struct {
		keys string
		at   int
	}{
		{"<", 0},
		{"< .", 1},
		{"< . . . ,", 2},
		{"< ]", 1},
		{"< ] ] ] [", 2},
		{"< }", 10},
		{"< } } {", 10},
		{">", 100},
		{"> ,", 99},
		{"> [", 99},
		{"> {", 90},
		{"< ,", 0},
		{"> .", 100},
		{"home right", 1},
		{"end left", 99},
		{"{ { {", 0},
	}
	for _, tt := range tests {
		t.Run(tt.keys, func(t *testing.T) {
			b := newReplay(t, all, 100, 30, newToy)
			b.press(strings.Fields(tt.keys)...)
			checkPosition(t, b, all, tt.at)
		})
	}
}

func TestReplayPlays(t *testing.T) {
	all := pings(100)
	b := newReplay(t, all, 100, 30, newToy)
	b.Init()
	b.pass(3500 * time.Millisecond)
	checkPosition(t, b, all, 3)
	b.send(keyMsg("+")) // twice as fast
	b.pass(10 * time.Second)
	checkPosition(t, b, all, 23)
	for range 9 {
		b.send(keyMsg("-"))
	}
	b.pass(10 * time.Second) // a quarter
	checkPosition(t, b, all, 26)
	b.send(playMsg{b.transport.id - 1})
	b.send(keyMsg(" "))
	b.now = b.now.Add(time.Hour)
	if b.send(playMsg{b.transport.id}) != nil {
		t.Error("it plays on while it is paused")
	}
	checkPosition(t, b, all, 26)
	b.send(keyMsg(" "))
	b.pass(time.Hour)
	checkPosition(t, b, all, 100)
	if head := b.View(); !strings.Contains(head, "end of recording") {
		t.Errorf("the end is not told:\n%s", head)
	}
	b.send(keyMsg(" ")) // once more
	checkPosition(t, b, all, 0)
	b.pass(10 * time.Second)
	checkPosition(t, b, all, 2)
}

// Keys that were pressed faster than they are read are each a key.
func TestQuickKeys(t *testing.T) {
	all := pings(100)
	b := newReplay(t, all, 100, 30, newToy)
	b.send(keyMsg("...,x?"))
	checkPosition(t, b, all, 2)
	if diff := cmp.Diff([]string{"x"}, b.panes[0].(*toy).got); diff != "" || !b.help {
		t.Errorf("help %v; the pane got %s", b.help, diff)
	}
}

// A call that has ended can be looked at again, without a recording.
func TestPlayAnEndedCall(t *testing.T) {
	all := scenarioHungUp()
	b := newBench(t, all, 100, 30, newToy)
	b.send(keyMsg(" "))
	checkPosition(t, b, all, 0)
	b.pass(20 * time.Second)
	if b.scene.Call.State() != call.StateConnected {
		t.Errorf("after 20 s it is %v", b.scene.Call.State())
	}
	b.pass(time.Hour)
	checkPosition(t, b, all, len(all))
}

// Keys that a pane needs for itself are the pane's, wherever the timeline has others for the same.
func TestSharedKeys(t *testing.T) {
	b := newReplay(t, scenarioGood(), 120, 36, pane.NewLog)
	b.press(">", "home")
	if b.time.behind() != 0 {
		t.Error("home went to the beginning of the call, not of the log")
	}
	b.press("left")
	if b.time.behind() != 1 {
		t.Error("left is no key of the log, and did nothing")
	}
}

func TestMouse(t *testing.T) {
	all := pings(100)
	b := newReplay(t, all, 100, 30, newToy, newToy)
	click := func(x, y int) {
		b.send(tea.MouseMsg{X: x, Y: y, Action: tea.MouseActionPress, Button: tea.MouseButtonLeft})
	}
	click(50, b.barRow())
	if b.time.at < 45 || b.time.at > 55 {
		t.Errorf("a click in the middle of the timeline leads to event %d", b.time.at)
	}
	click(10, 1)
	if b.focus != 1 {
		t.Error("a click on the second tab leaves the first one open")
	}
	click(2, 1)
	if b.focus != 0 {
		t.Error("a click on the first tab leaves the second one open")
	}
	first := b.panes[0].(*toy)
	b.send(tea.MouseMsg{X: 5, Y: 9, Action: tea.MouseActionPress, Button: tea.MouseButtonWheelDown})
	b.send(tea.MouseMsg{X: 5, Y: 9, Action: tea.MouseActionPress, Button: tea.MouseButtonWheelUp})
	click(5, 9)
	b.send(tea.MouseMsg{X: 5, Y: 9, Action: tea.MouseActionMotion, Button: tea.MouseButtonLeft})
	want := []string{"down", "down", "down", "up", "up", "up", fmt.Sprintf("click 5,%d", 9-len(b.header()))}
	if diff := cmp.Diff(want, first.got); diff != "" {
		t.Errorf("the pane got (-want +got):\n%s", diff)
	}
}

func TestCopy(t *testing.T) {
	for _, tt := range []struct {
		name string
		text string
		want string
		told string
	}{
		{"what the pane has selected", "udp 192.0.2.1\n\x1b[31mred", "udp 192.0.2.1\n\ufffd[31mred", "copied the thing"},
		{"else path and verdict", "", "dialtone call w1: connected", "copied the path and the verdict"},
		{"too much", strings.Repeat("x", maxCopy+1), "", "too long"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, scenarioGood(), 120, 36, func(s *pane.Scene) pane.Pane { return &copyToy{toy{scene: s}, tt.text} })
			got := ""
			b.options.Copy = func(text string) error {
				got = text
				return nil
			}
			b.press("y")
			if !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" || strings.Contains(got, "\x1b") || !strings.Contains(b.View(), tt.told) {
				t.Errorf("copied %q, told:\n%s", got, b.View())
			}
		})
	}
}

type copyToy struct {
	toy
	text string
}

func (c *copyToy) Copy() (what, text string) { return "the thing", c.text }

func TestOSC52(t *testing.T) {
	for name, tt := range map[string]struct {
		env  map[string]string
		want string
	}{
		"plain":  {nil, "\x1b]52;c;aGVsbG8=\x07"},
		"tmux":   {map[string]string{"TMUX": "/tmp/x"}, "\x1b]52;c;aGVsbG8=\x07\x1bPtmux;\x1b\x1b]52;c;aGVsbG8=\x07\x1b\\"},
		"screen": {map[string]string{"STY": "1.x"}, "\x1bP\x1b]52;c;aGVsbG8=\x07\x1b\\"},
	} {
		var out strings.Builder
		if err := osc52To(&out, func(k string) string { return tt.env[k] })("hello"); err != nil || out.String() != tt.want {
			t.Errorf("%s: %q, %v", name, out.String(), err)
		}
	}
	dumb := func(k string) string { return map[string]string{"TERM": "dumb"}[k] }
	if err := osc52To(&strings.Builder{}, dumb)("hello"); err == nil {
		t.Error("a terminal that has no clipboard is said to have taken it")
	}
}

func TestExport(t *testing.T) {
	all := scenarioGood()
	b := newBench(t, all, 120, 36)
	b.press("e")
	if strings.Contains(b.View(), "saved") {
		t.Error("without a way to save there is a key for it")
	}
	var got []diag.Event
	fail := error(nil)
	b.options.Export = func(events []diag.Event) (string, error) {
		got = events
		return "dialtone-w1.jsonl", fail
	}
	b.refresh()
	b.press("<", "e") // all that there is, whatever is shown
	if len(got) != len(all) || !strings.Contains(b.View(), "to dialtone-w1.jsonl") {
		t.Errorf("%d of %d events were saved; told:\n%s", len(got), len(all), b.View())
	}
	fail = errors.New("the disk is full")
	if b.press("e"); !strings.Contains(b.View(), "▲ the disk is full") {
		t.Errorf("a failure is not told:\n%s", b.View())
	}
}

func TestCallAgain(t *testing.T) {
	b := newBench(t, scenarioGood(), 120, 36)
	b.options.Again = true
	b.refresh()
	if b.press("c") {
		t.Fatal("a running call is left for another one")
	}
	b.send(batchMsg{scenarioHungUp()[len(scenarioGood()):]})
	if !strings.Contains(b.footerKeys(), "c call again") {
		t.Errorf("footer: %s", b.footerKeys())
	}
	if !b.press("c") || !errors.Is(b.err, ErrCallAgain) {
		t.Errorf("stayed, or returns %v", b.err)
	}
}

// bomb is a pane that throws where it is told to.
type bomb struct {
	toy
	where string
}

func (p *bomb) Update(msg tea.Msg) tea.Cmd {
	if _, ok := msg.(tea.KeyMsg); !ok {
		return nil
	}
	switch p.where {
	case "Update":
		panic("boom")
	case "command":
		return func() tea.Msg { panic("boom") }
	case "batch":
		return tea.Batch(func() tea.Msg { return nil }, func() tea.Msg { panic("boom") })
	}
	p.where = "now"
	return nil
}

func (p *bomb) View() string {
	if p.where == "now" {
		panic("boom")
	}
	return "tick"
}

// A panic in a pane ends the session in order, wherever it happens.
func TestPanics(t *testing.T) {
	for _, where := range []string{"Update", "View", "command", "batch"} {
		t.Run(where, func(t *testing.T) {
			b := newBench(t, scenarioGood(), 120, 36, func(s *pane.Scene) pane.Pane { return &bomb{toy{scene: s}, where} })
			cmd := b.send(keyMsg("x"))
			run(cmd)
			_ = b.View()
			fault := b.tasks.fault()
			if fault == nil || fault.Value != "boom" || !strings.Contains(string(fault.Stack), "bomb") || !strings.Contains(fault.Error(), "report it") {
				t.Fatalf("fault: %v", fault)
			}
			if _, ok := b.tasks.leave()().(tea.QuitMsg); !ok {
				t.Error("it does not quit")
			}
			if self, _ := b.Update(keyMsg("y")); self == nil || b.View() != "" {
				t.Error("it goes on")
			}
		})
	}
}

// run runs a command and those of its batches.
func run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	if batch, ok := cmd().(tea.BatchMsg); ok {
		for _, c := range batch {
			run(c)
		}
	}
}
