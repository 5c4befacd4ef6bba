package session

import (
	"fmt"
	"slices"
	"testing"

	"dialtone/diag"
	"dialtone/diag/peer"
	"dialtone/signal"
)

// TestHangUpByServer: where the path cannot carry the hang-up, the server does, in the room of the call or in another one.
func TestHangUpByServer(t *testing.T) {
	restarts := func(r *rig) { r.phases.Start(diag.PhaseRestart, "") }
	for name, test := range map[string]struct {
		from  state
		facts func(r *rig)
		wants bool
	}{
		"a path that works":               {connected, func(*rig) {}, false},
		"nothing is acknowledged":         {connected, func(r *rig) { r.peer.deaf = true }, true},
		"nothing is, and no room is open": {connected, func(r *rig) { r.peer.deaf, r.exchange = true, nil }, true},
		"a restart":                       {restarting, restarts, true},
		"a lost path":                     {redialing, func(r *rig) { r.redial.until = r.held.since }, true},
		"a lost path, and no room is open": {redialing, func(r *rig) {
			r.redial.until, r.exchange = r.held.since, nil
		}, true},
		"a peer that does not dial again": {restarting, func(r *rig) { restarts(r); r.remote.restarts = false }, false},
		"signaling without a code":        {restarting, func(r *rig) { restarts(r); r.o.Config.Code = "" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(Options{Config: diag.Config{Code: "w1"}})
			r.in(test.from)
			greeted(r)
			r.dialed = false
			r.described.fingerprint = "sha-256 AB"
			r.redial.until = redial{}.until
			test.facts(r)
			r.sayGoodbye()
			did := r.did(t)
			got := slices.Contains(did, "channel hangs up  sha-256 AB") || slices.Contains(did, "hangs up  sha-256 AB")
			if got != test.wants || slices.Contains(did, "dial") {
				t.Errorf("by the server: %v; did %q", got, did)
			}
		})
	}
}

// selfDescribed is a peer connection with a description of its own.
type selfDescribed struct {
	*fakePeer
	sdp string
}

func (p selfDescribed) Local() peer.Description { return peer.Description{Type: "offer", SDP: p.sdp} }

// TestCallName: both peers give the call one name, and keep it when they make new connections with the same certificate.
func TestCallName(t *testing.T) {
	name := func(own, theirs string) (string, *rig) {
		r := newRig(Options{})
		r.in(connected)
		r.Session.peer = selfDescribed{r.peer, "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=fingerprint:" + own + "\r\n"}
		r.described.fingerprint = theirs
		return r.callName(), r
	}
	a, r := name("sha-256 AB", "sha-256 CD")
	if b, _ := name("sha-256 CD", "sha-256 AB"); a != "sha-256 AB sha-256 CD" || a != b {
		t.Errorf("%q and %q", a, b)
	}
	r.Session.peer = r.peer // a new connection, which has not described itself
	if again := r.callName(); again != a {
		t.Errorf("%q becomes %q", a, again)
	}
	if early, _ := name("sha-256 AB", ""); early != "" {
		t.Errorf("before the negotiation: %q", early)
	}
}

// TestPeerHungUp: who dials for a call that is over learns it.
func TestPeerHungUp(t *testing.T) {
	over := &signal.Error{Reason: signal.ReasonPeerGone, Err: fmt.Errorf("%w: %w", signal.ErrPeerGone, signal.ErrHungUp)}
	if in := endOf(over); in.kind != inReject {
		t.Errorf("it is %s", kindNames[in.kind])
	}
	if in := endOf(signal.ErrPeerGone); in.kind != inGoodbye {
		t.Errorf("a peer that left is %s", kindNames[in.kind])
	}
}
