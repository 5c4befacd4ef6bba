package session

import (
	"context"
	"slices"
	"strings"

	"dialtone/diag"
	"dialtone/signal"
)

// callName names the call to a server that is dialed again for it: both peers know the certificates of both, and no
// one else does but who carried their descriptions. It is empty before the first negotiation.
func (s *Session) callName() string {
	if s.peer == nil || s.described.fingerprint == "" {
		return ""
	}
	if s.own == "" {
		s.own = fingerprintOf(s.peer.Local().SDP)
	}
	both := []string{s.own, s.described.fingerprint}
	slices.Sort(both)
	return strings.Join(both, " ")
}

// sayGoodbye informs the peer that the call is over. A path that is lost, or given up for one that is looked for,
// cannot carry that: the peer would dial for the call. It learns it from the server then, and so it does if the path is
// thought to work and the peer does not acknowledge in time.
func (s *Session) sayGoodbye() {
	s.sendControl(control{Code: codeReject})
	works := s.redial.until.IsZero() && !s.phases.Running(diag.PhaseRestart, "")
	if works && s.flush() || s.o.Config.Code == "" || !s.remote.restarts {
		return
	}
	if works { // the room of a call that was connected is not that of a peer that dials again
		s.drop()
	}
	x, name := s.release(), s.callName()
	s.wg.Go(func() { s.hangUpByServer(x, name) })
	if !works {
		s.flush()
	}
}

// hangUpByServer ends the call in the room that an exchange is for, or without one.
func (s *Session) hangUpByServer(x *exchange, name string) {
	ctx, cancel := context.WithTimeout(context.Background(), hangupTime)
	defer cancel()
	over := signal.HangingUp(s.dialing(ctx, name), name)
	if x != nil {
		_ = x.channel.Close(over)
		return
	}
	// If that fails the peer dials in vain until it gives up.
	_, _ = s.o.Dial(over, func(r diag.SignalRequest) { s.o.Feed.Append(r) })
}
