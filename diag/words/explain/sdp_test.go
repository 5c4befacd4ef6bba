package explain

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dialtone/diag/sdp"
)

func browserSDP(tb testing.TB, name string) string {
	tb.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "testdata", "sdp", name))
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

// Every line of a real browser has its sentence.
func TestSDPLinesAreExplained(t *testing.T) {
	for _, name := range []string{"chromium-offer.json", "chromium-answer.json"} {
		d := sdp.Parse(browserSDP(t, name))
		for _, s := range append([]sdp.Section{d.Session}, d.Media...) {
			for _, l := range s.Lines {
				text := SDPLine(l, &s)
				if strings.Contains(text, "not explained here") || !strings.HasSuffix(text, ".") {
					t.Errorf("%s: %q", l.Text, text)
				}
			}
		}
	}
}

func TestSDPWords(t *testing.T) {
	tests := map[string]string{
		"a=setup:actpass": "either role in the DTLS handshake",
		"a=setup:odd":     "The role of this peer",
		"a=candidate:1 1 UDP 2130706431 192.0.2.1 5000 typ srflx raddr 10.0.0.1 rport 1": "A server-reflexive candidate: address 192.0.2.1, port 5000, over udp, priority 2130706431",
		"a=candidate:odd":                   "A candidate: a transport address",
		"a=group:BUNDLE 0 1":                "Sections 0 1 share one path",
		"a=group:LS 0 1":                    "Sections that belong together",
		"a=fingerprint:sha-256 AB:CD":       "The sha-256 digest",
		"a=rtcp-fb:96 nack pli":             "Feedback for VP8: nack pli requests a key frame",
		"a=rtcp-fb:96 odd":                  "Feedback for VP8: odd.",
		"a=rtpmap:97 rtx/90000":             "Payload type 97 is rtx, retransmissions",
		"a=fmtp:97 apt=96":                  "belong to payload type 96",
		"a=fmtp:96 profile-level-id=42001f": "Parameters of VP8. profile-level-id is",
		"a=extmap:4 urn:odd:thing":          "not explained here: thing",
		"a=unheard-of":                      "Not explained here",
		"b=AS:1":                            "highest bitrate",
		"z=0 0":                             "does not use",
		"nonsense":                          "Not a valid line of SDP",
	}
	for line, want := range tests {
		d := sdp.Parse("m=video 9 X 96\r\na=rtpmap:96 VP8/90000\r\n" + line)
		s := &d.Media[0]
		if got := SDPLine(s.Lines[len(s.Lines)-1], s); !strings.Contains(got, want) {
			t.Errorf("%s: %q does not say %q", line, got, want)
		}
	}
}

// Each kind of difference has a text, an explanation and the place for what it is about.
func TestSDPRemarks(t *testing.T) {
	items := []sdp.Item{{Name: "H264", Count: 2, Of: 3}, {Name: "VP9", Count: 2}, {Name: "AV1", Count: 1, From: "35", To: "36"}}
	for kind := sdp.SectionMissing; kind <= sdp.AnswerInvalid; kind++ {
		text := sdpRemarks[kind]
		if text.text == "" || !strings.HasSuffix(text.explain, ".") {
			t.Errorf("kind %d: %+v", kind, text)
		}
	}
	tests := []struct {
		remark sdp.Remark
		want   string
	}{
		{sdp.Remark{Kind: sdp.SectionRejected}, "rejected (port 0)"},
		{sdp.Remark{Kind: sdp.CodecsDropped, Items: items}, "codecs not accepted: 2 of 3 H264, 2 VP9, AV1 35 as 36"},
		{sdp.Remark{Kind: sdp.MidChanged, From: "0"}, "mid: offered 0, answered none"},
		{
			sdp.Remark{Kind: sdp.DirectionChanged, From: "sendrecv", To: "recvonly"},
			"offered sendrecv, answered recvonly: only the offerer sends",
		},
		{sdp.Remark{}, "unknown difference"},
	}
	for _, tt := range tests {
		if got := SDPDifference(tt.remark); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}
