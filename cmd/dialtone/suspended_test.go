//go:build linux

package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/lab/labtest"
)

// longCall are two dialtones in a call that lasts until a test ends it: the caller and the answerer.
type longCall struct {
	peers      [2]*tool
	recordings [2]string
}

var callerAndAnswerer = [2]string{"caller", "answerer"}

// startLongCall returns when both peers have a whole exchange of pings behind them.
func startLongCall(t *testing.T, server, code string, args ...string) *longCall {
	t.Helper()
	c := &longCall{}
	for n, command := range [][]string{{"call", "--plain"}, {"answer", "--once"}} {
		c.recordings[n] = filepath.Join(t.TempDir(), "call.jsonl")
		own := slices.Concat(command, []string{code, "--server", server, "--no-media", "--record", c.recordings[n]}, args)
		c.peers[n] = startProgram(t, needBinary(t), own...)
	}
	for _, p := range c.peers {
		p.awaitTimes("channel.ping", 2)
	}
	return c
}

// until is the time of day of the first event that a test looks for.
func (c *longCall) until(t *testing.T, side int, is func(diag.Event) bool) (time.Time, bool) {
	t.Helper()
	events := recorded(t, c.recordings[side])
	n := slices.IndexFunc(events, is)
	if n < 0 {
		return time.Time{}, false
	}
	start := call.Fold(events).Start.StartedAtUnix
	return time.Unix(0, int64(start*1e9)).Add(events[n].At), true
}

// TestKilledPeers: a peer that is killed is warned of, and its path lost, within ten seconds; a call that does not dial
// again ends then.
func TestKilledPeers(t *testing.T) {
	labtest.NeedQuiet(t)
	const limit = 10 * time.Second
	server := startServe(t)
	for survivor, name := range callerAndAnswerer {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := startLongCall(t, server, "killed"+name)
			at := time.Now()
			_ = c.peers[1-survivor].cmd.Process.Kill()
			c.peers[survivor].await("ice.consent_lost")
			c.peers[survivor].await("ice.restart        by network silence")
			if lost, ok := c.until(t, survivor, func(e diag.Event) bool { return e.Type() == "ice.restart" }); !ok || lost.Sub(at) > limit {
				t.Errorf("lost after %v (%v)", lost.Sub(at), ok)
			}
		})
		t.Run(name+" without dialing again", func(t *testing.T) {
			t.Parallel()
			c := startLongCall(t, server, "gone"+name, "--redial=0")
			at := time.Now()
			_ = c.peers[1-survivor].cmd.Process.Kill()
			if code := c.peers[survivor].exits(); code != int(diag.ExitICE) || time.Since(at) > limit+time.Second {
				t.Errorf("exit %d after %v", code, time.Since(at))
			}
			c.peers[survivor].await("verdict: the peer vanished")
		})
	}
}

// TestSuspendedPeers: a call whose caller or answerer does not run for a time comes back, or ends when --redial is over;
// and either side says what it knows.
func TestSuspendedPeers(t *testing.T) {
	labtest.NeedQuiet(t)
	server := startServe(t)
	for _, pause := range []time.Duration{10 * time.Second, 40 * time.Second, 90 * time.Second} {
		for side, name := range callerAndAnswerer {
			t.Run(fmt.Sprintf("%s, %v", name, pause), func(t *testing.T) {
				t.Parallel()
				c := startLongCall(t, server, fmt.Sprint("paused", name, pause))
				c.suspend(t, side, pause)
				if pause > time.Minute+10*time.Second {
					c.checkEnds(t, side)
					return
				}
				c.checkReturns(t, side, pause)
			})
		}
	}
}

// suspend stops a peer for a time.
func (c *longCall) suspend(t *testing.T, side int, pause time.Duration) {
	t.Helper()
	p := c.peers[side].cmd.Process
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	time.Sleep(pause)
	if err := p.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
}

// checkReturns waits until both peers are connected again, and ends the call.
func (c *longCall) checkReturns(t *testing.T, side int, pause time.Duration) {
	t.Helper()
	resumed := time.Now()
	c.peers[side].await("machine.paused")
	for n := range c.peers {
		for end := resumed.Add(patience); ; time.Sleep(200 * time.Millisecond) {
			k := folded(t, c.recordings[n])
			back := k.EchoAt != nil && k.Connection == "connected" &&
				time.Unix(0, int64(k.Start.StartedAtUnix*1e9)).Add(*k.EchoAt).After(resumed.Add(time.Second))
			if back {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("the %s is not back: %+v", callerAndAnswerer[n], k.Ended)
			}
		}
	}
	if err := c.peers[0].cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	c.peers[0].exits()
	if code := c.peers[1].exits(); code != 0 {
		t.Errorf("the answerer exits with %d", code)
	}
	k := folded(t, c.recordings[side])
	if len(k.Machine.Pauses) != 1 || (k.Machine.Pauses[0].DurationMs.Duration()-pause).Abs() > 2*time.Second {
		t.Errorf("pauses: %+v", k.Machine.Pauses)
	}
	c.expectWords(t, side)
}

// checkEnds waits for the end of both: the one that ran has lost its peer, the other one says that it did not run.
func (c *longCall) checkEnds(t *testing.T, side int) {
	t.Helper()
	for n := range c.peers {
		select {
		case <-c.peers[n].ended:
		case <-time.After(2 * patience): // the one that did not run dials again when it does
		}
		if code := c.peers[n].exits(); code != int(diag.ExitICE) {
			t.Errorf("the %s exits with %d", callerAndAnswerer[n], code)
		}
	}
	c.expectWords(t, side)
	c.peers[1-side].await("verdict: the peer vanished")
}

// expectWords fails unless the side that did not run, and only that one, says so.
func (c *longCall) expectWords(t *testing.T, side int) {
	t.Helper()
	for n, p := range c.peers {
		p.mu.Lock()
		said := strings.Join(p.stdout, "\n")
		p.mu.Unlock()
		if strings.Contains(said, "machine.paused") != (n == side) || n == side && strings.Contains(said, "the peer vanished") {
			t.Errorf("the %s, where the %s did not run:\n%s", callerAndAnswerer[n], callerAndAnswerer[side], said)
		}
	}
}
