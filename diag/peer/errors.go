package peer

import "errors"

// Errors that callers branch on.
var (
	// ErrCertificateChanged: an offer or answer for an ICE restart announces another DTLS certificate than the call began
	// with.
	ErrCertificateChanged = errors.New("the description announces another certificate than the call began with")
	// ErrNoChannel: the data channel is not open.
	ErrNoChannel = errors.New("the data channel is not open")
	// ErrChannelFull: the data channel's buffer is full; the peer does not read.
	ErrChannelFull = errors.New("the data channel is full: the peer does not keep up")
	// ErrStuck: the connection did not end in time, and was left.
	ErrStuck = errors.New("the connection did not end in time")
)
