package page

import (
	"encoding/json"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func get(t *testing.T, h http.Handler, method, at string, header http.Header) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, at, nil)
	maps.Copy(r.Header, header)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestAnswers(t *testing.T) {
	h := New(Options{})
	for _, tt := range []struct {
		method, path string
		status       int
		kind         string
	}{
		{"GET", "/", 200, "text/html; charset=utf-8"},
		{"HEAD", "/", 200, "text/html; charset=utf-8"},
		{"GET", "/page.js", 200, "text/javascript; charset=utf-8"},
		{"GET", "/page.css", 200, "text/css; charset=utf-8"},
		{"GET", "/icon.svg", 200, "image/svg+xml"},
		{"GET", "/config.json", 200, "application/json"},
		{"POST", "/", 405, "text/plain; charset=utf-8"},
		{"PUT", "/config.json", 405, "text/plain; charset=utf-8"},
		{"GET", "/index.html", 404, "text/plain; charset=utf-8"},
		{"GET", "/static/page.js", 404, "text/plain; charset=utf-8"},
		{"GET", "/../page.go", 404, "text/plain; charset=utf-8"},
		{"GET", "/page.js/", 404, "text/plain; charset=utf-8"},
		{"POST", "/nothing", 404, "text/plain; charset=utf-8"},
	} {
		w := get(t, h, tt.method, tt.path, nil)
		if w.Code != tt.status || w.Header().Get("Content-Type") != tt.kind {
			t.Errorf("%s %s: %d %s, want %d %s", tt.method, tt.path, w.Code, w.Header().Get("Content-Type"), tt.status, tt.kind)
		}
		for name, want := range map[string]string{
			"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Permissions-Policy": "camera=(self), microphone=(self)",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s %s: %s is %q, want %q", tt.method, tt.path, name, got, want)
			}
		}
	}
}

// TestEveryFileIsServed, and a second time told to be the same.
func TestEveryFileIsServed(t *testing.T) {
	h := New(Options{})
	names, err := fs.Glob(static, "static/*")
	if err != nil || len(names) < 10 {
		t.Fatalf("embedded: %v %v", names, err)
	}
	for _, name := range names {
		at := "/" + path.Base(name)
		if at == "/index.html" {
			at = "/"
		}
		want, err := static.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		first := get(t, h, "GET", at, nil)
		if first.Code != 200 || first.Body.String() != string(want) || first.Header().Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %d, %d bytes, %q", at, first.Code, first.Body.Len(), first.Header().Get("Cache-Control"))
		}
		again := get(t, h, "GET", at, http.Header{"If-None-Match": {first.Header().Get("ETag")}})
		if again.Code != 304 || again.Body.Len() > 0 {
			t.Errorf("%s again: %d", at, again.Code)
		}
		if other := get(t, h, "GET", at, http.Header{"If-None-Match": {`"older"`}}); other.Code != 200 {
			t.Errorf("%s after a change: %d", at, other.Code)
		}
	}
}

func TestConfig(t *testing.T) {
	for want, o := range map[string]Options{
		`{"iceServers":[]}`:                          {},
		`{"iceServers":[],"arguments":"--insecure"}`: {Arguments: "--insecure"},
		`{"iceServers":[{"urls":["stun:192.0.2.7:3478"]},{"urls":["turn:192.0.2.7:3479"],"username":"ann","credential":"\u003cs\u003e"}]}`: {ICEServers: []ICEServer{
			{URLs: []string{"stun:192.0.2.7:3478"}},
			{URLs: []string{"turn:192.0.2.7:3479"}, Username: "ann", Credential: "<s>"},
		}},
	} {
		w := get(t, New(o), "GET", "/config.json", nil)
		if w.Body.String() != want || !json.Valid(w.Body.Bytes()) || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s, want %s", w.Body, want)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	raw, err := static.ReadFile("static/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

var (
	tagPattern       = regexp.MustCompile(`<([a-z]+[0-9]?)((?:\s+[a-zA-Z-]+(?:="[^"]*")?)*)\s*/?>([^<]*)`)
	attributePattern = regexp.MustCompile(`([a-zA-Z-]+)="([^"]*)"`)
)

// TestNothingInline looks at every tag of the page: no script, no style and no handler within it, nothing from elsewhere.
func TestNothingInline(t *testing.T) {
	html := read(t, "index.html")
	tags := tagPattern.FindAllStringSubmatch(html, -1)
	if opened := strings.Count(html, "<") - strings.Count(html, "</") - strings.Count(html, "<!"); len(tags) != opened {
		t.Fatalf("%d of %d tags were understood", len(tags), opened)
	}
	for _, tag := range tags {
		if tag[1] == "style" || tag[1] == "script" && (!strings.Contains(tag[2], "src=") || strings.TrimSpace(tag[3]) != "") {
			t.Errorf("inline: %s", tag[0])
		}
		for _, a := range attributePattern.FindAllStringSubmatch(tag[2], -1) {
			switch name, value := a[1], a[2]; {
			case strings.HasPrefix(name, "on"), name == "style":
				t.Errorf("inline: %s", tag[0])
			case name == "src" || name == "href":
				if _, err := static.ReadFile("static/" + value); err != nil {
					t.Errorf("%s: %s is not embedded", tag[0], value)
				}
			}
		}
	}
}

// TestScriptsAreHarmless: what could make markup or code of text is not used, and nothing is fetched from elsewhere.
func TestScriptsAreHarmless(t *testing.T) {
	names, err := fs.Glob(static, "static/*")
	if err != nil {
		t.Fatal(err)
	}
	forbidden := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc|https?://|@import|url\(`)
	for _, name := range names {
		text := strings.ReplaceAll(read(t, path.Base(name)), `xmlns="http://www.w3.org/2000/svg"`, "")
		if found := forbidden.FindString(text); found != "" {
			t.Errorf("%s has %s", name, found)
		}
	}
	imported := regexp.MustCompile(`from '\./([a-z.]+)'`)
	for _, name := range names {
		for _, m := range imported.FindAllStringSubmatch(read(t, path.Base(name)), -1) {
			if _, err := static.ReadFile("static/" + m[1]); err != nil {
				t.Errorf("%s imports %s, which is not embedded", name, m[1])
			}
		}
	}
}

// languages reads strings.js: its texts by language and key.
func languages(t *testing.T) map[string]map[string]string {
	t.Helper()
	begins := regexp.MustCompile(`^  ([a-z]{2}): \{$`)
	entry := regexp.MustCompile(`^    ([a-z_]+): '(.+)',$`)
	texts := map[string]map[string]string{}
	language := ""
	for line := range strings.Lines(read(t, "strings.js")) {
		line = strings.TrimRight(line, "\n")
		if m := begins.FindStringSubmatch(line); m != nil {
			language = m[1]
			texts[language] = map[string]string{}
		} else if m := entry.FindStringSubmatch(line); m != nil {
			if _, twice := texts[language][m[1]]; twice {
				t.Errorf("%s has %s twice", language, m[1])
			}
			texts[language][m[1]] = m[2]
		} else if strings.HasPrefix(line, "    ") {
			t.Errorf("not understood: %s", line)
		}
		if line == "};" {
			break
		}
	}
	return texts
}

func TestLanguagesHaveTheSameKeys(t *testing.T) {
	texts := languages(t)
	if len(texts) != 2 || len(texts["en"]) < 50 {
		t.Fatalf("languages: %d, %d keys", len(texts), len(texts["en"]))
	}
	keys := func(language string) []string { return slices.Sorted(maps.Keys(texts[language])) }
	if diff := cmp.Diff(keys("en"), keys("ru")); diff != "" {
		t.Errorf("the keys differ (-en +ru):\n%s", diff)
	}
	named := regexp.MustCompile(`\{\w+\}`)
	for key, text := range texts["en"] {
		if diff := cmp.Diff(named.FindAllString(text, -1), named.FindAllString(texts["ru"][key], -1)); diff != "" {
			t.Errorf("%s: the values differ (-en +ru):\n%s", key, diff)
		}
	}
}

// TestKeysAreUsed: every key that is asked for is there, and none is there for nothing.
func TestKeysAreUsed(t *testing.T) {
	known := languages(t)["en"]
	used := map[string]bool{}
	for _, m := range regexp.MustCompile(`data-(?:t|label)="(\w+)"`).FindAllStringSubmatch(read(t, "index.html"), -1) {
		used[m[1]] = true
	}
	scripts := read(t, "page.js") + read(t, "panels.js")
	for _, m := range regexp.MustCompile(`'([a-z]+(?:_[a-z]+)*)'`).FindAllStringSubmatch(scripts, -1) {
		if _, ok := known[m[1]]; ok {
			used[m[1]] = true
		}
	}
	for _, m := range regexp.MustCompile(`\bt\('(\w+)'`).FindAllStringSubmatch(scripts, -1) {
		used[m[1]] = true
	}
	for key := range used {
		if _, ok := known[key]; !ok {
			t.Errorf("%s has no text", key)
		}
	}
	composed := regexp.MustCompile(`^(end|state|media|type|inbound|outbound|mute|unmute|peer_muted)_`)
	for key := range known {
		if !used[key] && !composed.MatchString(key) {
			t.Errorf("%s is not used", key)
		}
	}
}

// TestEveryDeviceHasWords: each reason why a device is not used has words for both devices, and what helps.
func TestEveryDeviceHasWords(t *testing.T) {
	texts := languages(t)["en"]
	reasons := regexp.MustCompile(`(?m)^ \*   (\w+) {2,}`).FindAllStringSubmatch(read(t, "media.js"), -1)
	if len(reasons) < 10 {
		t.Fatalf("reasons: %v", reasons)
	}
	for _, m := range reasons {
		if _, both := texts["media_"+m[1]]; both {
			continue
		}
		for _, key := range []string{"media_audio_" + m[1], "media_video_" + m[1], "media_step_" + m[1]} {
			if texts[key] == "" {
				t.Errorf("%s has no text", key)
			}
		}
	}
	returned := regexp.MustCompile(`return '(\w+)'`)
	for _, m := range returned.FindAllStringSubmatch(read(t, "media.js"), -1) {
		if !slices.ContainsFunc(reasons, func(r []string) bool { return r[1] == m[1] }) {
			t.Errorf("%s is not among the reasons", m[1])
		}
	}
}

// TestEveryEndHasWords: what ends a call in call.js and room.js is told with the next step.
func TestEveryEndHasWords(t *testing.T) {
	known := languages(t)["en"]
	reasons := regexp.MustCompile(`#end\('(\w+)'|RoomError\('(\w+)'|reason = '(\w+)'|\? '(\w+)' : '(\w+)'\)`)
	for _, script := range []string{"call.js", "room.js"} {
		for _, m := range reasons.FindAllStringSubmatch(read(t, script), -1) {
			for _, reason := range m[1:] {
				if _, ok := known["end_"+reason]; reason != "" && reason != "cancelled" && !ok {
					t.Errorf("%s: end_%s has no text", script, reason)
				}
			}
		}
	}
}
