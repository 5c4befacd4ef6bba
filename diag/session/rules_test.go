package session

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
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
		{poll, diag.SignalRequest{Code: "poll", LongPoll: true, Status: 200, DNSMs: diag.Ptr(diag.Millis(time.Millisecond)), DurationMs: diag.Millis(2 * time.Second)}},
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
