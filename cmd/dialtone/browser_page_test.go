//go:build unix

package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"dialtone/diag"
	"dialtone/diag/lab/labtest"
)

// look sets the size of the window and the scheme of colours ("light" or "dark").
func (b *tab) look(width, height int64, mobile bool, scheme string) {
	b.t.Helper()
	b.must(b.page.(*chromiumPage).do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: width, Height: height, DeviceScaleFactor: 1, Mobile: mobile,
		})
		if err != nil {
			return err
		}
		_, err = cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	})))
}

// keep writes a picture of the page with -update.
func (b *tab) keep(name string) {
	b.t.Helper()
	if !*update {
		return
	}
	picture, err := chromedp.Run(b.page.(*chromiumPage).ctx, chromedp.CaptureScreenshot())
	b.must(err)
	b.must(os.WriteFile(filepath.Join("..", "..", "docs", "images", name), picture, 0o644))
}

// fits fails where the page is wider than the window, or an element that is shown lies outside of it.
func (b *tab) fits() {
	b.t.Helper()
	var wide []string
	b.ask(`[...document.querySelectorAll("body *")].filter((e) => {
		const r = e.getBoundingClientRect();
		return r.width > 0 && !e.closest(".scroll") && (r.right > innerWidth + 1 || r.left < -1);
	}).map((e) => e.tagName + "#" + e.id + "." + e.className)`, &wide)
	if len(wide) > 0 {
		b.t.Errorf("%s: outside of the window: %v", b.name, wide)
	}
}

// TestPageLooks: in a call at the size of a desk and of a phone, light and dark, everything is in the window; -update keeps
// the pictures of the documentation.
func TestPageLooks(t *testing.T) {
	labtest.NeedTime(t)
	besides(t)
	url := startServe(t)
	b := openTab(t, inChromium, "page", url+"?code=w1&media=test")
	b.look(390, 844, true, "light")
	b.fits()
	b.click("call")
	b.state("waiting")
	b.fits()
	recording := filepath.Join(t.TempDir(), "page.jsonl")
	s := openTerminal(t, "call", "w1", "--server", url, "--record", recording, "--redact")
	s.meanwhile(func() {
		b.state("connected")
		b.flows()
	})
	s.then(t, "4", "Channels")
	b.say("Good evening! Can you see me?")
	s.then(t, "", "Can you see me?")
	s.then(t, "tYes, and both ends agree.\r", "both ends agree.")
	s.then(t, "\x1b", "type a message")
	s.meanwhile(func() {
		b.heard("Yes, and both ends agree.")
		b.picturesOfCall()
		b.click("hang-up")
		b.outcome("hangup")
	})
	s.then(t, "q", "verdict: ")
	if after, code := s.end(t); code != diag.ExitPass {
		t.Errorf("exit %v, after the screen:\n%s", code, after)
	}
	if *update { // the terminal's picture of the same call is drawn from it by package tui
		raw, err := os.ReadFile(recording)
		b.must(err)
		b.must(os.WriteFile(filepath.Join("..", "..", "testdata", "calls", "page.jsonl"), raw, 0o644))
	}
}

// picturesOfCall looks at a call at every size and in both schemes.
func (b *tab) picturesOfCall() {
	b.t.Helper()
	b.await(`document.querySelectorAll("#streams tr").length === 4 && document.getElementById("rtt").textContent !== "–"`)
	b.await(`parseInt(document.getElementById("timer").textContent.slice(2)) >= 6`)
	for _, scheme := range []string{"dark", "light"} {
		b.look(390, 844, true, scheme)
		b.fits()
		if scheme == "light" {
			b.keep("page-phone.png")
		}
		b.look(1280, 800, false, scheme)
		b.fits()
		if scheme == "light" {
			b.keep("page.png")
		}
	}
}

// noteConnected keeps when the page's connection was up, in milliseconds of performance.now.
const noteConnected = `RTCPeerConnection = class extends RTCPeerConnection {
	constructor(...a) {
		super(...a);
		this.addEventListener("connectionstatechange", () => { if (this.connectionState === "connected") window.upAt ??= performance.now(); });
	}
}`

// TestBrowserSetup measures from the second dial, which is the page's, to its connection. The original takes 7 s. A machine
// that is busy gets three tries. The terminal dials first, on the machine of the browser, which is where a Firefox that its user
// has not set up once never connected: each call has to.
func TestBrowserSetup(t *testing.T) {
	if !labtest.Nightly() {
		t.Skip("needs a quiet machine: set NIGHTLY=1")
	}
	for _, test := range []struct {
		in    engine
		calls int
		bound float64 // ms
	}{
		{inChromium, 20, 500},
		{inFirefox, 10, 1500},
	} {
		t.Run(test.in.name, func(t *testing.T) {
			url := startServe(t)
			a := startTool(t, "answer", "w1", "--server", url)
			a.await("waiting")
			for try := 1; ; try++ {
				took := setups(t, test.in, url, test.calls)
				median := took[len(took)/2]
				t.Logf("median %.0f ms, fastest %.0f ms, slowest %.0f ms", median, took[0], took[len(took)-1])
				if median < test.bound {
					return
				}
				if try == 3 {
					t.Fatalf("the median of %d calls is %.0f ms, want less than %.0f", len(took), median, test.bound)
				}
			}
		})
	}
}

// setups are the durations of calls in ms, in ascending order.
func setups(t *testing.T, in engine, url string, calls int) (took []float64) {
	t.Helper()
	for range calls {
		b := openTab(t, in, "page", url+"?code=w1&media=test", noteConnected)
		b.click("call")
		b.state("connected")
		var ms float64
		b.ask(`upAt - Math.min(...performance.getEntriesByType("resource").filter((e) => e.name.endsWith("/call_line_process/")).map((e) => e.startTime))`, &ms)
		took = append(took, ms)
		b.click("hang-up")
		b.outcome("hangup")
		b.await(`fetch("/healthz").then((r) => r.json()).then((health) => health.waiting === 1)`) // answer has dialled again
		b.visit("about:blank")
	}
	slices.Sort(took)
	return took
}
