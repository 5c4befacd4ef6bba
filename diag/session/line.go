package session

import (
	"context"
	"errors"
	"io"
	"time"

	"dialtone/diag"
	"dialtone/signal"
)

// maxOutbox bounds what waits to be signaled; a peer gathers some dozens of candidates.
const maxOutbox = 1024

// line is one signaling channel in use, with a goroutine that receives and one that sends.
type line struct {
	channel signal.Channel
	outbox  chan signal.Message
	cancel  context.CancelFunc
	left    bool        // we closed it: its errors say nothing
	unsent  signal.Kind // our description that waits for the end of gathering; KindUnknown: none
	whole   bool        // our last description carries its candidates
}

func (l *line) traits() signal.Traits { return signal.TraitsOf(l.channel) }

// dial opens the signaling in a goroutine; what comes of it is an entry of the mailbox. An old line is closed first: a
// room that still waits for somebody would take our own second dial for the other party.
func (s *Session) dial(old *line) {
	if s.stopDial != nil {
		s.stopDial()
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stopDial = stop
	s.wg.Go(func() {
		if old != nil {
			s.hangUpLine(old.channel)
		}
		channel, err := s.o.Dial(ctx, func(r diag.SignalRequest) { s.o.Feed.Append(r) })
		if ctx.Err() != nil { // the call has ended, or dials anew: nobody wants this line any more
			if channel != nil {
				s.hangUpLine(channel)
			}
			return
		}
		s.inbox.put(func() { s.dialled(channel, err) })
	})
}

// dialled continues after the dial.
func (s *Session) dialled(channel signal.Channel, err error) {
	if err != nil {
		s.dialFailed(err)
		return
	}
	s.phases.End(diag.PhaseDial, "", diag.OutcomeOK, "")
	ctx, cancel := context.WithCancel(context.Background()) // until the line is taken out of use
	l := &line{channel: channel, outbox: make(chan signal.Message, maxOutbox), cancel: cancel}
	s.line = l
	s.o.Feed.Append(diag.SignalState{State: diag.SignalWaiting})
	if s.redial == nil {
		s.phases.Start(diag.PhaseWait, "")
		if w := s.o.Config.Wait; w > 0 {
			s.waitTimer.Reset(w)
		}
	}
	s.wg.Go(func() { s.receive(ctx, l) })
	s.wg.Go(func() { s.send(ctx, l) })
}

func (s *Session) dialFailed(err error) {
	s.phases.End(diag.PhaseDial, "", diag.OutcomeFailed, cause(err))
	s.o.Feed.Append(diag.SignalState{State: diag.SignalLost, Error: cause(err)})
	if s.redial != nil {
		s.redialFailed(err)
		return
	}
	s.finishWith(diag.EndSignaling, diag.ByServer, err, "")
}

// receive passes messages on, in order, until the channel ends.
func (s *Session) receive(ctx context.Context, l *line) {
	for {
		m, err := l.channel.Receive(ctx)
		if err != nil {
			if ctx.Err() == nil {
				s.inbox.put(func() { s.lineEnded(l, err) })
			}
			return
		}
		s.inbox.put(func() {
			if s.line == l {
				s.take(m)
			}
		})
	}
}

// send works the outbox off, one message after another.
func (s *Session) send(ctx context.Context, l *line) {
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-l.outbox:
			if err := l.channel.Send(ctx, m); err != nil && ctx.Err() == nil {
				s.inbox.put(func() { s.sendFailed(l, m, err) })
			}
		}
	}
}

// post queues a message for the other party.
func (s *Session) post(m signal.Message) {
	if s.line == nil {
		return
	}
	select {
	case s.line.outbox <- m:
	default:
		s.o.Feed.Append(diag.Warning{ID: "signal.slow",
			Text:   "The signaling server takes messages too slowly; one was dropped.",
			Advice: "Look at the server's load, or use another server."})
	}
}

// sendFailed: a lost candidate is a warning, a lost description is the end.
func (s *Session) sendFailed(l *line, m signal.Message, err error) {
	if s.line != l || l.left {
		return
	}
	if m.Kind == signal.KindOffer || m.Kind == signal.KindAnswer {
		s.lineEnded(l, err)
		return
	}
	if !s.everUp && !errors.Is(err, signal.ErrPeerGone) && !errors.Is(err, signal.ErrClosed) {
		s.o.Feed.Append(diag.Warning{ID: "signal.candidate_lost",
			Text: "A candidate did not reach the other party: " + cause(err), Advice: Advise(err)})
	}
}

// lineEnded decides what the end of the signaling means: nothing once the call is up.
func (s *Session) lineEnded(l *line, err error) {
	if s.line != l || l.left {
		return
	}
	orderly := errors.Is(err, io.EOF) || errors.Is(err, signal.ErrPeerGone) || errors.Is(err, signal.ErrClosed)
	switch {
	case s.redial != nil:
		s.redialFailed(err)
	case s.everUp && orderly && l.traits().Lasting:
		s.o.Feed.Append(diag.SignalState{State: diag.SignalClosed})
		s.finishWith(diag.EndPeerHangup, diag.ByRemote, nil, "")
	case s.up && orderly:
		s.o.Feed.Append(diag.SignalState{State: diag.SignalClosed})
		s.dropLine()
	case s.up:
		s.o.Feed.Append(diag.SignalState{State: diag.SignalLost, Error: cause(err)})
		s.o.Feed.Append(diag.Warning{
			ID: "signal.server_lost", Text: "The signaling server is gone; the call goes on without it.",
			Advice: "Look at the server before the next call: nobody can dial while it is away.",
		})
		s.dropLine()
	case s.phases.Known(diag.PhaseICE, "") && !s.grace:
		// The other side may be up already and have left the room: the path decides.
		s.grace = true
		s.o.Feed.Append(diag.SignalState{State: endedState(orderly), Error: cause(err)})
		s.graceErr, s.graceOrderly = err, orderly
		s.graceTimer.Reset(graceTime)
		s.dropLine()
	case orderly:
		s.o.Feed.Append(diag.SignalState{State: diag.SignalClosed})
		s.finishWith(diag.EndPeerLeft, diag.ByRemote, nil, "")
	default:
		s.o.Feed.Append(diag.SignalState{State: diag.SignalLost, Error: cause(err)})
		s.finishWith(diag.EndSignaling, diag.ByServer, err, "")
	}
}

func endedState(orderly bool) diag.SignalPhase {
	if orderly {
		return diag.SignalClosed
	}
	return diag.SignalLost
}

// graceOver ends a call whose signaling ended while the path was still being looked for.
func (s *Session) graceOver() {
	switch {
	case s.everUp:
	case s.graceOrderly:
		s.remoteClosed()
	default:
		s.finishWith(diag.EndSignaling, diag.ByServer, s.graceErr, "")
	}
}

// dropLine gives the signaling up; the goodbye to the server is said beside.
func (s *Session) dropLine() {
	if l := s.takeLine(); l != nil {
		s.wg.Go(func() { s.hangUpLine(l.channel) })
	}
}

// takeLine takes the line out of use and returns it; nil when there is none.
func (s *Session) takeLine() *line {
	l := s.line
	if l != nil {
		s.line, l.left = nil, true
		l.cancel()
	}
	return l
}

// leaveRoom ends the signaling in order: the server forgets the pair, as it does when an original page is connected.
func (s *Session) leaveRoom() {
	if s.line != nil {
		s.o.Feed.Append(diag.SignalState{State: diag.SignalClosed})
		s.dropLine()
	}
}

// hangupTime bounds the goodbye where the server has no other way to learn of it than silence.
const hangupTime = 2 * time.Second

// hangUpLine closes a channel within the time for goodbyes.
func (s *Session) hangUpLine(channel signal.Channel) {
	patience := goodbyeTime
	if signal.TraitsOf(channel).Lasting {
		patience = hangupTime
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	// The server forgets a silent party by itself: a goodbye that does not arrive harms nobody.
	_ = channel.Close(ctx)
}
