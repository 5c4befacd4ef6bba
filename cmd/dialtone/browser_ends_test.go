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
)

// Bounds of what both ends may tell differently on the loopback interface.
const (
	loopbackFlight = 25    // packets of a stream that are sent within the time that a sample and its message take
	loopbackStart  = 60    // packets that may be sent before the other end is ready to read them
	loopbackRTT    = 0.005 // seconds
)

// TestBothEndsAgree: the call page with call, answer and check, either of them first. Each dialtone has the page's statistics in its
// recording, and they are what it counted itself.
func TestBothEndsAgree(t *testing.T) {
	browser := openBrowser(t)
	for _, program := range []string{"call", "answer", "check"} {
		for _, first := range []string{"page", "terminal"} {
			t.Run(program+", "+first+" first", func(t *testing.T) {
				url, dir := startServe(t), t.TempDir()
				start := func() *tool {
					if program == "check" {
						return startTool(t, "check", "--room", "w1", "--server", url, "--for", "5s", "--wait", "30s", "--record", dir)
					}
					args := []string{program, "w1", "--server", url, "--record", filepath.Join(dir, "x.jsonl")}
					if program == "call" {
						return startTool(t, append(args, "--for", "5s", "--plain")...)
					}
					return startTool(t, append(args, "--once")...)
				}
				b := openTab(t, browser, "page", url+"?code=w1")
				var a *tool
				if first == "page" {
					b.click("call")
					b.state("waiting")
					a = start()
				} else {
					a = start()
					b.await(`fetch("/healthz").then((r) => r.json()).then((health) => health.waiting === 1)`)
					b.click("call")
				}
				b.state("connected")
				b.flows()
				if program == "answer" {
					b.await(`parseInt(document.getElementById("timer").textContent.slice(2)) >= 5`)
					b.click("hang-up")
					b.outcome("hangup")
				} else {
					b.outcome("peer_hangup")
				}
				if code := a.exits(); code != int(diag.ExitPass) {
					t.Errorf("%s exits with %d:\n%s\n%s", program, code, strings.Join(a.stdout, "\n"), a.stderr.String())
				}
				checkEnds(t, folded(t, onlyRecording(t, dir)))
			})
		}
	}
}

// onlyRecording is the path of the one recording in a directory.
func onlyRecording(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil || len(files) != 1 {
		entries, _ := os.ReadDir(dir)
		t.Fatalf("recordings: %v %v of %v", files, err, entries)
	}
	return files[0]
}

// checkEnds holds what the other end told against what was counted when it came.
func checkEnds(t *testing.T, c *call.Call) {
	t.Helper()
	if len(c.RemoteSamples) < 3 {
		t.Fatalf("%d samples of the page", len(c.RemoteSamples))
	}
	for _, m := range c.Messages {
		if m.Label == diag.LabelStats {
			t.Errorf("statistics among the messages: %+v", m)
		}
	}
	type stream struct {
		direction diag.Direction
		kind      string
	}
	atFirst := map[stream]int64{}
	for i := range c.RemoteSamples {
		for _, s := range endsAt(c, i).Streams {
			if s.Sent == nil || s.Received == nil {
				t.Errorf("%s %s: a side does not count", s.Direction, s.Kind)
				continue
			}
			apart := int64(*s.Sent) - int64(*s.Received) // #nosec G115 -- packets of a short call
			start, later := atFirst[stream{s.Direction, s.Kind}]
			if !later {
				atFirst[stream{s.Direction, s.Kind}], start = apart, apart
			}
			if apart > loopbackStart || max(apart-start, start-apart) > loopbackFlight {
				t.Errorf("%s %s: %d sent, %d received, %d apart at first", s.Direction, s.Kind, *s.Sent, *s.Received, start)
			}
		}
	}
	ends, _ := c.BothEnds()
	if found := judge.EndsFindings(c); len(ends.Streams) != 4 || len(found) > 0 {
		t.Errorf("%d streams, contradictions %+v", len(ends.Streams), found)
	}
	here, there := trips(c)
	if len(here) == 0 || len(there) == 0 {
		t.Fatalf("round trips: %v here, %v there", here, there)
	}
	if apart := here[len(here)/2] - there[len(there)/2]; apart > loopbackRTT || apart < -loopbackRTT {
		t.Errorf("round trips: %v s here, %v s there", here, there)
	}
}

// endsAt is what both ends told at the i-th sample.
func endsAt(c *call.Call, i int) call.Ends {
	earlier := &call.Call{RemoteSamples: c.RemoteSamples[:i+1]}
	ends, _ := earlier.BothEnds()
	return ends
}

// trips are the round trips of both ends, in ascending order.
func trips(c *call.Call) (here, there []float64) {
	for _, s := range c.Samples {
		if s.Pair != nil && s.Pair.CurrentRoundTripTime != nil {
			here = append(here, *s.Pair.CurrentRoundTripTime)
		}
	}
	for _, s := range c.RemoteSamples {
		if s.Pair != nil && s.Pair.CurrentRoundTripTime != nil {
			there = append(there, *s.Pair.CurrentRoundTripTime)
		}
	}
	slices.Sort(here)
	slices.Sort(there)
	return here, there
}
