package server

import (
	"encoding/json"
	"net/http"
	"testing"
)

// FuzzBody: any body is answered 200 or 4xx, with JSON or nothing, and harms no
// call but the caller's.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{
		`{"code":"dial","call_code":"w1"}`,
		`{"code":"get_status","user_id":"U","wait_ms":0,"poll":1}`,
		`{"code":"offer","user_id":"U","offer":{"type":"offer","sdp":"o"}}`,
		`{"code":"answer","user_id":"U","answer":{"type":"answer","sdp":"a"}}`,
		`{"code":"ice","user_id":"U","ice":{"candidate":"c","sdpMid":"0","sdpMLineIndex":0}}`,
		`{"code":"ice","user_id":"","ice":null}`,
		`{"code":"disconnect","user_id":"U"}`,
		`{"code":null,"user_id":[],"wait_ms":1e308,"poll":18446744073709551615}`,
		`[]`, ``, `{`, "\xff", `{"code":"dial","call_code":"\u0000"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		l := newLine(t, Options{})
		witness := l.dial("witness") // nobody can guess its ID
		known := l.dial("known")
		for _, raw := range [][]byte{body, replaceUser(body, known)} {
			if waits(raw) {
				continue
			}
			r := l.post(string(raw))
			if r.status != http.StatusOK && (r.status < 400 || r.status > 499 || r.reason() == "") {
				t.Errorf("%q answered %d %s", raw, r.status, r.body)
			}
			if r.body != "" && !json.Valid([]byte(r.body)) {
				t.Errorf("%q answered %s", raw, r.body)
			}
		}
		if r := l.poll(witness); r.status != 200 || r.body != `{}` && r.body != needInitBody {
			t.Errorf("%q changed somebody else's call: %d %s", body, r.status, r.body)
		}
	})
}

// replaceUser lets a body speak for a known user.
func replaceUser(body []byte, user string) []byte {
	var fields map[string]any
	if json.Unmarshal(body, &fields) != nil || fields == nil {
		return body
	}
	fields["user_id"] = user
	raw, err := json.Marshal(fields)
	if err != nil {
		return body
	}
	return raw
}

func waits(body []byte) bool {
	r, fail := parseRequest(body)
	return fail == nil && r.parseWait() == nil && r.wait > 0
}
