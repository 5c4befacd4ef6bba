package session

import (
	"errors"
	"time"

	"dialtone/diag"
	"dialtone/diag/peer"
	"dialtone/signal"
)

// graceTime is how long a path may still come up after the signaling ended.
const graceTime = 3 * time.Second

// peerOptions wires the peer's callbacks to the mailbox.
func (s *Session) peerOptions() peer.Options {
	c := s.o.Config
	return peer.Options{
		Emit: s.o.Feed.Append, Phases: s.phases, ICEServers: c.ICEServers, TLS: s.o.TLS,
		RelayOnly: c.RelayOnly, PionDefaults: c.PionDefaults, NoMedia: c.NoMedia, Echo: c.Echo,
		Loopback: loopbackPolicy(c), Timeouts: s.timeouts(), Net: s.o.Net,
		NoChannels: c.MediaOnly, Flow: s.o.Flow,
		OnNoRelay:   func(url string) { s.inbox.put(func() { tell(s.probes.unserved[url]) }) },
		OnGathered:  func() { s.inbox.put(func() { s.sendWhole(false) }) },
		OnCandidate: func(x peer.Candidate) { s.inbox.put(func() { s.gathered(x) }) },
		OnMessage:   s.received,
		OnOpen:      func(label string) { s.inbox.put(func() { s.opened(label) }) },
		OnState:     func(st peer.State) { s.inbox.put(func() { s.stateChanged(st) }) },
	}
}

// timeouts are the peer's. Checks begin with our answer: where that is carried by a person, nobody answers them for as
// long as the way takes, and silence on an established path is noticed by a timer of our own.
func (s *Session) timeouts() peer.Timeouts {
	t := s.o.Timeouts
	if s.o.Carry > 0 {
		t.Failed, t.LastPair = s.o.Carry, s.o.Carry
	}
	return t
}

// lostAfter is how long an established path may say nothing, beyond what counts as disconnected, where the peer itself
// waits for longer.
const lostAfter = 10 * time.Second

// take acts on a message of the signaling.
func (s *Session) take(m signal.Message) {
	switch m.Kind {
	case signal.KindPaired:
		s.paired(m.Role)
	case signal.KindOffer:
		s.paired(signal.RoleAnswerer)
		s.takeOffer(m)
	case signal.KindAnswer:
		s.takeAnswer(m)
	case signal.KindCandidate:
		s.takeCandidate(peer.Candidate(*m.Candidate))
	case signal.KindBye:
		s.lineEnded(s.line, signal.ErrPeerGone)
	case signal.KindEndOfCandidates, signal.KindUnknown:
	}
}

// paired notes that both parties are there, once.
func (s *Session) paired(role signal.Role) {
	if s.redial != nil {
		if role == signal.RoleOfferer {
			s.offer(true)
		}
		return
	}
	if s.role != signal.RoleUnknown {
		return
	}
	s.role = role
	s.waitTimer.Stop()
	s.setUpTimer.Reset(s.o.SetUp + s.line.traits().Patience)
	s.phases.End(diag.PhaseWait, "", diag.OutcomeOK, "")
	s.o.Feed.Append(diag.SignalState{State: diag.SignalPaired, Role: diagRole(role)})
	s.phases.Start(diag.PhaseOfferAnswer, "")
	if role == signal.RoleOfferer {
		s.offer(false)
	}
}

// takeCandidate passes a candidate of the other party on. Unusable ones are told, the first of them.
func (s *Session) takeCandidate(c peer.Candidate) {
	err := s.peer.AddCandidate(c)
	if err == nil {
		return
	}
	if s.refused++; s.refused <= maxRefusals {
		s.o.Feed.Append(diag.Warning{ID: "ice.candidate_unusable", Text: cause(err),
			Advice: "The call goes on without it; look at what the other party's program signals."})
	}
}

// maxRefusals is how many unusable candidates are told of; a hostile peer has more.
const maxRefusals = 8

func diagRole(r signal.Role) diag.Role {
	if r == signal.RoleOfferer {
		return diag.RoleOfferer
	}
	return diag.RoleAnswerer
}

func (s *Session) offer(restart bool) {
	tell(s.probes.begun)
	offer, err := s.peer.Offer(restart)
	if err != nil {
		s.negotiationFailed(diag.EndInternal, diag.ByLocal, err)
		return
	}
	s.describe(signal.KindOffer, offer)
}

// gatherTime bounds how long a description waits for candidates that it has to carry.
const gatherTime = 8 * time.Second

// describe sends our description: at once, or where it has to be whole when gathering is over.
func (s *Session) describe(kind signal.Kind, d peer.Description) {
	if s.line == nil {
		return
	}
	if s.line.whole = s.line.traits().Whole; s.line.whole {
		s.line.unsent = kind
		s.gatherTimer.Reset(gatherTime)
		s.sendWhole(false)
		return
	}
	s.postDescription(kind, d)
}

// sendWhole sends the description that waits, with what has been gathered by now.
func (s *Session) sendWhole(now bool) {
	l := s.line
	if l == nil || l.unsent == signal.KindUnknown || (!now && !s.peer.Gathered()) {
		return
	}
	kind := l.unsent
	l.unsent = signal.KindUnknown
	s.gatherTimer.Stop()
	s.postDescription(kind, s.peer.Local())
}

func (s *Session) postDescription(kind signal.Kind, d peer.Description) {
	s.post(signal.Message{Kind: kind, Description: &signal.Description{Type: d.Type, SDP: d.SDP}})
	if kind == signal.KindAnswer {
		s.negotiated()
	}
}

func (s *Session) takeOffer(m signal.Message) {
	if s.everUp && s.redial == nil {
		s.o.Feed.Append(diag.Restart{By: diag.ByRemote, Reason: "asked"})
	}
	if s.role == signal.RoleOfferer && !s.everUp {
		if err := s.startOver(); err != nil {
			s.negotiationFailed(diag.EndInternal, diag.ByLocal, err)
			return
		}
	}
	tell(s.probes.begun)
	answer, err := s.peer.Answer(peer.Description(*m.Description))
	if err != nil {
		s.negotiationFailed(diag.EndSignaling, diag.ByRemote, err)
		return
	}
	s.describe(signal.KindAnswer, answer)
}

// startOver takes another peer: the other party answers our offer with one of its own, and pion cannot take an offer
// back.
func (s *Session) startOver() error {
	o := s.peerOptions()
	o.FirstCandidate = s.peer.Candidates()
	p, err := peer.New(o)
	if err != nil {
		return err
	}
	old := s.peer
	s.peer = p
	s.wg.Go(func() { _ = old.Close() }) // it has done nothing that could fail to end
	return nil
}

func (s *Session) takeAnswer(m signal.Message) {
	if err := s.peer.SetAnswer(peer.Description(*m.Description)); err != nil {
		s.negotiationFailed(diag.EndSignaling, diag.ByRemote, err)
		return
	}
	s.negotiated()
}

func (s *Session) negotiated() {
	if s.line != nil && s.line.traits().Patience > 0 && !s.everUp {
		patience := s.o.SetUp // what came before was a person's time
		if s.role == signal.RoleAnswerer {
			patience += s.o.Carry // and so is what comes now
		}
		s.setUpTimer.Reset(patience)
	}
	s.phases.End(diag.PhaseOfferAnswer, "", diag.OutcomeOK, "")
	s.o.Feed.Append(diag.SignalState{State: diag.SignalConnected, Role: diagRole(s.role)})
}

// negotiationFailed ends the call; a stranger on the new room of a restart leaves it lost.
func (s *Session) negotiationFailed(reason diag.EndReason, by diag.EndedBy, err error) {
	s.phases.End(diag.PhaseOfferAnswer, "", diag.OutcomeFailed, cause(err))
	if errors.Is(err, peer.ErrCertificateChanged) {
		s.finishWith(diag.EndPeerLost, diag.ByNetwork, err,
			"Somebody else dialled the same code. Choose a code that others do not guess.")
		return
	}
	s.finishWith(reason, by, err, "")
}

// gathered passes a local candidate on.
func (s *Session) gathered(c peer.Candidate) {
	if s.line != nil && s.line.whole {
		return // it travels inside the description
	}
	x := signal.Candidate(c)
	s.post(signal.Message{Kind: signal.KindCandidate, Candidate: &x})
}

// stateChanged is the peer's OnState.
func (s *Session) stateChanged(st peer.State) {
	switch st {
	case peer.StateConnected:
		s.connected()
	case peer.StateDisconnected:
		if s.o.Carry > 0 {
			s.lostTimer.Reset(lostAfter)
		}
		s.o.Feed.Append(diag.Warning{
			ID: "ice.consent_lost", Text: "The other party has stopped answering connectivity checks; the path may come back by itself.",
			Advice: "Wait some seconds; if it stays silent, check the network on both sides.",
		})
	case peer.StateICEFailed:
		s.up = false
		if s.everUp {
			s.recover()
			return
		}
		s.noPath(nil)
	case peer.StateDTLSFailed:
		s.finishWith(diag.EndDTLS, diag.ByNetwork, nil, "")
	case peer.StateClosed:
		s.remoteClosed()
	case peer.StateUnknown:
	}
}

// remoteClosed: the other side has closed its connection, or left the room for good.
func (s *Session) remoteClosed() {
	switch {
	case s.everUp:
		s.finishWith(diag.EndPeerHangup, diag.ByRemote, nil, "")
	case s.phases.Known(diag.PhaseDTLS, ""):
		s.finishWith(diag.EndDTLS, diag.ByRemote, errors.New("the other party gave up during the handshake"), "")
	default:
		s.finishWith(diag.EndPeerLeft, diag.ByRemote, nil, "")
	}
}

// connected starts what an established call needs.
func (s *Session) connected() {
	s.up = true
	s.redialTimer.Stop()
	s.graceTimer.Stop()
	s.lostTimer.Stop()
	s.pathFound()
	s.redial = nil
	s.lingerTimer.Reset(s.o.Linger)
	if s.everUp {
		return
	}
	s.everUp, s.upAt = true, time.Now()
	s.setUpTimer.Stop()
	s.sampleTimer.Reset(time.Second)
	if d := s.o.Config.For; d > 0 {
		s.forTimer.Reset(d)
	}
}
