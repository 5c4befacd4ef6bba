//go:build unix

package main

import (
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"dialtone/diag/lab/labtest"
)

// number writes a number for an expression.
func number(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// keepCopies keeps what the page writes to the clipboard.
const keepCopies = `Object.defineProperty(navigator, "clipboard", { value: { writeText: async (text) => { window.copied = text; } } })`

// TestPageKeepsTheCall: chat, statistics and duration stay after the end, with a report that has what is needed and
// no more, and the peer gets a last sample.
func TestPageKeepsTheCall(t *testing.T) {
	labtest.NeedTime(t)
	for _, in := range engines {
		t.Run(in.name, func(t *testing.T) {
			besides(t)
			address, recording := startServe(t), filepath.Join(t.TempDir(), "answer.jsonl")
			a := startTool(t, "answer", "secret-room", "--once", "--server", address, "--record", recording)
			a.await("waiting")
			b := openTab(t, in, "page", address+"?code=secret-room&media=test", keepCopies)
			b.click("call")
			b.state("connected")
			b.flows()
			b.say("good evening")
			b.heard("good evening")
			// Loss and jitter of what is sent are in the receiver reports of the peer.
			b.await(`(() => { const rows = [...document.querySelectorAll("#streams tr")].map((r) => [...r.cells].map((c) => c.textContent));
				return rows.length === 4 && rows.every((r) => r[1] !== "–" && r[2] !== "–" && r[3] !== "–"); })()`)
			var hungUp float64
			b.ask(`(() => { const now = Date.now(); document.getElementById("hang-up").click(); return now; })()`, &hungUp)
			b.outcome("hangup")
			b.await(`!document.getElementById("timer").hidden && document.getElementById("lasted").textContent.includes(document.getElementById("timer").textContent)`)
			b.await(`document.querySelectorAll("#log li").length === 2 && document.querySelectorAll("#streams tr").length === 4 && document.getElementById("text").disabled`)
			b.checkReport()
			a.exits()
			samples := folded(t, recording).RemoteSamples
			if n := len(samples); n == 0 || samples[n-1].Timestamp < hungUp {
				t.Errorf("the last of %d samples is from before the hang-up", n)
			}
			b.checkNextCall(address)
		})
	}
}

// checkReport copies the report, without addresses and with them.
func (b *tab) checkReport() {
	b.t.Helper()
	b.ask(`(() => { document.querySelector("#over .copy-report").click(); return true; })()`, new(bool))
	b.await(`window.copied`)
	var report string
	b.ask(`copied`, &report)
	for _, want := range []string{
		`(?m)^browser: +Mozilla/5\.0 .*(Firefox|Chrome)/`, `(?m)^peer: +dialtone`, `(?m)^role: +answerer$`, `(?m)^ended: +hangup: You hung up\.$`,
		`(?m)^connected for: +[0-9.]+ s$`, `(?m)^sent: .*test picture \(camera: wish\)`, `selected pair: local host, remote (host|prflx), udp`,
		`round trip: [0-9.]+ ms at least`, `local candidates: .*host udp`,
		`inbound audio audio/opus: [0-9]+ packets, [0-9]+ lost \([0-9.]+ %\), jitter [0-9.]+ ms`,
		`outbound video video/\w+: [0-9]+ packets, [0-9]+ lost \([0-9.]+ %\), jitter [0-9.]+ ms, at most [0-9.]+ ms`,
		`(?m)^ +[0-9.]+  state connected$`, `(?m)^ +[0-9.]+  state ended$`,
	} {
		if !regexp.MustCompile(want).MatchString(report) {
			b.t.Errorf("the report has no %s:\n%s", want, report)
		}
	}
	for _, no := range []string{"127.0.0.1", "secret-room", "good evening", ".local"} {
		if strings.Contains(report, no) {
			b.t.Errorf("the report has %q:\n%s", no, report)
		}
	}
	b.click("addresses")
	b.await(`/addresses: \S+:\d+ - \S+:\d+/.test(document.getElementById("report-text").value)`)
}

// checkNextCall: the room code can be changed after the end, one that the page makes cannot be guessed and leads to a call.
func (b *tab) checkNextCall(address string) {
	b.t.Helper()
	b.click("back")
	b.click("new-code")
	var first, code string
	b.ask(`document.getElementById("code").value`, &first)
	b.click("new-code")
	b.ask(`document.getElementById("code").value`, &code)
	if !regexp.MustCompile(`^[0-9a-hjkmnp-tv-z]{4}(-[0-9a-hjkmnp-tv-z]{4}){3}$`).MatchString(code) || first == code {
		b.t.Errorf("room codes: %q, then %q", first, code)
	}
	b.await(`document.querySelector("#lobby .command").textContent.includes("call ` + code + ` --server")`)
	startTool(b.t, "answer", code, "--once", "--server", address)
	b.click("call")
	b.state("connected")
	b.await(`document.querySelectorAll("#log li").length === 0`)
	b.click("hang-up")
	b.outcome("hangup")
}
