package pane

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
)

// foot is the last line of a pane.
func foot(p Pane) string {
	lines := strings.Split(p.View(), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// chosen is the text of the row behind the cursor.
func chosen(p Pane, s *Scene) string {
	for _, line := range strings.Split(p.View(), "\n") {
		if _, after, ok := strings.Cut(line, s.Theme.Glyphs.Cursor); ok {
			return strings.TrimSpace(after)
		}
	}
	return ""
}

func typeIn(p Pane, text string) {
	for _, r := range text {
		p.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}})
	}
}

func states(from, n int) Events {
	var batch Events
	for i := range n {
		batch = append(batch, diag.Event{Seq: uint64(from + i), At: time.Duration(from+i) * time.Second, Data: diag.ICEState{State: fmt.Sprint("state ", from+i)}})
	}
	return batch
}

func TestLogFollowsUntilMoved(t *testing.T) {
	s, _ := sceneOf()
	p := NewLog(s)
	p.SetSize(60, 6)
	steps := []struct {
		do         func()
		foot, line string
	}{
		{func() { p.Update(states(1, 20)) }, "events 16–20 of 20  following", "20.000   ice.state          state 20"},
		{func() { press(p, tea.KeyUp) }, "events 16–20 of 20  paused: press f to follow", "19.000   ice.state          state 19"},
		{func() { p.Update(states(21, 5)) }, "events 16–20 of 25  paused: press f to follow", "19.000   ice.state          state 19"},
		{func() { press(p, tea.KeyEnd) }, "events 21–25 of 25  following", "25.000   ice.state          state 25"},
		{func() { p.Update(states(26, 1)) }, "events 22–26 of 26  following", "26.000   ice.state          state 26"},
		{func() { press(p, tea.KeyHome) }, "events 1–5 of 26  paused: press f to follow", "1.000   ice.state          state 1"},
		{func() { p.Update(tea.MouseMsg{Action: tea.MouseActionPress, Button: tea.MouseButtonLeft, Y: 3}) }, "events 1–5 of 26  paused: press f to follow", "4.000   ice.state          state 4"},
		{func() { typeIn(p, "f") }, "events 22–26 of 26  following", "26.000   ice.state          state 26"},
	}
	for i, step := range steps {
		step.do()
		if diff := cmp.Diff([2]string{step.foot, step.line}, [2]string{foot(p), chosen(p, s)}); diff != "" {
			t.Errorf("step %d (-want +got):\n%s", i, diff)
		}
	}
}

// maxLog is how many events the pane keeps in tests.
const maxLog = 100_000

func TestLogForgetsTheOldest(t *testing.T) {
	for _, filter := range []string{"", "/state", "/-stats", "/ice."} {
		s, _ := sceneOf()
		s.Keep = maxLog
		p := NewLog(s).(*Log)
		p.SetSize(60, 6)
		typeIn(p, filter)
		press(p, tea.KeyEnter, tea.KeyUp)
		for i := range 3 {
			p.Update(states(i*maxLog/2, maxLog/2))
			if i == 1 {
				press(p, tea.KeyUp)
			}
		}
		if n := len(p.log.events); n > maxLog || p.log.lost+n != 3*maxLog/2 {
			t.Errorf("%q: %d events are kept, %d forgotten", filter, n, p.log.lost)
		}
		if !strings.Contains(p.View(), "of 150,000") {
			t.Errorf("%q: the count is lost:\n%s", filter, p.View())
		}
		if got, want := chosen(p, s), "99998.000  ice.state          state 99998"; got != want {
			t.Errorf("%q: the selected event is %q, want %q", filter, got, want)
		}
	}
}

func TestLogFilters(t *testing.T) {
	s, events := sceneOf(
		diag.ICEState{State: "checking"}, diag.Candidate{Address: "192.0.2.1", Protocol: "udp"}, diag.Pair{ID: "x", State: diag.PairFailed},
		diag.DTLSState{State: "connecting"}, diag.Ping{}, diag.Ping{}, diag.Message{Label: "chat", Text: "we spoke of ice.cream and ICE.PAIR"},
	)
	tests := []struct {
		filter string
		want   int
	}{
		{"", 7},
		{"ice.", 3},
		{"ICE.", 3},
		{"ice.p", 1},
		{"ice. dtls.", 4},
		{"ice. failed", 1},
		{"FAIL", 1},
		{"-ping", 5},
		{"ice. -failed", 2},
		{"ice.cream", 1},
		{"192.0", 1},
		{"nothing such", 0},
		{"-", 7},
	}
	for _, tt := range tests {
		p := NewLog(s).(*Log)
		p.SetSize(80, 20)
		p.Update(events[:4])
		typeIn(p, "/"+tt.filter)
		p.Update(events[4:])
		if tt.filter == "ice.cream" || tt.filter == "192.0" {
			press(p, tea.KeyBackspace) // what is a kind is decided when one types
			typeIn(p, tt.filter[len(tt.filter)-1:])
		}
		if got := p.log.count(); got != tt.want || !p.Typing() {
			t.Errorf("%q leaves %d, want %d:\n%s", tt.filter, got, tt.want, p.View())
		}
		press(p, tea.KeyEnter)
		if p.Typing() {
			t.Errorf("%q: enter does not end typing", tt.filter)
		}
		press(p, tea.KeyEsc)
		if p.log.count() != 7 || p.log.filtered() {
			t.Errorf("%q: esc leaves %d", tt.filter, p.log.count())
		}
	}
}

// The selected event stays selected while the filter around it changes.
func TestLogKeepsItsPlace(t *testing.T) {
	s, _ := sceneOf()
	p := NewLog(s).(*Log)
	p.SetSize(80, 10)
	p.Update(states(1, 300))
	press(p, tea.KeyHome, tea.KeyPgDown, tea.KeyPgDown, tea.KeyDown)
	want := chosen(p, s)
	typeIn(p, "/state 1")
	if got := chosen(p, s); got != want || !strings.HasSuffix(want, "state 18") {
		t.Errorf("%q is selected, want %q", got, want)
	}
	press(p, tea.KeyDown, tea.KeyEnter, tea.KeyEsc)
	if got := chosen(p, s); !strings.HasSuffix(got, "state 19") {
		t.Errorf("%q is selected", got)
	}
	p.Update(Reset{Events: states(1, 10), Lost: 5})
	if got := chosen(p, s); !strings.HasSuffix(got, "state 10") || !strings.Contains(foot(p), "of 15") {
		t.Errorf("%q is selected after a step back; %s", got, foot(p))
	}
}

func TestResetLeavesTheRootsEventsAlone(t *testing.T) {
	s, _ := sceneOf()
	p := NewLog(s)
	all := states(1, 10)
	p.Update(Reset{Events: all[:5]})
	p.Update(states(100, 2))
	if got := all[5].Seq; got != 6 {
		t.Errorf("the sixth event is now number %d", got)
	}
}

func TestLogKinds(t *testing.T) {
	s, events := sceneOf(diag.Ping{}, diag.ICEState{State: "checking"}, diag.Pair{ID: "1"}, diag.Pair{ID: "2"}, diag.Unknown{Name: "later", Raw: []byte("{}")})
	p := NewLog(s).(*Log)
	p.SetSize(60, 12)
	p.Update(events)
	typeIn(p, "K")
	var got []string
	for _, line := range strings.Split(p.View(), "\n")[1:] {
		got = append(got, strings.Join(strings.Fields(line), " "))
	}
	want := []string{"▸ all 5 shown now", "channel. 1", "channel.ping 1", "ice. 3", "ice.pair 2", "ice.state 1", "later 1", "later. 1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	press(p, tea.KeyDown, tea.KeyDown, tea.KeyDown, tea.KeyEnter)
	if p.log.count() != 3 || !strings.Contains(foot(p), "kind ice.  3 of 5 events") {
		t.Errorf("%d are left: %s", p.log.count(), foot(p))
	}
	typeIn(p, "K")
	press(p, tea.KeyDown, tea.KeyEnter)
	if p.log.count() != 2 {
		t.Errorf("%d pairs are left", p.log.count())
	}
	typeIn(p, "K")
	press(p, tea.KeyEsc, tea.KeyEsc)
	if p.log.count() != 5 {
		t.Errorf("%d are left of all", p.log.count())
	}
}

func TestLogDetails(t *testing.T) {
	s, events := sceneOf(diag.ICEState{State: "checking"}, diag.SessionDescription{Side: diag.Local, SDPType: "offer", SDP: "v=0\r\nm=audio 9 X 1\r\n"})
	p := NewLog(s).(*Log)
	p.SetSize(40, 12)
	p.Update(events)
	press(p, tea.KeyEnter)
	want := []string{
		" signal.description  at 0.001 s", " {", `   "seq": 2,`, `   "at": 0.001000,`, `   "type": "signal.description",`, `   "side": "local",`, `   "sdpType": "offer",`,
		`   "sdp": "v=0\r\n`, `       m=audio 9 X 1\r\n`, `       "`, " }",
	}
	if diff := cmp.Diff(want, strings.Split(p.View(), "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	typeIn(p, "N")
	if !strings.Contains(p.View(), "ice.state") {
		t.Errorf("the event before is not shown:\n%s", p.View())
	}
	if what, text := p.Copy(); what != "the event" || text != "{\n  \"seq\": 1,\n  \"at\": 0.000000,\n  \"type\": \"ice.state\",\n  \"state\": \"checking\"\n}" {
		t.Errorf("%s is copied: %s", what, text)
	}
	press(p, tea.KeyEsc)
	if !strings.Contains(foot(p), "events 1–2 of 2") {
		t.Errorf("esc does not close:\n%s", p.View())
	}
}

func TestBreakJSON(t *testing.T) {
	got := breakJSON("{\n  \"a\": \"0123456789abcdefghij\",\n  \"日本\": \"日本日本日本日本\"\n}", 14)
	want := []string{"{", `  "a": "012345`, "      6789abcd", `      efghij",`, `  "日本": "日`, "      本日本日", "      本日本\"", "}"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func BenchmarkLogFilter(b *testing.B) {
	s, _ := sceneOf()
	p := NewLog(s).(*Log)
	p.SetSize(200, 50)
	p.Update(states(1, maxLog))
	typeIn(p, "/99")
	for b.Loop() {
		typeIn(p, "9")
		press(p, tea.KeyBackspace)
	}
}
