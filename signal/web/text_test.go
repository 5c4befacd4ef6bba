package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestErrorsOfAnyShape: what servers say is found wherever they write it.
func TestErrorsOfAnyShape(t *testing.T) {
	for name, test := range map[string]struct{ kind, body, text, code string }{
		"a problem":          {"application/problem+json", `{"title":"no","detail":"because","status":400}`, "no: because", ""},
		"a room":             {"application/json", `{"error":"not_found","message":"no such call"}`, "not_found: no such call", "not_found"},
		"OpenAI":             {"application/json", `{"error":{"message":"bad key","type":"x","param":null,"code":"invalid_api_key"}}`, "invalid_api_key: bad key", "invalid_api_key"},
		"FastAPI":            {"application/json", `{"detail":[{"type":"missing","loc":["body","sdp"],"msg":"Field required"},{"loc":["body","type"],"msg":"Field required"}]}`, "body.sdp: Field required: body.type", ""},
		"Janus":              {"application/json", `{"janus":"error","error":{"code":458,"reason":"No such session"}}`, "No such session", ""},
		"Cloudflare":         {"application/json", `{"errorCode":"x","errorDescription":"bad sdp"}`, "bad sdp", ""},
		"a code beside":      {"application/json", `{"errorCode":"5404","errorMessage":"quota exceeded","success":false}`, "quota exceeded", ""},
		"a nested status":    {"application/json", `{"status":{"code":404,"description":"no such key"}}`, "no such key", ""},
		"fields":             {"application/json", `{"sdp":["This field is required."],"key":["Too short."]}`, "key Too short.: sdp This field is required.", ""},
		"fields of an error": {"application/json", `{"error":{"sdp":["is required"]}}`, "sdp is required", ""},
		"keys of its own":    {"application/json", `{"success":false,"info":"stream is busy","requestId":"77"}`, "info stream is busy", ""},
		"nothing said":       {"application/json", `{"status":"error","timestamp":"2026-11-29","path":"/whip"}`, "", ""},
		"a list":             {"application/json", `{"errors":["one","two"]}`, "one: two", ""},
		"a bare list":        {"text/plain", `["one"]`, "one", ""},
		"a text":             {"text/plain", "codecs\nnot supported", "codecs not supported", ""},
		"a page":             {"text/html", "<html>no</html>", "", ""},
		"no JSON":            {"application/json", "{", "", ""},
		"a description":      {"application/sdp", "v=0\r\n", "", ""},
		"no bottom":          {"application/json", strings.Repeat(`{"error":`, 50) + `"x"` + strings.Repeat("}", 50), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Open("https://h.example/", Options{})
			if err != nil {
				t.Fatal(err)
			}
			a := &Answer{Body: []byte(test.body), Header: http.Header{"Content-Type": {test.kind}}, URL: c.Endpoint()}
			text, code := c.text(Call{URL: c.Endpoint()}, a)
			if diff := cmp.Diff([]string{test.text, test.code}, []string{text, code}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestSecretsStayHome: the token, the header fields and the cookies go where they belong, and are masked where a server
// repeats them.
func TestSecretsStayHome(t *testing.T) {
	seen := make(chan http.Header, 8)
	answer := func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Header
		http.SetCookie(w, &http.Cookie{Name: "server", Value: "7"})
		http.Error(w, "no: "+r.Header.Get("X-Key")+" "+r.Header.Get("Authorization"), http.StatusTeapot)
	}
	there := httptest.NewServer(http.HandlerFunc(answer))
	defer there.Close()
	here := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, there.URL, http.StatusTemporaryRedirect)
			return
		}
		answer(w, r)
	}))
	defer here.Close()
	for _, trusted := range []bool{false, true} {
		o := Options{Header: http.Header{"X-Key": {"Zebra-1"}}, Token: "Zebra-2"}
		if trusted {
			o.TokenTo = []string{strings.TrimPrefix(there.URL, "http://")}
		}
		c, err := Open(here.URL, o)
		if err != nil {
			t.Fatal(err)
		}
		for i, path := range []string{"/", "/", "/away"} {
			u := *c.Endpoint()
			u.Path = path
			_, err := c.Do(t.Context(), Call{Op: "x", Method: http.MethodPost, URL: &u, Redirects: true})
			if err == nil || strings.Contains(err.Error(), "Zebra") {
				t.Errorf("%v", err)
			}
			h := <-seen
			home := path == "/" || trusted
			if (h.Get("X-Key") == "Zebra-1") != home || (h.Get("Authorization") == "Bearer Zebra-2") != home {
				t.Errorf("%s, trusted %v: %v", path, trusted, h)
			}
			if want := map[bool]string{true: "server=7"}[i > 0]; h.Get("Cookie") != want && path == "/" {
				t.Errorf("the cookies of request %d are %q", i, h.Get("Cookie"))
			}
		}
		c.Close()
	}
}
