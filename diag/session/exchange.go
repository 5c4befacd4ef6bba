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
const maxOutbox = 256

// exchange is a signaling channel in use, with a goroutine that receives and one that sends.
type exchange struct {
	channel signal.Channel
	outbox  chan signal.Message
	cancel  context.CancelFunc
	unsent  signal.Kind // the local description that waits for the end of gathering; KindUnknown: none
	whole   bool        // the last local description carries its candidates
}

// traits are those of the signaling in use; the zero value if there is none.
func (s *Session) traits() signal.Traits {
	if s.exchange == nil {
		return signal.Traits{}
	}
	return signal.TraitsOf(s.exchange.channel)
}

// dialing is the context of a dial: it names the call to its peers, and its trace to the server.
func (s *Session) dialing(ctx context.Context, call string) context.Context {
	return signal.WithTrace(signal.WithCall(ctx, call), s.o.Config.Traceparent)
}

// dial opens the signaling in a goroutine. The exchange in use is closed first: a room that still waits would take the
// second dial for the peer.
func (s *Session) dial(after time.Duration) {
	if s.stopDial != nil {
		s.stopDial()
	}
	old, call := s.release(), s.callName()
	ctx, stop := context.WithCancel(context.Background())
	s.stopDial = stop
	s.wg.Go(func() {
		if old != nil {
			hangUp(old.channel)
		}
		select {
		case <-ctx.Done():
		case <-time.After(after):
		}
		channel, err := s.o.Dial(s.dialing(ctx, call), func(r diag.SignalRequest) { s.o.Feed.Append(r) })
		switch {
		case ctx.Err() == nil && errors.Is(err, signal.ErrHungUp):
			s.inbox.put(input{kind: inReject})
		case ctx.Err() == nil && err != nil:
			s.inbox.put(input{kind: inDialFailed, err: err})
		case ctx.Err() == nil:
			s.inbox.put(input{kind: inDialed, channel: channel})
		case channel != nil: // the call has ended, or dials again
			hangUp(channel)
		}
	})
}

// adopt begins to use a channel.
func adopt(s *Session, in input) input {
	s.drop()
	s.phases.End(diag.PhaseDial, "", diag.OutcomeOK, "")
	s.o.Feed.Append(diag.SignalState{State: diag.SignalWaiting})
	if s.state == dialing {
		s.phases.Start(diag.PhaseWait, "")
	}
	ctx, cancel := context.WithCancel(context.Background()) // until the channel is given up
	x := &exchange{channel: in.channel, outbox: make(chan signal.Message, maxOutbox), cancel: cancel}
	s.exchange = x
	s.wg.Go(func() { x.receive(ctx, s.inbox) })
	s.wg.Go(func() { x.send(ctx, s.inbox) })
	return input{}
}

// discard closes a channel that came too late.
func discard(s *Session, in input) input {
	s.wg.Go(func() { hangUp(in.channel) })
	return input{}
}

// receive passes messages on, in order, until the channel ends.
func (x *exchange) receive(ctx context.Context, inbox *mailbox) {
	for {
		m, err := x.channel.Receive(ctx)
		in := inputOf(m)
		if err != nil {
			in = endOf(err)
		}
		if in.via = x; err == nil || ctx.Err() == nil {
			inbox.put(in)
		}
		if err != nil {
			return
		}
	}
}

// send works the outbox off, one message after another. A lost description is the end of the exchange; a lost candidate
// is not, and none if the exchange has ended.
func (x *exchange) send(ctx context.Context, inbox *mailbox) {
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-x.outbox:
			err := x.channel.Send(ctx, m)
			if err == nil || ctx.Err() != nil {
				continue
			}
			in := endOf(err)
			if m.Kind == signal.KindCandidate {
				if in.kind == inGoodbye {
					continue
				}
				in.kind = inCandidateLost
			}
			in.via = x
			inbox.put(in)
		}
	}
}

// endOf sorts the end of an exchange.
func endOf(err error) input {
	if errors.Is(err, signal.ErrHungUp) {
		return input{kind: inReject}
	}
	for _, orderly := range []error{io.EOF, signal.ErrPeerGone, signal.ErrClosed} {
		if errors.Is(err, orderly) {
			return input{kind: inGoodbye}
		}
	}
	return input{kind: inSignalingLost, err: err}
}

// signal queues a message for the peer.
func (s *Session) signal(m signal.Message) {
	if s.exchange == nil {
		return
	}
	select {
	case s.exchange.outbox <- m:
	default:
		s.o.Feed.Append(diag.Warning{ID: "signal.slow"})
	}
}

// detach gives up a signaling that has ended.
func detach(s *Session, in input) input {
	change := diag.SignalState{State: diag.SignalLost, Error: cause(in.err)}
	switch in.kind {
	case inGoodbye:
		change = diag.SignalState{State: diag.SignalClosed}
	case inDialFailed:
		s.phases.End(diag.PhaseDial, "", diag.OutcomeFailed, cause(in.err))
	default:
	}
	s.o.Feed.Append(change)
	s.drop()
	return input{}
}

func loseServer(s *Session, in input) input {
	detach(s, in)
	return warn("signal.server_lost")(s, in)
}

// leave ends the signaling in order: the server forgets the pair, as it does when an original page is connected.
func (s *Session) leave() {
	if s.exchange != nil {
		s.o.Feed.Append(diag.SignalState{State: diag.SignalClosed})
		s.drop()
	}
}

// drop gives the signaling up and closes it in the background.
func (s *Session) drop() {
	if x := s.release(); x != nil {
		s.wg.Go(func() { hangUp(x.channel) })
	}
}

// release takes the exchange out of use and returns it; nil if there is none.
func (s *Session) release() *exchange {
	x := s.exchange
	if x != nil {
		s.exchange = nil
		x.cancel()
	}
	return x
}

// hangupTime bounds a goodbye that its recipient could only replace by waiting for silence.
const hangupTime = 2 * time.Second

// hangUp closes a channel within the time for goodbyes. A goodbye that does not arrive does no harm: the server forgets
// a silent peer by itself.
func hangUp(channel signal.Channel) {
	patience := goodbyeTime
	if signal.TraitsOf(channel).Lasting {
		patience = hangupTime
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_ = channel.Close(ctx)
}
