package session

import (
	"strings"

	"dialtone/diag"
	"dialtone/diag/peer"
	"dialtone/diag/sdp"
)

// A browser whose network is lost may give up the DTLS association for good, as Firefox does when it cannot send: no
// ICE restart brings that back. It dials again with a new connection that has the certificate of the call. This peer
// knows it by the session ID of its descriptions (RFC 8829 §5.2.1) and makes a new connection, too. Until both are
// connected, each attempt is one of new connections on both sides.

// described is what distinguishes the peer's connections; the zero value before its first description.
type described struct{ fingerprint, session string }

// connectionOf reads a description of the peer.
func connectionOf(in input) described {
	parsed := sdp.Parse(in.message.Description.SDP)
	t := described{fingerprint: parsed.Fingerprint()}
	for _, l := range parsed.Session.Lines {
		if fields := strings.Fields(l.Value); l.Type == 'o' && len(fields) > 1 {
			t.session = fields[1]
		}
	}
	return t
}

// fingerprintOf is that of the certificate in a description; "" without one.
func fingerprintOf(description string) string { return sdp.Parse(description).Fingerprint() }

// isRenewed: the description is of another connection of the same peer. One that answers the offer of a new connection
// always is.
func isRenewed(s *Session, in input) bool {
	now := connectionOf(in)
	return !isInBand(s, in) && (in.kind == inOffer || !s.fresh) && now.session != s.described.session &&
		now.session != "" && now.fingerprint == s.described.fingerprint
}

// checkCertificate rejects a stranger: a new connection knows no certificate of the peer.
func (s *Session) checkCertificate(in input) error {
	if s.fresh && connectionOf(in).fingerprint != s.described.fingerprint {
		return peer.ErrCertificateChanged
	}
	return nil
}

// isUnproven: ICE has found the old path again, and no ping was answered on it. The peer may have given up what is
// above.
func isUnproven(s *Session, _ input) bool {
	return s.redial.early && !s.redial.met && !s.fresh && s.pings.echoedAt().Before(s.redial.since)
}

func isFresh(s *Session, _ input) bool { return s.fresh }

// answerAnew answers the offer of a new connection with a new one.
func answerAnew(s *Session, in input) input {
	if err := s.renew(); err != nil {
		return s.fail(err)
	}
	return answer(s, in)
}

// dialAnew: a new connection cannot answer the offer to restart this one. It is offered a new one in the next room.
func dialAnew(s *Session, _ input) input {
	if err := s.renew(); err != nil {
		return s.fail(err)
	}
	s.redial.met = false
	s.dialOnline()
	return input{}
}

// offerAnew offers a new connection.
func (s *Session) offerAnew() input {
	if err := s.renew(); err != nil {
		return s.fail(err)
	}
	return s.offer(false)
}

// renew replaces a peer connection that was connected.
func (s *Session) renew() error {
	s.fresh = true
	s.phases.Again(diag.PhaseRestart, "")
	s.phases.Start(diag.PhaseRestart, "")
	return s.replace()
}

// replace makes another peer connection with the same certificate, and closes the one before.
func (s *Session) replace() error {
	s.replaced.Add(1)
	o := s.peerOptions()
	o.FirstCandidate, o.Certificate = s.peer.Candidates(), s.peer.Certificate()
	p, err := s.newPeer(o)
	if err != nil {
		return internal(err)
	}
	old := s.peer
	s.use(p)
	s.wg.Go(func() { _ = old.Close() }) // nothing of the call needs it
	return nil
}

// use makes a peer connection that of the call. What is muted stays muted.
func (s *Session) use(p connection) {
	s.peer = p
	s.shared.Store(&p)
	for kind, muted := range s.muted {
		p.Mute(kind, muted)
	}
}
