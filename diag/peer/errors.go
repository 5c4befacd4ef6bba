package peer

import "errors"

// Errors that callers branch on.
var (
	// ErrStranger: an offer or answer for an ICE restart names another DTLS certificate than the call began with.
	ErrStranger = errors.New("the description comes from somebody else: its certificate is not the one of this call")
	// ErrTooManyCandidates: the other side sent more candidates than are kept before its description, or checked after it.
	ErrTooManyCandidates = errors.New("the other party sends more candidates than any machine has")
	// ErrNoChannel: the data channel is not open.
	ErrNoChannel = errors.New("the data channel is not open")
	// ErrChannelFull: the data channel's buffer is full; the peer does not take what is sent.
	ErrChannelFull = errors.New("the data channel is full: the other party does not keep up")
)
