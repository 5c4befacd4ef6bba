package signal

import "time"

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
