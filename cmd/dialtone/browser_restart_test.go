//go:build unix

package main

import (
	"path/filepath"
	"testing"

	"dialtone/diag"
)

// restartsMeasured is how often a test restarts ICE, to give a median.
const restartsMeasured = 10

// TestBrowserRestart: an ICE restart hardly stops media, whoever dialed first.
func TestBrowserRestart(t *testing.T) {
	browser := openBrowser(t)
	for _, first := range []string{"page", "terminal"} {
		t.Run(first+" first", func(t *testing.T) {
			url := startServe(t)
			recording := filepath.Join(t.TempDir(), "call.jsonl")
			call := func() *console { return openTerminal(t, "call", "w1", "--server", url, "--record", recording) }
			b := openTab(t, browser, "page", url+"#w1")
			var s *console
			if first == "page" {
				b.click("call")
				b.state("waiting")
				s = call()
			} else {
				s = call()
				s.await(t, "waiting")
				b.click("call")
			}
			s.meanwhile(func() {
				b.state("connected")
				b.flows()
			})
			s.await(t, "connected")
			for range restartsMeasured {
				b.restarts(s)
				s.meanwhile(func() { b.await(`new Promise((done) => setTimeout(() => done(true), 4000))`) })
			}
			s.then(t, "h", "you hung up")
			s.press(t, "q")
			s.end(t)
			for _, e := range recorded(t, recording) {
				switch d := e.Data.(type) {
				case diag.MediaPause:
					t.Log(d.Inbound.Float(), d.Outbound.Float())
				case diag.SessionDescription:
					t.Logf("%v %T %v %v", e.At, e.Data, d.Side, d.SDPType)
				case diag.Restart, diag.Selected, diag.ConnectionState:
					t.Logf("%v %T %+v", e.At, e.Data, d)
				}
			}
		})
	}
}
