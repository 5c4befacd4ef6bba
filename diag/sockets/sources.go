package sockets

import (
	"encoding/binary"
	"sync"

	"dialtone/diag/wire"
)

// maxSources bounds the sources of RTP that reach the agent: it keeps buffers for each as long as the call lasts.
const maxSources = 1024

// sources are those that a peer has sent from.
type sources struct {
	mu    sync.Mutex
	known map[uint32]bool
}

// admit reports whether a packet may reach the agent: it is no RTP (RFC 7983 §7), or its source is one of the first.
func (s *sources) admit(b []byte) bool {
	if !wire.IsRTP(b) {
		return true
	}
	ssrc := binary.BigEndian.Uint32(b[8:])
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.known[ssrc]:
		return true
	case len(s.known) >= maxSources:
		return false
	case s.known == nil:
		s.known = map[uint32]bool{}
	}
	s.known[ssrc] = true
	return true
}
