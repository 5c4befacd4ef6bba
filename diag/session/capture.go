package session

import (
	"cmp"

	"dialtone/diag"
	"dialtone/diag/capture"
	"dialtone/diag/peer"
)

// captures are the files of packets and keys of all calls of this process.
var captures capture.Files

// capture lets a peer write its packets and keys, if the configuration asks for it. The call goes on without.
func (s *Session) capture(o *peer.Options) {
	keys, packets := s.o.Config.KeyLog, s.o.Config.PCAPNG
	captured, err := captures.Open(keys, packets)
	switch {
	case err != nil:
		s.o.Feed.Append(diag.Warning{ID: "capture.failed", Cause: diag.Clean(err.Error(), 300)})
	case captured != nil:
		s.o.Feed.Append(diag.Warning{ID: "capture.secrets", Subject: cmp.Or(packets, keys)})
		o.KeyLog, o.Tap = captured.KeyLog(), captured.Packet
	}
}
