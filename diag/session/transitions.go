package session

import (
	"errors"
	"slices"

	"dialtone/diag"
	"dialtone/diag/peer"
	"dialtone/signal"
)

// Sets of states.
var (
	setup       = []state{negotiating, checking, securing}
	searching   = slices.Concat(setup, []state{detached})
	unconnected = slices.Concat([]state{dialing, waiting}, searching)
	up          = []state{connected, silent}
	restart     = []state{restarting, redialing}
	established = slices.Concat(up, restart)
	live        = slices.Concat(unconnected, established) // neither over nor bound to be
)

// Why calls end.
var (
	hungUp      = ending{reason: diag.EndHangup, by: diag.ByLocal}
	timeOver    = ending{reason: diag.EndDuration, by: diag.ByLocal}
	interrupted = ending{reason: diag.EndInterrupted, by: diag.ByLocal}
	broken      = ending{reason: diag.EndInternal, by: diag.ByLocal}
	noPeer      = ending{reason: diag.EndNoPeer, by: diag.ByNetwork}
	peerHungUp  = ending{reason: diag.EndPeerHangup, by: diag.ByRemote}
	peerLeft    = ending{reason: diag.EndPeerLeft, by: diag.ByRemote}
	peerLost    = ending{reason: diag.EndPeerLost, by: diag.ByNetwork}
	noPath      = ending{reason: diag.EndICE, by: diag.ByNetwork}
	noHandshake = ending{reason: diag.EndDTLS, by: diag.ByNetwork}
	refused     = ending{reason: diag.EndDTLS, by: diag.ByRemote}
	serverFails = ending{reason: diag.EndSignaling, by: diag.ByServer}
	peerFails   = ending{reason: diag.EndSignaling, by: diag.ByRemote}
)

func of(states ...state) []state { return states }
func on(kinds ...kind) []kind    { return kinds }

// transitions is the table of all that can happen. The first rule that applies decides.
func transitions() []rule {
	return slices.Concat(renewalRules(), signalingRules(), setupRules(), callRules(), restartRules(), endRules(),
		ignored())
}

// signalingRules: the call is dialed, the peer comes, and the signaling ends. While a path is looked for the peer may
// be connected already and have left the room, so the path decides, unless the signaling lives as long as the call.
func signalingRules() []rule {
	return []rule{
		{from: of(dialing), on: on(inDialed), do: adopt, to: waiting},
		{from: restart, on: on(inDialed), do: adopt},
		{from: up, on: on(inDialed), when: standsBy, do: adopt},
		{from: slices.Concat(of(waiting), searching, up, of(explaining, over)), on: on(inDialed), do: discard},
		{from: of(dialing), on: on(inDialFailed), do: detach, to: over, end: serverFails},
		{from: of(waiting), on: on(inPaired), do: pair, to: negotiating},
		{from: of(waiting), on: on(inOffer), do: pairByOffer, to: negotiating},
		{from: of(waiting), on: on(inDeadline), to: over, end: noPeer},
		{from: of(waiting, negotiating), on: on(inGoodbye), do: detach, to: over, end: peerLeft},
		{from: of(waiting, negotiating), on: on(inSignalingLost), do: detach, to: over, end: serverFails},
		{from: of(checking), on: on(inGoodbye), when: isLasting, do: detach, to: over, end: peerLeft},
		{from: of(checking, securing), on: on(inGoodbye), do: detach, to: detached, end: peerLeft},
		{from: of(checking, securing), on: on(inSignalingLost), do: detach, to: detached, end: serverFails},
		{from: of(detached), on: on(inDeadline), when: leftHandshake, to: over, end: refused},
		{from: of(detached), on: on(inDeadline), to: over},
		{from: of(explaining), on: on(inGoodbye, inSignalingLost), do: detach},
		{from: of(connected, silent, restarting), on: on(inGoodbye), when: isLasting, do: detach, to: over, end: peerHungUp},
		{from: up, on: on(inDialFailed, inGoodbye, inSignalingLost), when: standsBy, do: tryAgain},
		{from: up, on: on(inGoodbye), do: detach},
		{from: up, on: on(inSignalingLost), do: loseServer},
		{from: slices.Concat(live, of(explaining)), on: on(inCandidate), do: addCandidate},
		{from: searching, on: on(inCandidateLost), do: warn("signal.candidate_lost")},
	}
}

// renewalRules: while the path is lost, a peer whose connection cannot be restarted makes a new one, and so does this
// one.
func renewalRules() []rule {
	return []rule{
		{from: of(redialing), on: on(inOffer), when: isRenewed, do: answerAnew},
		{from: of(redialing), on: on(inAnswer), when: isRenewed, do: dialAnew},
		{from: of(redialing), on: on(inHandshakeFailed, inClosed), when: isFresh, do: tryAgain},
		{from: of(redialing), on: on(inConnected), when: isUnproven},
	}
}

// setupRules: offer, answer, path and handshake.
func setupRules() []rule {
	return []rule{
		{from: setup, on: on(inOffer), when: isOfferer, do: startOver, to: negotiating},
		{from: setup, on: on(inOffer), do: answer, to: negotiating},
		{from: setup, on: on(inAnswer), do: accept},
		{from: of(negotiating), on: on(inNegotiated), do: agree, to: checking},
		{from: of(checking, securing), on: on(inNegotiated), do: agree},
		{from: of(negotiating, checking), on: on(inSecuring), to: securing},
		{from: slices.Concat(searching, of(explaining)), on: on(inConnected), do: connect, to: connected},
		{from: of(negotiating), on: on(inDeadline), to: over, end: peerFails.because(diag.CodeNoDescription)},
		{from: of(checking), on: on(inDeadline), do: explain, to: explaining, end: noPath.because(diag.CodeSetupTimeout)},
		{from: of(securing), on: on(inDeadline), to: over, end: noHandshake.because(diag.CodeSetupTimeout)},
		{from: searching, on: on(inPathFailed), do: explain, to: explaining, end: noPath},
		{from: live, on: on(inHandshakeFailed), to: over, end: noHandshake},
		{from: of(securing), on: on(inClosed), to: over, end: refused},
		{from: of(detached), on: on(inClosed), when: isSecuring, to: over, end: refused},
		{from: of(dialing, waiting, negotiating, checking, detached), on: on(inClosed), to: over, end: peerLeft},
		{
			from: live, on: on(inNegotiationFailed), when: is(peer.ErrCertificateChanged), to: over,
			end: peerLost.because(diag.CodeCertificate),
		},
		{from: live, on: on(inNegotiationFailed), when: is(errInternal), to: over, end: broken},
		{
			from: live, on: on(inNegotiationFailed), when: is(errStorm), to: over,
			end: peerFails.because(diag.CodeOfferStorm),
		},
		{from: live, on: on(inNegotiationFailed), to: over, end: peerFails},
	}
}

// callRules: an established call. A lost path is restarted.
func callRules() []rule {
	return []rule{
		{from: of(connected), on: on(inSilent), do: warn("ice.consent_lost"), to: silent},
		{from: of(restarting), on: on(inSilent), do: warn("ice.consent_lost")},
		{from: of(silent), on: on(inConnected), when: standsBy, to: connected}, // a ping that is answered shows more
		{from: of(silent), on: on(inConnected), do: resume, to: connected},
		{from: of(silent), on: on(inDeadline), do: losePath},
		{from: up, on: on(inPathFailed), when: restartsInBand, do: losePathInBand, to: redialing},
		{from: of(connected, silent, restarting), on: on(inPathFailed), when: redials, do: redialPath, to: redialing},
		{from: of(redialing), on: on(inPathFailed), when: isTrying, do: tryAgain},
		{from: of(redialing), on: on(inPathFailed), do: endOldPath},
		{from: of(connected, silent, restarting), on: on(inPathFailed), to: over, end: peerLost},
		{from: established, on: on(inClosed), to: over, end: peerHungUp},
		{from: of(silent), on: on(inHeld), to: over, end: peerLost},
		{from: slices.Concat(of(connected), restart), on: on(inHeld), to: over, end: timeOver},
	}
}

// restartRules: an ICE restart travels in band if the signaling can carry it, else over a new room.
func restartRules() []rule {
	return []rule{
		{from: up, on: on(inRestart), when: restartsInBand, do: offerAgain, to: restarting},
		{from: up, on: on(inRestart), when: peerRestarts, do: requestRestart, to: restarting},
		{from: up, on: on(inRestart), do: warn("ice.restart_unsupported")},
		{from: of(restarting), on: on(inRestart), do: warn("ice.restart_in_progress")},
		{from: slices.Concat(unconnected, of(redialing, explaining)), on: on(inRestart), do: warn("call.not_connected")},
		{from: up, on: on(inRestartRequest), when: mayNegotiate, do: dialAgain, to: restarting},
		{from: up, on: on(inRestartRequest)},
		{from: up, on: on(inOffer), do: answerRestart},
		{from: restart, on: on(inPaired), do: meet},
		{from: up, on: on(inPaired), when: standsBy, do: meet, to: redialing},
		{from: restart, on: on(inOffer), do: answer},
		{from: established, on: on(inAnswer), do: accept},
		{from: established, on: on(inNegotiated), do: agree},
		{from: restart, on: on(inConnected), do: resume, to: connected},
		{from: of(restarting), on: on(inDialFailed, inGoodbye, inSignalingLost), do: giveUpRestart, to: connected},
		{from: of(restarting), on: on(inDeadline), do: giveUpRestart, to: connected},
		{from: of(redialing), on: on(inGoodbye, inSignalingLost), when: isInBand, do: detach, to: over, end: peerLost},
		{from: of(redialing), on: on(inDialFailed, inGoodbye, inSignalingLost), do: tryAgain},
		{from: of(redialing), on: on(inDeadline), to: over, end: peerLost.because(diag.CodeNoRedial)},
	}
}

// endRules: a call ends at once, and one without a path, by whatever cause, because it has none.
func endRules() []rule {
	return []rule{
		{from: live, on: on(inHangup), to: over, end: hungUp},
		{from: live, on: on(inInterrupt), to: over, end: interrupted},
		{from: live, on: on(inReject), to: over, end: peerHungUp},
		{from: of(explaining), on: on(inHangup, inInterrupt, inReject, inClosed, inHandshakeFailed), to: over},
		{from: of(explaining), on: on(inProbed, inDiagnosed, inDeadline), when: isExplained, to: over},
		{from: of(explaining), on: on(inDiagnosed), when: isUnexplained, do: explain},
	}
}

// ignored is, state by state, what cannot happen there, or comes too late, or is no news.
func ignored() []rule {
	questions := on(inProbed, inDiagnosed)
	connection := on(inSecuring, inConnected, inSilent, inPathFailed)
	never := slices.Concat(questions, on(inHeld, inRestartRequest))
	first := on(inDialFailed, inPaired)
	return []rule{
		{from: of(dialing), on: slices.Concat(never, connection, on(inPaired, inOffer, inAnswer, inGoodbye,
			inSignalingLost, inCandidateLost, inNegotiated, inDeadline))},
		{from: of(waiting), on: slices.Concat(never, connection, on(inDialFailed, inAnswer, inCandidateLost, inNegotiated))},
		{from: of(negotiating, checking), on: slices.Concat(never, first, on(inSilent))},
		{from: of(securing), on: slices.Concat(never, first, on(inSilent, inSecuring))},
		{from: of(detached), on: slices.Concat(never, first, on(inSilent, inSecuring, inOffer, inAnswer, inGoodbye,
			inSignalingLost, inNegotiated))},
		{from: of(connected), on: slices.Concat(questions, first, on(inCandidateLost, inSecuring, inConnected, inDeadline))},
		{from: of(silent), on: slices.Concat(questions, first, on(inCandidateLost, inSecuring, inSilent))},
		{from: of(restarting), on: slices.Concat(questions, on(inCandidateLost, inSecuring, inRestartRequest))},
		{from: of(redialing), on: slices.Concat(questions, on(inCandidateLost, inSecuring, inSilent,
			inRestartRequest))},
		{from: of(explaining), on: slices.Concat(never, first, on(inOffer, inAnswer, inCandidateLost, inNegotiated,
			inNegotiationFailed, inSecuring, inSilent, inPathFailed, inDeadline))},
		{from: of(over), on: slices.Concat(never, first, connection, on(inOffer, inAnswer, inCandidate, inGoodbye,
			inSignalingLost, inCandidateLost, inNegotiated, inNegotiationFailed, inHandshakeFailed, inClosed, inDeadline,
			inHangup, inInterrupt, inRestart, inReject))},
	}
}

func isOfferer(s *Session, _ input) bool      { return s.role == signal.RoleOfferer }
func isSecuring(s *Session, _ input) bool     { return s.phases.Known(diag.PhaseDTLS, "") }
func isLasting(s *Session, _ input) bool      { return s.traits().Lasting }
func restartsInBand(s *Session, _ input) bool { return s.traits().Restarts }
func peerRestarts(s *Session, _ input) bool   { return s.remote.restarts }

// leftHandshake: the peer ended the signaling in order, and has not finished the handshake.
func leftHandshake(s *Session, in input) bool {
	return s.end.reason == diag.EndPeerLeft && isSecuring(s, in)
}

// is makes the guard that an input has an error.
func is(target error) func(*Session, input) bool {
	return func(_ *Session, in input) bool { return errors.Is(in.err, target) }
}

// isExplained: nothing that could explain a missing path is asked any more. Probes have the time of the state.
func isExplained(s *Session, in input) bool {
	return s.diagnosis.stop == nil && !isUnexplained(s, in) && (s.probes.left <= 0 || !s.deadlines.pending(dueState))
}

// isUnexplained: the ICE servers have not been asked about a missing path, and can be.
func isUnexplained(s *Session, _ input) bool {
	return s.o.Explain > 0 && !s.diagnosis.known && s.diagnosis.because != diag.BecauseICEFailed &&
		len(s.inquiry().URLs) > 0
}
