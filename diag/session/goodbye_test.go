package session

import (
	"fmt"
	"slices"
	"testing"

	"dialtone/diag"
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
