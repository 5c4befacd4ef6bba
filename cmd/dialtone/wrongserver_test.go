package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/feed"
	"dialtone/diag/lab/labtest"
	"dialtone/diag/peer"
	"dialtone/diag/session"
	"dialtone/signal"
	posting "dialtone/signal/post"
	"dialtone/signal/whip"
)

// answered answers the callers of a server, one after another, until the test ends.
func answered(t *testing.T, s signal.Server, flow peer.Flow) http.Handler {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	t.Cleanup(func() { cancel(); running.Wait() })
	ready := make(chan struct{}, 1)
	running.Go(func() {
		for ctx.Err() == nil {
			log := feed.New(time.Now)
			dial := func(ctx context.Context, _ func(diag.SignalRequest)) (signal.Channel, error) {
				defer func() {
					select {
					case ready <- struct{}{}:
					default:
					}
				}()
				return s.Accept(ctx)
			}
			config := diag.Config{Code: "x", Echo: flow == peer.FlowBoth, MediaOnly: flow != peer.FlowBoth, Server: "http://127.0.0.1/"}
			session.New(session.Options{Config: config, Feed: log, Dial: dial, Flow: flow}).Run(ctx)
		}
	})
	<-ready
	return s
}

// rewritten is a server whose answers to a method are changed.
func rewritten(h http.Handler, method string, change func(r *http.Request, a *httptest.ResponseRecorder)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != method {
			h.ServeHTTP(w, r)
			return
		}
		a := httptest.NewRecorder()
		h.ServeHTTP(a, r)
		if a.Code/100 == 2 {
			change(r, a)
		}
		for name, values := range a.Header() {
			if name != "Content-Length" {
				w.Header()[name] = values
			}
		}
		w.WriteHeader(a.Code)
		_, _ = w.Write(a.Body.Bytes())
	})
}

// body is a change of the body of an answer.
func body(change func(string) string) func(*http.Request, *httptest.ResponseRecorder) {
	return func(_ *http.Request, a *httptest.ResponseRecorder) {
		text := change(a.Body.String())
		a.Body.Reset()
		a.Body.WriteString(text)
	}
}

// inSDP is a change of the description in {type, sdp}.
func inSDP(change func(string) string) func(*http.Request, *httptest.ResponseRecorder) {
	return body(func(raw string) string {
		var d signal.Description
		if err := json.Unmarshal([]byte(raw), &d); err != nil {
			panic(err)
		}
		d.SDP = change(d.SDP)
		out, err := json.Marshal(d)
		if err != nil {
			panic(err)
		}
		return string(out)
	})
}

// refuses answers every POST with a status and a body.
func refuses(status int, kind, text string, fields ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		for i := 0; i+1 < len(fields); i += 2 {
			w.Header().Set(fields[i], fields[i+1])
		}
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	})
}

// checked runs dialtone check in this process.
func checked(t *testing.T, args ...string) (diag.Exit, string) {
	t.Helper()
	out := &lockedText{grown: make(chan struct{}, 1)}
	s := realStreams()
	s.In, s.Out, s.Err, s.Terminal, s.Environ = strings.NewReader(""), out, out, false, nil
	s.ConfigDir = func() (string, error) { return t.TempDir(), nil }
	code := run(t.Context(), append([]string{"check"}, args...), s)
	return code, strings.Join(strings.Fields(out.String()), " ")
}

func gzipped(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, s)
	_ = w.Close()
	return b.String()
}

// TestWrongServers: what servers do wrong is told with its cause, and only what makes a call fail fails it.
func TestWrongServers(t *testing.T) {
	labtest.NeedTime(t)
	t.Parallel()
	post := func(t *testing.T) http.Handler {
		return answered(t, posting.NewServer(posting.ServerOptions{}), peer.FlowBoth)
	}
	publish := func(t *testing.T) http.Handler {
		return answered(t, whip.NewServer(whip.ServerOptions{}), peer.FlowReceive)
	}
	changed := func(make func(*testing.T) http.Handler, method string, change func(*http.Request, *httptest.ResponseRecorder)) func(*testing.T) http.Handler {
		return func(t *testing.T) http.Handler { return rewritten(make(t), method, change) }
	}
	fixed := func(h http.Handler) func(*testing.T) http.Handler { return func(*testing.T) http.Handler { return h } }
	candidates := regexp.MustCompile(`a=candidate:[^\r]*\r\n`)
	only := func(line string) func(string) string {
		return func(sdp string) string {
			first := true
			return candidates.ReplaceAllStringFunc(sdp, func(string) string {
				if !first {
					return ""
				}
				first = false
				return "a=candidate:" + line + "\r\n"
			})
		}
	}
	unreached := func(line string) func(*testing.T) http.Handler { // it does not learn our addresses either
		return func(t *testing.T) http.Handler {
			h := rewritten(post(t), "POST", inSDP(only(line)))
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				raw, err := io.ReadAll(r.Body)
				if err != nil {
					return
				}
				r.Body = io.NopCloser(strings.NewReader(regexp.MustCompile(`a=candidate:.*?\\r\\n`).ReplaceAllString(string(raw), "")))
				h.ServeHTTP(w, r)
			})
		}
	}
	video := regexp.MustCompile(`(?s)m=video .*$`)
	inVideo := func(from, to string) func(string) string {
		return func(sdp string) string {
			return video.ReplaceAllStringFunc(sdp, func(s string) string { return strings.ReplaceAll(s, from, to) })
		}
	}
	returned := func(kind string) func(*testing.T) http.Handler { // an echo of what is posted
		return fixed(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			raw, err := io.ReadAll(r.Body)
			if kind != "" {
				raw = bytes.Replace(raw, []byte(`"offer"`), []byte(`"`+kind+`"`), 1)
			}
			if err == nil {
				_, _ = w.Write(raw)
			}
		}))
	}
	seats := make(chan struct{}, 3) // a busy machine sees other faults
	for name, test := range map[string]struct {
		server func(*testing.T) http.Handler
		flag   string // --offer by default
		more   []string
		exit   diag.Exit
		says   []string
		not    string
	}{
		"SDP as text":      {changed(publish, "POST", func(_ *http.Request, a *httptest.ResponseRecorder) { a.Header().Set("Content-Type", "text/plain") }), "whip", nil, diag.ExitPass, []string{"the content type is not application/sdp"}, ""},
		"200":              {changed(publish, "POST", func(_ *http.Request, a *httptest.ResponseRecorder) { a.Code = 200 }), "whip", nil, diag.ExitPass, []string{"the status is not the one that the protocol has"}, ""},
		"BOM":              {changed(publish, "POST", body(func(s string) string { return "\ufeff" + s })), "whip", nil, diag.ExitPass, []string{"byte order mark"}, ""},
		"blank lines":      {changed(publish, "POST", body(func(s string) string { return "\r\n\r\n" + s })), "whip", nil, diag.ExitPass, []string{"blank lines"}, ""},
		"no last line end": {changed(publish, "POST", body(func(s string) string { return strings.TrimRight(s, "\r\n") })), "whip", nil, diag.ExitPass, []string{"the last line of the description has no end"}, ""},
		"gzip": {changed(publish, "POST", func(r *http.Request, a *httptest.ResponseRecorder) {
			a.Header().Set("Content-Encoding", "gzip")
			body(gzipped)(r, a)
		}), "whip", nil, diag.ExitPass, []string{"compressed"}, ""},
		"JSON in base64":  {changed(post, "POST", body(func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) })), "", nil, diag.ExitPass, []string{"another place of the answer"}, ""},
		"a nested answer": {changed(post, "POST", body(func(s string) string { return `{"ok":true,"answer":` + s + `}` })), "", nil, diag.ExitPass, []string{"another place of the answer"}, ""},
		"one odd candidate": {changed(post, "POST", inSDP(func(s string) string {
			return strings.Replace(s, "a=candidate:", "a=candidate:1 1 udp nonsense x y\r\na=candidate:9 1 udp 5 no-such-name.invalid 9 typ host\r\na=candidate:", 1)
		})), "", nil, diag.ExitPass, []string{"A remote candidate is not usable"}, ""},
		"TCP alone":          {unreached("1 1 tcp 1671430143 127.0.0.1 9 typ host tcptype passive"), "", nil, diag.ExitICE, []string{"TCP"}, ""},
		"0.0.0.0":            {unreached("1 1 udp 2130706431 0.0.0.0 50000 typ host"), "", nil, diag.ExitICE, []string{"0.0.0.0"}, ""},
		"private addresses":  {unreached("1 1 udp 2130706431 10.255.255.7 50000 typ host"), "", nil, diag.ExitICE, []string{"private"}, ""},
		"no a=setup":         {changed(post, "POST", inSDP(func(s string) string { return regexp.MustCompile(`a=setup:\w+\r\n`).ReplaceAllString(s, "") })), "", nil, diag.ExitPass, []string{"does not say who starts the DTLS handshake"}, ""},
		"no ICE credentials": {changed(post, "POST", inSDP(func(s string) string { return regexp.MustCompile(`a=ice-(ufrag|pwd):.*\r\n`).ReplaceAllString(s, "") })), "", nil, diag.ExitSignaling, []string{"no ice-ufrag", "Check the description that the peer or its server sends"}, "--server"},
		"another call's answer": {changed(post, "POST", inSDP(func(s string) string {
			return regexp.MustCompile(`a=ice-ufrag:.*\r\n`).ReplaceAllString(s, "a=ice-ufrag:another\r\n")
		})), "", nil, diag.ExitICE, []string{"The peer does not know the ICE credentials of its description", "its description has another", "Check that the server returns the answer to this offer"}, ""},
		"escaped line ends": {changed(post, "POST", inSDP(func(s string) string { return strings.ReplaceAll(s, "\r\n", `\r\n`) })), "", nil, diag.ExitSignaling, []string{"Check the description that the peer or its server sends"}, "--server"},
		"Basic":             {fixed(refuses(401, "text/plain", "", "WWW-Authenticate", `Basic realm="x"`)), "whip", nil, diag.ExitSignaling, []string{"--header 'Authorization: Basic USER:PASSWORD'"}, ""},
		"Digest":            {fixed(refuses(401, "text/plain", "", "WWW-Authenticate", `Digest realm="x", nonce="y"`)), "whip", []string{"--token", "x"}, diag.ExitSignaling, []string{"does not support Digest"}, ""},
		"Bearer":            {fixed(refuses(401, "text/plain", "", "WWW-Authenticate", `Bearer`)), "whip", nil, diag.ExitSignaling, []string{"Give the bearer token with --token"}, ""},
		"mids of its own":   {changed(post, "POST", inSDP(func(s string) string { return regexp.MustCompile(`a=mid:`).ReplaceAllString(s, "a=mid:x") })), "", nil, diag.ExitSignaling, []string{"names the mid 0, and the mids of its sections are x0, x1, x2", "The answer does not match the offer", "section 2: offered video 1, answered video x1"}, "refuses"},
		"setup:actpass":     {changed(post, "POST", inSDP(func(s string) string { return regexp.MustCompile(`a=setup:\w+`).ReplaceAllString(s, "a=setup:actpass") })), "", nil, diag.ExitPass, []string{"section 1 (audio 0) has a=setup:actpass in the answer, which is neither active nor passive"}, ""},
		"sections exchanged": {changed(post, "POST", inSDP(func(s string) string {
			return regexp.MustCompile(`(?s)(m=audio .*)(m=video .*)(m=appl)`).ReplaceAllString(s, "$2$1$3")
		})), "", nil, diag.ExitPass, []string{"section 1: offered audio 0, answered video 1", "browsers may reject such an answer"}, ""},
		"fewer sections": {changed(post, "POST", inSDP(func(s string) string {
			return strings.Replace(regexp.MustCompile(`(?s)m=video .*`).ReplaceAllString(s, ""), "BUNDLE 0 1 2", "BUNDLE 0", 1)
		})), "", []string{"--no-echo"}, diag.ExitPass, []string{"section 2 (video 1) is missing in the answer"}, ""},
		"an unknown hash": {changed(post, "POST", inSDP(func(s string) string { return strings.ReplaceAll(s, "a=fingerprint:sha-256", "a=fingerprint:sha-999") })), "", nil, diag.ExitSignaling, []string{`its fingerprint has the hash "sha-999", which cannot be checked`}, "another certificate"},
		"a short fingerprint": {changed(post, "POST", inSDP(func(s string) string {
			return regexp.MustCompile(`a=fingerprint:.*`).ReplaceAllString(s, "a=fingerprint:sha-256 01:02\r")
		})), "", nil, diag.ExitSignaling, []string{"its fingerprint has 2 bytes; sha-256 has 32"}, "another certificate"},
		"two hashes": {changed(post, "POST", inSDP(func(s string) string {
			return strings.Replace(s, "a=fingerprint:", "a=fingerprint:md2 01:02\r\na=fingerprint:", 1)
		})), "", nil, diag.ExitPass, []string{"PASS"}, "certificate than"},
		"the offer":    {returned(""), "", nil, diag.ExitSignaling, []string{"the server sent the offer back instead of an answer", "as a WebRTC server does not"}, "TURN"},
		"as an answer": {returned("answer"), "", nil, diag.ExitSignaling, []string{"the server sent the offer back instead of an answer", "as a WebRTC server does not"}, "TURN"},
		"an own offer": {changed(post, "POST", body(func(s string) string { return strings.Replace(s, `"answer"`, `"offer"`, 1) })), "", nil, diag.ExitSignaling, []string{"an offer instead of an answer"}, ""},
		"Answer":       {changed(post, "POST", body(func(s string) string { return strings.Replace(s, `"answer"`, `"Answer"`, 1) })), "", nil, diag.ExitSignaling, []string{`the description has type "Answer"`, "browsers accept no other"}, ""},
		"UTF-16": {changed(post, "POST", body(func(s string) string {
			return "\xff\xfe" + strings.Join(strings.Split(s, ""), "\x00") + "\x00"
		})), "", nil, diag.ExitSignaling, []string{"the answer is in UTF-16 instead of UTF-8"}, ""},
		"Latin-1":             {changed(post, "POST", body(func(s string) string { return strings.Replace(s, "s=-", "s=Zo\xeb", 1) })), "", nil, diag.ExitPass, []string{"the answer is not valid UTF-8"}, ""},
		"JSON in a string":    {changed(post, "POST", body(func(s string) string { return fmt.Sprintf("%q", s) })), "", nil, diag.ExitPass, []string{"another place of the answer"}, ""},
		"gzip without a word": {changed(post, "POST", body(gzipped)), "", nil, diag.ExitSignaling, []string{"the answer is compressed (gzip), and no Content-Encoding says so"}, ""},
		"gzip that is none":   {changed(post, "POST", func(_ *http.Request, a *httptest.ResponseRecorder) { a.Header().Set("Content-Encoding", "gzip") }), "", nil, diag.ExitSignaling, []string{"the Content-Encoding of the answer is gzip, and the answer cannot be decompressed"}, ""},
		"a callback":          {changed(post, "POST", body(func(s string) string { return "done(" + s + ");" })), "", nil, diag.ExitSignaling, []string{`within something else: it begins with "done({`, "Choose the --preset"}, ""},
		"half of JSON":        {fixed(refuses(200, "application/json", `{"type":"answer","sd`)), "", nil, diag.ExitSignaling, []string{"begins like JSON and is none: unexpected end"}, ""},
		"other JSON":          {fixed(refuses(200, "application/json", `{"status":"ok","id":7}`)), "", nil, diag.ExitSignaling, []string{"no session description at sdp: the answer has no sdp, but id, status"}, ""},
		"no base64":           {fixed(refuses(200, "application/json", `{"sdp":"bm90IGEgZGVzY3JpcHRpb24"}`)), "", nil, diag.ExitSignaling, []string{"sdp is the text", "neither SDP nor SDP in base64"}, ""},
		"a list":              {fixed(refuses(200, "application/json", `[{"a":1},{"b":2}]`)), "", nil, diag.ExitSignaling, []string{"the answer is a list of 2"}, ""},
		"no body":             {fixed(refuses(200, "application/json", "")), "", nil, diag.ExitSignaling, []string{"the answer has no body", "sends its answer in another way"}, ""},
		"a picture":           {fixed(refuses(200, "image/png", "\x89PNG\r\n\x1a\n\x00")), "", nil, diag.ExitSignaling, []string{"binary data (image/png, 9 bytes)"}, ""},
		"a login page":        {fixed(refuses(200, "text/html", `<html><title>Acme</title><form><input type="password">`)), "", nil, diag.ExitSignaling, []string{"the answer is a login page: Acme", "--header 'Cookie: …'"}, ""},
		"a login elsewhere":   {fixed(refuses(302, "text/plain", "", "Location", "/login?next=1")), "", nil, diag.ExitSignaling, []string{"--header 'Cookie: …'"}, "Give the address"},
		"a circle":            {fixed(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusTemporaryRedirect) })), "", nil, diag.ExitSignaling, []string{"the server redirects in a circle", "Fix the redirects"}, ""},
		"an hour":             {fixed(refuses(503, "text/plain", "maintenance", "Retry-After", "3600")), "", nil, diag.ExitSignaling, []string{"maintenance; it asks to wait 1h", "Try again later"}, ""},
		"error.message":       {fixed(refuses(400, "application/json", `{"error":{"message":"Unsupported codec: VP8","type":"invalid_request_error","code":"bad_codec"}}`)), "", nil, diag.ExitSignaling, []string{"Unsupported codec: VP8"}, ""},
		"detail[]":            {fixed(refuses(422, "application/json", `{"detail":[{"loc":["body","sdp"],"msg":"field required","type":"value_error.missing"}]}`)), "", nil, diag.ExitSignaling, []string{"body.sdp: field required"}, ""},
		"words with 406":      {fixed(refuses(406, "text/plain", "codecs not supported by client")), "whip", nil, diag.ExitSignaling, []string{"codecs not supported by client"}, ""},
		"an error with 200":   {fixed(refuses(200, "application/json", `{"code":400,"msg":"stream is busy"}`)), "", nil, diag.ExitSignaling, []string{"rejected", "but an error: stream is busy"}, "another protocol"},
		"fields":              {fixed(refuses(400, "application/json", `{"sdp":["This field is required."]}`)), "", nil, diag.ExitSignaling, []string{"sdp This field is required."}, ""},
		"an expired token":    {fixed(refuses(401, "text/plain", "", "WWW-Authenticate", `Bearer error="invalid_token", error_description="The token expired"`)), "whip", []string{"--token", "t0k3n"}, diag.ExitSignaling, []string{"The token expired"}, ""},
		"port 0":              {changed(publish, "POST", body(func(s string) string { return strings.Replace(s, "m=video 9", "m=video 0", 1) })), "whip", []string{"--expect-media", "both"}, diag.ExitMedia, []string{"The server refuses video: it was offered VP8, H264, VP9, AV1."}, "video flows"},
		"inactive":            {changed(publish, "POST", body(inVideo("a=recvonly", "a=inactive"))), "whip", []string{"--expect-media", "both"}, diag.ExitMedia, []string{"The server refuses video: it was offered VP8, H264, VP9, AV1."}, ""},
		"no section": {changed(publish, "POST", body(func(s string) string {
			return strings.Replace(video.ReplaceAllString(s, ""), "BUNDLE 0 1", "BUNDLE 0", 1)
		})), "whip", []string{"--expect-media", "both"}, diag.ExitMedia, []string{"The server refuses video: it was offered VP8, H264, VP9, AV1."}, ""},
		"another codec": {changed(publish, "POST", body(inVideo("VP8/90000", "H266/90000"))), "whip", []string{"--expect-media", "both", "--video-codec", "VP8"}, diag.ExitMedia, []string{"The server refuses video: it was offered VP8."}, ""},
		"DELETE fails":  {changed(publish, "DELETE", func(_ *http.Request, a *httptest.ResponseRecorder) { a.Code = 500 }), "whip", nil, diag.ExitPass, []string{"The session could not be ended at the server", "HTTP 500"}, ""},
		"a Location that is cut": {changed(publish, "POST", func(_ *http.Request, a *httptest.ResponseRecorder) {
			a.Header().Set("Location", "/elsewhere"+a.Header().Get("Location"))
		}), "whip", nil, diag.ExitPass, []string{"HTTP 404", "against the paths of the proxy"}, ""},
		"no Location": {changed(publish, "POST", func(_ *http.Request, a *httptest.ResponseRecorder) { a.Header().Del("Location") }), "whip", nil, diag.ExitPass, []string{"has no Location"}, ""},
		"OPTIONS hangs": {func(t *testing.T) http.Handler {
			h := publish(t)
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodOptions {
					<-r.Context().Done()
					return
				}
				h.ServeHTTP(w, r)
			})
		}, "whip", nil, diag.ExitPass, []string{"The server does not answer OPTIONS"}, ""},
		"GET that breaks a MUST":    {changed(publish, "GET", func(_ *http.Request, a *httptest.ResponseRecorder) { a.Code = 299; a.Body.WriteString("x") }), "whip", []string{"--conformance"}, diag.ExitAssertion, []string{"FAILED RFC 9725 §4.1 MUST get-endpoint"}, ""},
		"a gate that leaves it out": {changed(publish, "GET", func(_ *http.Request, a *httptest.ResponseRecorder) { a.Code = 299; a.Body.WriteString("x") }), "whip", []string{"--conformance", "--skip", "get-endpoint", "--skip", "get-session"}, diag.ExitPass, []string{"post-created"}, "get-endpoint"},
		"GET of a draft":            {changed(publish, "GET", func(_ *http.Request, a *httptest.ResponseRecorder) { a.Code = 405 }), "whip", []string{"--conformance", "--only", "get-endpoint"}, diag.ExitPass, []string{"The endpoint follows a draft, not the standard"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seats <- struct{}{}
			defer func() { <-seats }()
			h := httptest.NewServer(test.server(t))
			t.Cleanup(h.Close)
			flag := "--offer"
			if test.flag != "" {
				flag = "--" + test.flag
			}
			code, text := checked(t, append([]string{flag, h.URL, "--for", "500ms", "--expect-media", "none"}, test.more...)...)
			if code != test.exit {
				t.Errorf("exit %v", code)
			}
			for _, want := range test.says {
				if !strings.Contains(text, want) {
					t.Errorf("no %q", want)
				}
			}
			if test.not != "" && strings.Contains(text, test.not) {
				t.Errorf("%q is there", test.not)
			}
			if t.Failed() {
				t.Log(text)
			}
		})
	}
}

// TestTokenTo: a token goes to another host only if the user names that.
func TestTokenTo(t *testing.T) {
	t.Parallel()
	s := answered(t, whip.NewServer(whip.ServerOptions{Token: "t0k3n-secret"}), peer.FlowReceive)
	there := httptest.NewServer(s)
	t.Cleanup(there.Close)
	host := strings.TrimPrefix(there.URL, "http://")
	here := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, there.URL+r.URL.Path, http.StatusTemporaryRedirect)
	}))
	t.Cleanup(here.Close)
	args := []string{"--whip", here.URL + "/whip", "--token", "t0k3n-secret", "--for", "500ms", "--expect-media", "none"}
	code, text := checked(t, args...)
	if code != diag.ExitSignaling || !strings.Contains(text, fmt.Sprintf("If you trust %s, add --token-to %s.", host, host)) {
		t.Errorf("%v %s", code, text)
	}
	if code, text = checked(t, append(args, "--token-to", host)...); code != diag.ExitPass || strings.Contains(text, "secret") {
		t.Errorf("%v %s", code, text)
	}
}
