//go:build unix

package main

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"dialtone/diag/lab/labtest"
)

// pathway is the way between a page and its server. While it is down, connections are cut.
type pathway struct {
	url  string
	down atomic.Bool
}

// startNetwork leads to a server.
func startNetwork(t *testing.T, server string) *pathway {
	t.Helper()
	target, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	target.Path = ""
	n := &pathway{}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.down.Load() {
			panic(http.ErrAbortHandler)
		}
		proxy.ServeHTTP(w, r)
		if n.down.Load() {
			panic(http.ErrAbortHandler)
		}
	}))
	t.Cleanup(s.Close)
	n.url = s.URL + "/call/"
	return n
}

// keepChannels lets a test close channels as browsers do when a path is lost for long.
const keepChannels = `window.channels = []; RTCPeerConnection = class extends RTCPeerConnection {
	constructor(...a) { super(...a); this.addEventListener("datachannel", (e) => channels.push(e.channel)); }
}`

// loseDTLS lets a test have the page find that the browser has given up DTLS.
const loseDTLS = `{
	const lost = new Set();
	const state = Object.getOwnPropertyDescriptor(RTCDtlsTransport.prototype, "state").get;
	Object.defineProperty(RTCDtlsTransport.prototype, "state", { get() { return lost.has(this) ? "failed" : state.call(this); } });
	window.loseDTLS = () => { for (const s of connections.at(-1).getSenders()) lost.add(s.transport); return true; };
}`

// TestBrowserDialsThroughALoss: a path that falls silent, with a server that cannot be reached, is no hang-up. The page
// dials again until the peer is back, and the call goes on: media, chat, its duration. So it does where the browser has
// given up DTLS meanwhile, as Firefox does when it cannot send.
func TestBrowserDialsThroughALoss(t *testing.T) {
	labtest.NeedTime(t)
	for _, test := range []struct {
		in   engine
		dead bool
	}{{inChromium, false}, {inFirefox, false}, {inChromium, true}, {inFirefox, true}} {
		in := test.in
		if test.dead != (in.name == inFirefox.name) && !labtest.Nightly() {
			continue
		}
		t.Run(in.name+map[bool]string{true: " without DTLS"}[test.dead], func(t *testing.T) {
			besides(t)
			server := startServe(t)
			n := startNetwork(t, server)
			b := openTab(t, in, "page", n.url+"?code=w1", keepChannels, loseDTLS)
			b.expect("ERR_EMPTY_RESPONSE")
			a := startTool(t, "answer", "w1", "--once", "--server", server)
			a.await("waiting")
			b.click("call")
			b.state("connected")
			b.flows()
			n.down.Store(true)
			b.must(a.cmd.Process.Signal(syscall.SIGSTOP))
			b.state("silent")
			if test.dead {
				b.ask(`loseDTLS()`, new(bool))
			}
			b.ask(`channels.find((c) => c.label === "system_channel").dispatchEvent(new Event("close"))`, new(bool))
			b.state("redialing")
			b.await(`document.getElementById("over").hidden && document.querySelectorAll("#streams tr").length === 4`)
			n.down.Store(false)
			if test.dead {
				b.await(`connections.length > 1`)
			}
			b.must(a.cmd.Process.Signal(syscall.SIGCONT))
			b.state("connected")
			var was float64
			b.ask(`(async () => window.received = async () => [...(await connections.at(-1).getStats()).values()]
				.filter((r) => r.type === "inbound-rtp").reduce((n, r) => n + r.packetsReceived, 0))().then(() => received())`, &was)
			b.await(`received().then((n) => n > ` + number(was+50) + `)`)
			b.say("still here")
			b.heard("still here")
			b.state("connected") // a restart that comes late changes nothing
			b.click("hang-up")
			b.outcome("hangup")
			b.await(`document.getElementById("report-text").value.includes("the path was silent 1 time")`)
			var connections int
			if b.ask(`connections.length`, &connections); test.dead && connections < 2 {
				t.Errorf("the page has had %d connections", connections)
			}
			a.await("peer-hangup")
		})
	}
}

// TestBrowserHangsUpWithoutAPath: a hang-up that the lost path cannot carry reaches the peer by the server.
func TestBrowserHangsUpWithoutAPath(t *testing.T) {
	labtest.NeedTime(t)
	besides(t)
	server := startServe(t)
	b := openTab(t, inChromium, "page", server+"?code=w1")
	a := startTool(t, "answer", "w1", "--once", "--server", server)
	a.await("waiting")
	b.click("call")
	b.state("connected")
	b.flows()
	b.asksBesideStandby()
	b.must(a.cmd.Process.Signal(syscall.SIGSTOP))
	b.await(`connections.at(-1).connectionState === "disconnected"`)
	b.await(`!document.getElementById("restart").disabled`)
	b.click("restart")
	var said string
	if b.ask(`document.getElementById("restart").textContent`, &said); said != "Looking for a new path …" {
		t.Errorf("asked for another path while the peer is silent: %q", said)
	}
	b.state("redialing")
	b.click("hang-up")
	b.outcome("hangup")
	b.must(a.cmd.Process.Signal(syscall.SIGCONT))
	a.await("peer-hangup")
}

// asksBesideStandby has the page ask for another path while a peer that stood by, because the path was silent to it for a
// moment, is in the room and leaves it: that is not the end of the restart.
func (b *tab) asksBesideStandby() {
	b.t.Helper()
	b.run(`window.said = [];
		const button = document.getElementById("restart");
		new MutationObserver(() => said.push(button.textContent)).observe(button, { childList: true });
		const print = ({ sdp }) => { const [, hash, hex] = /^a=fingerprint:(\S+) (\S+)/im.exec(sdp); return hash.toLowerCase() + " " + hex.toUpperCase(); };
		const { localDescription, remoteDescription } = connections.at(-1);
		const call = [print(localDescription), print(remoteDescription)].sort().join(" ");
		const post = (body) => fetch("/call/call_line_process/", { method: "POST", body: JSON.stringify(body) }).then((r) => r.text());
		(async () => {
			const { user_id } = JSON.parse(await post({ code: "dial", call_code: "w1", call }));
			window.stands = true;
			while (!(await post({ code: "get_status", user_id })).includes("need_init")) await new Promise((done) => setTimeout(done, 50));
			await post({ code: "disconnect", user_id });
			window.left = true;
		})();`)
	b.await(`window.stands`)
	b.click("restart")
	b.await(`said.some((text) => ["Path checked anew", "No new path; the call goes on", "Your peer cannot do this"].includes(text))`)
	var said string
	if b.ask(`said.join()`, &said); !strings.Contains(said, "Path checked anew") {
		b.t.Errorf("the page says %s", said)
	}
	b.await(`window.left && connections.at(-1).connectionState === "connected"`)
}

// TestBrowserWaitsThroughALoss: the server that a page waits at for its peer is gone for longer than it keeps a pair.
func TestBrowserWaitsThroughALoss(t *testing.T) {
	labtest.NeedTime(t)
	besides(t)
	server := startServe(t, "--expiry", "2s")
	n := startNetwork(t, server)
	b := openTab(t, inChromium, "page", n.url+"?code=w1&media=test")
	b.expect("ERR_EMPTY_RESPONSE")
	b.click("call")
	b.state("waiting")
	n.down.Store(true)
	b.ask(`dispatchEvent(new Event("online"))`, new(bool)) // or the poll is held for another 25 s
	b.state("retrying")
	n.down.Store(false)
	b.state("waiting")
	startTool(t, "answer", "w1", "--once", "--server", server)
	b.state("connected")
	b.flows()
	b.click("hang-up")
	b.outcome("hangup")
}
