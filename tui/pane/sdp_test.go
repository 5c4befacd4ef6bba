package pane

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/tui/draw"
)

func browserSDP(tb testing.TB, name string) string {
	tb.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "testdata", "sdp", name))
	if err != nil {
		tb.Fatal(err)
	}
	var d struct {
		SDP string `json:"sdp"`
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		tb.Fatal(err)
	}
	return d.SDP
}

const (
	session     = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
	smallOffer  = session + "a=group:BUNDLE 0 1\r\nm=audio 9 UDP 111 9\r\na=mid:0\r\na=rtpmap:111 opus/48000/2\r\na=ice-ufrag:aa\r\nm=video 9 UDP 96\r\na=mid:1\r\na=rtpmap:96 VP8/90000\r\n"
	smallAnswer = session + "a=group:BUNDLE 0\r\nm=audio 9 UDP 111\r\na=mid:0\r\na=recvonly\r\na=rtpmap:111 opus/48000/2\r\na=ice-ufrag:bb\r\nm=video 0 UDP 96\r\na=mid:1\r\n"
)

func offered(sdp string) diag.Data {
	return diag.SessionDescription{Side: diag.Local, SDPType: "offer", SDP: sdp}
}

func answered(sdp string) diag.Data {
	return diag.SessionDescription{Side: diag.Remote, SDPType: "answer", SDP: sdp}
}

func sdpPane(t *testing.T, width, height int, list ...diag.Data) *SDP {
	t.Helper()
	s, events := sceneOf(list...)
	p := NewSDP(s).(*SDP)
	p.SetSize(width, height)
	p.Update(events)
	return p
}

func frame(p Pane) []string {
	var out []string
	for _, line := range strings.Split(p.View(), "\n") {
		if line = strings.TrimRight(line, " "); line != "" {
			out = append(out, line)
		}
	}
	return out
}

func TestSDPFoldedAndUnfolded(t *testing.T) {
	p := sdpPane(t, 70, 30, offered(smallOffer), answered(smallAnswer))
	want := []string{
		" Offer local, at 0.000 s   Answer remote, at 0.001 s",
		"▸▷ session  one path for sections 0                           5 lines",
		"     - not bundled: 1",
		" ▷ audio (mid 0)  recvonly · opus                             5 lines",
		"     ~ offered sendrecv, answered recvonly: only the offerer sends",
		"     - codecs not accepted: G722",
		" ▷ video (mid 1)  rejected                                    3 lines",
		"     - rejected (port 0)",
	}
	if diff := cmp.Diff(want, frame(p)[:len(want)]); diff != "" {
		t.Errorf("folded (-want +got):\n%s", diff)
	}
	press(p, tea.KeyDown, tea.KeyDown, tea.KeyEnter)
	want = []string{
		"▸▽ audio (mid 0)  recvonly · opus                             5 lines",
		"     ~ offered sendrecv, answered recvonly: only the offerer sends",
		"     - codecs not accepted: G722",
		"     ~ offer  m=audio 9 UDP 111 9",
		"     ~ answer m=audio 9 UDP 111",
		"              a=mid:0",
		"     + answer a=recvonly",
		"              a=rtpmap:111 opus/48000/2",
		"       offer  a=ice-ufrag:aa",
		"       answer a=ice-ufrag:bb",
	}
	if diff := cmp.Diff(want, frame(p)[3:3+len(want)]); diff != "" {
		t.Errorf("unfolded (-want +got):\n%s", diff)
	}
	press(p, tea.KeyDown, tea.KeyDown, tea.KeyDown, tea.KeyEnter)
	if p.open[1] || p.rows[p.cursor] != (sdpRow{section: 1}) {
		t.Errorf("a line does not fold its section: %+v", p.rows[p.cursor])
	}
	typeIn(p, "a")
	if !p.open[0] || !p.open[1] || !p.open[2] {
		t.Errorf("a opens %v", p.open)
	}
	typeIn(p, "a")
	if p.open[0] || p.open[1] || p.open[2] {
		t.Errorf("a again leaves open %v", p.open)
	}
}

func TestSDPBeside(t *testing.T) {
	p := sdpPane(t, 160, 30, offered(smallOffer), answered(smallAnswer))
	typeIn(p, "a")
	squeeze := regexp.MustCompile(`  +`)
	var got []string
	for _, line := range frame(p)[8:19] {
		got = append(got, squeeze.ReplaceAllString(line, "  "))
	}
	want := []string{
		" ▽ audio (mid 0)  sendrecv · opus, G722  recvonly · opus  5 lines",
		"  ~ offered sendrecv, answered recvonly: only the offerer sends",
		"  - codecs not accepted: G722",
		"  ~ m=audio 9 UDP 111 9  ~ m=audio 9 UDP 111",
		"  a=mid:0  a=mid:0",
		"  +  a=recvonly",
		"  a=rtpmap:111 opus/48000/2  a=rtpmap:111 opus/48000/2",
		"  a=ice-ufrag:aa  a=ice-ufrag:bb",
		" ▽ video (mid 1)  sendrecv · VP8  rejected  3 lines",
		"  - rejected (port 0)",
		"  ~ m=video 9 UDP 96  ~ m=video 0 UDP 96",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSDPSearch(t *testing.T) {
	p := sdpPane(t, 80, 30, offered(browserSDP(t, "chromium-offer.json")), answered(browserSDP(t, "chromium-answer.json")))
	typeIn(p, "/H264")
	if foot := strings.Join(frame(p), "\n"); !p.Typing() || !strings.Contains(foot, "match 1 of 6") || !p.open[1] {
		t.Errorf("typing leads nowhere:\n%s", foot)
	}
	press(p, tea.KeyEnter)
	typeIn(p, "nn")
	if got := p.text(p.rows[p.cursor]); got != "a=rtpmap:108 H264/90000" {
		t.Errorf("the third match is %q", got)
	}
	typeIn(p, "NNN")
	if got := p.text(p.rows[p.cursor]); got != "a=rtpmap:39 H264/90000" {
		t.Errorf("before the first is %q", got)
	}
	press(p, tea.KeyEsc)
	if p.search.active() || p.keys.Next.Enabled() {
		t.Error("esc does not end the search")
	}
	typeIn(p, "/nowhere")
	if !strings.Contains(p.View(), "no match") {
		t.Error("nothing found is not said")
	}
}

func TestSDPExchanges(t *testing.T) {
	again := diag.SessionDescription{Side: diag.Remote, SDPType: "offer", SDP: smallOffer, ICERestart: true}
	p := sdpPane(t, 120, 30, offered(smallOffer), answered(smallAnswer), again)
	for _, want := range []string{"exchange 2 of 2", "exchange 1 of 2", "exchange 2 of 2"} {
		if title := frame(p)[0]; !strings.Contains(title, want) {
			t.Errorf("%q, want %s", title, want)
		}
		typeIn(p, "o")
	}
	typeIn(p, "o")
	if title := frame(p)[0]; !strings.Contains(title, "remote, ICE restart, at 0.002 s") || !strings.Contains(title, "Answer missing") {
		t.Errorf("the latest is %q", title)
	}
	next := diag.Event{Seq: 4, Data: diag.SessionDescription{Side: diag.Local, SDPType: "answer", SDP: smallAnswer}}
	p.Call.Apply(next)
	p.Update(Events{next})
	if title := frame(p)[0]; !strings.Contains(title, "Answer local") {
		t.Errorf("the answer is not taken: %q", title)
	}
}

func TestSDPCopy(t *testing.T) {
	p := sdpPane(t, 80, 30, offered(smallOffer), answered(smallAnswer))
	plain := strings.ReplaceAll(session, "\r", "")
	if what, text := p.Copy(); what != "the section" || text != plain+"a=group:BUNDLE 0 1\n\n"+plain+"a=group:BUNDLE 0\n" {
		t.Errorf("%s: %q", what, text)
	}
	press(p, tea.KeyDown)
	if what, text := p.Copy(); what != "the remark" || text != "not bundled: 1" {
		t.Errorf("%s: %q", what, text)
	}
	typeIn(p, "/opus")
	if what, text := p.Copy(); what != "the line" || text != "a=rtpmap:111 opus/48000/2" {
		t.Errorf("%s: %q", what, text)
	}
	if _, text := sdpPane(t, 80, 30).Copy(); text != "" {
		t.Errorf("nothing is %q", text)
	}
}

func TestSDPScrolls(t *testing.T) {
	for _, size := range [][2]int{{80, 20}, {200, 54}, {60, 9}, {40, 3}, {1, 1}} {
		p := sdpPane(t, size[0], size[1], offered(browserSDP(t, "chromium-offer.json")), answered(smallAnswer))
		typeIn(p, "a")
		for i := range 300 {
			if !strings.Contains(p.View(), p.Theme.Glyphs.Cursor) && size[1] > 1 {
				t.Fatalf("at %v the cursor is not visible after %d steps:\n%s", size, i, p.View())
			}
			press(p, tea.KeyDown)
		}
	}
}

func TestHighlightKeepsWidth(t *testing.T) {
	s, _ := sceneOf()
	for _, text := range []string{"abcABC", "日本abc日本", "a\u0301bc", "", "ab"} {
		for _, words := range [][]string{{"abc"}, {"b", "bc"}, {"x"}, {""}, nil, {"本"}} {
			got := highlight(draw.NewLine(20), s.Theme, s.Theme.Dim, text, words).String()
			if got != draw.Safe(text) && !strings.Contains(text, "\u0301") {
				t.Errorf("%q with %q became %q", text, words, got)
			}
		}
	}
}
