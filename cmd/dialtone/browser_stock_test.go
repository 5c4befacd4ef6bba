//go:build unix

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/lab/labtest"
)

// misled makes a page that checks an address where nobody is: dialtone has to reach what the page has signaled. Firefox
// answers to its names from when it sends checks.
const misled = `const add = RTCPeerConnection.prototype.addIceCandidate;
	RTCPeerConnection.prototype.addIceCandidate = function (c) {
		return add.call(this, { ...c, candidate: c.candidate.replace(/ [^ ]+ (?=[0-9]+ typ)/, " 198.51.100.7 ") });
	};`

// otherNames makes a page whose mDNS names nobody knows.
const otherNames = `const toJSON = RTCIceCandidate.prototype.toJSON;
	RTCIceCandidate.prototype.toJSON = function () {
		const init = toJSON.call(this);
		return { ...init, candidate: init.candidate.replace(/[^ ]*(?=\.local)/, crypto.randomUUID()) };
	};`

// TestHalfInstalledFirefox: a Firefox that is there but does not start skips the tests with its words, or fails with CI=true.
func TestHalfInstalledFirefox(t *testing.T) {
	labtest.NeedProgram(t, "npm")
	programs := t.TempDir()
	broken := "#!/bin/sh\necho 'XPCOMGlueLoad error: libxul.so: cannot open shared object file' >&2\nexit 1\n"
	if err := os.WriteFile(filepath.Join(programs, "firefox-esr"), []byte(broken), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", programs+":"+os.Getenv("PATH"))
	for ci, want := range map[string]string{"": "skipped", "true": "failed"} {
		t.Setenv("CI", ci)
		r := &endRecorder{TB: t}
		runFirefox(r)
		if r.ended != want || !strings.Contains(r.why, "libxul.so") {
			t.Errorf("CI=%q: %q: %s", ci, r.ended, r.why)
		}
	}
}

// TestFirefoxHidesItsAddress: stock Firefox signals mDNS names only. They are resolved on the local network; the call that fails
// because they are not says so.
func TestFirefoxHidesItsAddress(t *testing.T) {
	labtest.NeedTime(t)
	t.Parallel()
	meet := func(t *testing.T, scripts ...string) (*call.Call, string, int) {
		t.Helper()
		besides(t)
		url, recording := startServe(t), filepath.Join(t.TempDir(), "call.jsonl")
		b := openTab(t, inFirefox, "page", url+"?code=w1&media=test", scripts...)
		b.expect("WebRTC: ICE failed") // Firefox may give up first
		a := startTool(t, "call", "w1", "--server", url, "--plain", "--for", "1s", "--record", recording)
		a.await("waiting")
		b.click("call")
		code := a.exits()
		c := folded(t, recording)
		if len(c.Remote) == 0 || slices.ContainsFunc(c.Remote, func(r call.CandidateRow) bool {
			return r.CandidateType == diag.Host && !strings.HasSuffix(r.Address, ".local")
		}) {
			t.Errorf("Firefox does not hide its addresses: %+v", c.Remote)
		}
		return c, strings.Join(a.stdout, "\n"), code
	}
	t.Run("resolved", func(t *testing.T) {
		c, said, code := meet(t, misled)
		if code != int(diag.ExitPass) || c.Selected == nil || !strings.Contains(c.Selected.Remote, ".local:") {
			t.Errorf("exit %d:\n%s", code, said)
		}
	})
	t.Run("not resolved", func(t *testing.T) {
		c, said, code := meet(t, misled, otherNames)
		findings := judge.Judge(c).Findings
		named := slices.ContainsFunc(findings, func(f judge.Finding) bool { return f.ID == "ice.remote_mdns" && f.Severity == diag.Problem })
		if code != int(diag.ExitICE) || !named {
			t.Errorf("exit %d:\n%s", code, said)
		}
	})
}

// TestFirefoxWithoutH264: Firefox, as it is installed, has H264 only after it has downloaded OpenH264. Where only H264 is
// offered, audio goes on, and dialtone names the video that the page declines. The tone is heard: on a machine without a
// sound output Firefox runs no AudioContext.
func TestFirefoxWithoutH264(t *testing.T) {
	labtest.NeedQuiet(t)
	besides(t)
	url := startServe(t)
	b := openTab(t, inFirefox, "page", url+"?code=w1&media=test")
	var codecs string
	b.ask(`RTCRtpReceiver.getCapabilities("video").codecs.map((c) => c.mimeType).join()`, &codecs)
	if strings.Contains(codecs, "H264") {
		t.Fatalf("Firefox has H264 now, and inFirefoxH264 is not needed: %s", codecs)
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
	if strings.Contains(said, "silent") {
		t.Errorf("the tone is not heard:\n%s", said)
	}
}
