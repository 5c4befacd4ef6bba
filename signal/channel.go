package signal

import (
	"context"
	"time"
)

// Channel carries the messages of one exchange between two peers. Its methods
// may be called from several goroutines; messages keep the order in which Send
// was called.
type Channel interface {
	// Send passes one message on and returns when the peer of the wire (the
	// server, or the pair's queue) has accepted it. The error is ErrMessage for
	// a message that cannot be sent, ErrClosed after Close, ErrPeerGone where
	// the pair has ended, ctx's own error, or an *Error. An error other than
	// these ends of the channel concerns this message alone.
	Send(ctx context.Context, m Message) error

	// Receive blocks for the next message. It returns io.EOF after the orderly
	// end (a received KindBye, a local Close), a typed error otherwise,
	// and ctx's error where ctx ends first; nothing is lost by the latter.
	Receive(ctx context.Context) (Message, error)

	// Close ends the exchange for both peers: it says goodbye, for as long as ctx
	// allows, and frees everything. It waits for the goroutines of the channel,
	// may be called again, and makes a blocked Send or Receive return. An error
	// means only that the goodbye could not be sent.
	Close(ctx context.Context) error
}

// Traits say how a channel wants to be used. The zero value is a room's: candidates travel one by one, and the channel
// can be closed once the call is connected.
type Traits struct {
	// Whole: a description travels once and complete: it is sent when gathering is over, with its candidates
	// inside. Candidates are not sent; the peer's may still be received.
	Whole bool
	// Lasting: the exchange lives as long as the call: to close it is to hang up, and its KindBye is the peer's.
	Lasting bool
	// Restarts: a further KindOffer on the same channel is an ICE restart, answered by a further KindAnswer.
	Restarts bool
	// Patience is how long the peer may take for its description if a person carries it; 0: no longer than a program
	// takes.
	Patience time.Duration
}

// TraitsOf asks a channel for its traits: what its method Traits() Traits says, else the zero value. They may change
// until the first description has been answered.
func TraitsOf(c Channel) Traits {
	if t, ok := c.(interface{ Traits() Traits }); ok {
		return t.Traits()
	}
	return Traits{}
}

// Refuse says to a channel with a method Refuse(error), before it is closed, why its offer cannot be answered. Others
// learn of the end only.
func Refuse(c Channel, reason error) {
	if r, ok := c.(interface{ Refuse(reason error) }); ok {
		r.Refuse(reason)
	}
}
