package session

import (
	"errors"
	"net/netip"
	"slices"
	"time"

	"dialtone/diag"
	"dialtone/signal"
)

// redial is the way back of a call whose path is lost: both peers dial the room code again, each until one attempt
// succeeds. A peer whose address changed knows it at once, the other one only by its silence. So that they meet, a
// peer whose pings are not answered for a moment dials, too, while its path may still work: it stands by.
type redial struct {
	since   time.Time // the path is in doubt or lost; before that: it works
	until   time.Time // when the call is given up; zero: its path is not lost
	standby bool
	early   bool  // the path was given up before it failed: it may come back
	met     bool  // the other peer dialed, too: an ICE restart has begun
	err     error // why the last attempt failed; nil: the peer did not dial
}

const (
	quietTime    = 1900 * time.Millisecond // without an answer to a ping, after which a peer stands by
	askTime      = 1200 * time.Millisecond // likewise, after which it sends more pings: one may have been lost
	quietTick    = 250 * time.Millisecond  // between looks at a path that is silent
	redialPause  = time.Second             // after an attempt that failed
	attemptTime  = 10 * time.Second        // bounds an ICE restart
	codelessTime = 30 * time.Second        // bounds dialing again without a room code
)

// Why a path is given up before it has failed.
var (
	errNetworkChanged = errors.New("the local address of the path is gone")
	errSilent         = errors.New("the peer does not answer")
)

// machineChanged takes what is observed about this machine.
func (s *Session) machineChanged(d diag.Data) {
	s.o.Feed.Append(d)
	if change, ok := d.(diag.NetworkChanged); ok {
		s.do(func() { s.networkChanged(change) })
	}
}

// networkChanged gives up a path that cannot work any more, and dials again at once on a new network.
func (s *Session) networkChanged(d diag.NetworkChanged) {
	s.offline = !d.Online
	switch {
	case s.state == redialing, slices.Contains(up, s.state) && s.redial.standby:
		s.redialNow()
	case s.mayReturn() && s.lostBase(d):
		s.handle(input{kind: inPathFailed, err: errNetworkChanged})
	}
}

// lostBase reports whether the address that the path sends from was removed.
func (s *Session) lostBase(d diag.NetworkChanged) bool {
	base := s.peer.Base()
	return base.IsValid() && slices.ContainsFunc(d.Removed, func(a diag.InterfaceAddress) bool {
		removed, err := netip.ParseAddr(a.Address)
		return err == nil && removed == base.Unmap().WithZone("")
	})
}

// mayReturn: the call has a path and can get another one.
func (s *Session) mayReturn() bool {
	inBand := s.o.Redial > 0 && restartsInBand(s, input{})
	return slices.Contains(up, s.state) && inBand || s.state != redialing && slices.Contains(established, s.state) &&
		redials(s, input{})
}

// redials: both peers dial again when the path is lost.
func redials(s *Session, _ input) bool {
	return s.remote.restarts && s.o.Redial > 0 && !s.o.Config.Carried
}

// redialTime is how long a lost path is dialed for again. A server without room codes takes the next caller for the
// peer, so it does not wait for long.
func (s *Session) redialTime() time.Duration {
	if s.o.Config.Code == "" && !restartsInBand(s, input{}) {
		return min(s.o.Redial, codelessTime)
	}
	return s.o.Redial
}

// standsBy: a dial is in progress, or a room waits, while the path may still work.
func standsBy(s *Session, _ input) bool { return s.redial.standby }

// isTrying: an ICE restart has begun, and not only the wait for the other peer.
func isTrying(s *Session, in input) bool { return s.redial.met || isInBand(s, in) && !s.offline }

// isInBand: the exchange of the call carries its restarts, or ends the call when it ends.
func isInBand(s *Session, in input) bool { return restartsInBand(s, in) || isLasting(s, in) }

// losePathInBand restarts over the exchange in use, at once or when there is a network.
func losePathInBand(s *Session, in input) input {
	s.redial = redial{until: time.Now().Add(s.redialTime())}
	s.announceRestart(in)
	if s.offline {
		return input{}
	}
	return s.offer(true)
}

// redialPath dials again, unless this peer does so already.
func redialPath(s *Session, in input) input {
	s.redial.since, s.redial.until = time.Now(), time.Now().Add(s.redialTime())
	moved := errors.Is(in.err, errNetworkChanged)
	s.redial.early = moved || errors.Is(in.err, errSilent)
	s.announceRestart(in)
	if !s.redial.standby || moved { // a room dialed from there waits in vain
		s.dialOnline()
	}
	s.redial.standby = false
	s.deadlines.in(dueQuiet, quietTick)
	return input{}
}

// listen looks whether pings are answered on the path: an answer shows that it works both ways.
func (s *Session) listen() {
	isUp, echo, next := slices.Contains(up, s.state), s.pings.echoedAt(), quietTick
	silence := min(time.Since(echo), time.Since(s.redial.since))
	switch {
	case isUp && !s.redial.standby && silence < quietTime:
		if next = max(askTime-silence, quietTick); silence >= askTime {
			s.pings.ping()
		}
	case s.o.Config.Stress && !s.held.stressed: // the silence is on purpose
	case s.o.Config.Speed != nil && !s.held.measured: // answers wait behind the data
	case isUp && !s.redial.standby && redials(s, input{}) && !echo.IsZero() && s.o.Config.Code != "":
		s.redial.since, s.redial.standby = time.Now(), true
		s.deadlines.drop(dueLinger)
		s.dialOnline()
	case isUp && s.redial.standby && echo.After(s.redial.since):
		s.returned()
	case s.state == redialing && s.redial.early && !s.redial.met && echo.After(s.redial.since):
		s.handle(input{kind: inConnected})
	}
	s.deadlines.in(dueQuiet, next)
}

// meet begins the restart: the other peer is in the room, too.
func meet(s *Session, in input) input {
	if s.redial.standby {
		s.redial = redial{since: s.redial.since, until: time.Now().Add(s.redialTime())}
		s.announceRestart(input{kind: inPathFailed, err: errSilent})
	}
	s.redial.met = true
	if s.state != restarting {
		s.deadlines.in(dueRedial, attemptTime)
	}
	if in.role != signal.RoleOfferer {
		return input{}
	}
	if s.fresh {
		return s.offerAnew()
	}
	return s.offer(true)
}

// endOldPath: the path that was lost has failed, while the other peer is waited for.
func endOldPath(s *Session, _ input) input {
	s.redial.early = false
	return input{}
}

// tryAgain: an attempt failed, and another one follows.
func tryAgain(s *Session, in input) input {
	s.redial.err, s.redial.met = in.err, false
	if in.kind != inPathFailed {
		detach(s, in)
	}
	pause := redialPause
	if in.kind == inGoodbye { // the other peer dials again, too
		pause = quietTick
	}
	s.deadlines.in(dueRedial, pause)
	return input{}
}

// redialNow makes the next attempt, if the call still has no path.
func (s *Session) redialNow() {
	if s.state != redialing && !(s.redial.standby && slices.Contains(up, s.state)) {
		return
	}
	s.deadlines.drop(dueRedial)
	switch {
	case !isInBand(s, input{}):
		s.redial.met = false
		s.dialOnline()
	case !s.offline:
		s.handle(s.offer(true))
	}
}

// dialOnline dials, unless this machine has no network: then it dials when there is one.
func (s *Session) dialOnline() {
	if !s.offline {
		s.dial(0)
	}
}

// returned: the path works.
func (s *Session) returned() {
	s.deadlines.drop(dueRedial)
	if !s.redial.until.IsZero() {
		s.pings.ping() // does it?
	}
	switch {
	case s.redial.met:
	case s.redial.standby, !s.redial.until.IsZero() && !isInBand(s, input{}): // the old path came back
		if s.stopDial != nil {
			s.stopDial()
		}
		s.leave()
	}
	s.redial = redial{since: time.Now()}
	s.deadlines.in(dueQuiet, askTime)
}
