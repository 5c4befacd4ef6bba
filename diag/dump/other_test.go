package dump

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// TestOther: a file of another kind is refused with what it is.
func TestOther(t *testing.T) {
	for text, want := range map[string]string{
		"\x89PNG\r\n\x1a\n\x00":                "a picture",
		"%PDF-1.7":                             "a PDF document",
		"\n\r\r\n\x1c\x00":                     "a capture of packets",
		"\xd4\xc3\xb2\xa1":                     "a capture of packets",
		"v=0\r\no=- 1 1 IN IP4 0.0.0.0":        "a session description",
		"\x00\x01\x02":                         "binary data",
		"> {\n> ":                              "text quoted from a message",
		"```json\n{":                           "a dump within text",
		"Here it is:\n{\"":                     "a dump within text",
		"From: Ann\nTo: Bob\n\n{":              "an e-mail",
		"From: <Saved by Blink>\n":             "saved as MHTML",
		"Create a WebRTC-Internals dump\n":     "download the dump",
		"\u25b6\nRTCPeerConnection Statistics": "press Copy Report",
		"[12:34:1129/1.2:ERROR:a.cc(1)] x":     "a log",
		"call.js:12 joining\n":                 "a log",
		"offer:\n> v=0\n":                      "a session description",
		"\"v=0\\r\\n\"":                        "a session description",
		"<?xml version=\"1.0\"?><x/>":          "an XML document",
		"{\\rtf1 x}":                           "a document of a word processor",
		strings.Repeat("\x01", 257) + "ustar":  "a tar archive",
		" \n\n":                                "it is empty",
		`[["IT01",{"id":"IT01","type":"x","timestamp":1}]]`:    "a report of getStats",
		`{"id":"I","type":"x","timestamp":1}` + "\n{}\n":       "a report of getStats",
		`{"level":"info"}` + "\n{}\n":                          `a JSON document with "level"`,
		`[{"type":"offer","sdp":"v=0"}]`:                       "a session description",
		`{"pid":1,"updateLog":[]}`:                             "give the whole file",
		"2026-11-29 INFO x\nmore":                              `text that begins with "2026-11-29 INFO x"`,
		`{"log":{"entries":[]}}`:                               "an HTTP archive",
		`{"schema":"dialtone.report/2"}`:                       "a report of dialtone",
		`{"type":"offer","sdp":"v=0"}`:                         "a session description",
		`{"IT01A1":{"type":"inbound-rtp"}}`:                    "a report of getStats",
		`[{"id":"IT01A1","type":"inbound-rtp","timestamp":1}]`: "a report",
		`{"name":"x","version":1}`:                             `a JSON document with "name, version"`,
		"{}":                                                   "an empty JSON document",
		"<html><body>x</body></html>":                          "an HTML page that is not Firefox's about:webrtc",
		`{"PeerConnections":[1]}`:                              "of another kind than in dumps",
		"RTCStatsDump\n{\"fileFormat\":3}\n":                   "none of its 2 lines is of a connection",
	} {
		d, err := Read(strings.NewReader(text), Options{})
		if !errors.Is(err, ErrNotDump) || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%q: %v, %+v, want %q", text, err, d, want)
		}
	}
}

// TestNoConnection: a dump without a connection is one, and says what to do.
func TestNoConnection(t *testing.T) {
	for _, text := range []string{
		`<span data-l10n-id="about-webrtc-log-heading">x</span>`, `{"PeerConnections":{}}`, `{"getUserMedia":[],"PeerConnections":{}}`,
		`{"reports":[]}`,
	} {
		if d, err := Read(strings.NewReader(text), Options{}); !errors.Is(err, ErrNoConnection) {
			t.Errorf("%q: %v, %+v", text, err, d)
		}
	}
}

// TestMore: what follows a dump is not read, and that is said.
func TestMore(t *testing.T) {
	for _, name := range []string{"turn.json.gz", "turn.rtcstats.gz", "firefox-page-turn.json.gz"} {
		one := plain(t, name)
		for _, between := range []string{"", "\n"} {
			d, err := Read(bytes.NewReader(bytes.Join([][]byte{one, one}, []byte(between))), Options{})
			if err != nil || len(d.Faults) != 1 || !strings.Contains(d.Faults[0], "something follows the dump") {
				t.Fatalf("%s: %v, %+v", name, err, d.Faults)
			}
			if diff := cmp.Diff(read(t, name).Connections, d.Connections); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	}
}

// TestEncodings: line ends of Windows, marks of the order of bytes and UTF-16 change nothing.
func TestEncodings(t *testing.T) {
	for _, name := range []string{"turn.json.gz", "turn.rtcstats.gz", "firefox-page-turn.json.gz", "firefox-page-turn.html.gz"} {
		want, text := read(t, name), plain(t, name)
		units := utf16.Encode([]rune(string(text)))
		little, big := []byte{0xff, 0xfe}, []byte{0xfe, 0xff}
		for _, u := range units {
			little, big = append(little, byte(u), byte(u>>8)), append(big, byte(u>>8), byte(u))
		}
		for how, raw := range map[string][]byte{
			"BOM": append([]byte("\xef\xbb\xbf"), text...), "UTF-16LE": little, "UTF-16BE": big,
			"UTF-16LE without its mark": little[2:], "UTF-16BE without its mark": big[2:],
			"CRLF": bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")),
		} {
			got, err := Read(bytes.NewReader(raw), Options{})
			if err != nil {
				t.Errorf("%s as %s: %v", name, how, err)
			} else if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s as %s: %s", name, how, diff)
			}
		}
	}
}

// TestEveryEnd: a dump that ends at any byte gives what was readable, and says that the rest is missing.
func TestEveryEnd(t *testing.T) {
	for name, whole := range map[string]string{
		"internals": `{"getUserMedia":[],"PeerConnections":{"9-1":{"url":"https://a.example","updateLog":[{"type":"oniceconnectionstatechange",` +
			`"value":"\"checking\"","timestamp":1795939947602}],"stats":{` + series("A-kind", "outbound-rtp", `["audio","audio"]`) + `}}},"UserAgent":"x"}`,
		"rtcstats": "RTCStatsDump\n{\"fileFormat\":3}\n[39,\"PC_0\",{},1577977445000]\n[24,\"PC_0\",\"connected\",1000]\n",
		"firefox": `{"reports":[{"pcid":"{a} 1577966400000000 (id=5 url=https://a.example)","timestamp":1577966409000,"sdpHistory":[],` +
			`"transportStats":[{"id":"t","type":"transport","timestamp":1577966409000,"iceState":"connected"}]}]}`,
		"page": oldPages["of 2020"],
	} {
		for n := range whole {
			d, err := Read(strings.NewReader(whole[:n]), Options{})
			if err == nil && len(d.Faults) == 0 && !complete(name, whole, n) {
				t.Fatalf("%s, %d bytes: read without a fault: %q", name, n, whole[:n])
			}
			if err != nil && !errors.Is(err, ErrNotDump) {
				t.Fatalf("%s, %d bytes: %v", name, n, err)
			}
		}
		if d, err := Read(strings.NewReader(whole), Options{}); err != nil || len(d.Faults) > 0 {
			t.Errorf("%s: %v, %+v", name, err, d)
		}
	}
}

// complete reports whether nothing that counts is missing: whole lines, or a page behind its last connection.
func complete(name, whole string, n int) bool {
	switch name {
	case "rtcstats":
		return strings.HasSuffix(whole[:n], "\n") || whole[n] == '\n'
	case "page":
		return n >= strings.LastIndex(whole, "</div></div></body>")
	}
	return false
}

// TestUnreadableSeries: statistics whose values cannot be read are counted, and empty ones are not.
func TestUnreadableSeries(t *testing.T) {
	for values, want := range map[string]int{"[]": 0, "[1,2]": 0, "[1,null]": 0, "no JSON": 1, "[1,": 1} {
		text := `{"PeerConnections":{"9-1":{"updateLog":[{"type":"oniceconnectionstatechange","value":"\"checking\"","timestamp":1795939947602}],` +
			`"stats":{` + series("A-packetsSent", "outbound-rtp", values) + `}}}}`
		d, err := Read(strings.NewReader(text), Options{})
		if err != nil || len(d.Faults) != want {
			t.Errorf("%s: %v, %+v", values, err, d)
		}
	}
}
