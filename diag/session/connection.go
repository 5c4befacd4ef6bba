package session

import (
	"context"
	"net/netip"

	"dialtone/diag"
	"dialtone/diag/peer"
)

// connection is a peer connection, as *peer.Peer is one.
type connection interface {
	negotiator
	gatherer
	checker
	messenger
	media
	meter
	Ending()
	Close() error
}

type negotiator interface {
	Offer(restart bool) (peer.Description, error)
	Answer(peer.Description) (peer.Description, error)
	SetAnswer(peer.Description) error
}

type gatherer interface {
	Local() peer.Description
	Gathered() bool
	Candidates() int
	Certificate() *peer.Certificate
}

type checker interface {
	AddCandidate(peer.Candidate)
	ServerProbed(diag.Server)
	UseServers([]diag.ICEServerAuth)
	Path() (local, remote, protocol string)
	Base() netip.Addr
}

type messenger interface {
	Send(label string, text bool, data []byte) error
	Waiting(label string) uint64
	Flush(ctx context.Context, label string) bool
}

type media interface {
	Mute(kind string, muted bool) bool
	RemoteMuted(kind string, muted bool)
	RequestKeyFrames()
}

type meter interface {
	Connection() *peer.Connection
	Sample(final bool) diag.Sample
	Counts() []diag.StreamCount
	Heard() uint64
}
