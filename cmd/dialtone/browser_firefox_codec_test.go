//go:build unix

package main

import (
	"strings"
	"testing"

	"dialtone/diag"
)

// TestFirefoxWithoutH264: Firefox has H264 only after it has downloaded OpenH264, which a test cannot. Where only H264 is
// offered, audio goes on, and dialtone names the video that the page declines.
func TestFirefoxWithoutH264(t *testing.T) {
	besides(t)
	url := startServe(t)
	b := openTab(t, inFirefox, "page", url+"?code=w1&media=test")
	var codecs string
	b.ask(`RTCRtpReceiver.getCapabilities("video").codecs.map((c) => c.mimeType).join()`, &codecs)
	if strings.Contains(codecs, "H264") {
		t.Fatalf("Firefox has H264 now: take it off the list \"unspoken\". It has %s", codecs)
	}
	a := startTool(t, "check", "--room", "w1", "--server", url, "--for", "3s", "--video-codec", "H264")
	b.await(`fetch("/healthz").then((r) => r.json()).then((health) => health.waiting === 1)`)
	b.click("call")
	if code := a.exits(); code != int(diag.ExitMedia) {
		t.Errorf("exit %d", code)
	}
	said := strings.Join(a.stdout, "\n")
	for _, want := range []string{"refuses video: it was offered H264", "audio"} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in\n%s", want, said)
		}
	}
}
