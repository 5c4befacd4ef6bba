package peer

import "errors"

// Errors that callers branch on.
var (
	// ErrStranger: an offer or answer for an ICE restart names another DTLS certificate than the call began with.
	ErrStranger = errors.New("the description comes from somebody else: its certificate is not the one of this call")
	// ErrTooManyCandidates: the other side sent more candidates before its description than are kept.
	ErrTooManyCandidates = errors.New("too many candidates came before a description")
	// ErrNoChannel: the data channel is not open.
	ErrNoChannel = errors.New("the data channel is not open")
	// ErrChannelFull: the data channel's buffer is full; the peer does not take what is sent.
	ErrChannelFull = errors.New("the data channel is full: the other party does not keep up")
)
