package session

import (
	"context"
	"errors"

	"dialtone/diag"
)

// errNoRestart says why a peer cannot be asked for an ICE restart.
var errNoRestart = errors.New("the other party cannot renegotiate: it has not said that it is a dialtone")

// redial is a restart under way: the code has been dialled again.
type redial struct {
	lost bool // the path is gone; otherwise somebody asked and the call goes on meanwhile
}

// restartAsked is the command. The agent gives up its old path the moment it makes new credentials, so the descriptions
// cannot travel over the call itself: both sides dial the code again.
func (s *Session) restartAsked() error {
	switch {
	case !s.up:
		return ErrNotConnected
	case s.redial == nil && s.restartsInLine():
		s.offerAgain(diag.ByLocal, false)
		return nil
	case !s.restarts:
		return errNoRestart
	case s.redial != nil:
		return errors.New("a restart is under way")
	}
	s.sendControl(control{Code: codeRestart})
	ctx, cancel := context.WithTimeout(context.Background(), goodbyeTime)
	defer cancel()
	s.peer.Flush(ctx, diag.LabelControl) // the wish must arrive before the path that carries it is given up
	s.dialAgain(diag.ByLocal, false)
	return nil
}

// restartWanted is the other side's wish.
func (s *Session) restartWanted() {
	if s.up && s.redial == nil {
		s.dialAgain(diag.ByRemote, false)
	}
}

// recover tries to bring a lost path back, once.
func (s *Session) recover() {
	if s.redial == nil && s.restartsInLine() {
		s.offerAgain(diag.ByNetwork, true)
		return
	}
	if !s.restarts || (s.redial != nil && s.redial.lost) {
		s.finishWith(diag.EndPeerLost, diag.ByNetwork, nil, "")
		return
	}
	s.dialAgain(diag.ByNetwork, true)
}

// restartsInLine reports whether the signaling itself can carry an ICE restart of ours.
func (s *Session) restartsInLine() bool { return s.line != nil && s.line.traits().Restarts }

// offerAgain restarts on the line in use.
func (s *Session) offerAgain(by diag.EndedBy, lost bool) {
	s.beginRestart(by, lost)
	s.offer(true)
}

func (s *Session) dialAgain(by diag.EndedBy, lost bool) {
	s.beginRestart(by, lost)
	s.dial(s.takeLine())
}

func (s *Session) beginRestart(by diag.EndedBy, lost bool) {
	reason := "asked"
	if lost {
		reason = "failed"
	}
	s.redial = &redial{lost: lost}
	s.o.Feed.Append(diag.Restart{By: by, Reason: reason})
	s.lingerTimer.Stop()
	s.redialTimer.Reset(s.o.Redial)
}

// redialFailed ends a call whose path is lost; one that still has its path goes on without the restart.
func (s *Session) redialFailed(err error) {
	if s.redial.lost || !s.up {
		s.finishWith(diag.EndPeerLost, diag.ByNetwork, err, Advise(err))
		return
	}
	s.redial = nil
	s.redialTimer.Stop()
	if s.line != nil && !s.line.traits().Lasting {
		s.dropLine()
	}
	s.o.Feed.Append(diag.Warning{ID: "ice.restart_failed", Text: "The ICE restart did not come about: " + cause(err),
		Advice: Advise(err)})
}
