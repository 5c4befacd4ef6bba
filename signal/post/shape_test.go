package post

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/signal"
	"dialtone/signal/web"
)

// TestDocumentedShape reads the example of the documents.
func TestDocumentedShape(t *testing.T) {
	raw, err := os.ReadFile("../../docs/reference/signaling.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(raw), "```toml\n")
	text, _, _ = strings.Cut(text, "```")
	s, err := ParseShape(text)
	if err != nil || len(s.Requests) != 2 || s.End == nil || s.Way() != signal.MediaFromCaller || s.Channel != "events" {
		t.Errorf("%v %+v", err, s)
	}
	for _, name := range Presets() {
		if !strings.Contains(string(raw), "`"+name+"`") {
			t.Errorf("%s is not documented", name)
		}
	}
}

func TestShapesThatAreNone(t *testing.T) {
	const good = "[[request]]\nbody = \"{{sdp}}\"\nanswer = \"body\"\n"
	for name, test := range map[string]struct{ text, says string }{
		"no TOML":                 {"x", "line 1: not TOML"},
		"no answer":               {"[[request]]\nbody = \"{{sdp}}\"\n", "no [[request]] says where the answer is"},
		"no description":          {"[[request]]\nanswer = \"body\"\n", "no [[request]] sends the description"},
		"an unknown key":          {good + "foo = 1\n", "line 4: request.foo: unknown key"},
		"a misspelt one":          {good + "anwser = 1\n", "did you mean answer?"},
		"another type":            {good + "keep = { a = 1 }\n", "line 4: request.keep.a: it is a whole number, not a text in quotes"},
		"media":                   {"media = \"up\"\n" + good, `line 1: media: "up"`},
		"kinds":                   {"kinds = [\"text\"]\n" + good, `line 1: kinds: "text"`},
		"two bodies":              {good + "json = { a = 1 }\n", "line 4: request.json: body is there as well"},
		"two descriptions":        {good + "offer = \"a\"\n", "line 4: request.offer: answer is there as well"},
		"a placeholder":           {good + "url = \"{{nothing}}\"\n", "line 4: request.url: unknown placeholder {{nothing}}"},
		"one of a field":          {good + "header = { A = \"{{b}}\" }\n", "unknown placeholder {{b}}"},
		"a placeholder cut short": {good + "url = \"{{type}\"\n", "request.url: \"{{type}\" has a brace too many or too few"},
		"one of a second request": {good + good + "url = \"{{b}}\"\n", "line 7: request.url: unknown placeholder"},
		"one of a list":           {good + "[each.candidates]\nx = \"{{foo}}\"\n", "line 5: each.candidates.x: unknown placeholder {{foo}}; here are candidate, mid"},
		"an unknown list":         {good + "[each.tracks]\nx = 1\n", "line 4: each.tracks: unknown list {{tracks}}"},
		"a need":                  {good + "needs = [\"c\"]\n", "unknown placeholder {{c}}"},
		"a hold":                  {good + "hold = \"1h\"\n", "at most 1m"},
		"until without hold":      {good + "until = { a = 1 }\n", "until: it needs hold"},
		"a status":                {good + "status = [404]\n", "404 is not a success"},
		"a method":                {good + "method = \"FETCH\"\n", `"FETCH" is not POST, GET`},
		"an address":              {good + "url = \"https://a/b\"\n", "it is appended to the address"},
		"a field name":            {good + "header = { \"A B\" = \"x\" }\n", `"A B" is not the name of a header field`},
		"a content type":          {good + "type = \"/\"\n", "is not a content type"},
		"a path":                  {good + "keep = { a = \"b..c\" }\n", `"b..c" has an empty part`},
		"a name of dialtone":      {good + "keep = { sdp = \"b\" }\n", "{{sdp}} is a value of dialtone"},
		"more than is read":       {good + "#" + strings.Repeat("x", maxShape), "more than"},
		"a placeholder of an end": {good + "[end]\nurl = \"{{session}}\"\n", "line 5: end.url: unknown placeholder {{session}}"},
	} {
		if _, err := ParseShape(test.text); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ParseShape(good); err != nil {
		t.Error(err)
	}
}

func TestFields(t *testing.T) {
	t.Setenv("POST_TEST_KEY", "Zebra")
	for raw, want := range map[string]any{
		"a=text": "text", "a=1": "1", "a=true": true, "a=x=y": "x=y", "a=$POST_TEST_KEY": "Zebra", "a=": "", `a="1"`: "1", "a=null": "null",
	} {
		name, value, err := ParseField(raw)
		if n, isNumber := value.(interface{ String() string }); isNumber {
			value = n.String()
		}
		if diff := cmp.Diff(want, value); err != nil || name != "a" || diff != "" {
			t.Errorf("%s: %q %v %s", raw, name, err, diff)
		}
	}
	if _, value, err := ParseField(`a={"b":[1]}`); err != nil || text(value) != `{"b":[1]}` {
		t.Errorf("%v %v", value, err)
	}
	for _, raw := range []string{"a", "=1", "a=$POST_TEST_NONE"} {
		if _, _, err := ParseField(raw); err == nil {
			t.Errorf("%s is a field", raw)
		}
	}
}

// TestServersOfServices reads the answers of the services that give credentials of limited time.
func TestServersOfServices(t *testing.T) {
	begun := time.Now()
	turn := func(user, pass string, urls ...string) (out []signal.ICEServer) {
		for _, u := range urls {
			out = append(out, signal.ICEServer{URL: u, Username: user, Credential: pass})
		}
		return out
	}
	for name, test := range map[string]struct {
		answer string
		want   []signal.ICEServer
		lives  time.Duration // 0: not known
	}{
		"Cloudflare":            {`{"iceServers":[{"urls":["stun:s:3478","turn:t:3478?transport=udp"],"username":"u","credential":"p"}]}`, turn("u", "p", "stun:s:3478", "turn:t:3478?transport=udp"), 0},
		"Cloudflare, as it was": {`{"iceServers":{"urls":["turn:t"],"username":"u","credential":"p"}}`, turn("u", "p", "turn:t"), 0},
		"Twilio":                {`{"username":"u","password":"p","ttl":"86400","ice_servers":[{"url":"stun:s","urls":"stun:s"},{"url":"turn:t","urls":"turn:t","username":"u","credential":"p"}]}`, append(turn("", "", "stun:s"), turn("u", "p", "turn:t")...), 24 * time.Hour},
		"Metered":               {`[{"urls":"stun:s"},{"urls":"turn:t:80","username":"u","credential":"p"}]`, append(turn("", "", "stun:s"), turn("u", "p", "turn:t:80")...), 0},
		"Matrix":                {`{"username":"u","password":"p","uris":["turn:t?transport=udp","turns:t"],"ttl":3600}`, turn("u", "p", "turn:t?transport=udp", "turns:t"), time.Hour},
		"pipecat":               {`{"sessionId":"1","iceConfig":{"iceServers":[{"urls":["stun:s"]}]}}`, turn("", "", "stun:s"), 0},
		"other schemes":         {`{"iceServers":[{"urls":["http://x","turn:t"]}]}`, turn("", "", "turn:t"), 0},
		"nothing":               {`{"message":"no"}`, nil, 0},
		"no JSON":               {`<html>`, nil, 0},
	} {
		tree := decode([]byte(test.answer))
		got, _ := parseServers(tree)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		ends := expiry(tree, got, begun)
		if ends.IsZero() != (test.lives == 0) || !ends.IsZero() && ends.Sub(begun) != test.lives {
			t.Errorf("%s: until %v", name, ends)
		}
	}
	if ends := expiry(nil, turn("1800000000:ann", "p", "turn:t"), begun); ends.Unix() != 1800000000 {
		t.Errorf("the time of the user name: %v", ends)
	}
}

// FuzzAnswer reads answers of servers.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte("\ufeff\r\nv=0\r\ns=-"), "body")
	f.Add([]byte(`{"a":[{"b":"v=0"}],"type":"answer"}`), "a.0.b")
	f.Add([]byte("eyJzZHAiOiJ2PTAifQ=="), "body")
	f.Add([]byte(`[[[[[[[[[["v=0"]]]]]]]]]]`), "x")
	f.Fuzz(func(t *testing.T, body []byte, path string) {
		sdp, _, err := describe(&web.Answer{Body: body}, path, signal.KindAnswer)
		if err == nil && (!strings.HasPrefix(sdp, "v=0") || !strings.HasSuffix(sdp, "\n") || len(sdp) > signal.MaxSDP+2) {
			t.Fatalf("%q", sdp)
		}
		servers, _ := parseServers(decode(body))
		for _, s := range servers {
			if len(s.URL) > signal.MaxCandidate {
				t.Fatalf("%+v", s)
			}
		}
	})
}

// FuzzShape: a preset is refused, or requests can be made of it.
func FuzzShape(f *testing.F) {
	for _, name := range Presets() {
		text, _ := PresetText(name)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseShape(text)
		if err != nil {
			return
		}
		s.Way()
		for name := range s.names() {
			if same, err := s.with(map[string]any{name: "x"}); err == nil && same == nil {
				t.Fatal("neither a preset nor an error")
			}
		}
	})
}
