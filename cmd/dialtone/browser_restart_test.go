//go:build unix

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/lab/labtest"
)

// restartsMeasured is how often ICE is restarted in one call: TEST_RESTARTS, or few.
func restartsMeasured() int {
	if n, err := strconv.Atoi(os.Getenv("TEST_RESTARTS")); err == nil {
		return n
	}
	return 3
}

// TestBrowserRestart: an ICE restart, requested by either peer, does not stop media in either direction. Chromium keeps
// sending on the previous path for up to three seconds.
func TestBrowserRestart(t *testing.T) {
	labtest.NeedQuiet(t)
	for _, in := range engines {
		for who, restart := range map[string]func(b *tab, s *console){"terminal": (*tab).restarts, "page": (*tab).asksForRestart} {
			for _, first := range []string{"page", "terminal"} {
				t.Run(in.name+", the "+who+" requests, "+first+" first", func(t *testing.T) {
					b, s, recording := connectTerminal(t, in, first)
					s.meanwhile(func() { awaitEvents(t, recording, 1, isHello) })
					for n := range restartsMeasured() {
						restart(b, s)
						s.meanwhile(func() { awaitEvents(t, recording, n+1, isPause) })
					}
					s.then(t, "h", "you hung up")
					s.press(t, "q")
					if after, code := s.end(t); code != diag.ExitPass {
						t.Errorf("exit %v, after the screen:\n%s", code, after)
					}
					checkPauses(t, recording)
				})
			}
		}
	}
}

// TestTerminalRestart is the same between two terminals.
func TestTerminalRestart(t *testing.T) {
	labtest.NeedQuiet(t)
	url, recording := startServe(t), filepath.Join(t.TempDir(), "call.jsonl")
	startTool(t, "answer", "w1", "--once", "--server", url).await("waiting")
	s := openTerminal(t, "call", "w1", "--server", url, "--record", recording)
	s.meanwhile(func() { awaitEvents(t, recording, 1, isHello) })
	for n := range restartsMeasured() {
		s.press(t, "r")
		s.meanwhile(func() { awaitEvents(t, recording, n+1, isPause) })
	}
	s.then(t, "h", "you hung up")
	s.press(t, "q")
	if after, code := s.end(t); code != diag.ExitPass {
		t.Errorf("exit %v, after the screen:\n%s", code, after)
	}
	checkPauses(t, recording)
}

// checkPauses looks for how long media paused in each direction.
func checkPauses(t *testing.T, recording string) {
	t.Helper()
	for i, way := range []string{"inbound", "outbound"} {
		var times []float64
		for _, p := range pauses(t, recording) {
			times = append(times, []*diag.Millis{p.Inbound, p.Outbound}[i].Float())
		}
		slices.Sort(times)
		t.Logf("%s pauses: median %.0f ms, %.0f–%.0f ms", way, times[len(times)/2], times[0], times[len(times)-1])
		if times[len(times)/2] > 1000 {
			t.Errorf("%s media stops for %v ms", way, times)
		}
	}
}

// pauses are those of media that a recording has.
func pauses(t *testing.T, recording string) (out []diag.MediaPause) {
	t.Helper()
	for _, e := range recorded(t, recording) {
		if p, ok := e.Data.(diag.MediaPause); ok {
			out = append(out, p)
		}
	}
	return out
}

func isPause(e diag.Event) bool {
	_, ok := e.Data.(diag.MediaPause)
	return ok
}

// isHello reports whether an event shows that the peer can restart ICE.
func isHello(e diag.Event) bool {
	c, ok := e.Data.(diag.Control)
	return ok && c.Direction == diag.Inbound && c.Code == "hello"
}

// awaitEvents waits until a recording, which is still written, has n events of a kind.
func awaitEvents(t *testing.T, recording string, n int, is func(diag.Event) bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		found := 0
		if _, err := os.Stat(recording); err == nil { // else the call has not begun
			for _, e := range recorded(t, recording) {
				if is(e) {
					found++
				}
			}
		}
		if found >= n {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d of %d events", found, n)
		}
	}
}
