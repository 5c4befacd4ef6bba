//go:build unix

package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"dialtone/diag"
	"dialtone/diag/lab/labtest"
)

// inRussianWithoutDevices is a browser of somebody else, who refuses camera and microphone.
const inRussianWithoutDevices = `Object.defineProperty(navigator, "languages", { get: () => ["uk", "ru-RU", "en"] });
	navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("no", "NotAllowedError"); };`

// TestBrowserWithoutDevices: where they are refused the test picture and the tone are sent, and the page says so in the
// browser's language.
func TestBrowserWithoutDevices(t *testing.T) {
	labtest.NeedTime(t)
	besides(t)
	address := startServe(t)
	b := openTab(t, inChromium, "page", address+"#w%31", inRussianWithoutDevices)
	var language, code string
	b.ask(`document.documentElement.lang`, &language)
	b.ask(`document.getElementById("code").value`, &code)
	if language != "ru" || code != "w1" || b.text("call") != "Позвонить" {
		t.Errorf("language %q, code %q, %q", language, code, b.text("call"))
	}
	startTool(t, "answer", "w1", "--server", address)
	b.click("call")
	if said := b.text("media-notice"); !strings.Contains(said, "запрещён") {
		t.Errorf("of the devices it says %q", said)
	}
	b.state("connected")
	b.flows()
	b.click("hang-up")
	b.outcome("hangup")
}

// TestBrowserMeetsOldServer: a server that neither holds polls nor announces that it does is polled, one request at a time.
func TestBrowserMeetsOldServer(t *testing.T) {
	labtest.NeedTime(t)
	besides(t)
	target, err := url.Parse(startServe(t))
	if err != nil {
		t.Fatal(err)
	}
	target.Path = ""
	var busy, overlaps, extensions counter
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ModifyResponse = func(r *http.Response) error {
		r.Header.Del("Dialtone-Wait-Ms")
		return nil
	}
	old := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/call_line_process/") && strings.HasPrefix(r.UserAgent(), "Mozilla/") {
			if busy.add(1) > 1 {
				overlaps.add(1)
			}
			defer busy.add(-1)
			body := new(strings.Builder)
			r.Body = readInto(r.Body, body)
			defer func() {
				if strings.Contains(body.String(), "wait_ms") {
					extensions.add(1)
				}
			}()
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(old.Close)
	b := openTab(t, inChromium, "page", old.URL+"/call/?code=w1")
	b.click("call")
	b.state("waiting")
	a := startTool(t, "answer", "w1", "--once", "--server", target.String()+"/call/")
	b.state("connected")
	b.flows()
	b.click("hang-up")
	b.outcome("hangup")
	if code := a.exits(); code != int(diag.ExitPass) {
		t.Errorf("answer exits with %d", code)
	}
	if overlaps.get() > 0 || extensions.get() > 0 {
		t.Errorf("%d requests overlapped, %d used the extension", overlaps.get(), extensions.get())
	}
}

// TestBrowserIsToldWhatFailed: a peer that vanishes, a server that does, a word that is taken from it; each with the next step.
func TestBrowserIsToldWhatFailed(t *testing.T) {
	labtest.NeedTime(t)
	besides(t)
	t.Run("the other side leaves during the set-up", func(t *testing.T) {
		address := startServe(t)
		b := openTab(t, inChromium, "page", address+"?code=w1")
		b.click("call")
		b.state("waiting")
		user := post(t, address, `{"code":"dial","call_code":"w1"}`)["user_id"]
		b.state("connecting")
		post(t, address, `{"code":"disconnect","user_id":"`+user+`"}`)
		b.outcome("peer_left")
	})
	t.Run("the other side sends nonsense", func(t *testing.T) {
		address := startServe(t)
		b := openTab(t, inChromium, "page", address+"?code=w1")
		user := post(t, address, `{"code":"dial","call_code":"w1"}`)["user_id"]
		b.click("call")
		b.state("waiting")
		post(t, address, `{"code":"offer","user_id":"`+user+`","offer":{"type":"offer","sdp":"<img src=x onerror=alert(1)>"}}`)
		b.outcome("description")
		var images int
		b.ask(`document.querySelectorAll("#outcome *").length`, &images)
		if images != 0 {
			t.Error("the other side's text became markup")
		}
	})
	t.Run("the other side's process is killed", func(t *testing.T) {
		address := startServe(t)
		b := openTab(t, inChromium, "page", address+"?code=w1")
		a := startTool(t, "answer", "w1", "--server", address)
		b.click("call")
		b.state("connected")
		if err := a.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		b.state("silent")
		b.click("hang-up")
		b.outcome("hangup")
	})
	t.Run("the page is left", func(t *testing.T) {
		address := startServe(t)
		b := openTab(t, inChromium, "page", address+"?code=w1")
		a := startTool(t, "answer", "w1", "--once", "--server", address)
		b.click("call")
		b.state("connected")
		b.flows()
		b.visit("about:blank")
		a.await("the peer hung up")
		if code := a.exits(); code != int(diag.ExitPass) {
			t.Errorf("answer exits with %d", code)
		}
	})
	t.Run("the server refuses", func(t *testing.T) {
		address := startServe(t, "--max-pairs", "1")
		post(t, address, `{"code":"dial","call_code":"another"}`)
		b := openTab(t, inChromium, "page", address+"?code=w1")
		b.expect("status of 429")
		b.click("call")
		b.outcome("busy")
		if said := b.text("outcome"); !strings.Contains(said, "try again later") {
			t.Errorf("it says %q", said)
		}
	})
	t.Run("the server is gone", func(t *testing.T) {
		s := startTool(t, "serve", "--listen", "127.0.0.1:0")
		b := openTab(t, inChromium, "page", strings.TrimPrefix(s.await("listening on "), "listening on ")+"?code=w1")
		b.expect("ERR_CONNECTION")
		s.end()
		b.click("call")
		b.outcome("unreachable")
	})
}

// TestBrowserUsesServersOfServe: the page learns of STUN and TURN, over https with a certificate that the server has made.
func TestBrowserUsesServersOfServe(t *testing.T) {
	labtest.NeedTime(t)
	besides(t)
	address := startServe(t, "--tls", "--turn", "127.0.0.1:0", "--turn-user", "ann", "--turn-pass", "secret",
		"--turn-allow", "0.0.0.0/0") // the tool beside it has no relay
	// The browser is made to use nothing but the relay.
	b := openTab(t, inChromium, "page", address+"?code=w1", `RTCPeerConnection = class extends RTCPeerConnection {
		constructor(c) { super({ ...c, iceTransportPolicy: "relay" }); }
		setConfiguration(c) { super.setConfiguration({ ...c, iceTransportPolicy: "relay" }); }
	}`)
	b.await(`document.querySelector("#lobby .command").textContent.includes("/call/ --insecure --ice 'turn:127.0.0.1:")`)
	startTool(t, "answer", "w1", "--server", address, "--insecure")
	b.click("call")
	b.state("connected")
	b.flows()
	b.await(`document.getElementById("path").textContent.startsWith("relayed")`)
	b.click("hang-up")
	b.outcome("hangup")
}

// post makes a request of the room protocol.
func post(t *testing.T, page, body string) map[string]string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, page+"call_line_process/", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	fields := map[string]string{}
	_ = json.NewDecoder(answer.Body).Decode(&fields) // most answers are empty
	return fields
}

// TestBrowserTakesCodesAsText: whatever a room code is made of, the page shows it, dials it, and makes nothing else of it.
func TestBrowserTakesCodesAsText(t *testing.T) {
	labtest.NeedTime(t)
	besides(t)
	address := startServe(t)
	for name, code := range map[string]string{
		"markup":        `</script><img src=x onerror=alert(1)><b id="state">"'`,
		"right to left": "\u202eabc\u200f \u05d0\u05d1",
		"emoji":         "\U0001f469\u200d\U0001f680 \U0001f1eb\U0001f1ee",
		"longest":       strings.Repeat("w", 255),
	} {
		t.Run(name, func(t *testing.T) {
			quoted, err := json.Marshal(code)
			if err != nil {
				t.Fatal(err)
			}
			b := openTab(t, inChromium, "page", address+"?media=test#"+url.PathEscape(code))
			b.await(`document.getElementById("code").value === ` + string(quoted))
			b.visit(address + "?media=test&code=" + url.QueryEscape(code))
			b.await(`document.getElementById("code").value === ` + string(quoted))
			b.click("call")
			b.state("waiting")
			b.await(`document.querySelectorAll("img[onerror], b, #invite *[onerror]").length === 0 && document.scripts.length === 1`)
			b.await(`document.documentElement.scrollWidth <= innerWidth`)
			b.await(`document.getElementById("invite-words").textContent.includes(` + string(quoted) + `)`)
			user := post(t, address, `{"code":"dial","call_code":`+string(quoted)+`}`)["user_id"]
			b.state("connecting")
			post(t, address, `{"code":"disconnect","user_id":"`+user+`"}`)
			b.outcome("peer_left")
		})
	}
}
