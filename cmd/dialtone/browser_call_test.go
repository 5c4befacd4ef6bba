//go:build unix

package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/lab/labtest"
	"dialtone/diag/record"
)

// TestBrowserMeetsAnswer: the call page and dialtone answer, either of them first: media both ways, chat there and back, mute and
// hang-up told.
func TestBrowserMeetsAnswer(t *testing.T) {
	labtest.NeedTime(t)
	inEachOrder(t, "terminal", func(t *testing.T, in engine, first string) {
		url := startServe(t)
		recording := filepath.Join(t.TempDir(), "answer.jsonl")
		answer := func() *tool { return startTool(t, "answer", "w1", "--once", "--server", url, "--record", recording) }
		b := openTab(t, in, "page", url+"?code=w1")
		var a *tool
		if first == "page" {
			b.click("call")
			b.state("waiting")
			a = answer()
		} else {
			a = answer()
			a.await("waiting")
			b.click("call")
		}
		b.state("connected")
		b.flows()
		b.say("good evening")
		b.heard("good evening") // answer sends messages back
		b.click("mute-audio")
		b.click("mute-video")
		b.click("hang-up")
		b.outcome("hangup")
		if code := a.exits(); code != int(diag.ExitPass) {
			t.Errorf("answer exits with %d:\n%s", code, a.stdout)
		}
		c := folded(t, recording)
		checkMutes(t, c, "audio", "video")
		if c.Ended == nil || c.Ended.Reason != diag.EndPeerHangup {
			t.Errorf("ended: %+v", c.Ended)
		}
	})
}

// inEachOrder runs a test in each browser, with the page and the terminal dialing first: who does, offers. Except in
// nightly tests it is one order in each browser: the given one in Chromium, the other one in Firefox.
func inEachOrder(t *testing.T, chromium string, test func(t *testing.T, in engine, first string)) {
	t.Helper()
	t.Parallel()
	for _, in := range engines {
		for _, first := range []string{"page", "terminal"} {
			if (first == chromium) != (in.name == inChromium.name) && !labtest.Nightly() {
				continue
			}
			t.Run(in.name+", "+first+" first", func(t *testing.T) {
				besides(t)
				test(t, in, first)
			})
		}
	}
}

// folded reads a recording.
func folded(t *testing.T, path string) *call.Call {
	t.Helper()
	return call.Fold(recorded(t, path))
}

// recorded are the events of a recording.
func recorded(t *testing.T, path string) []diag.Event {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	recording, err := record.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	return recording.Events
}

// checkMutes looks for what the page has told of its tracks.
func checkMutes(t *testing.T, c *call.Call, kinds ...string) {
	t.Helper()
	for _, kind := range kinds {
		told := false
		for _, m := range c.Messages {
			told = told || m.Direction == diag.Inbound && m.Control != nil && m.Control.Code == "mute_"+kind && *m.Control.Value
		}
		if !told {
			t.Errorf("dialtone was not told that the page muted its %s", kind)
		}
	}
}

// connectTerminal connects a page with dialtone call on its screen, either of them first.
func connectTerminal(t *testing.T, in engine, first string) (b *tab, s *console, recording string) {
	t.Helper()
	url := startServe(t)
	recording = filepath.Join(t.TempDir(), "call.jsonl")
	place := func() *console { return openTerminal(t, "call", "w1", "--server", url, "--record", recording) }
	b = openTab(t, in, "page", url+"#w1")
	if first == "page" {
		b.click("call")
		b.state("waiting")
		s = place()
	} else {
		s = place()
		s.await(t, "waiting")
		b.click("call")
	}
	s.meanwhile(func() {
		b.state("connected")
		b.flows()
	})
	s.await(t, "connected")
	return b, s, recording
}

// TestBrowserMeetsCall: the call page and dialtone call on its screen, either of them first: chat, mutes and the hang-up go
// both ways, and a restart of ICE over a new room leaves the call as it was.
func TestBrowserMeetsCall(t *testing.T) {
	labtest.NeedTime(t)
	inEachOrder(t, "page", func(t *testing.T, in engine, first string) {
		b, s, recording := connectTerminal(t, in, first)
		s.then(t, "4", "Channels")
		b.say("good evening")
		s.then(t, "", "good evening")
		s.then(t, "tgood morning\r", "good morning")
		s.then(t, "\x1b", "type a message")
		s.meanwhile(func() { b.heard("good morning") })
		s.then(t, "m", "you muted audio")
		s.meanwhile(func() { b.await(`!document.getElementById("peer-audio").hidden`) })
		s.then(t, "m", "you unmuted audio")
		s.meanwhile(func() { b.await(`document.getElementById("peer-audio").hidden`) })
		b.click("mute-video")
		s.then(t, "", "peer muted video")
		b.restarts(s)
		b.asksForRestart(s)
		s.then(t, "h", "you hung up")
		s.meanwhile(func() {
			b.outcome("peer_hangup")
			b.await(`document.getElementById("report-text").value.includes("restarted ICE, as requested here")`)
		})
		s.press(t, "q")
		if after, code := s.end(t); code != diag.ExitPass {
			t.Errorf("exit %v, after the screen:\n%s", code, after)
		}
		c := folded(t, recording)
		checkMutes(t, c, "video")
		by := map[diag.EndedBy]int{}
		for _, e := range recorded(t, recording) {
			if r, ok := e.Data.(diag.Restart); ok {
				by[r.By]++
			}
		}
		// To a busy machine the path may be silent when the page asks: then the terminal dials for that reason.
		if by[diag.ByLocal] == 0 || by[diag.ByRemote]+by[diag.ByNetwork] == 0 {
			t.Errorf("restarts by %v", by)
		}
	})
}

// restarts asks the terminal for a restart of ICE and waits until the page has new credentials and a path.
func (b *tab) restarts(s *console) {
	b.t.Helper()
	var was string
	b.ask(`window.was = ufrag()`, &was)
	s.meanwhile(func() { b.untilRestart(func() { s.press(b.t, "r") }) })
	s.meanwhile(func() {
		b.await(`ufrag() !== was && connections.at(-1).connectionState === "connected" && connections.at(-1).signalingState === "stable"`)
		b.flows()
	})
}

// untilRestart asks for a restart of ICE until one begins: the one before may still be in progress at an end.
func (b *tab) untilRestart(ask func()) {
	b.t.Helper()
	begun := false
	for tries := 0; !begun && tries < 3; tries++ {
		ask()
		for late := time.Now().Add(12 * time.Second); !begun && time.Now().Before(late); {
			b.ask(`new Promise((done) => setTimeout(() => done(ufrag() !== was), 200))`, &begun)
		}
	}
}

// asksForRestart has the page ask for a restart of ICE until it says that one has succeeded: the one before may still be
// in progress at an end. Then it has new credentials and a path.
func (b *tab) asksForRestart(s *console) {
	b.t.Helper()
	s.meanwhile(func() {
		b.run(`window.was = ufrag(); window.said = [];
			const button = document.getElementById("restart");
			new MutationObserver(() => said.push(button.textContent)).observe(button, { childList: true });`)
		for tries := 0; ; tries++ {
			b.await(`!document.getElementById("restart").disabled && document.getElementById("restart").textContent === "New path"`)
			b.run(`said = []`)
			b.click("restart")
			b.await(`said.some((text) => ["Path checked anew", "No new path; the call goes on", "Your peer cannot do this"].includes(text))`)
			var done bool
			if b.ask(`said.includes("Path checked anew")`, &done); done || tries == 5 {
				break
			}
			var said string
			b.ask(`said.join()`, &said)
			b.t.Log(said)
		}
		b.await(`ufrag() !== was && connections.at(-1).connectionState === "connected"`)
		b.flows()
	})
}

// meanwhile reads what the screen shows while something else is waited for: a terminal that nobody reads stands still.
func (term *console) meanwhile(do func()) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case b, open := <-term.output:
				if !open {
					return
				}
				term.seen.Write(b)
			case <-stop:
				return
			}
		}
	}()
	defer func() {
		close(stop)
		<-stopped
	}()
	do()
}

// TestBrowserMeetsBrowser: two pages in different browsers, one with its devices and one with the test picture.
func TestBrowserMeetsBrowser(t *testing.T) {
	labtest.NeedTime(t)
	besides(t)
	url := startServe(t)
	first, second := openTab(t, inChromium, "first", url+"#w1"), openTab(t, inFirefox, "second", url+"?code=w1&media=test")
	first.click("call")
	first.state("waiting")
	second.click("call")
	for _, b := range []*tab{first, second} {
		b.state("connected")
		b.flows()
	}
	first.say(`<b>good</b> evening`)
	second.heard(`<b>good</b> evening`)
	second.say("good morning")
	first.heard("good morning")
	first.click("mute-audio")
	second.await(`!document.getElementById("peer-audio").hidden`)
	second.click("mute-video")
	first.await(`!document.getElementById("peer-video").hidden`)
	second.click("hang-up")
	first.outcome("peer_hangup")
	second.outcome("hangup")
}
