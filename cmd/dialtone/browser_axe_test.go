//go:build unix

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dialtone/diag/lab/labtest"
)

// schemeOf makes the page light or dark in a browser that cannot be asked for it.
const schemeOf = `((scheme) => {
	window.themes ??= [...document.styleSheets].flatMap((s) => [...s.cssRules]).filter((r) => r.media?.mediaText.includes("dark"));
	for (const rule of themes) rule.media.mediaText = scheme === "dark" ? "all" : "not all";
	document.documentElement.style.colorScheme = scheme;
	return themes.length;
})`

// accessible checks the page as it is with axe-core, light and dark.
func (b *tab) accessible(state string) {
	b.t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		var themes int
		b.ask(schemeOf+`("`+scheme+`")`, &themes)
		if themes != 1 {
			b.t.Fatalf("%d sets of dark colors", themes)
		}
		b.await(`document.getAnimations().length === 0`)
		var violations []struct {
			ID, Help string
			Nodes    []struct{ HTML, FailureSummary string }
		}
		b.ask(`axe.run().then((r) => r.violations)`, &violations)
		for _, v := range violations {
			for _, n := range v.Nodes {
				b.t.Errorf("%s, %s: %s: %s\n%s\n%s", state, scheme, v.ID, v.Help, n.HTML, n.FailureSummary)
			}
		}
	}
}

// addAxe adds axe-core to the page.
func (b *tab) addAxe() {
	b.t.Helper()
	source, err := os.ReadFile(filepath.Join(nodeModules(b.t, filepath.Join("..", "..", "testdata", "axe")), "axe-core", "axe.min.js"))
	b.must(err)
	var version string
	b.ask(`(() => { `+string(source)+`; return axe.version; })()`, &version)
}

// TestPageIsAccessible: axe-core finds nothing in any state of the page, light or dark, and nightly in either browser.
func TestPageIsAccessible(t *testing.T) {
	labtest.NeedTime(t)
	for _, in := range engines[:labtest.Sample(len(engines), 1)] {
		t.Run(in.name, func(t *testing.T) {
			besides(t)
			s := startTool(t, "serve", "--listen", "127.0.0.1:0")
			address := strings.TrimPrefix(s.await("listening on "), "listening on ")
			b := openTab(t, in, "page", address, `navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("no", "NotAllowedError"); }`)
			b.addAxe()
			b.accessible("before the call")
			b.click("call")
			b.accessible("without a room code")
			b.click("new-code")
			b.accessible("with a new room code")
			b.click("call")
			b.state("waiting")
			b.accessible("waiting, without devices")
			var code string
			b.ask(`document.getElementById("code").value`, &code)
			a := startTool(t, "answer", code, "--once", "--server", address)
			b.state("connected")
			b.say("good evening")
			b.heard("good evening")
			b.await(`document.querySelectorAll("#streams tr").length === 4`)
			b.accessible("in the call")
			b.click("hang-up")
			b.outcome("hangup")
			a.exits()
			b.ask(`document.getElementById("report").open = true`, new(json.RawMessage))
			b.accessible("after the call, with the report")
			s.end()
			b.expect("ERR_CONNECTION")
			b.click("again")
			b.outcome("unreachable")
			b.accessible("after an error")
		})
	}
}
