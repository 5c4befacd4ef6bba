package signal

import "context"

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
