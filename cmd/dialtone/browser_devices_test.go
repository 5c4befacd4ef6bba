//go:build unix

package main

import (
	"strings"
	"testing"

	"dialtone/diag/lab/labtest"
)

// devices replaces what a browser knows of cameras and microphones: each kind has a state, which the test may change. A track
// that is real comes from a canvas or an oscillator; unplug ends it as a browser does.
const devices = `
	window.device = { video: "ok", audio: "ok" };
	window.given = {};
	window.permission = "granted";
	const made = {
		video: () => { const c = document.createElement("canvas"); c.width = 321; c.height = 181; c.getContext("2d"); setInterval(() => c.getContext("2d").fillRect(Math.random() * 300, 0, 9, 9), 40); return c.captureStream(25).getVideoTracks()[0]; },
		audio: () => { const a = new AudioContext(), d = a.createMediaStreamDestination(), o = a.createOscillator(); o.connect(d); o.start(); return d.stream.getAudioTracks()[0]; },
	};
	navigator.mediaDevices.getUserMedia = async (wish) => {
		const tracks = [];
		for (const kind of ["audio", "video"]) {
			if (!wish[kind]) continue;
			if (device[kind] !== "ok") throw new DOMException("no", device[kind]);
		}
		for (const kind of ["audio", "video"]) if (wish[kind]) tracks.push(given[kind] = made[kind]());
		return new MediaStream(tracks);
	};
	navigator.mediaDevices.enumerateDevices = async () => Object.keys(device).filter((k) => device[k] === "ok").map((k) => ({ kind: k + "input" }));
	navigator.permissions.query = async () => ({ state: permission });
	window.end = (kind) => { given[kind].stop(); given[kind].dispatchEvent(new Event("ended")); };
`

// deviceCase is what a device does, and what the page says of it while the call is connected.
type deviceCase struct {
	name   string
	before string // evaluated before the call
	during string // evaluated in the call
	says   []string
	silent []string // what it does not say
	fixed  string   // evaluated before the button to try again; empty: there is no such button
}

// deviceCases are the ways in which a device is not there.
var deviceCases = []deviceCase{
	{
		name: "no camera", before: `device.video = "NotFoundError"`,
		says: []string{"No camera was found, so a test picture is sent. Connect one, then try again."}, silent: []string{"microphone"},
		fixed: `device.video = "ok"`,
	},
	{
		name: "neither", before: `device.video = device.audio = "NotFoundError"`,
		says:  []string{"No camera was found", "No microphone was found, so a tone is sent. Connect one"},
		fixed: `device.video = device.audio = "ok"`,
	},
	{
		name: "refused", before: `device.video = device.audio = "NotAllowedError"`,
		says:  []string{"Access to the camera was denied", "Access to the microphone was denied", "Allow access for this page"},
		fixed: `device.video = device.audio = "ok"`,
	},
	{
		name: "camera in use", before: `device.video = "NotReadableError"`,
		says: []string{"The camera cannot be read", "Close other programs"}, fixed: `device.video = "ok"`,
	},
	{
		name: "does not start", before: `device.audio = "AbortError"`,
		says: []string{"The microphone did not start"}, silent: []string{"camera"}, fixed: `device.audio = "ok"`,
	},
	{
		name: "unplugged", during: `device.video = "NotFoundError"; end("video")`,
		says: []string{"The camera was disconnected, so a test picture is sent."}, fixed: `device.video = "ok"`,
	},
	{
		name: "permission revoked", during: `permission = "denied"; device.video = device.audio = "NotAllowedError"; end("video"); end("audio")`,
		says:  []string{"Access to the camera was withdrawn", "Access to the microphone was withdrawn"},
		fixed: `permission = "granted"; device.video = device.audio = "ok"`,
	},
	{
		name: "ended for no known reason", during: `end("video")`,
		says: []string{"The camera stopped"}, fixed: `device.video = "ok"`,
	},
	{
		name: "covered", during: `given.video.dispatchEvent(new Event("mute"))`,
		says: []string{"The camera delivers no picture at present."},
	},
	{name: "no HTTPS", before: `Object.defineProperty(navigator, "mediaDevices", { value: undefined })`, says: []string{"only on pages over HTTPS"}},
}

// TestBrowserNamesMissingDevices: what is wrong with a device stays visible for as long as it is so, a substitute is sent, and
// the device is used again when it is asked for again.
func TestBrowserNamesMissingDevices(t *testing.T) {
	labtest.NeedTime(t)
	for _, in := range engines {
		t.Run(in.name, func(t *testing.T) {
			besides(t)
			address := startServe(t)
			startTool(t, "answer", "w1", "--server", address)
			t.Run("during a call", func(t *testing.T) {
				b := dialed(t, in, address, "")
				for _, c := range deviceCases {
					if c.during != "" {
						b.run(c.during)
						c.check(b)
					}
				}
				b.click("hang-up")
				b.outcome("hangup")
			})
			for i, c := range deviceCases {
				if c.before == "" {
					continue
				}
				// What the page does is the same in both, and what the browsers do differs little. The code for the causes differs
				// only in its words.
				if in.name == inFirefox.name && i > 0 && !labtest.Nightly() {
					continue
				}
				t.Run(c.name, func(t *testing.T) {
					b := dialed(t, in, address, c.before)
					c.check(b)
					b.click("hang-up")
					b.outcome("hangup")
				})
			}
		})
	}
}

// dialed is a page in a call, before which something is evaluated.
func dialed(t *testing.T, in engine, address, before string) *tab {
	t.Helper()
	b := openTab(t, in, "page", address+"?code=w1", devices)
	b.run(before)
	b.click("call")
	b.state("connected")
	return b
}

// check looks at what the page says and sends, and uses the device again.
func (c deviceCase) check(b *tab) {
	b.t.Helper()
	b.await(`!document.getElementById("media-notice").hidden`)
	for _, says := range c.says {
		b.await(`document.getElementById("media-notice").innerText.includes("` + says + `")`)
	}
	said := b.text("media-notice")
	for _, other := range c.silent {
		if strings.Contains(said, other) {
			b.t.Errorf("%s: of the device that works it says %q", c.name, said)
		}
	}
	b.flows()
	if c.fixed == "" {
		b.await(`document.getElementById("retry").hidden`)
		return
	}
	b.run(c.fixed)
	b.click("retry")
	b.await(`document.getElementById("media-notice").hidden`)
	b.await(`(() => { const sent = connections.at(-1).getSenders().map((s) => s.track); return sent.includes(given.video) && sent.includes(given.audio); })()`)
	b.await(`document.getElementById("local").videoWidth === 321`)
}

// run evaluates statements.
func (b *tab) run(statements string) {
	b.t.Helper()
	b.ask(`(() => { `+statements+`; return true; })()`, new(bool))
}
