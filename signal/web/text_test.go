package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const csrfPage = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="robots" content="NONE,NOARCHIVE">
<title>403 Forbidden</title><style>html * { padding:0 }</style></head>
<body><div id="summary"><h1>Forbidden <span>(403)</span></h1>
<p>CSRF verification failed. Request aborted.</p></div></body></html>`

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
		"CSRF of Django": {
			"text/html; charset=utf-8", csrfPage, "403 Forbidden: Forbidden (403): CSRF verification failed. Request aborted", "",
		},
		"a locked database": {
			"text/html", "<!DOCTYPE html>\n<html><head><title>OperationalError\n at /call/dial/</title>" +
				"<style>p { color: red }</style></head><body><h1>OperationalError <small>at /call/dial/</small></h1>" +
				`<pre class="exception_value">database is locked</pre><script>p("x")</script></body></html>`,
			"OperationalError at /call/dial/: database is locked", "",
		},
		"nginx": {
			"text/html", "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad " +
				"Gateway</h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n", "502 Bad Gateway", "",
		},
		"control characters of a page": {"text/html", "<p>no\x1b[31m &#27;[2J way", "no [31m  [2J way", ""},
		"an endless page":              {"text/html", strings.Repeat("<b></b>", maxTokens/2) + "<p>too late", "", ""},
		"no JSON":                      {"application/json", "{", "", ""},
		"a description":                {"application/sdp", "v=0\r\n", "", ""},
		"no bottom":                    {"application/json", strings.Repeat(`{"error":`, 50) + `"x"` + strings.Repeat("}", 50), "", ""},
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

// FuzzPageText: whatever a page holds, the parts of its text are few and on one line.
func FuzzPageText(f *testing.F) {
	f.Add([]byte(csrfPage))
	f.Add([]byte("<title>a<p>b<pre>c</p><script><p>"))
	f.Fuzz(func(t *testing.T, page []byte) {
		parts := pageText(page)
		if len(parts) > maxParts+1 {
			t.Errorf("%d parts", len(parts))
		}
		for _, part := range parts {
			if part == "" || strings.ContainsAny(part, "\n\t") {
				t.Errorf("%q", part)
			}
		}
	})
}
