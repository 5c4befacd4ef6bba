package room

import (
	"strings"
	"testing"

	"dialtone/signal"
	"github.com/google/go-cmp/cmp"
)

func TestParseStatus(t *testing.T) {
	offer := &signal.Description{Type: "offer", SDP: "o"}
	c1 := signal.Message{Kind: signal.KindCandidate, Candidate: &signal.Candidate{Candidate: "1"}}
	c2 := signal.Message{Kind: signal.KindCandidate, Candidate: &signal.Candidate{Candidate: "2"}}
	end := signal.Message{Kind: signal.KindEndOfCandidates}
	tests := []struct {
		name, body string
		want       *status
	}{
		{"nothing", `{}`, &status{}},
		{"nothing, with space", " {\n} ", &status{}},
		{"need_init", `{"code":"need_init"}`, &status{code: "need_init"}},
		{"offered", `{"code":"offered","offer":{"type":"offer","sdp":"o"}}`, &status{code: "offered", description: offer}},
		{"offered null", `{"code":"offered","offer":null}`, nil},
		{"offered without offer", `{"code":"offered"}`, nil},
		{"offered with an answer", `{"code":"offered","offer":{"type":"answer","sdp":"o"}}`, nil},
		{"answered", `{"code":"answered","answer":{"type":"answer","sdp":"a"}}`, &status{code: "answered", description: &signal.Description{Type: "answer", SDP: "a"}}},
		{"answered null", `{"code":"answered","answer":null}`, nil},
		{"connected", `{"code":"connected","new_ice_routes":[]}`, &status{code: "connected"}},
		{"connected without list", `{"code":"connected"}`, &status{code: "connected"}},
		{"candidates", `{"code":"connected","new_ice_routes":[{"candidate":"1"},{"candidate":"2"}]}`, &status{code: "connected", candidates: []signal.Message{c1, c2}}},
		{"null among them", `{"code":"connected","new_ice_routes":[null,{"candidate":"1"},null]}`, &status{code: "connected", candidates: []signal.Message{c1}}},
		{"end of candidates", `{"code":"connected","new_ice_routes":[{"candidate":"1"},{"candidate":"","sdpMid":"0"}]}`, &status{code: "connected", candidates: []signal.Message{c1, end}}},
		{"unusable ones", `{"code":"connected","new_ice_routes":[1,"x",[],{"candidate":2},{"candidate":"` + strings.Repeat("x", 2000) + `"},{"candidate":"1"}]}`, &status{code: "connected", candidates: []signal.Message{c1}, refused: 5}},
		{"routes are no list", `{"code":"connected","new_ice_routes":{}}`, nil},
		{"unknown code", `{"code":"hello"}`, nil},
		{"code is no text", `{"code":1}`, nil},
		{"no code", `{"error":"x"}`, nil},
		{"list", `[]`, nil},
		{"null", `null`, nil},
		{"empty", ``, nil},
		{"a page", `<!doctype html>`, nil},
		{"two objects", `{}{}`, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := parseStatus([]byte(test.body))
			if (err != nil) != (test.want == nil) {
				t.Fatalf("got %+v, %v", got, err)
			}
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(status{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseUserID(t *testing.T) {
	for body, want := range map[string]string{
		`{"user_id":"ab"}`:          "ab",
		`{"user_id":"ab","x":[{}]}`: "ab",
		`{"user_id":""}`:            "",
		`{"user_id":null}`:          "",
		`{"user_id":1}`:             "",
		`{"USER_ID":"ab"}`:          "",
		`{"user_id":"` + strings.Repeat("x", 256) + `"}`: strings.Repeat("x", 256),
		`{"user_id":"` + strings.Repeat("x", 257) + `"}`: "",
		`{}`: "", `null`: "", ``: "", `"ab"`: "", `<html>`: "",
	} {
		got, err := parseUserID([]byte(body))
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%.40s: %q, %v", body, got, err)
		}
	}
}

// FuzzReply: whatever a server answers, what is let through keeps the bounds.
func FuzzReply(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"code":"need_init"}`, `{"code":"offered","offer":{"type":"offer","sdp":"o"}}`,
		`{"code":"answered","answer":{"type":"answer","sdp":"a"}}`,
		`{"code":"connected","new_ice_routes":[null,{"candidate":"c","sdpMid":"0","sdpMLineIndex":0}]}`,
		`{"user_id":"ab"}`, `null`, `[`, "\xff",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if id, err := parseUserID(body); err == nil && (id == "" || len(id) > maxUserID) {
			t.Errorf("user ID %q", id)
		}
		s, err := parseStatus(body)
		if err != nil {
			return
		}
		if (s.code == "offered" || s.code == "answered") != (s.description != nil) {
			t.Errorf("%+v", s)
		}
		for _, m := range s.candidates {
			if err := m.Validate(); err != nil {
				t.Errorf("%+v: %v", m, err)
			}
		}
	})
}
