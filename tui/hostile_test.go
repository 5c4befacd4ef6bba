package tui

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
	"github.com/muesli/termenv"

	"dialtone/diag"
	"dialtone/diag/lab/labtest"
	"dialtone/tui/pane"
)

var sgr = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// checkFrame asserts that a frame cannot harm a terminal: no control character but line feeds, no escape sequence but
// colors, nothing that turns the direction of text, no more lines and columns than there are.
func checkFrame(t *testing.T, what, frame string, width, height int) {
	t.Helper()
	if !utf8.ValidString(frame) {
		t.Errorf("%s: invalid UTF-8", what)
	}
	lines := strings.Split(frame, "\n")
	if len(lines) > height {
		t.Errorf("%s: %d lines in %d rows", what, len(lines), height)
	}
	for i, line := range lines {
		if w := ansi.StringWidth(line); w > width {
			t.Errorf("%s: line %d takes %d of %d columns: %q", what, i+1, w, width, line)
		}
		for _, r := range sgr.ReplaceAllString(line, "") {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' {
				t.Fatalf("%s: line %d holds %U: %q", what, i+1, r, line)
			}
		}
	}
}

// foul is a call in which every text of the peer, the servers and the user is s.
func foul(s string) []diag.Event {
	list := &script{}
	list.add(
		diag.CallStart{Command: s, Code: s, Server: s, Join: s, ICEServers: []diag.ICEServer{{URL: s}}, Media: true, LocalVersion: s},
		begin(diag.PhaseName(s), s), begin(diag.PhaseDial, s), broken(diag.PhaseDial, s, s), begin(diag.PhaseRestart, s),
		diag.SignalState{State: diag.SignalPhase(s), Role: diag.Role(s), Error: s},
		diag.SignalRequest{Code: s, Status: 500, Answer: s, Error: s, RemoteAddr: s},
		diag.SessionDescription{Side: diag.Remote, SDPType: s, SDP: s, Fingerprint: s},
		diag.SessionDescription{Side: diag.Local, SDPType: "offer", SDP: foulSDP(s)},
		diag.SessionDescription{Side: diag.Remote, SDPType: "answer", SDP: foulSDP(s+"2") + s},
		diag.ServerStage{URL: s, Transport: s, Address: s, SRV: s, Stage: diag.Stage{Name: diag.StageName(s), Realm: s, Failure: &diag.Failure{
			Cause: diag.Cause(s), Detail: diag.Detail(s), Code: 401, Reason: s, Alternate: s,
		}}},
		diag.ServerStage{URL: s + "2", Transport: s, TURN: true, Stage: diag.Stage{Name: diag.StageAllocate, Mapped: s, Relayed: s, Software: s}},
		diag.Warning{ID: s, Subject: s, Cause: s},
	)
	for _, side := range []diag.Side{diag.Local, diag.Remote} {
		for i, kind := range []diag.CandidateType{diag.Host, diag.Srflx, diag.Prflx, diag.Relay, diag.CandidateType(s)} {
			list.add(diag.Candidate{
				Side: side, ID: fmt.Sprint(side, i), Protocol: s, Address: s, Port: 1, CandidateType: kind, TCPType: s, RelatedAddress: s, RelatedPort: 2,
				URL: s, RelayProtocol: s, NetworkInterface: s, UsernameFragment: s, Foundation: s,
			})
		}
	}
	list.add(
		diag.Pair{ID: s, LocalCandidateID: "local3", RemoteCandidateID: "remote1", State: diag.PairState(s), Nominated: true},
		diag.Selected{PairID: s, LocalCandidateID: "local3", RemoteCandidateID: "remote1", Local: s, Remote: s},
		diag.DTLSState{State: s, Version: s, Cipher: s, RemoteFingerprint: s}, diag.SCTPState{State: s, Error: s},
		diag.ICEState{State: s}, diag.GatheringState{State: s}, diag.ConnectionState{State: "connected"}, diag.Restart{Reason: s},
		diag.ChannelOpen{Side: diag.Remote, Label: s, Protocol: s}, diag.ChannelOpen{Side: diag.Local, Label: diag.LabelChat}, diag.ChannelClose{Label: s, Error: s},
		diag.Message{Direction: diag.Inbound, Label: s, Text: s, Bytes: len(s), Truncated: true}, said(diag.Inbound, s), said(diag.Outbound, s),
		diag.Message{Direction: diag.Inbound, Label: diag.LabelControl, Text: s}, diag.Control{Direction: diag.Inbound, Code: s, Agent: s},
		diag.TrackAdded{Direction: diag.Inbound, Kind: s, MimeType: s, Mid: s, TrackID: s}, diag.FirstPacket{Direction: diag.Inbound, Kind: s},
		diag.Sample{
			Inbound:  []diag.InboundRTP{{Kind: s, MimeType: "video/" + s, PacketsLost: new(int64(-1 << 62)), Jitter: new(-1e300), Bitrate: new(1e300)}},
			Outbound: []diag.OutboundRTP{{Kind: s, MimeType: s, Bitrate: new(-1.0), FramesPerSecond: new(1e99)}},
		},
		diag.Unknown{Name: diag.Type(s), Raw: []byte(`{}`)},
	)
	return list.events
}

// foulSDP is a description in which every value is s.
func foulSDP(s string) string {
	var b strings.Builder
	for _, line := range []string{
		"o=", "a=group:BUNDLE ", "m=audio 9 X 96 ", "a=mid:", "a=rtpmap:96 ", "a=fmtp:96 ", "a=rtcp-fb:96 ", "a=extmap:1 urn:", "a=setup:", "a=candidate:",
		"a=", "a=fingerprint:", "m=", "m=application 0 ", "b=",
	} {
		b.WriteString(line + s + "\r\n")
	}
	return b.String()
}

// ended adds the end of the call.
func ended(events []diag.Event, s string) []diag.Event {
	list := script{events: events}
	return list.add(diag.CallEnded{Reason: diag.EndReason(s), By: diag.EndedBy(s), Cause: s, Code: s}).events
}

// uses are what somebody does in a pane: all that folds, opens, sorts, filters and follows.
var uses = []struct {
	name string
	keys []string
}{
	{"as it opens", nil},
	{"scrolled", []string{"down", "pgdown", "end"}},
	{"unfolded", []string{"home", "a", "down"}},
	{"opened", []string{"enter", "pgdown", "down"}},
	{"closed", []string{"esc", "up"}},
	{"sorted", []string{"s", "s", "S", "end"}},
	{"kinds", []string{"K", "end"}},
	{"one kind", []string{"enter", "home"}},
	{"shown again", []string{"esc", "esc", "o", "f"}},
}

// stages are how far a foul call has come when it is looked at.
var stages = []func(s string) []diag.Event{
	func(s string) []diag.Event { return foul(s)[:14] },
	foul,
	func(s string) []diag.Event { return ended(foul(s), s) },
}

func lookAtAll(t *testing.T, s string, width, height int, stages ...func(string) []diag.Event) {
	t.Helper()
	for _, stage := range stages {
		events := stage(s)
		b := newColored(t, termenv.ANSI256, events, width, height)
		b.options.Title = s
		for i, p := range b.panes {
			b.show(i)
			look := func(what string) {
				t.Helper()
				checkFrame(t, fmt.Sprintf("%d events, %s %s at %dx%d", len(events), p.Title(), what, width, height), b.View(), width, height)
			}
			for _, u := range uses {
				b.press(u.keys...)
				look(u.name)
			}
			if typist, ok := p.(pane.Typist); ok {
				typeText(b, s)
				look("typing")
				b.press("down", "enter", "n", "N", "down")
				look("filtered")
				b.press("enter", "pgdown")
				look("opened while filtered")
				for range 3 {
					b.press("esc")
				}
				if typist.Typing() {
					t.Errorf("%s is still typing", p.Title())
				}
			}
			if c, ok := p.(pane.Copier); ok {
				c.Copy()
			}
		}
		b.press("t")
		b.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(s), Paste: true})
		checkFrame(t, "typing", b.View(), width, height)
		b.press("esc")
		b.send(failed(fmt.Errorf("refused: %s", s)))
		checkFrame(t, "refused", b.View(), width, height)
		b.press("?")
		checkFrame(t, "help", b.View(), width, height)
	}
}

// typeText opens a pane's filter and pastes the text into it.
func typeText(b *bench, s string) {
	b.press("/")
	b.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(s), Paste: true})
}

func TestHostile(t *testing.T) {
	for _, size := range append(sizes, struct{ width, height int }{7, 3}) {
		lookAtAll(t, hostile, size.width, size.height, stages...)
	}
}

func FuzzHostile(f *testing.F) {
	f.Add(hostile, uint16(80), uint16(24))
	f.Add("", uint16(20), uint16(5))
	f.Add("\xff\xfe\x00\x1b[31m", uint16(1), uint16(1))
	f.Add("日本語テキスト🚀👨‍👩‍👧‍👦🏳️‍🌈🇩🇪e\u0301\u0302\u0303\u0304", uint16(33), uint16(9))
	f.Add(strings.Repeat("a\u0300", 500), uint16(200), uint16(60))
	f.Add("\u202e\u2066\u200b\ufeff\u00ad\u115f\u3164\u0600१क्षि각", uint16(300), uint16(100))
	f.Fuzz(func(t *testing.T, s string, width, height uint16) {
		s = s[:min(len(s), diag.MaxMessageText, 2000)]        // a busy machine takes seconds for longer ones
		stage := stages[(int(width)+int(height))%len(stages)] // one at a time: fuzzing minds inputs that take seconds
		lookAtAll(t, s, 1+int(width)%300, 1+int(height)%100, stage)
	})
}

// Every size from one cell up is drawn without breaking out of it.
func TestAnySize(t *testing.T) {
	for _, sc := range scenarios {
		events := sc.events()
		b := newBench(t, events, 1, 1)
		for n, width := range []int{1, 2, 7, 20, 33, 59, 60, 80, 99, 111, 112, 159, 160, 200, 300} {
			for _, height := range []int{1, 2, 5, 7, 8, 13, 24, 29, 30, 45, 60, 100} {
				if (n+height)%labtest.Sample(1, 3) != 0 {
					continue
				}
				b.send(tea.WindowSizeMsg{Width: width, Height: height})
				for i, p := range b.panes {
					b.show(i)
					checkFrame(t, fmt.Sprintf("%s %s at %dx%d", sc.name, p.Title(), width, height), b.View(), width, height)
				}
			}
		}
	}
}
