package session

import (
	"errors"
	"time"

	"golang.org/x/time/rate"

	"dialtone/diag"
)

// How often the peer may negotiate in a call. Each negotiation gathers anew, at every ICE server.
const (
	negotiations     = 20 // at once
	negotiationPause = 2 * time.Second
)

var errStorm = errors.New("the peer makes one offer after another")

func newNegotiations() *rate.Limiter {
	return rate.NewLimiter(rate.Every(negotiationPause), negotiations)
}

// The agent gives up its old path the moment it makes new credentials, so the descriptions of an ICE restart cannot
// travel over the call itself: unless the signaling still carries them, both peers dial the room again.

// announceRestart records who wants the restart, and why.
func (s *Session) announceRestart(in input) {
	r := diag.Restart{By: diag.ByRemote, Reason: "asked"}
	switch in.kind {
	case inRestart:
		r.By = diag.ByLocal
	case inPathFailed:
		r = diag.Restart{By: diag.ByNetwork, Reason: "failed"}
		switch {
		case errors.Is(in.err, errNetworkChanged):
			r.Reason = "address"
		case errors.Is(in.err, errSilent):
			r.Reason = "silence"
		}
		r.LimitMs = new(diag.Millis(s.redialTime()))
	default:
	}
	s.o.Feed.Append(r)
	s.deadlines.drop(dueLinger)
}

// offerAgain restarts over the exchange in use.
func offerAgain(s *Session, in input) input {
	s.announceRestart(in)
	return s.offer(true)
}

// mayNegotiate: the peer asks no more often than networks change.
func mayNegotiate(s *Session, _ input) bool { return s.negotiations.Allow() }

func dialAgain(s *Session, in input) input {
	s.announceRestart(in)
	s.dial(0)
	return input{}
}

// offerTime is how long the peer has to dial first, so that it offers: the one that answers gives its old path up only
// when it knows all about the new one.
const offerTime = 300 * time.Millisecond

// requestRestart has the peer dial again, too. The request must arrive before the path that carries it is given up.
func requestRestart(s *Session, in input) input {
	s.sendControl(control{Code: codeRestart})
	s.flush()
	s.announceRestart(in)
	s.dial(offerTime)
	return input{}
}

// answerRestart: the peer restarts over the exchange in use.
func answerRestart(s *Session, in input) input {
	s.o.Feed.Append(diag.Restart{By: diag.ByRemote, Reason: "asked"})
	return answer(s, in)
}

// giveUpRestart continues on the path that works.
func giveUpRestart(s *Session, in input) input {
	if in.kind != inDeadline {
		detach(s, in)
	} else if !s.traits().Lasting {
		s.drop()
	}
	return warn("ice.restart_failed")(s, in)
}

// losePath: the path has been silent for too long.
func losePath(*Session, input) input { return input{kind: inPathFailed, err: errSilent} }
