package pane

import (
	"strings"
	"testing"
	"time"

	"dialtone/diag"
)

func TestChannelsAreExplained(t *testing.T) {
	s, _ := sceneOf(
		diag.ChannelOpen{Side: diag.Local, Label: diag.LabelChat, Ordered: true},
		diag.ChannelOpen{Side: diag.Remote, Label: "game", Protocol: "game.v2", MaxPacketLifeTime: new(uint16(150))},
		diag.ChannelOpen{Side: diag.Remote, Label: "old", MaxRetransmits: new(uint16(3)), Ordered: true}, diag.ChannelClose{Label: "old"},
		diag.MessagesDropped{Label: "game", Messages: 4000, Bytes: 80000},
		diag.SCTPState{State: "connected"},
		diag.Sample{
			Channels: []diag.DataChannelRow{{Label: "game", State: "closing", MessagesReceived: 4100, BytesReceived: 123_456, BytesSent: 99_900}},
			SCTP:     &diag.SCTPStats{SmoothedRoundTripTime: new(0.012), CongestionWindow: 4380, MTU: 1228},
		},
	)
	for _, tt := range []struct {
		width, height int
		want          []string
	}{
		{79, 24, []string{"game 0 4,100 unknown", "game: protocol game.v2 · retransmitted for 150 ms, unordered", "old 0 0 closed, unknown", "4,000 more messages arrived too fast"}},
		{200, 40, []string{"game 0 4,100 99.9 123 unknown retransmitted for 150 ms", "game: protocol game.v2 · retransmitted for 150 ms, unordered", "SCTP connected · round-trip time 12.0 ms · congestion window 4.38 kB · MTU 1228"}},
	} {
		p := NewData(s)
		p.SetSize(tt.width, tt.height)
		for _, w := range tt.want {
			if !strings.Contains(strings.Join(strings.Fields(p.View()), " "), w) {
				t.Errorf("at %d×%d %q is not shown:\n%s", tt.width, tt.height, w, p.View())
			}
		}
	}
}

func TestPingsAreDistributed(t *testing.T) {
	var list []diag.Data
	for i := range 100 {
		list = append(list, diag.Ping{RTTMs: diag.Millis((5 + time.Duration(i)) * time.Millisecond)})
	}
	s, _ := sceneOf(list...)
	p := NewData(s)
	p.SetSize(79, 24)
	for _, want := range []string{"p50 54.0 ms", "p99 103 ms", "min 5.00 ms", "max 104 ms", "100 round trips", "20–50 ms", "50 %"} {
		if !strings.Contains(p.View(), want) {
			t.Errorf("%q is not shown:\n%s", want, p.View())
		}
	}
	p.SetSize(40, 6)
	if strings.Contains(p.View(), "20–50 ms") {
		t.Errorf("a histogram without room for it:\n%s", p.View())
	}
}

func TestLongMessagesAreWrapped(t *testing.T) {
	s, _ := sceneOf(
		diag.Message{Direction: diag.Inbound, Label: diag.LabelChat, Text: strings.Repeat("日本 ", 30)},
		diag.Message{Direction: diag.Outbound, Label: "files", Text: strings.Repeat("word ", 200), Truncated: true, Bytes: 9000},
	)
	lines := messageLines(s.Theme, s.Call.Messages[0], 60, messageMost)
	if len(lines) != 3 || !strings.HasPrefix(lines[1], strings.Repeat(" ", 10)+"日本") {
		t.Errorf("wrapped into %q", lines)
	}
	if lines := messageLines(s.Theme, s.Call.Messages[1], 60, messageMost); len(lines) != messageMost || !strings.HasSuffix(lines[len(lines)-1], "…") {
		t.Errorf("a very long one into %q", lines)
	}
	p := NewData(s).(*Data)
	p.SetSize(60, 12)
	if what, text := p.Copy(); what != "the message" || !strings.HasPrefix(text, "word word") {
		t.Errorf("%q is copied: %q", what, text)
	}
	p.Update(Reset{})
	if v := p.View(); strings.Count(v, "\n") > 11 || !strings.Contains(v, "files: word") {
		t.Errorf("the beginning of the last message is not shown:\n%s", v)
	}
}
