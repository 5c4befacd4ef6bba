package sdp

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// browserSDP reads a description that a real browser made.
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

func TestParseSDPOfABrowser(t *testing.T) {
	d := Parse(browserSDP(t, "chromium-offer.json"))
	type section struct {
		Kind, Mid, Direction, Setup, First string
		Port, Codecs, Extensions           int
	}
	var got []section
	for _, s := range d.sections() {
		g := section{Kind: s.Kind, Mid: s.Mid, Direction: s.Direction, Setup: s.Setup, Port: s.Port, Codecs: len(s.Codecs), Extensions: len(s.Extensions)}
		if len(s.Codecs) > 0 {
			g.First = s.Codecs[0].Name
		}
		got = append(got, g)
	}
	want := []section{
		{Kind: "session", Port: -1},
		{"video", "0", "sendrecv", "actpass", "VP8/90000", 9, 23, 11},
		{"audio", "1", "sendrecv", "actpass", "opus/48000/2", 9, 8, 4},
		{"application", "2", "", "actpass", "", 9, 0, 0},
	}
	if diff := cmp.Diff(want, got); diff != "" || d.Cut {
		t.Errorf("cut: %v; (-want +got):\n%s", d.Cut, diff)
	}
	h264 := d.Media[0].Codecs[2]
	wantCodec := Codec{
		PayloadType: "102", Name: "H264/90000", Params: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f",
		Feedback: []string{"goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"},
	}
	if diff := cmp.Diff(wantCodec, h264); diff != "" {
		t.Error(diff)
	}
	if got := d.Media[0].Extensions[3].Short(); got != "transport-wide-cc" {
		t.Errorf("the extension is called %q", got)
	}
}

// Two browsers of one kind agree on everything: what differs is each side's own.
func TestBrowsersAgree(t *testing.T) {
	for i, d := range Compare(Parse(browserSDP(t, "chromium-offer.json")), Parse(browserSDP(t, "chromium-answer.json"))) {
		if len(d.Remarks) > 0 {
			t.Errorf("section %d: %v", i, d.Remarks)
		}
		for _, r := range d.Rows {
			if r.Mark != Same && r.Mark != Own {
				t.Errorf("section %d: mark %d on %v and %v", i, r.Mark, r.Offer, r.Answer)
			}
		}
	}
}

const (
	session = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
	opus    = "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10\r\na=rtcp-fb:111 transport-cc\r\na=rtcp-fb:111 nack\r\n"
	red     = "a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n"
)

func TestCompareSDP(t *testing.T) {
	const audio = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
	tests := []struct {
		name          string
		offer, answer string
		section       int
		want          []Remark
	}{
		{"the same", session + audio + opus, session + audio + opus, 1, nil},
		{"refused", audio + opus, "m=audio 0 UDP/TLS/RTP/SAVPF 111\r\n", 1, []Remark{{Kind: SectionRejected}}},
		{"not wanted any more", "m=audio 0 X 1\r\n", "m=audio 0 X 1\r\n", 1, nil},
		{"bundle-only is no refusal", audio + "a=mid:a\r\n", "m=audio 0 UDP/TLS/RTP/SAVPF 111\r\na=bundle-only\r\na=mid:a\r\n", 1, nil},
		{"missing", audio, session, 1, []Remark{{Kind: SectionMissing}}},
		{"too many", session, audio, 1, []Remark{{Kind: SectionNeverOffered}}},
		{"another kind", audio, "m=video 9 UDP/TLS/RTP/SAVPF 111\r\n", 1, []Remark{{Kind: MediaChanged, From: "audio", To: "video"}}},
		{"another mid", audio + "a=mid:0\r\n", audio + "a=mid:1\r\n", 1, []Remark{{Kind: MidChanged, From: "0", To: "1"}}},
		{"one way", audio, audio + "a=recvonly\r\n", 1, []Remark{{Kind: DirectionChanged, From: "sendrecv", To: "recvonly"}}},
		{"one way as offered", audio + "a=sendonly\r\n", audio + "a=recvonly\r\n", 1, nil},
		{"on hold", audio, audio + "a=inactive\r\n", 1, []Remark{{Kind: DirectionChanged, From: "sendrecv", To: "inactive"}}},
		{"the session's direction", "a=sendonly\r\n" + audio, audio + "a=sendrecv\r\n", 1, []Remark{{Kind: DirectionChanged, From: "sendonly", To: "sendrecv"}}},
		{
			"codecs",
			"m=audio 9 X 111 63 9 0 8\r\n" + opus + red, "m=audio 9 X 9 111 100\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=20\r\na=rtpmap:100 iLBC/8000\r\n", 1,
			[]Remark{
				{Kind: CodecsDropped, Items: []Item{{Name: "red", Count: 1, Of: 1}, {Name: "PCMU", Count: 1, Of: 1}, {Name: "PCMA", Count: 1, Of: 1}}},
				{Kind: CodecsNeverOffered, Items: []Item{{Name: "iLBC", Count: 1}}},
				{Kind: PreferenceChanged, From: "opus", To: "G722"},
				{Kind: ParametersChanged, Items: []Item{{Name: "opus", Count: 1}}},
				{Kind: FeedbackDropped, Items: []Item{{Name: "transport-cc", Count: 1}, {Name: "nack", Count: 1}}},
			},
		},
		{"another number for the same codec", audio + opus, strings.ReplaceAll(audio+opus, "111", "96"), 1, []Remark{{Kind: PayloadTypesChanged, Items: []Item{{Name: "opus", Count: 1, From: "111", To: "96"}}}}},
		{
			"some of a name", "m=video 9 X 1 2 3\r\na=rtpmap:1 H264/90000\r\na=fmtp:1 a\r\na=rtpmap:2 H264/90000\r\na=fmtp:2 b\r\na=rtpmap:3 H264/90000\r\na=fmtp:3 c\r\n",
			"m=video 9 X 2\r\na=rtpmap:2 H264/90000\r\na=fmtp:2 b\r\n", 1,
			[]Remark{{Kind: CodecsDropped, Items: []Item{{Name: "H264", Count: 2, Of: 3}}}},
		},
		{
			"extensions", audio + "a=extmap:1 urn:ietf:params:rtp-hdrext:toffset\r\na=extmap:2/sendonly http://x/y/abs-send-time\r\n", audio + "a=extmap:3 urn:new\r\n", 1,
			[]Remark{
				{Kind: ExtensionsDropped, Items: []Item{{Name: "toffset", Count: 1}, {Name: "abs-send-time", Count: 1}}},
				{Kind: ExtensionsNeverOffered, Items: []Item{{Name: "new", Count: 1}}},
			},
		},
		{"roles that fit", audio + "a=setup:actpass\r\n", audio + "a=setup:active\r\n", 1, nil},
		{"two clients", audio + "a=setup:active\r\n", audio + "a=setup:active\r\n", 1, []Remark{{Kind: RolesConflict, From: "active", To: "active"}}},
		{"roles that fit ill", audio + "a=setup:passive\r\n", audio + "a=setup:actpass\r\n", 1, []Remark{{Kind: RolesConflict, From: "passive", To: "actpass"}}},
		{"two ports", audio + "a=rtcp-mux\r\n", audio, 1, []Remark{{Kind: RTCPMuxDropped}}},
		{"bundles", session + "a=group:BUNDLE 0 1 2\r\n" + audio, session + "a=group:BUNDLE 0\r\na=ice-lite\r\n" + audio, 0, []Remark{
			{Kind: NotBundled, Items: []Item{{Name: "1", Count: 1}, {Name: "2", Count: 1}}}, {Kind: AnswererIsLite},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			all := Compare(Parse(tt.offer), Parse(tt.answer))
			if diff := cmp.Diff(tt.want, all[tt.section].Remarks); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSDPRowsAlign(t *testing.T) {
	offer := "m=audio 9 X 111 63\r\na=ice-ufrag:aaaa\r\na=setup:actpass\r\na=sendrecv\r\n" + opus + red + "a=extmap:1 urn:x\r\na=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\n"
	answer := "m=audio 9 X 96\r\na=rtcp-rsize\r\na=ice-ufrag:bbbb\r\na=setup:active\r\na=recvonly\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 minptime=10\r\na=rtcp-fb:96 transport-cc\r\na=extmap:2 urn:x\r\n"
	var got []string
	for _, r := range Compare(Parse(offer), Parse(answer))[1].Rows {
		got = append(got, text(r.Offer)+" | "+text(r.Answer)+" "+string("=.-+~"[r.Mark]))
	}
	want := []string{
		"m=audio 9 X 111 63 | m=audio 9 X 96 ~",
		" | a=rtcp-rsize +",
		"a=ice-ufrag:aaaa | a=ice-ufrag:bbbb .",
		"a=setup:actpass | a=setup:active .",
		"a=sendrecv | a=recvonly ~",
		"a=rtpmap:111 opus/48000/2 | a=rtpmap:96 opus/48000/2 ~",
		"a=fmtp:111 minptime=10 | a=fmtp:96 minptime=10 ~",
		"a=rtcp-fb:111 transport-cc | a=rtcp-fb:96 transport-cc ~",
		"a=rtcp-fb:111 nack |  -",
		"a=rtpmap:63 red/48000/2 |  -",
		"a=fmtp:63 111/111 |  -",
		"a=extmap:1 urn:x | a=extmap:2 urn:x ~",
		"a=candidate:1 1 udp 1 192.0.2.1 1 typ host |  .",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func text(l *Line) string {
	if l == nil {
		return ""
	}
	return l.Text
}

func TestHalfAnExchangeDiffersInNothing(t *testing.T) {
	d := Parse(browserSDP(t, "chromium-offer.json"))
	for _, all := range [][]Difference{Compare(d, nil), Compare(nil, d)} {
		if len(all) != 4 {
			t.Fatalf("%d sections", len(all))
		}
		for _, s := range all {
			for _, r := range s.Rows {
				if r.Mark != Same {
					t.Errorf("%v %v is marked %d", r.Offer, r.Answer, r.Mark)
				}
			}
			if len(s.Remarks) > 0 {
				t.Errorf("remarks: %v", s.Remarks)
			}
		}
	}
}

func TestSDPIsBounded(t *testing.T) {
	long := Parse(strings.Repeat("a=x\r\n", 2100))
	wide := Parse("a=" + strings.Repeat("x", 5000))
	many := Parse(strings.Repeat("m=audio 9 X 1\n", maxSections+1))
	if !long.Cut || len(long.Session.Lines) != 2000 || !wide.Cut || len(wide.Session.Lines[0].Text) > maxLine || !many.Cut || len(many.Media) != maxSections {
		t.Errorf("cut: %v %v %v", long.Cut, wide.Cut, many.Cut)
	}
}

func TestSends(t *testing.T) {
	tests := []struct {
		name, sdp    string
		audio, video bool
	}{
		{"nothing", "", false, false},
		{"no media section", "v=0\r\na=sendrecv\r\n", false, false},
		{"both by default", "v=0\r\nm=audio 9 x 0\r\nm=video 9 x 0\r\n", true, true},
		{"bare line feeds", "v=0\nm=audio 9 x 0\nm=video 9 x 0\na=inactive\n", true, false},
		{"one way each", "m=audio 9 x 0\r\na=sendonly\r\nm=video 9 x 0\r\na=recvonly\r\n", true, false},
		{"refused", "m=audio 0 x 0\r\nm=video 9 x 0\r\n", false, true},
		{"bundle-only is not refused", "m=audio 9 x 0\r\nm=video 0 x 0\r\na=bundle-only\r\n", true, true},
		{"bundle-only and inactive", "m=video 0 x 0\r\na=inactive\r\na=bundle-only\r\nm=application 0 x 0\r\n", false, false},
		{"the second of a kind", "m=video 9 x 0\r\na=recvonly\r\nm=video 9 x 0\r\n", false, true},
		{"another kind that begins alike", "m=audiobook 9 x 0\r\n", false, false},
	}
	for _, tt := range tests {
		if audio, video := Parse(tt.sdp).Sends("audio"), Parse(tt.sdp).Sends("video"); audio != tt.audio || video != tt.video {
			t.Errorf("%s: audio %v, video %v", tt.name, audio, video)
		}
	}
}

// TestFeedbackIsBounded: pion gives each format its own copy of the feedback for all.
func TestFeedbackIsBounded(t *testing.T) {
	d := Parse("m=audio 9 RTP 111\r\n" + strings.Repeat("a=rtcp-fb:111 own\r\n", 2) + repeated("a=rtcp-fb:* x%d\r\n", maxList+1))
	if f := d.Media[0].Codecs[0].Feedback; len(f) != maxList+1 || f[0] != "own" {
		t.Errorf("%d messages of %v", len(f), f)
	}
}

func repeated(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// FuzzSDP: any two texts are parsed and compared; every line is in exactly one row.
func FuzzSDP(f *testing.F) {
	f.Add(browserSDP(f, "chromium-offer.json"), browserSDP(f, "chromium-answer.json"))
	f.Add("m=audio 0 X 1 1 1\na=rtpmap:1 a\na=rtpmap:1 a\na=rtcp-fb:* nack\n", "m=\nm=audio\na=\na\n=\na=extmap:\n\x1b[2J")
	f.Add("a=rtpmap", "0")
	f.Fuzz(func(t *testing.T, offer, answer string) {
		a, b := Parse(offer), Parse(answer)
		for _, d := range Compare(a, b) {
			left, right := 0, 0
			for _, r := range d.Rows {
				if r.Offer != nil {
					left++
				}
				if r.Answer != nil {
					right++
				}
			}
			if left != len(lines(d.Offer)) || right != len(lines(d.Answer)) {
				t.Errorf("%d and %d lines in the rows, %d and %d in the sections", left, right, len(lines(d.Offer)), len(lines(d.Answer)))
			}
		}
		for _, d := range Compare(a, a) {
			for _, r := range d.Rows {
				if r.Mark != Same {
					t.Errorf("the same text is marked %d: %v", r.Mark, r)
				}
			}
		}
	})
}
