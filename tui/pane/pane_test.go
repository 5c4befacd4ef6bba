package pane

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/tui/draw"
)

// sceneOf folds what happened, a millisecond apart.
func sceneOf(list ...diag.Data) (*Scene, Events) {
	var events Events
	for i, d := range list {
		events = append(events, diag.Event{Seq: uint64(i + 1), At: time.Duration(i) * time.Millisecond, Data: d})
	}
	c := call.Fold(events)
	s := &Scene{Theme: draw.NewTheme(draw.NewTerminal(io.Discard)), Call: c, Verdict: judge.Judge(c), Clock: c.Now, Live: true}
	return s, events
}

func press(p Pane, keys ...tea.KeyType) {
	for _, k := range keys {
		p.Update(tea.KeyMsg{Type: k})
	}
}

func candidate(side diag.Side, id string, t diag.CandidateType, host string, related string) diag.Candidate {
	return diag.Candidate{
		Side: side, ID: id, Protocol: "udp", Address: host, Port: 5000, CandidateType: t, RelatedAddress: related, RelatedPort: 5000,
		URL: map[diag.CandidateType]string{diag.Srflx: "stun:s", diag.Relay: "turn:t"}[t],
	}
}

func TestPathOf(t *testing.T) {
	const private, public, other = "192.168.1.2", "203.0.113.7", "198.51.100.4"
	tests := []struct {
		name          string
		local, remote diag.Candidate
		want          []string
		wire          int
	}{
		{"one network", candidate("local", "l", "host", private, ""), candidate("remote", "r", "host", "192.168.1.3", ""), []string{"you", "peer"}, 0},
		{"a NAT that nobody named", candidate("local", "l", "host", private, ""), candidate("remote", "r", "host", other, ""), []string{"you", "your NAT", "peer"}, 1},
		{"a carrier's NAT", candidate("local", "l", "host", "100.64.1.1", ""), candidate("remote", "r", "host", other, ""), []string{"you", "your NAT", "peer"}, 1},
		{"server-reflexive", candidate("local", "l", "srflx", public, private), candidate("remote", "r", "prflx", other, ""), []string{"you", "your NAT", "peer"}, 1},
		{"no NAT after all", candidate("local", "l", "srflx", public, public), candidate("remote", "r", "host", other, ""), []string{"you", "peer"}, 0},
		{"both behind NATs", candidate("local", "l", "srflx", public, private), candidate("remote", "r", "srflx", other, "10.0.0.1"), []string{"you", "your NAT", "peer's NAT", "peer"}, 1},
		{"our relay", candidate("local", "l", "relay", public, private), candidate("remote", "r", "host", other, ""), []string{"you", "relay", "peer"}, 1},
		{"two relays", candidate("local", "l", "relay", public, "0.0.0.0"), candidate("remote", "r", "relay", other, "0.0.0.0"), []string{"you", "relay", "relay", "peer"}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := sceneOf(tt.local, tt.remote, diag.Selected{PairID: "p", LocalCandidateID: "l", RemoteCandidateID: "r"})
			path, ok := pathOf(s.Call)
			var titles []string
			for _, n := range path.Nodes {
				titles = append(titles, n.Title)
			}
			if diff := cmp.Diff(tt.want, titles); diff != "" || !ok || path.Wire != tt.wire {
				t.Errorf("wire %d, want %d; places (-want +got):\n%s", path.Wire, tt.wire, diff)
			}
		})
	}
}

func TestPathOfUnknownCandidates(t *testing.T) {
	s, _ := sceneOf(diag.Selected{PairID: "p", LocalCandidateID: "?", RemoteCandidateID: "?", Local: "host udp 10.0.0.1:5", Remote: "relay udp 10.0.0.2:6"})
	path, ok := pathOf(s.Call)
	if want := "host udp 10.0.0.1:5"; !ok || len(path.Nodes) != 2 || path.Nodes[0].Address != want {
		t.Errorf("the path is %+v", path)
	}
}

func TestSetupBars(t *testing.T) {
	start := func(p diag.PhaseName, subject string) diag.Data { return diag.PhaseStart{Phase: p, Subject: subject} }
	end := func(p diag.PhaseName, subject string, o diag.Outcome) diag.Data {
		return diag.PhaseEnd{Phase: p, Subject: subject, Outcome: o, Detail: "why"}
	}
	s, _ := sceneOf(
		start(diag.PhaseDial, ""), end(diag.PhaseDial, "", diag.OutcomeOK), start(diag.PhaseGather, "host"), start(diag.PhaseGather, "stun:a"),
		end(diag.PhaseGather, "host", diag.OutcomeOK), end(diag.PhaseGather, "stun:a", diag.OutcomeFailed), start(diag.PhaseICE, ""),
		end(diag.PhaseICE, "", diag.OutcomeCancelled), start("new-phase", ""), start(diag.PhaseRestart, ""), start(diag.PhaseDTLS, ""),
	)
	never := func(diag.PhaseName) bool { return false }
	always := func(diag.PhaseName) bool { return true }
	type row struct {
		Name    string
		Level   draw.Level
		Running bool
		Note    string
	}
	rows := func(d detail) (out []row) {
		bars, _ := setupBars(s.Call, s.Theme.Glyphs, d)
		for _, b := range bars {
			out = append(out, row{b.Name, b.Level, b.Running, strings.Join(b.Notes, " · ")})
		}
		return out
	}
	want := []row{
		{"dial", draw.Good, false, "why"},
		{"gather", draw.Warn, false, "✗ stun:a why · host 2.00 ms why"},
		{"ICE checks", draw.Idle, false, "why, cancelled"},
		{"new-phase", draw.Good, true, ""},
	}
	if diff := cmp.Diff(want, rows(never)); diff != "" {
		t.Errorf("one bar a phase (-want +got):\n%s", diff)
	}
	if got := rows(always); len(got) != 5 || got[2].Name != "gather stun:a" || got[2].Level != draw.Bad {
		t.Errorf("a bar for each subject: %+v", got)
	}
}

func TestRestartsAreListed(t *testing.T) {
	s, _ := sceneOf(
		diag.PhaseStart{Phase: diag.PhaseDial}, diag.PhaseEnd{Phase: diag.PhaseDial, Outcome: diag.OutcomeOK},
		diag.PhaseStart{Phase: diag.PhaseRestart}, diag.PhaseEnd{Phase: diag.PhaseRestart, Outcome: diag.OutcomeOK, Detail: "asked"},
		diag.PhaseStart{Phase: diag.PhaseRestart}, diag.PhaseEnd{Phase: diag.PhaseRestart, Outcome: diag.OutcomeFailed},
		diag.PhaseStart{Phase: diag.PhaseRestart},
	)
	p := NewCall(s)
	p.SetSize(80, 24)
	for _, want := range []string{"1.00 ms  asked", "failed after 1.00 ms", "in progress"} {
		if !strings.Contains(p.View(), want) {
			t.Errorf("%q is not shown:\n%s", want, p.View())
		}
	}
}

func TestWaitsAreNamed(t *testing.T) {
	state := func(s diag.SignalPhase, r diag.Role) diag.Data { return diag.SignalState{State: s, Role: r} }
	begin := diag.CallStart{Code: "w1", Server: "https://calls.example"}
	tests := []struct {
		name string
		list []diag.Data
		want string
	}{
		{"dialing", []diag.Data{begin, state(diag.SignalDialing, "")}, "Dialing w1"},
		{"a server that fails", []diag.Data{begin, diag.SignalRequest{Code: "dial", Error: "connection refused"}}, "1 of 1 signaling requests failed: connection refused"},
		{"waiting", []diag.Data{begin, state(diag.SignalWaiting, "")}, "Waiting for the peer to dial w1"},
		{"we offer", []diag.Data{begin, state(diag.SignalPaired, diag.RoleOfferer)}, "sending the offer"},
		{"they offer", []diag.Data{begin, state(diag.SignalPaired, diag.RoleAnswerer)}, "waiting for its offer"},
		{"checks", []diag.Data{begin, state(diag.SignalConnected, ""), diag.Pair{ID: "1", State: diag.PairFailed}, diag.Pair{ID: "2", State: diag.PairWaiting}}, "1 pair to check, 1 failed"},
		{"handshake", []diag.Data{begin, state(diag.SignalConnected, ""), diag.ICEState{State: "connected"}}, "Path found: DTLS handshake"},
		{"silence", []diag.Data{
			begin, diag.ConnectionState{State: "connected"}, diag.Selected{PairID: "p"}, diag.ConnectionState{State: "disconnected"},
		}, "The path went silent"},
		{"loss", []diag.Data{
			begin,
			diag.ConnectionState{State: "connected"},
			diag.Selected{PairID: "p"},
			diag.ConnectionState{State: "disconnected"},
			diag.Restart{By: diag.ByNetwork, Reason: "silence", LimitMs: new(diag.Millis(time.Minute))},
		}, "The path is lost. Dialing the peer again for 60.0 s at most. Press h to hang up."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := sceneOf(tt.list...)
			p := NewCall(s)
			p.SetSize(100, 24)
			if !strings.Contains(p.View(), tt.want) {
				t.Errorf("%q is not shown:\n%s", tt.want, p.View())
			}
		})
	}
}

// The selected row of a long list is always visible, and its explanation below it.
func TestCandidatesScroll(t *testing.T) {
	var list []diag.Data
	for i := range 60 {
		list = append(list, candidate(diag.Remote, fmt.Sprint("r", i), diag.Host, fmt.Sprintf("10.0.0.%d", i), ""))
	}
	for i := range 60 {
		list = append(list, diag.Pair{ID: fmt.Sprint(i), LocalCandidateID: "l", RemoteCandidateID: fmt.Sprint("r", i), State: diag.PairFailed, RequestsSent: 7})
	}
	s, events := sceneOf(list...)
	for _, size := range [][2]int{{80, 20}, {200, 54}, {60, 9}, {40, 3}} {
		p := NewCandidates(s)
		p.SetSize(size[0], size[1])
		p.Update(events)
		for i := range 130 {
			if !strings.Contains(p.View(), s.Theme.Glyphs.Cursor) {
				t.Fatalf("at %v the cursor is not visible after %d steps:\n%s", size, i, p.View())
			}
			press(p, tea.KeyDown)
		}
		if size[1] > 16 && !strings.Contains(p.View(), "Failed: l to host 10.0.0.59:5000. 7 checks sent, 0 answered") {
			t.Errorf("at %v the last pair is not explained:\n%s", size, p.View())
		}
		press(p, tea.KeyHome)
		if !strings.Contains(p.View(), "Servers") && size[1] > 9 {
			t.Errorf("at %v the beginning is not visible:\n%s", size, p.View())
		}
	}
}

func TestMediaRows(t *testing.T) {
	s, _ := sceneOf(
		diag.ConnectionState{State: "connected"}, diag.TrackMuted{Side: diag.Local, Kind: "audio", Muted: true},
		diag.TrackAdded{Direction: diag.Inbound, Kind: "video", SSRC: 9, MimeType: "video/H264"},
		diag.Sample{
			Outbound: []diag.OutboundRTP{{Kind: "audio", SSRC: 1, MimeType: "audio/opus", PacketsSent: new(uint64(100)), Bitrate: new(0.0), Remote: &diag.RemoteInbound{PacketsLost: new(int64(10))}}},
			Inbound:  []diag.InboundRTP{{Kind: "audio", SSRC: 2, MimeType: "audio/opus", PacketsReceived: new(uint64(97)), PacketsLost: new(int64(3)), Bitrate: new(32000.0), LastPacketReceivedAgo: new(4.2)}},
		},
	)
	p := NewCall(s)
	p.SetSize(80, 24)
	for _, want := range []string{"↑ audio opus", "✗ 10 %", "muted", "↓ audio opus", "▲ 3.0 %", "▲ stopped 4.2 s", "↓ video H264", "not measured"} {
		if !strings.Contains(p.View(), want) {
			t.Errorf("%q is not shown:\n%s", want, p.View())
		}
	}
}

func TestDataKeepsItsPlaceWhileScrolled(t *testing.T) {
	var list []diag.Data
	for i := range 50 {
		list = append(list, diag.Message{Direction: diag.Inbound, Label: diag.LabelChat, Text: fmt.Sprintf("line %d.", i)})
	}
	s, events := sceneOf(list...)
	p := NewData(s)
	p.SetSize(80, 20)
	p.Update(events)
	press(p, tea.KeyUp, tea.KeyUp)
	if v := p.View(); !strings.Contains(v, "line 47.") || strings.Contains(v, "line 48.") || !strings.Contains(v, "2 newer messages below") {
		t.Errorf("two up:\n%s", v)
	}
	more := diag.Event{Data: diag.Message{Direction: diag.Inbound, Label: diag.LabelChat, Text: "line 50."}}
	s.Call.Apply(more)
	p.Update(Events{more})
	if v := p.View(); !strings.Contains(v, "line 47.") || strings.Contains(v, "line 48.") || !strings.Contains(v, "3 newer messages below") {
		t.Errorf("after a new message:\n%s", v)
	}
	press(p, tea.KeyEnd)
	if v := p.View(); !strings.Contains(v, "line 50.") || strings.Contains(v, "below") {
		t.Errorf("at the end:\n%s", v)
	}
}

func TestMessageLines(t *testing.T) {
	s, _ := sceneOf()
	control := func(dir diag.Direction, code string, value bool) call.MessageRow {
		return call.MessageRow{Message: diag.Message{Direction: dir}, Control: &diag.Control{Direction: dir, Code: code, Value: &value}}
	}
	tests := []struct {
		row  call.MessageRow
		want string
	}{
		{call.MessageRow{Message: diag.Message{Direction: diag.Inbound, Label: "chat", Text: "hi"}, At: 42 * time.Second}, "  00:42 ◀ hi"},
		{call.MessageRow{Message: diag.Message{Direction: diag.Outbound, Label: "chat", Text: "hi", Truncated: true, Bytes: 5000}}, "  00:00 ▶ hi (the beginning of 5.00 kB)"},
		{call.MessageRow{Message: diag.Message{Direction: diag.Inbound, Label: "files", Binary: true, Bytes: 1024}}, "  00:00 ◀ files: binary, 1.02 kB"},
		{control(diag.Inbound, "mute_video", true), "  00:00 ◀ peer muted video"},
		{control(diag.Outbound, "mute_audio", false), "  00:00 ▶ you unmuted audio"},
		{control(diag.Inbound, "reject", false), "  00:00 ◀ peer hung up"},
		{control(diag.Inbound, "hello", false), "  00:00 ◀ peer said hello"},
		{control(diag.Inbound, "dance", false), "  00:00 ◀ peer sent dance"},
	}
	for _, tt := range tests {
		if got := messageLines(s.Theme, tt.row, 80, 1)[0]; got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}
