package session

import (
	cmp2 "cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"dialtone/diag"
	"dialtone/diag/peer"
	"dialtone/diag/probe"
	"dialtone/signal"
)

var stateNames = map[state]string{
	dialing: "dialing", waiting: "waiting", negotiating: "negotiating", checking: "checking",
	securing: "securing", detached: "detached", connected: "connected", silent: "silent", restarting: "restarting",
	redialing: "redialing", explaining: "explaining", over: "over",
}

var kindNames = map[kind]string{
	inDialed: "dialed", inDialFailed: "dial failed", inPaired: "paired", inOffer: "offer",
	inAnswer: "answer", inCandidate: "candidate", inGoodbye: "goodbye", inSignalingLost: "signaling lost",
	inCandidateLost: "candidate lost", inNegotiated: "negotiated", inNegotiationFailed: "negotiation failed",
	inSecuring: "securing", inConnected: "connected", inSilent: "silent", inPathFailed: "path failed",
	inHandshakeFailed: "handshake failed", inClosed: "closed", inDeadline: "deadline", inHeld: "held", inProbed: "probed",
	inDiagnosed: "diagnosed", inHangup: "hangup", inInterrupt: "interrupt", inRestart: "restart",
	inRestartRequest: "restart request", inReject: "reject",
}

// in puts the session of a rig into a state, with the facts that are usual there.
func (r *rig) in(s state) {
	p := &fakePeer{actions: r.actions}
	r.peer = p
	r.use(p)
	r.state, r.role, r.dialed = s, signal.RoleAnswerer, true
	if !slices.Contains([]state{dialing, detached, over}, s) {
		r.exchange = &exchange{channel: r.channel, outbox: make(chan signal.Message, 8), cancel: func() {}}
	}
	switch s {
	case detached:
		r.end = peerLeft
	case explaining:
		r.end = noPath
	case over:
		r.end = hungUp
	default:
	}
	if slices.Contains(established, s) {
		r.held.since = time.Now()
	}
	r.deadlines.set(dueState, r.limit())
}

// inputFor is an input with everything that belongs to its kind.
func (r *rig) inputFor(k kind) input {
	in := input{kind: k}
	switch k {
	case inDialed:
		in.channel = newChannel(r.actions)
	case inPaired:
		in.role = r.part
	case inOffer:
		in.message = r.description(signal.KindOffer)
	case inAnswer:
		in.message = r.description(signal.KindAnswer)
	case inCandidate:
		in.message = signal.Message{Kind: signal.KindCandidate, Candidate: &signal.Candidate{}}
	case inDialFailed, inSignalingLost, inCandidateLost, inNegotiationFailed:
		in.err = r.cause
	default:
	}
	return in
}

// did ends what a session does in the background and returns all that it did.
func (r *rig) did(t *testing.T) []string {
	t.Helper()
	r.ending = true
	if x := r.exchange; x != nil {
		for len(x.outbox) > 0 {
			r.add("signal %s", (<-x.outbox).Kind)
		}
		x.cancel()
	}
	if r.stopDial != nil {
		r.stopDial()
	}
	r.diagnosis.cancel()
	r.wg.Wait()
	r.events(t)
	return r.take()
}

// Facts beside the state.
func offers(r *rig)      { r.role = signal.RoleOfferer }
func lasting(r *rig)     { r.channel.traits.Lasting = true }
func inBand(r *rig)      { r.channel.traits.Restarts = true }
func greeted(r *rig)     { r.remote.restarts = true }
func handshaking(r *rig) { r.phases.Start(diag.PhaseDTLS, "") }
func serverLost(r *rig)  { r.end = serverFails }
func failing(r *rig)     { r.peer.err = errors.New("bad SDP") }
func foreign(r *rig)     { r.peer.err = peer.ErrCertificateChanged }
func standing(r *rig)    { r.redial.standby = true }
func met(r *rig)         { r.redial.met = true }
func toOffer(r *rig)     { r.part = signal.RoleOfferer }
func ours(r *rig)        { r.cause = internal(errors.New("no socket")) }
func storming(r *rig)    { r.cause = errStorm }
func stranger(r *rig)    { r.cause = peer.ErrCertificateChanged }
func asks(r *rig) {
	r.o.Explain, r.o.Config.ICEServers = time.Second, []diag.ICEServerAuth{{URL: "stun:192.0.2.1"}}
	r.diagnosis.begin = func(probe.Inquiry) func(context.Context) error {
		r.add("ask")
		return func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}
	}
}
func asked(r *rig) { asks(r); r.diagnosis.because = diag.BecauseICEFailed }
func asking(r *rig) {
	asks(r)
	r.diagnosis.stop = func() {
		if !r.ending {
			r.add("cancel")
		}
	}
}

func renewed(r *rig) {
	r.described, r.sdp = described{"sha-256 AB", "1"}, "v=0\r\no=- 2 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=fingerprint:sha-256 ab\r\n"
}

func fresh(r *rig)  { r.fresh = true }
func early(r *rig)  { r.redial.early, r.redial.since = true, time.Now() }
func knows(r *rig)  { r.described.fingerprint = "sha-256 CD" } // not what is announced
func probed(r *rig) { r.probes.left = 1 }
func late(r *rig)   { probed(r); r.deadlines.drop(dueState) }

// transition is what an input should do in some states.
type transition struct {
	from  []state
	on    kind
	facts []func(*rig)
	to    state // 0: it stays
	end   ending
	do    []string
}

func given(facts ...func(*rig)) []func(*rig) { return facts }

func with(states []state, more ...state) []state { return slices.Concat(states, more) }

// expected is all that a session does. What is not listed is ignored.
var expected = []transition{
	// Signaling.
	{from: of(dialing), on: inDialed, to: waiting, do: []string{"end of dial: ok", "state waiting"}},
	{from: restart, on: inDialed, do: []string{"channel closes", "end of dial: ok", "state waiting"}},
	{from: of(waiting, negotiating, checking, securing, detached, connected, silent, explaining, over), on: inDialed, do: []string{"channel closes"}},
	{from: of(dialing), on: inDialFailed, to: over, end: serverFails, do: []string{"end of dial: failed", "state lost"}},
	{from: of(waiting), on: inPaired, to: negotiating, do: []string{"end of wait: ok", "state paired"}},
	{from: of(waiting), on: inPaired, facts: given(toOffer), to: negotiating, do: []string{"end of wait: ok", "peer offer", "signal offer", "state paired"}},
	{from: of(waiting), on: inOffer, to: checking, do: []string{"end of offer-answer: ok", "end of wait: ok", "peer answer", "signal answer", "state connected", "state paired"}},
	{from: of(waiting), on: inOffer, facts: given(failing), to: over, end: peerFails, do: []string{"end of offer-answer: failed", "end of wait: ok", "peer answer", "state paired"}},
	{from: of(waiting), on: inDeadline, to: over, end: noPeer},
	{from: of(waiting, negotiating), on: inGoodbye, to: over, end: peerLeft, do: []string{"channel closes", "state closed"}},
	{from: of(waiting, negotiating), on: inSignalingLost, to: over, end: serverFails, do: []string{"channel closes", "state lost"}},
	{from: of(checking), on: inGoodbye, facts: given(lasting), to: over, end: peerLeft, do: []string{"channel closes", "state closed"}},
	{from: of(checking, securing), on: inGoodbye, to: detached, end: peerLeft, do: []string{"channel closes", "state closed"}},
	{from: of(checking, securing), on: inSignalingLost, to: detached, end: serverFails, do: []string{"channel closes", "state lost"}},
	{from: of(detached), on: inDeadline, to: over, end: peerLeft},
	{from: of(detached), on: inDeadline, facts: given(handshaking), to: over, end: refused},
	{from: of(detached), on: inDeadline, facts: given(serverLost, handshaking), to: over, end: serverFails},
	{from: of(explaining), on: inGoodbye, end: noPath, do: []string{"channel closes", "state closed"}},
	{from: of(explaining), on: inSignalingLost, end: noPath, do: []string{"channel closes", "state lost"}},
	{from: of(connected, silent, restarting), on: inGoodbye, facts: given(lasting), to: over, end: peerHungUp, do: []string{"channel closes", "state closed"}},
	{from: up, on: inGoodbye, do: []string{"channel closes", "state closed"}},
	{from: up, on: inSignalingLost, do: []string{"channel closes", "state lost", "warning signal.server_lost"}},
	{from: with(live, explaining), on: inCandidate, do: []string{"peer candidate"}},
	{from: searching, on: inCandidateLost, do: []string{"warning signal.candidate_lost"}},

	// Negotiation.
	{from: setup, on: inOffer, to: checking, do: []string{"end of offer-answer: ok", "peer answer", "signal answer", "state connected"}},
	{from: setup, on: inOffer, facts: given(offers), to: checking, do: []string{"end of offer-answer: ok", "peer answer", "peer closes", "signal answer", "state connected"}},
	{from: setup, on: inOffer, facts: given(failing), to: over, end: peerFails, do: []string{"end of offer-answer: failed", "peer answer"}},
	{from: of(negotiating), on: inAnswer, to: checking, do: []string{"end of offer-answer: ok", "peer accepts", "state connected"}},
	{from: of(checking, securing), on: inAnswer, do: []string{"end of offer-answer: ok", "peer accepts", "state connected"}},
	{from: of(negotiating), on: inNegotiated, to: checking, do: []string{"end of offer-answer: ok", "state connected"}},
	{from: with(established, checking, securing), on: inNegotiated, do: []string{"end of offer-answer: ok", "state connected"}},
	{from: live, on: inNegotiationFailed, to: over, end: peerFails},
	{from: live, on: inNegotiationFailed, facts: given(ours), to: over, end: broken},
	{from: live, on: inNegotiationFailed, facts: given(storming), to: over, end: peerFails.because(diag.CodeOfferStorm)},
	{from: live, on: inNegotiationFailed, facts: given(stranger), to: over, end: peerLost.because(diag.CodeCertificate)},

	// The connection.
	{from: of(negotiating, checking), on: inSecuring, to: securing},
	{from: with(searching, explaining), on: inConnected, to: connected},
	{from: of(explaining), on: inConnected, facts: given(asking, asked), to: connected, do: []string{"cancel"}},
	{from: of(explaining), on: inConnected, facts: given(asking), to: connected}, // what somebody asked for goes on
	{from: of(negotiating), on: inDeadline, to: over, end: peerFails.because(diag.CodeNoDescription)},
	{from: of(checking), on: inDeadline, to: over, end: noPath.because(diag.CodeSetupTimeout)},
	{from: of(checking), on: inDeadline, facts: given(asks), to: explaining, end: noPath.because(diag.CodeSetupTimeout), do: []string{"ask"}},
	{from: of(securing), on: inDeadline, to: over, end: noHandshake.because(diag.CodeSetupTimeout)},
	{from: searching, on: inPathFailed, to: over, end: noPath},
	{from: searching, on: inPathFailed, facts: given(probed), to: explaining, end: noPath},
	{from: searching, on: inPathFailed, facts: given(asks), to: explaining, end: noPath, do: []string{"ask"}},
	{from: searching, on: inPathFailed, facts: given(asking), to: explaining, end: noPath, do: []string{"cancel"}},
	{from: live, on: inHandshakeFailed, to: over, end: noHandshake},
	{from: of(securing), on: inClosed, to: over, end: refused},
	{from: of(detached), on: inClosed, facts: given(handshaking), to: over, end: refused},
	{from: of(dialing, waiting, negotiating, checking, detached), on: inClosed, to: over, end: peerLeft},
	{from: established, on: inClosed, to: over, end: peerHungUp},
	{from: of(connected), on: inSilent, to: silent, do: []string{"warning ice.consent_lost"}},
	{from: of(restarting), on: inSilent, do: []string{"warning ice.consent_lost"}},
	{from: of(silent), on: inConnected, to: connected},
	{from: of(silent), on: inConnected, facts: given(standing), to: connected},
	{from: of(silent), on: inHeld, to: over, end: peerLost},
	{from: slices.Concat(of(connected), restart), on: inHeld, to: over, end: timeOver},

	// A lost path.
	{from: of(connected, silent, restarting), on: inPathFailed, to: over, end: peerLost},
	{from: of(redialing), on: inPathFailed},
	{from: of(redialing), on: inPathFailed, facts: given(met)}, // the next attempt follows
	{from: of(silent), on: inDeadline, to: over, end: peerLost},
	{from: of(connected, silent, restarting), on: inPathFailed, facts: given(greeted), to: redialing, do: []string{"channel closes", "dial", "restart network failed"}},
	{from: of(silent), on: inDeadline, facts: given(greeted), to: redialing, do: []string{"channel closes", "dial", "restart network silence"}},
	{from: up, on: inPathFailed, facts: given(inBand), to: redialing, do: []string{"peer offer", "peer restarts", "restart network failed", "signal offer"}},
	{from: of(silent), on: inDeadline, facts: given(inBand), to: redialing, do: []string{"peer offer", "peer restarts", "restart network silence", "signal offer"}},
	{from: of(restarting), on: inPathFailed, facts: given(inBand), to: over, end: peerLost},
	{from: of(redialing), on: inPathFailed, facts: given(greeted, inBand)},
	{from: up, on: inDialed, facts: given(standing), do: []string{"channel closes", "end of dial: ok", "state waiting"}},
	{from: up, on: inDialFailed, facts: given(standing), do: []string{"channel closes", "end of dial: failed", "state lost"}},
	{from: up, on: inGoodbye, facts: given(standing), do: []string{"channel closes", "state closed"}},
	{from: up, on: inPaired, facts: given(standing), to: redialing, do: []string{"restart network silence"}},
	{from: up, on: inPaired, facts: given(standing, toOffer), to: redialing, do: []string{"peer offer", "peer restarts", "restart network silence", "signal offer"}},
	{from: up, on: inPathFailed, facts: given(greeted, standing), to: redialing, do: []string{"restart network failed"}},

	// An ICE restart.
	{from: up, on: inRestart, do: []string{"warning ice.restart_unsupported"}},
	{from: of(restarting), on: inRestart, do: []string{"warning ice.restart_in_progress"}},
	{from: with(unconnected, redialing, explaining), on: inRestart, do: []string{"warning call.not_connected"}},
	{from: up, on: inRestart, facts: given(greeted), to: restarting, do: []string{"channel closes", "dial", `peer sends {"code":"restart"}`, `peer sends {"code":"restart"}`, "restart local asked"}},
	{from: up, on: inRestart, facts: given(inBand), to: restarting, do: []string{"peer offer", "peer restarts", "restart local asked", "signal offer"}},
	{from: up, on: inRestart, facts: given(inBand, failing), to: over, end: broken, do: []string{"end of offer-answer: failed", "peer offer", "peer restarts", "restart local asked"}},
	{from: up, on: inRestartRequest, to: restarting, do: []string{"channel closes", "dial", "restart remote asked"}},
	{from: up, on: inOffer, do: []string{"end of offer-answer: ok", "peer answer", "restart remote asked", "signal answer", "state connected"}},
	{from: restart, on: inOffer, do: []string{"end of offer-answer: ok", "peer answer", "signal answer", "state connected"}},
	{from: restart, on: inOffer, facts: given(foreign), to: over, end: peerLost.because(diag.CodeCertificate), do: []string{"end of offer-answer: failed", "peer answer"}},
	{from: established, on: inAnswer, do: []string{"end of offer-answer: ok", "peer accepts", "state connected"}},
	{from: established, on: inAnswer, facts: given(failing), to: over, end: peerFails, do: []string{"end of offer-answer: failed", "peer accepts"}},
	{from: restart, on: inPaired},
	{from: restart, on: inPaired, facts: given(toOffer), do: []string{"peer offer", "peer restarts", "signal offer"}},
	{from: restart, on: inConnected, to: connected},
	{from: of(restarting), on: inDialFailed, to: connected, do: []string{"channel closes", "end of dial: failed", "state lost", "warning ice.restart_failed"}},
	{from: of(restarting), on: inGoodbye, to: connected, do: []string{"channel closes", "state closed", "warning ice.restart_failed"}},
	{from: of(restarting), on: inSignalingLost, to: connected, do: []string{"channel closes", "state lost", "warning ice.restart_failed"}},
	{from: of(restarting), on: inDeadline, to: connected, do: []string{"channel closes", "warning ice.restart_failed"}},
	{from: of(restarting), on: inDeadline, facts: given(lasting), to: connected, do: []string{"warning ice.restart_failed"}},
	{from: of(redialing), on: inDialFailed, do: []string{"channel closes", "end of dial: failed", "state lost"}},
	{from: of(redialing), on: inGoodbye, facts: given(lasting), to: over, end: peerLost, do: []string{"channel closes", "state closed"}},
	{from: of(redialing), on: inSignalingLost, facts: given(inBand), to: over, end: peerLost, do: []string{"channel closes", "state lost"}},
	{from: of(redialing), on: inSignalingLost, do: []string{"channel closes", "state lost"}},
	{from: of(redialing), on: inDeadline, to: over, end: peerLost.because(diag.CodeNoRedial)},

	// A new connection.
	{from: of(redialing), on: inOffer, facts: given(renewed), do: []string{"end of offer-answer: ok", "peer answer", "peer closes", "signal answer", "state connected"}},
	{from: of(redialing), on: inAnswer, facts: given(renewed), do: []string{"channel closes", "dial", "peer closes"}},
	{from: of(redialing), on: inOffer, facts: given(renewed, fresh), do: []string{"end of offer-answer: ok", "peer answer", "peer closes", "signal answer", "state connected"}},
	{from: of(redialing), on: inAnswer, facts: given(renewed, fresh), do: []string{"end of offer-answer: ok", "peer accepts", "state connected"}},
	{from: of(redialing), on: inPaired, facts: given(fresh, toOffer), do: []string{"peer closes", "peer offer", "signal offer"}},
	{from: of(redialing), on: inOffer, facts: given(fresh, knows), to: over, end: peerLost.because(diag.CodeCertificate), do: []string{"end of offer-answer: failed"}},
	{from: of(redialing), on: inAnswer, facts: given(fresh, knows), to: over, end: peerLost.because(diag.CodeCertificate), do: []string{"end of offer-answer: failed"}},
	{from: of(redialing), on: inOffer, facts: given(renewed, knows), do: []string{"end of offer-answer: ok", "peer answer", "signal answer", "state connected"}},
	{from: up, on: inOffer, facts: given(renewed), do: []string{"end of offer-answer: ok", "peer answer", "restart remote asked", "signal answer", "state connected"}},
	{from: of(redialing), on: inConnected, facts: given(early)},
	{from: of(redialing), on: inConnected, facts: given(early, met), to: connected},
	{from: of(redialing), on: inHandshakeFailed, facts: given(fresh), do: []string{"channel closes", "state lost"}},
	{from: of(redialing), on: inClosed, facts: given(fresh), do: []string{"channel closes", "state lost"}},

	// No path.
	{from: of(explaining), on: inProbed, to: over, end: noPath},
	{from: of(explaining), on: inProbed, facts: given(probed), end: noPath},
	{from: of(explaining), on: inProbed, facts: given(asked), to: over, end: noPath},
	{from: of(explaining), on: inProbed, facts: given(asking, asked), end: noPath},
	{from: of(explaining), on: inDeadline, facts: given(late), to: over, end: noPath},
	{from: of(explaining), on: inDeadline, facts: given(late, asking), end: noPath},
	{from: of(explaining), on: inDiagnosed, facts: given(asked), to: over, end: noPath},
	{from: of(explaining), on: inDiagnosed, facts: given(asked, probed), end: noPath},
	{from: of(explaining), on: inDiagnosed, facts: given(asks), end: noPath, do: []string{"ask"}},

	// The end.
	{from: live, on: inHangup, to: over, end: hungUp},
	{from: live, on: inInterrupt, to: over, end: interrupted},
	{from: live, on: inReject, to: over, end: peerHungUp},
	{from: of(explaining), on: inHangup, to: over, end: noPath},
	{from: of(explaining), on: inInterrupt, to: over, end: noPath},
	{from: of(explaining), on: inReject, to: over, end: noPath},
	{from: of(explaining), on: inClosed, to: over, end: noPath},
	{from: of(explaining), on: inHandshakeFailed, to: over, end: noPath},
}

// TestTransitions walks every transition, and every rule of the table.
func TestTransitions(t *testing.T) {
	used := map[int]bool{}
	for _, want := range expected {
		for _, from := range want.from {
			name := fmt.Sprintf("%s, %s, %d facts", stateNames[from], kindNames[want.on], len(want.facts))
			t.Run(name, func(t *testing.T) {
				r := newRig(Options{})
				r.in(from)
				for _, fact := range want.facts {
					fact(r)
				}
				end := r.end
				r.events(t)
				r.take()
				in := r.inputFor(want.on)
				used[ruleOf(r.Session, in)] = true
				r.handle(in)
				if to := cmp2.Or(want.to, from); r.state != to {
					t.Errorf("comes to %s", stateNames[r.state])
				}
				if want.end.reason != "" {
					end = want.end
				} else if want.to == connected {
					end = ending{}
				}
				if diff := cmp.Diff(end, r.end, cmp.AllowUnexported(ending{}), cmpopts.IgnoreFields(ending{}, "err")); diff != "" {
					t.Error(diff)
				}
				if diff := cmp.Diff(want.do, r.did(t), cmpopts.EquateEmpty()); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
	for i, r := range table {
		if !used[i] && !isIgnored(r) {
			t.Errorf("no transition uses the rule of %s in %s", kindNames[r.on[0]], namesOf(r.from))
		}
	}
}

func isIgnored(r rule) bool { return r.do == nil && r.to == 0 }

func ruleOf(s *Session, in input) int {
	return slices.IndexFunc(table, func(r rule) bool {
		return slices.Contains(r.from, s.state) && slices.Contains(r.on, in.kind) && (r.when == nil || r.when(s, in))
	})
}

func namesOf(states []state) string {
	var names []string
	for _, s := range states {
		names = append(names, stateNames[s])
	}
	return strings.Join(names, ", ")
}

// TestTableIsComplete: each state knows each input. The last of its rules is without a condition, none is hidden behind
// that, and a pair that no transition above names is listed as ignored.
func TestTableIsComplete(t *testing.T) {
	for s := dialing; s <= over; s++ {
		for k := inDialed; k < kinds; k++ {
			var rules []rule
			for _, r := range table {
				if slices.Contains(r.from, s) && slices.Contains(r.on, k) {
					rules = append(rules, r)
				}
			}
			final := slices.IndexFunc(rules, func(r rule) bool { return r.when == nil })
			if final < 0 || final != len(rules)-1 {
				t.Errorf("%s, %s: %d rules, of which the first without a condition is number %d", stateNames[s], kindNames[k], len(rules), final+1)
				continue
			}
			named := slices.ContainsFunc(expected, func(x transition) bool { return x.on == k && slices.Contains(x.from, s) })
			if ignored := len(rules) == 1 && isIgnored(rules[0]); ignored == named {
				t.Errorf("%s, %s: ignored %t, expected to do something %t", stateNames[s], kindNames[k], ignored, named)
			}
		}
	}
}

// TestSetupTime: a call that is patient has more time than others, unless a time is asked for.
func TestSetupTime(t *testing.T) {
	for _, test := range []struct {
		asked   time.Duration
		patient bool
		want    time.Duration
	}{
		{0, false, 40 * time.Second},
		{0, true, diag.PatientTime + 20*time.Second},
		{time.Second, false, time.Second},
		{time.Second, true, time.Second},
	} {
		r := newRig(Options{Setup: test.asked, Config: diag.Config{Patient: test.patient}})
		if r.o.Setup != test.want {
			t.Errorf("%+v: %s", test, r.o.Setup)
		}
	}
}

// TestMayReturn: where a lost path can be replaced. A signaling that carries restarts needs no peer that dials again.
func TestMayReturn(t *testing.T) {
	for _, test := range []struct {
		state           state
		redial          time.Duration // negative: not at all
		dials, in, once bool          // the peer dials again; the exchange carries restarts; descriptions are carried by people
		want            bool
	}{
		{connected, time.Minute, true, false, false, true},
		{silent, time.Minute, true, false, false, true},
		{restarting, time.Minute, true, false, false, true},
		{redialing, time.Minute, true, false, false, false},
		{checking, time.Minute, true, true, false, false},
		{over, time.Minute, true, true, false, false},
		{connected, time.Minute, false, false, false, false},
		{connected, time.Minute, true, false, true, false},
		{connected, -1, true, false, false, false},
		{connected, time.Minute, false, true, false, true},
		{restarting, time.Minute, false, true, false, false},
		{connected, -1, false, true, false, false},
	} {
		r := newRig(Options{Redial: test.redial, Config: diag.Config{Carried: test.once}})
		r.in(test.state)
		r.remote.restarts, r.channel.traits.Restarts = test.dials, test.in
		if got := r.mayReturn(); got != test.want {
			t.Errorf("%s, %+v: %t", stateNames[test.state], test, got)
		}
	}
}

// TestNextAttempt: a dial is due only while the path is lost, or a room waits beside one that may be.
func TestNextAttempt(t *testing.T) {
	for _, test := range []struct {
		state   state
		standby bool
		want    bool
	}{
		{redialing, false, true},
		{connected, true, true},
		{silent, true, true},
		{connected, false, false},
		{silent, false, false},
		{restarting, true, false},
		{over, true, false},
		{over, false, false},
	} {
		r := newRig(Options{})
		r.in(test.state)
		r.redial.standby = test.standby
		r.redialNow()
		if got := slices.Contains(r.did(t), "dial"); got != test.want {
			t.Errorf("%s, standing by %t: dials %t", stateNames[test.state], test.standby, got)
		}
	}
}

// TestLocalServer: which servers are on this machine.
func TestLocalServer(t *testing.T) {
	for server, want := range map[string]bool{
		"localhost": true, "http://localhost:8080": true, "127.0.0.1:8080": true, "127.1.2.3": true, "[::1]:8080": true,
		"192.0.2.1": false, "[2001:db8::1]:8080": false, "signal.example": false, "localhost.example": false, "": false,
	} {
		if got := isLocalServer(server); got != want {
			t.Errorf("%q: %t", server, got)
		}
	}
}

// TestLoopbackPolicy: the loopback interface takes part if both peers may be on this machine.
func TestLoopbackPolicy(t *testing.T) {
	own := &net.IPNet{IP: net.IPv4(127, 0, 0, 1), Mask: net.CIDRMask(8, 32)}
	other := &net.IPNet{IP: net.IPv4(192, 0, 2, 1), Mask: net.CIDRMask(24, 32)}
	for name, test := range map[string]struct {
		config diag.Config
		addrs  []net.Addr
		err    error
		want   peer.Loopback
	}{
		"it alone":             {diag.Config{LoopbackOnly: true}, []net.Addr{own, other}, nil, peer.LoopbackOnly},
		"a local server":       {diag.Config{Server: "localhost"}, []net.Addr{own, other}, nil, peer.LoopbackInclude},
		"a remote server":      {diag.Config{Server: "192.0.2.9"}, []net.Addr{own, other}, nil, peer.LoopbackOff},
		"no other interface":   {diag.Config{Server: "192.0.2.9"}, []net.Addr{own}, nil, peer.LoopbackInclude},
		"addresses of no kind": {diag.Config{Server: "192.0.2.9"}, []net.Addr{&net.UnixAddr{}}, nil, peer.LoopbackInclude},
		"unknown interfaces":   {diag.Config{Server: "192.0.2.9"}, []net.Addr{other}, errInternal, peer.LoopbackInclude},
	} {
		got := loopbackPolicy(test.config, func() ([]net.Addr, error) { return test.addrs, test.err })
		if got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestEvidence: what was captured in full is not called incomplete, and a file that cannot be written is named.
func TestEvidence(t *testing.T) {
	for file, want := range map[string][]string{
		filepath.Join(t.TempDir(), "call.pcapng"): {"capture.secrets"},
		"/dev/full": {"capture.failed"},
	} {
		if _, err := os.Stat(filepath.Dir(file)); err != nil {
			t.Skip("there is no", file)
		}
		var got []string
		emit := func(d diag.Data) {
			if w, ok := d.(diag.Warning); ok {
				got = append(got, w.ID)
			}
		}
		var e evidence
		e.open(diag.Config{PCAPNG: file}, emit)
		e.give(&peer.Options{})
		e.close(emit)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v", file, got)
		}
	}
}

// TestImpair: what is asked for stands between the call and its network, and nothing else does.
func TestImpair(t *testing.T) {
	for name, test := range map[string]struct {
		config diag.Config
		want   bool
	}{
		"nothing": {diag.Config{}, false}, "delay": {diag.Config{Impair: []diag.Impairment{{DelayMs: 1}}}, true},
	} {
		s := &Session{o: Options{Config: test.config}}
		if err := s.impair(t.Context()); err != nil || (s.impaired != nil) != test.want {
			t.Errorf("%s: %v, %v", name, err, s.impaired)
		}
	}
}

// TestLimits: each state has its time.
func TestLimits(t *testing.T) {
	for name, test := range map[string]struct {
		state state
		facts func(*rig)
		want  time.Duration // 0: none
	}{
		"dialing":                 {dialing, nil, 0},
		"waiting without a limit": {waiting, nil, 0},
		"waiting":                 {waiting, func(r *rig) { r.o.Config.Wait = time.Minute }, time.Minute},
		"negotiating":             {negotiating, func(r *rig) { r.setupBy = time.Now().Add(7 * time.Second) }, 7 * time.Second},
		"checking":                {checking, func(r *rig) { r.setupBy = time.Now().Add(7 * time.Second) }, 7 * time.Second},
		"securing":                {securing, func(r *rig) { r.setupBy = time.Now().Add(7 * time.Second) }, 7 * time.Second},
		"detached":                {detached, nil, 3 * time.Second},
		"connected":               {connected, nil, 0},
		"silent":                  {silent, nil, 0},
		"silent, by people":       {silent, func(r *rig) { r.o.Carry = time.Hour }, 10 * time.Second},
		"restarting":              {restarting, nil, 10 * time.Second},
		"redialing":               {redialing, func(r *rig) { r.redial.until = time.Now().Add(7 * time.Second) }, 7 * time.Second},
		"explaining":              {explaining, nil, 2 * time.Second},
		"over":                    {over, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(Options{})
				r.in(test.state)
				if test.facts != nil {
					test.facts(r)
				}
				at := r.limit()
				if got := time.Until(at); at.IsZero() != (test.want == 0) || test.want != 0 && got != test.want {
					t.Errorf("%s, want %s", got, test.want)
				}
			})
		})
	}
}
