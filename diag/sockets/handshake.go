package sockets

import (
	"sync"

	"dialtone/diag"
	"dialtone/diag/wire"
)

// handshake counts the packets of DTLS handshakes. It is safe for concurrent use.
type handshake struct {
	mu     sync.Mutex
	counts diag.Handshake
}

// packet counts a DTLS packet that was sent or received, if it belongs to a handshake.
func (h *handshake) packet(way diag.Direction, record []byte) {
	if len(record) == 0 || record[0] != wire.RecordHandshake {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if c := &h.counts; way == diag.Outbound {
		c.PacketsSent, c.LongestSent = c.PacketsSent+1, max(c.LongestSent, len(record))
	} else {
		c.PacketsReceived, c.LongestReceived = c.PacketsReceived+1, max(c.LongestReceived, len(record))
		if wire.IsClientHello(record) {
			c.ClientHellosReceived++
		}
	}
}

// Handshake is what was sent and received of DTLS handshakes so far.
func (s *Net) Handshake() diag.Handshake {
	s.handshake.mu.Lock()
	defer s.handshake.mu.Unlock()
	return s.handshake.counts
}
