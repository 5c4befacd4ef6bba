package session

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/peer"
	"dialtone/signal"
)

// TestConnectionOf: a connection is told by its certificate and by the session ID of the o= line.
func TestConnectionOf(t *testing.T) {
	for sdp, want := range map[string]described{
		"v=0\r\no=- 4711 2 IN IP4 127.0.0.1\r\ns=a b\r\nt=0 0\r\na=fingerprint:sha-256 AB:CD\r\n": {session: "4711", fingerprint: "sha-256 AB:CD"},
		"v=0\r\no=-\r\ns=a b\r\nt=0 0\r\n": {},
	} {
		in := input{message: signal.Message{Description: &signal.Description{SDP: sdp}}}
		if got := connectionOf(in); got != want {
			t.Errorf("%+v instead of %+v", got, want)
		}
	}
}

// TestRequestEvent: what did not take place is absent, and a pair that has ended is no failure.
func TestRequestEvent(t *testing.T) {
	poll := signal.Request{Op: "poll", Wait: time.Second, Times: signal.Times{DNS: time.Millisecond, Total: 2 * time.Second}, Status: 200}
	failed := signal.Request{Op: "offer", Err: &signal.Error{Op: "offer", Reason: signal.ReasonTimeout}}
	gone := signal.Request{Op: "poll", Err: fmt.Errorf("%w: it hung up", signal.ErrPeerGone)}
	for _, test := range []struct {
		of   signal.Request
		want diag.SignalRequest
	}{
		{poll, diag.SignalRequest{Code: "poll", LongPoll: true, Status: 200, DNSMs: new(diag.Millis(time.Millisecond)), DurationMs: diag.Millis(2 * time.Second)}},
		{failed, diag.SignalRequest{Code: "offer", Error: failed.Err.Error()}},
		{gone, diag.SignalRequest{Code: "poll", Answer: "ended"}},
	} {
		if diff := cmp.Diff(test.want, RequestEvent(test.of)); diff != "" {
			t.Error(diff)
		}
	}
}

// TestFlow: which way media goes at either end of each way.
func TestFlow(t *testing.T) {
	for _, test := range []struct {
		media   signal.Media
		answers bool
		want    peer.Flow
	}{
		{0, false, peer.FlowBoth},
		{0, true, peer.FlowBoth},
		{signal.MediaFromCaller, false, peer.FlowSend},
		{signal.MediaFromCaller, true, peer.FlowReceive},
		{signal.MediaToCaller, false, peer.FlowReceive},
		{signal.MediaToCaller, true, peer.FlowSend},
	} {
		if got := Flow(signal.Way{Media: test.media}, test.answers); got != test.want {
			t.Errorf("%v, answers %t: %v instead of %v", test.media, test.answers, got, test.want)
		}
	}
}

// TestHoldBegins: the time of a call counts once its stress test or its measurement is over.
func TestHoldBegins(t *testing.T) {
	for _, test := range []struct {
		stress, stressed, speed, measured bool
		want                              bool
	}{
		{want: true},
		{stress: true, want: false},
		{stress: true, stressed: true, want: true},
		{speed: true, want: false},
		{speed: true, measured: true, want: true},
	} {
		r := newRig(Options{Config: diag.Config{For: time.Second, Stress: test.stress}})
		if test.speed {
			r.o.Config.Speed = &diag.SpeedPlan{}
		}
		r.in(connected)
		r.held = hold{since: time.Now(), stressed: test.stressed, measured: test.measured}
		r.deadlines.drop(dueHold)
		r.setHold()
		if got := r.deadlines.pending(dueHold); got != test.want {
			t.Errorf("%+v: %t", test, got)
		}
	}
}

// TestWaitIsTimed: the wait for the peer begins when the server is reached, and ends with the pairing.
func TestWaitIsTimed(t *testing.T) {
	c, _ := place(t, Options{}, func(r *rig) {
		time.Sleep(time.Second)
		r.answers()
		r.Hangup()
	})
	for _, s := range c.Spans {
		if s.Phase == diag.PhaseWait {
			if s.Outcome != diag.OutcomeOK || s.End-s.Start != time.Second {
				t.Errorf("%+v", s)
			}
			return
		}
	}
	t.Errorf("no wait: %+v", c.Spans)
}

// TestControlBeyondTheFlood: commands that come too fast are neither recorded nor obeyed.
func TestControlBeyondTheFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(Options{})
		r.in(connected)
		obeyed := func() int {
			jobs := 0
			for _, in := range r.inbox.drain() {
				if in.job != nil {
					jobs++
				}
			}
			return jobs
		}
		mute := []byte(`{"code":"mute_audio","value":true}`)
		r.received(diag.LabelControl, true, mute)
		if n := obeyed(); n != 1 {
			t.Fatalf("%d of 1 obeyed", n)
		}
		const many = 10_000
		for range many {
			r.received(diag.LabelControl, true, mute)
		}
		if n := obeyed(); n == 0 || n == many {
			t.Errorf("%d of %d obeyed", n, many)
		}
	})
}

// TestGreeting: it is said once, on the channel for it, and recorded if the channel took it.
func TestGreeting(t *testing.T) {
	for name, full := range map[string]error{"taken": nil, "not open": peer.ErrNoChannel} {
		c, _ := place(t, Options{Greeting: "hello"}, func(r *rig) {
			r.answers()
			r.peer.full = full
			r.opens(diag.LabelControl)
			r.opens(diag.LabelChat)
			r.opens(diag.LabelChat)
			r.peer.full = nil
			r.Hangup()
		})
		said := 0
		for _, m := range c.Messages {
			if m.Label == diag.LabelChat && m.Text == "hello" && m.Direction == diag.Outbound {
				said++
			}
		}
		warned := slices.ContainsFunc(c.Warnings, func(w call.WarningRow) bool { return w.ID == "channel.unavailable" })
		if (said == 1) != (full == nil) || warned != (full != nil) {
			t.Errorf("%s: said %d times, warned %t", name, said, warned)
		}
	}
}

// TestWhoSaysGoodbye: the side that ends the call, and not the one that was told.
func TestWhoSaysGoodbye(t *testing.T) {
	goodbye := func(did []string) bool {
		return slices.ContainsFunc(did, func(s string) bool { return strings.Contains(s, codeReject) })
	}
	for name, tt := range map[string]struct {
		end  func(*rig)
		want bool
	}{
		"this side ends": {func(r *rig) { r.Hangup() }, true},
		"the peer ends":  {func(r *rig) { r.peer.callbacks.OnState(peer.StateClosed) }, false},
	} {
		var did []string
		place(t, Options{}, func(r *rig) {
			r.answers()
			tt.end(r)
			synctest.Wait()
			did = r.copy()
		})
		if goodbye(did) != tt.want {
			t.Errorf("%s: %q", name, did)
		}
	}
}

// TestRoleIsRecorded: who offers is what the server said.
func TestRoleIsRecorded(t *testing.T) {
	for role, want := range map[signal.Role]diag.Role{
		signal.RoleOfferer: diag.RoleOfferer, signal.RoleAnswerer: diag.RoleAnswerer,
	} {
		c, _ := place(t, Options{}, func(r *rig) {
			r.channel.paired(role)
			synctest.Wait()
			r.Hangup()
		})
		if c.Role != want {
			t.Errorf("%v: %v", role, c.Role)
		}
	}
}

// TestFlowOfOptions: media of one direction is sent or received, whatever the way of the signaling.
func TestFlowOfOptions(t *testing.T) {
	for way, want := range map[diag.Direction]peer.Flow{
		"": 0, diag.Outbound: peer.FlowSend, diag.Inbound: peer.FlowReceive,
	} {
		r := newRig(Options{Config: diag.Config{Way: way}})
		if got := r.peerOptions().Flow; got != want {
			t.Errorf("%q: %v", way, got)
		}
		if r = newRig(Options{Config: diag.Config{Way: way}, Flow: peer.FlowReceive}); r.peerOptions().Flow != peer.FlowReceive {
			t.Errorf("%q changes what a signaling of one direction says", way)
		}
	}
}

// TestHungUpWhileDialing: a dial that the server answers with the end of the call ends it.
func TestHungUpWhileDialing(t *testing.T) {
	c, _ := place(t, Options{Dial: func(context.Context, func(diag.SignalRequest)) (signal.Channel, error) {
		return nil, signal.ErrHungUp
	}}, func(*rig) {})
	if c.Ended.Reason != diag.EndPeerHangup || c.Ended.By != diag.ByRemote {
		t.Errorf("%+v", c.Ended)
	}
}

// TestPauseOfAttempts: a peer that left dials again soon; any other failure is tried again after a while.
func TestPauseOfAttempts(t *testing.T) {
	for kind, want := range map[kind]time.Duration{inGoodbye: quietTick, inSignalingLost: redialPause} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(Options{})
			r.in(redialing)
			tryAgain(r.Session, input{kind: kind, err: errSilent})
			if got := time.Until(r.deadlines.at[dueRedial]); got != want {
				t.Errorf("%s: %s", kindNames[kind], got)
			}
			r.deadlines.drop(dueRedial)
			synctest.Wait()
		})
	}
}
