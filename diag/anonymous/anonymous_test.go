package anonymous

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"dialtone/diag"
)

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"lookup turn.acme.example: no such host":                "lookup host1.invalid: no such host",
		"turn:ann@turn.acme.example:3478?transport=udp":         "turn:host1.invalid:3478?transport=udp",
		"turns:relay:5349":                                      "turns:host1.invalid:5349",
		"stun:203.0.113.1:3478":                                 "stun:203.0.113.1:3478",
		"turn:[2001:db8::1]:3478":                               "turn:[2001:db8::1]:3478",
		"http://localhost:8080/x":                               "http://localhost:8080",
		"https://acme.example/room/secret?x=1":                  "https://host1.invalid",
		"a=extmap:2 http://www.webrtc.org/experiments/x":        "a=extmap:2 http://www.webrtc.org/experiments/x",
		"cannot open /home/ann/cert.pem: denied":                "cannot open /…: denied",
		`C:\Users\Ann\x failed`:                                 "/… failed",
		"DTLS 1.2, audio/opus, 1.5 s":                           "DTLS 1.2, audio/opus, 1.5 s",
		"00000000-0000-4000-8000-000000000001.local":            "00000000-0000-4000-8000-000000000001.local",
		"v=0\r\no=ann 1 2 IN IP4 0.0.0.0\r\ns=Ann's\r\ni=x\r\n": "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\ni=-\r\n",
		"a=ice-ufrag:abcd\r\na=candidate:1 1 udp 1 x 1 typ host ufrag abcd": "a=ice-ufrag:ufrag1\r\na=candidate:1 1 udp 1 x 1 typ host " +
			"ufrag ufrag1",
		"a=msid:- {x-1}\r\na=ssrc:7 cname:{y}\r\n": "a=msid:- id1\r\na=ssrc:7 cname:id2\r\n",
		"sha-256 AA:BB:CC:DD:EE:FF:00:11:22:33":    "sha-256 00:00:00:00:00:00:00:00:00:01",
	} {
		if got := (namer{}).text(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

// TestEvents: the same name is the same one in each event; numbers and what is known to be no name stay.
func TestEvents(t *testing.T) {
	events := []diag.Event{
		{Seq: 1, Data: diag.CallStart{Command: "call", Code: "secret-room", ICEServers: []diag.ICEServer{{URL: "turn:a.example"}}}},
		{Seq: 2, Data: diag.Candidate{Side: diag.Local, URL: "turn:a.example", Address: "203.0.113.1", UsernameFragment: "abcd", Priority: 1<<32 - 1}},
		{Seq: 3, Data: diag.Message{Direction: diag.Inbound, Label: diag.LabelChat, Bytes: 5, Text: "hello"}},
		{Seq: 4, Data: diag.Message{Direction: diag.Inbound, Label: "zoe's", Bytes: 5}},
		{Seq: 5, Data: diag.Unknown{Name: "browser.x", Raw: []byte(`{"value":"zoe"}`)}},
		{Seq: 6, Data: diag.DumpStart{UserAgent: "Mozilla/5.0 (X11; Zoe) Firefox/140.0", URL: "https://a.example/zoe"}},
	}
	for i, want := range []string{
		`"code":"code1"`, `"priority":4294967295`, `"text":"***"`, `"label":"channel1"`, `"type":"browser.x"`,
		`"userAgent":"Mozilla/5.0 Firefox/140.0"`,
	} {
		raw, err := json.Marshal(Events(events)[i])
		if err != nil || !contains(raw, want) || contains(bytes.ToLower(raw), "zoe") || contains(raw, "a.example") {
			t.Errorf("%v %s has no %s", err, raw, want)
		}
		if i < 2 && !contains(raw, "turn:host1.invalid") {
			t.Errorf("%s", raw)
		}
	}
}

func contains(raw []byte, s string) bool { return strings.Contains(string(raw), s) }
