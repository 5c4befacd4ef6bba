package peer

import (
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"dialtone/diag"
)

func TestPollInterval(t *testing.T) {
	start := time.Unix(0, 0)
	after := func(d time.Duration) time.Time { return start.Add(d) }
	for _, test := range []struct {
		name           string
		state          webrtc.ICEConnectionState
		sctp, many     bool
		woken, changed time.Duration
		now, want      time.Duration
	}{
		{name: "settled", state: webrtc.ICEConnectionStateConnected, now: time.Minute, want: pollSettled},
		{name: "settled, of many", state: webrtc.ICEConnectionStateConnected, many: true, now: time.Minute, want: pollOfMany},
		{name: "checks begin", state: webrtc.ICEConnectionStateChecking, now: time.Millisecond, want: pollChecking},
		{name: "checks go on", state: webrtc.ICEConnectionStateChecking, now: time.Second, want: time.Second / 10},
		{name: "checks last", state: webrtc.ICEConnectionStateChecking, now: time.Minute, want: pollSettled},
		{name: "checks of many last", state: webrtc.ICEConnectionStateChecking, many: true, now: 4 * time.Second, want: 400 * time.Millisecond},
		{name: "a pair changes", state: webrtc.ICEConnectionStateChecking, changed: 3900 * time.Millisecond, now: 4 * time.Second, want: pollChecking},
		{name: "SCTP begins", state: webrtc.ICEConnectionStateConnected, sctp: true, woken: 4 * time.Second, now: 4 * time.Second, want: pollChecking},
	} {
		p := &Peer{o: Options{OneOfMany: test.many, Now: func() time.Time { return after(test.now) }}}
		p.o.Phases = diag.NewPhases(func(diag.Data) {})
		if test.sctp {
			p.o.Phases.Start(diag.PhaseSCTP, "")
		}
		p.checks = &checks{p: p, state: test.state, changedAt: after(test.changed)}
		if got := p.pollInterval(after(test.woken)); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

// TestNoAssociationBeforeThePeer: who waits for a peer reports no association, which pion's transport calls "connecting"
// from its beginning.
func TestNoAssociationBeforeThePeer(t *testing.T) {
	states := make(chan string, 16)
	p, err := New(Options{Loopback: LoopbackOnly, NoMedia: true, Emit: func(d diag.Data) {
		if e, ok := d.(diag.SCTPState); ok {
			states <- e.State
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closing(p) })
	p.transports.pollSCTP()
	if len(states) != 0 {
		t.Errorf("an association is %s before there is a peer", <-states)
	}
	pc := bare(t)
	if _, err := pc.CreateDataChannel("one", nil); err != nil {
		t.Fatal(err)
	}
	answered(t, p, pc)
	for state := range states {
		if state == webrtc.SCTPTransportStateConnected.String() {
			return
		}
	}
}
