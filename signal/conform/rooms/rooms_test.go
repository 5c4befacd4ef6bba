package rooms

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"dialtone/signal/conform"
	"dialtone/signal/server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fault changes requests before the server reads them, or answers.
type fault struct {
	request func(o map[string]any) map[string]any // nil: the request is answered with 200
	answer  func(o, got map[string]any) map[string]any
	status  func(o map[string]any, status int) int
}

// through is a server of the room protocol with a fault.
func through(t *testing.T, f fault) *httptest.Server {
	t.Helper()
	good := server.New(server.Options{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var o map[string]any
		isObject := json.Unmarshal(body, &o) == nil
		if isObject && f.request != nil {
			if o = f.request(o); o == nil {
				return
			}
			body, _ = json.Marshal(o)
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		got := httptest.NewRecorder()
		good.ServeHTTP(got, r)
		status, out := got.Code, got.Body.Bytes()
		var answer map[string]any
		if f.answer != nil && json.Unmarshal(out, &answer) == nil {
			out, _ = json.Marshal(f.answer(o, answer))
		}
		if f.status != nil {
			status = f.status(o, status)
		}
		w.WriteHeader(status)
		_, _ = w.Write(out)
	}))
	t.Cleanup(func() { s.Close(); good.Close() })
	return s
}

// failed are the IDs of the rules that do not pass.
func failed(t *testing.T, url string) (out []string) {
	t.Helper()
	results, err := Run(t.Context(), Options{Server: url + "/call/"})
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != len(rules) {
		t.Errorf("%d results", len(results))
	}
	for _, r := range results {
		if r.Outcome != conform.Pass {
			out = append(out, r.ID)
			if r.Reason == "" || len(r.Exchanges) == 0 {
				t.Errorf("%s without a reason or exchanges: %+v", r.ID, r)
			}
		}
	}
	return out
}

// TestOwnServer keeps every rule.
func TestOwnServer(t *testing.T) {
	if bad := failed(t, through(t, fault{}).URL); len(bad) > 0 {
		t.Error(bad)
	}
}

// TestOldServer: rules of what it does not have are skipped.
func TestOldServer(t *testing.T) {
	old := through(t, fault{request: func(o map[string]any) map[string]any {
		if o["code"] == "hang_up" {
			o["code"] = "unknown"
		}
		delete(o, "call")
		return o
	}})
	results, err := Run(t.Context(), Options{Server: old.URL + "/call/"})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		want := conform.Pass
		if strings.HasPrefix(r.ID, "hang-up") {
			want = conform.Skipped
		}
		if r.Outcome != want {
			t.Errorf("%s: %v, %s", r.ID, r.Outcome, r.Reason)
		}
	}
}

// TestDialFails: a server that refuses each dial has one failure.
func TestDialFails(t *testing.T) {
	closed := through(t, fault{status: func(o map[string]any, status int) int {
		if o["code"] == "dial" {
			return http.StatusForbidden
		}
		return status
	}})
	results, err := Run(t.Context(), Options{Server: closed.URL + "/call/"})
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if r.Outcome == conform.Fail && i > 0 || i == 0 && r.Outcome != conform.Fail {
			t.Errorf("%s: %v, %s", r.ID, r.Outcome, r.Reason)
		}
	}
}

// TestFaults: each fault of a server is found by its rule.
func TestFaults(t *testing.T) {
	var kept map[string]any
	said := func(code string) func(o map[string]any) bool {
		return func(o map[string]any) bool { return o["code"] == code }
	}
	lenient := func(code string) fault { // what was refused is accepted
		return fault{status: func(o map[string]any, status int) int {
			if said(code)(o) {
				return http.StatusOK
			}
			return status
		}}
	}
	crashing := func(when func(map[string]any) bool) fault {
		return fault{status: func(o map[string]any, status int) int {
			if status == http.StatusBadRequest && when(o) {
				return http.StatusInternalServerError
			}
			return status
		}}
	}
	answers := func(change func(o, got map[string]any) map[string]any) fault { return fault{answer: change} }
	for name, tt := range map[string]struct {
		fault
		rules string
	}{
		"one user for all": {answers(func(o, got map[string]any) map[string]any {
			if said("dial")(o) {
				got["user_id"] = "0123456789012345678901234567890123456789"
			}
			return got
		}), "dial-user"},
		"short users":     {answers(func(_, got map[string]any) map[string]any { return shortUser(got) }), "dial-secret"},
		"offers anew":     {lenient("offer"), "offer-role offer-early offer-twice offer-field"},
		"answers anew":    {lenient("answer"), "answer-role answer-early answer-twice"},
		"anyone may poll": {lenient("get_status"), "user-unknown user-empty disconnect-peer"},
		"any request":     {lenient("conformance"), "code-unknown"},
		"one room": {fault{request: func(o map[string]any) map[string]any {
			if code, ok := o["call_code"].(string); ok {
				o["call_code"] = strings.TrimSuffix(code, "-2")
			}
			return o
		}}, "dial-apart"},
		"candidates are lost": {fault{request: func(o map[string]any) map[string]any {
			if said("ice")(o) {
				return nil
			}
			return o
		}}, "ice-kept ice-both ice-once ice-parallel"},
		"candidates are changed": {fault{request: func(o map[string]any) map[string]any {
			if ice, ok := o["ice"].(map[string]any); ok {
				delete(ice, "sdpMid")
			}
			return o
		}}, "ice-kept ice-both"},
		"candidates are repeated": {answers(func(_, got map[string]any) map[string]any {
			if routes, ok := got["new_ice_routes"].([]any); ok {
				if len(routes) > 0 {
					kept = got
				} else if kept != nil {
					return kept
				}
			}
			return got
		}), "ice-once"},
		"offers are trimmed": {fault{request: func(o map[string]any) map[string]any {
			if d, ok := o["offer"].(map[string]any); ok {
				d["sdp"] = strings.TrimSpace(d["sdp"].(string))
			}
			return o
		}}, "offer-handed offer-repeats"},
		"answers are dropped": {answers(func(_, got map[string]any) map[string]any {
			delete(got, "answer")
			return got
		}), "answer-handed"},
		"a hang-up does nothing": {fault{request: func(o map[string]any) map[string]any {
			if said("disconnect")(o) {
				return nil
			}
			return o
		}}, "disconnect-peer disconnect-frees"},
		"a call's hang-up does nothing": {fault{request: func(o map[string]any) map[string]any {
			if said("hang_up")(o) {
				return nil
			}
			return o
		}}, "hang-up-waiting hang-up-later"},
		"calls are not told apart": {fault{request: func(o map[string]any) map[string]any {
			if said("dial")(o) {
				delete(o, "call")
			}
			return o
		}}, "hang-up-waiting hang-up-later hang-up-apart"},
		"it asks at once": {answers(func(o, got map[string]any) map[string]any {
			if said("get_status")(o) && len(got) == 0 {
				got["code"] = "need_init"
			}
			return got
		}), "dial-waits dial-pairs offer-quiet"},
		"crashes without a code": {crashing(func(o map[string]any) bool { return said("dial")(o) && o["call_code"] == nil }), "dial-code"},
		"crashes without JSON":   {crashing(func(o map[string]any) bool { return o == nil }), "request-json"},
		"crashes at strangers":   {crashing(said("get_status")), "user-unknown user-empty"},
	} {
		t.Run(name, func(t *testing.T) {
			bad := failed(t, through(t, tt.fault).URL)
			for id := range strings.FieldsSeq(tt.rules) {
				if !slices.Contains(bad, id) {
					t.Errorf("%s passes; these fail: %v", id, bad)
				}
			}
			if len(bad) > 2*len(strings.Fields(tt.rules))+3 && name != "one user for all" && name != "short users" {
				t.Errorf("too many fail: %v", bad)
			}
		})
	}
}

// shortUser shortens a user_id.
func shortUser(got map[string]any) map[string]any {
	if id, ok := got["user_id"].(string); ok {
		got["user_id"] = id[:4]
	}
	return got
}

// TestNobodyThere: no results, and the reason.
func TestNobodyThere(t *testing.T) {
	s := httptest.NewServer(nil)
	url := s.URL
	s.Close()
	if results, err := Run(t.Context(), Options{Server: url + "/call/"}); err == nil || len(results) > 0 {
		t.Errorf("%v, %v", results, err)
	}
	if len(IDs()) != len(rules) {
		t.Error(IDs())
	}
}
