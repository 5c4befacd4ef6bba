package tui

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"dialtone/diag"
)

// browserSDP is a description that a real browser made.
func browserSDP(tb testing.TB, name string) string {
	tb.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "testdata", "sdp", name))
	if err != nil {
		tb.Fatal(err)
	}
	var d struct {
		SDP string `json:"sdp"`
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		tb.Fatal(err)
	}
	return regexp.MustCompile(`a=ice-pwd:\S+`).ReplaceAllString(d.SDP, "a=ice-pwd:***")
}

// leaner is what a program that knows two codecs and one extension makes of a browser's offer.
const leaner = "v=0\r\no=- 7 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\na=fingerprint:sha-256 4A:AD:B9\r\n" +
	"m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\na=setup:active\r\na=mid:0\r\na=ice-ufrag:Kqzd\r\na=ice-pwd:***\r\na=rtcp-mux\r\na=rtcp-rsize\r\n" +
	"a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 ccm fir\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n" +
	"a=extmap:4 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\na=recvonly\r\n" +
	"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=setup:active\r\na=mid:1\r\na=ice-ufrag:Kqzd\r\na=ice-pwd:***\r\na=rtcp-mux\r\n" +
	"a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=sendrecv\r\na=msid:dialtone audio\r\n" +
	"m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\n"

// described is the good call with the descriptions of a browser and of a program that knows less.
func described(tb testing.TB) []diag.Event {
	tb.Helper()
	events := append([]diag.Event(nil), scenarioGood()...)
	for i, e := range events {
		d, ok := e.Data.(diag.SessionDescription)
		if !ok {
			continue
		}
		d.SDP = leaner
		if d.SDPType == "offer" {
			d.SDP = browserSDP(tb, "chromium-offer.json")
		}
		events[i].Data = d
	}
	return events
}

// TestGoldenLists compares what the lists show when they are unfolded, searched, filtered, sorted or opened.
func TestGoldenLists(t *testing.T) {
	tests := []struct {
		name string
		pane string
		keys []string
	}{
		{"sdp-folded", "6", nil},
		{"sdp-unfolded", "6", []string{"down", "down", "enter"}},
		{"sdp-searched", "6", []string{"/", "nack", "enter", "n"}},
		{"log-filtered", "7", []string{"/", "ice. 192.0.2", "enter"}},
		{"log-kinds", "7", []string{"K", "down", "down", "down"}},
		{"log-details", "7", []string{"/", "signal.desc", "enter", "home", "enter"}},
		{"candidates-sorted", "2", []string{"s", "s", "s", "s", "S"}},
		{"candidates-filtered", "2", []string{"/", "203.0.113", "enter"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var frames strings.Builder
			for _, size := range sizes {
				b := newBench(t, described(t), size.width, size.height)
				b.press(tt.pane)
				b.press(tt.keys...)
				fmt.Fprintf(&frames, "-- %dx%d --\n%s\n", size.width, size.height, trimmed(b.View()))
			}
			compareGolden(t, tt.name+".txt", frames.String())
		})
	}
}
