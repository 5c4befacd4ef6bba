package record

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/words/line"
)

const (
	icePassword  = "asd88fgpdd777uzjYhagZg+/x"
	turnPassword = `hunter2 "Q"`
)

// leakyCall is a log whose makers were careless: credentials stand wherever they could have slipped in.
func leakyCall() []diag.Event {
	sdp := "v=0\r\na=ice-ufrag:8hhY\r\na=ice-pwd:" + icePassword + "\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + icePassword + "|2^20|1:4\r\na=mid:0\r\n"
	nested, err := json.Marshal(map[string]any{"code": "offer", "offer": map[string]string{"sdp": sdp, "type": "offer"}, "credential": icePassword})
	if err != nil {
		panic(err)
	}
	twice, err := json.Marshal(string(nested))
	if err != nil {
		panic(err)
	}
	data := []diag.Data{
		diag.CallStart{Server: "https://alice:" + icePassword + "@call.example/call/?token=" + icePassword + "&room=1", ICEServers: []diag.ICEServer{{URL: "turn:alice:" + icePassword + "@turn.example:3478"}}},
		diag.SessionDescription{SDP: sdp},
		diag.SessionDescription{SDP: strings.ReplaceAll(sdp, "\r\n", "\n")},
		diag.SessionDescription{SDP: "a=ice-pwd:" + icePassword},
		diag.Message{Label: "chat", Text: string(nested)},
		diag.Message{Label: "chat", Text: string(twice)},
		diag.Message{Label: "chat", Text: strings.ReplaceAll(string(nested), "/", `\/`)},
		diag.Message{Label: "chat", Text: strings.NewReplacer("+", `\u002b`, "/", `\u002F`).Replace(string(nested))},
		diag.ServerStage{Stage: diag.Stage{Software: "not " + turnPassword, Failure: &diag.Failure{Reason: "refused " + turnPassword + " of alice"}}},
		diag.SignalRequest{Error: "401 for Authorization: Bearer " + icePassword + ", bearer " + icePassword},
		diag.SignalRequest{Error: `Post "https://x/?a=1&access_token=` + icePassword + `": Authorization: Basic ` + icePassword},
		diag.Unknown{Name: "future.auth", Raw: json.RawMessage(`{"credential":` + quoted(icePassword) + `,"ice-pwd":` + quoted(icePassword) + `,"x":{"access_token":[` + quoted(icePassword) + `]},"say":"the sdp a=ice-pwd:` + icePassword + `"}`)},
		diag.CallEnded{Reason: diag.EndHangup, Cause: "turn user alice, password " + turnPassword},
	}
	events := make([]diag.Event, len(data))
	for i, d := range data {
		events[i] = diag.Event{Seq: uint64(i + 1), Data: d}
	}
	return events
}

func quoted(s string) string { return string(quote(s)) }

// TestNoCredentials scans the whole file, as written and as decoded, for every credential in every spelling.
func TestNoCredentials(t *testing.T) {
	for _, redact := range []bool{false, true} {
		text := write(t, Options{Redact: redact, Secrets: []diag.Secret{turnPassword}}, leakyCall()...)
		rec, err := Read(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		all := text
		for _, e := range rec.Events {
			raw, err := json.Marshal(e.Data)
			if err != nil {
				t.Fatal(err)
			}
			all += string(raw) + line.Of(e)
		}
		// Pieces are looked for too: half a password is one half too much.
		for _, secret := range []string{icePassword[:8], icePassword[8:16], icePassword[16:23], turnPassword, "hunter2"} {
			if i := strings.Index(all, secret); i >= 0 {
				t.Errorf("redact %v: %q is in …%s…", redact, secret, all[max(0, i-120):min(len(all), i+60)])
			}
		}
		if !strings.Contains(text, "a=ice-ufrag:8hhY") || !strings.Contains(text, "a=mid:0") || !strings.Contains(text, "room=1") || !strings.Contains(text, "@call.example/call/") {
			t.Errorf("more than the credentials is gone:\n%s", text)
		}
	}
}

func TestHideCredentials(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"nothing", "hello: see a@b.example, 5 = 3+2", "hello: see a@b.example, 5 = 3+2"},
		{"SDP", "a=ice-pwd:abc/+\r\na=mid:0", "a=ice-pwd:***\r\na=mid:0"},
		{"hidden before", "a=ice-pwd:***\r\n", "a=ice-pwd:***\r\n"},
		{"without a password", "a=ice-pwd:\r\na=mid:0", "a=ice-pwd:\r\na=mid:0"},
		{"two", "a=ice-pwd:a\r\na=ice-pwd:b\r\n", "a=ice-pwd:***\r\na=ice-pwd:***\r\n"},
		{"SDES", "a=crypto:1 X inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20", "a=crypto:1 X inline:***|2^20"},
		{"user of a URL", "https://alice:pw@h.example/x", "https://***@h.example/x"},
		{"a slash in the password", "https://alice:p/w@h.example/x", "https://***@h.example/x"},
		{"a path with @ behind a port", "https://h.example:8000/@alice", "https://h.example:8000/@alice"},
		{"a path with @", "https://h.example/@alice", "https://h.example/@alice"},
		{"user of a TURN URL", "turns:alice:p@ss@h.example:5349?transport=tcp", "turns:***@h.example:5349?transport=tcp"},
		{"plain TURN URL", "turn:h.example:3478", "turn:h.example:3478"},
		{"query", "https://h/x?transport=udp&token=abc&y=1", "https://h/x?transport=udp&token=***&y=1"},
		{"header", "Authorization: Basic YWxpY2U6cHc=", "Authorization: Basic ***"},
		{"bearer", "sent Bearer abcdefghij.k", "sent Bearer ***"},
		{"bearer of news", "the bearer is late", "the bearer is late"},
		{"JSON in a text", `{"code":"x","password": "a\"b","y":1}`, `{"code":"x","password": "***","y":1}`},
		{"JSON in JSON in a text", `"{\"user_id\":\"0123abc\"}"`, `"{\"user_id\":\"***"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, hideCredentials(tt.in)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestShortSecrets are not looked for: a password "a" would leave nothing of the file.
func TestShortSecrets(t *testing.T) {
	text := write(t, Options{Secrets: []diag.Secret{"a", "", "abc", "abcd"}}, diag.Event{Data: diag.Warning{ID: "x", Cause: "abc abcd abcde"}})
	if !strings.Contains(text, `"cause":"abc *** ***e"`) {
		t.Error(text)
	}
}

// TestSecretsThatBeginAlike: nothing is left of a secret that begins as another does.
func TestSecretsThatBeginAlike(t *testing.T) {
	text := write(t, Options{Secrets: []diag.Secret{"Zebra", "ZebraHerd"}}, diag.Event{Data: diag.Warning{ID: "x", Cause: "ZebraHerd Zebra"}})
	if !strings.Contains(text, `"cause":"*** ***"`) {
		t.Error(text)
	}
}

// TestRewrite changes what it is told to and not a byte more.
func TestRewrite(t *testing.T) {
	upper := func(s string) string { return strings.ToUpper(s) }
	tests := []struct{ name, in, want string }{
		{"nothing to do", `{"A":1,"B":["X",{}],"C":"\u0041\/","D":1.50e3}`, `{"A":1,"B":["X",{}],"C":"\u0041\/","D":1.50e3}`},
		{"values", `{"a" : "b", "c":["d",null,"e"]}`, `{"A" : "B", "C":["D",null,"E"]}`},
		{"escapes", `{"a":"\"b\\","c":"\\"}`, `{"A":"\"B\\","C":"\\"}`},
		{"braces and colons in strings", `{"A":"{:}","B":":"}`, `{"A":"{:}","B":":"}`},
		{"a string alone", `"x"`, `"X"`},
		{"empty", ``, ``},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := rewrite([]byte(tt.in), upper, func(_, s string) string { return strings.ToUpper(s) })
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
	var pairs []string
	rewrite([]byte(`{"a":"1","b":{"c":["2","3"]},"d":4,"e":"5"}`), func(s string) string { return s }, func(key, s string) string {
		pairs = append(pairs, key+s)
		return s
	})
	if diff := cmp.Diff([]string{"a1", "c2", "c3", "e5"}, pairs); diff != "" {
		t.Errorf("names that values go with: %s", diff)
	}
}

// FuzzRewrite: valid JSON stays valid, and unchanged where nothing is asked for.
func FuzzRewrite(f *testing.F) {
	f.Add([]byte(`{"a":"\"b\\","c":["\u00e9",{}],"":""}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		same := func(s string) string { return s }
		if !json.Valid(doc) {
			rewrite(doc, same, func(_, s string) string { return s + "x" }) // must only not panic
			return
		}
		if got := rewrite(doc, same, func(_, s string) string { return s }); string(got) != string(doc) {
			t.Errorf("%q became %q", doc, got)
		}
		for _, redact := range []bool{false, true} {
			c := newCleaner(Options{Redact: redact, Secrets: []diag.Secret{"abcd"}})
			if got := c.object(doc); !json.Valid(got) {
				t.Errorf("%q became %q, which is no JSON", doc, got)
			}
		}
	})
}
