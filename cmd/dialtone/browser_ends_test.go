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

// Bounds of what both ends may report differently on the loopback interface.
const (
	loopbackStart = 60   // packets that may be sent before the other end is ready to read them
	loopbackRTT   = 0.25 // seconds: what a busy machine adds; a wrong unit is further off
)

// TestBothEndsAgree: the call page with call, answer and check, either of them first. Each dialtone has the page's statistics in its
// recording, and they are what it counted itself.
func TestBothEndsAgree(t *testing.T) {
	labtest.NeedTime(t)
	t.Parallel()
	all := []ends{
		{"call", "page"},
		{"answer", "terminal"},
		{"check", "page"},
		{"call", "terminal"},
		{"answer", "page"},
		{"check", "terminal"},
	}
	for i, in := range engines {
		sample := labtest.Sample(6, 3)
		if i > 0 { // what the program does is the same with each
			sample = labtest.Sample(6, 1)
		}
		for _, e := range all[:sample] {
			t.Run(in.name+", "+e.program+", "+e.first+" first", func(t *testing.T) {
				besides(t)
				e.meet(t, in)
			})
		}
	}
}

// ends are a page and a program in one call: the one that dials first offers.
type ends struct{ program, first string }

func (e ends) meet(t *testing.T, in engine) {
	t.Helper()
	url, dir := startServe(t), t.TempDir()
	start := func() *tool {
		if e.program == "check" {
			return startTool(t, "check", "--room", "w1", "--server", url, "--for", "8s", "--wait", "30s", "--record", dir)
		}
		args := []string{e.program, "w1", "--server", url, "--record", filepath.Join(dir, "x.jsonl")}
		if e.program == "call" {
			return startTool(t, append(args, "--plain")...)
		}
		return startTool(t, append(args, "--once")...)
	}
	b := openTab(t, in, "page", url+"?code=w1")
	var a *tool
	if e.first == "page" {
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
	if e.program == "check" {
		b.outcome("peer_hangup")
	} else {
		a.awaitTimes("stats.remote", 4)
		b.click("hang-up")
		b.outcome("hangup")
	}
	if code := a.exits(); code != int(diag.ExitPass) {
		t.Errorf("%s exits with %d:\n%s\n%s", e.program, code, strings.Join(a.stdout, "\n"), a.stderr.String())
	}
	checkEnds(t, folded(t, onlyRecording(t, dir)))
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

// checkEnds holds what the other end reported against what was counted here. A report may wait on its way: what it
// counts as received was sent by the time it arrived, and what it counts as sent was received by the end.
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
	first := map[stream]call.EndsStream{}
	for i := range c.RemoteSamples {
		for _, s := range endsAt(c, i).Streams {
			if s.Sent == nil || s.Received == nil {
				t.Errorf("%s %s: a side does not count", s.Direction, s.Kind)
				continue
			}
			key := stream{s.Direction, s.Kind}
			if _, later := first[key]; !later {
				first[key] = s
			}
			// The page counts later than the sample that its statistics are compared with.
			if s.Direction == diag.Outbound && *s.Received > *s.Sent+50 {
				t.Errorf("%s: the page received %d of %d", s.Kind, *s.Received, *s.Sent)
			}
		}
	}
	for _, s := range endsAt(c, len(c.RemoteSamples)-1).Streams {
		was := first[stream{s.Direction, s.Kind}]
		if *was.Sent > *s.Received+loopbackStart {
			t.Errorf("%s %s: %d sent at first, and %d received at last", s.Direction, s.Kind, *was.Sent, *s.Received)
		}
		if *was.Received > *s.Sent {
			t.Errorf("%s %s: %d received at first, and %d sent at last", s.Direction, s.Kind, *was.Received, *s.Sent)
		}
	}
	both, _ := c.BothEnds()
	found := slices.DeleteFunc(judge.EndsFindings(c), func(f judge.Finding) bool {
		return f.ID == "path.rtt_differs" // a busy machine measures what it waits
	})
	if len(both.Streams) != 4 || len(found) > 0 {
		t.Errorf("%d streams, contradictions %+v", len(both.Streams), found)
	}
	here, there := trips(c)
	if len(here) == 0 || len(there) == 0 {
		t.Fatalf("round trips: %v here, %v there", here, there)
	}
	ours, theirs := here[len(here)/2], there[len(there)/2]
	if apart := max(ours, theirs) - min(ours, theirs); apart > max(loopbackRTT, 20*min(ours, theirs)) {
		t.Errorf("round trips: %v s here, %v s there", here, there)
	}
}

// endsAt is what both ends told at the i-th sample.
func endsAt(c *call.Call, i int) call.Ends {
	earlier := &call.Call{RemoteSamples: c.RemoteSamples[:i+1]}
	both, _ := earlier.BothEnds()
	return both
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
