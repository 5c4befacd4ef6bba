package peer

import (
	"net/netip"
	"sync/atomic"
	"time"
)

// pulse is when a packet of the peer came last.
type pulse struct{ at atomic.Int64 } // nanoseconds since began

var began = time.Now()

func (p *pulse) beat() { p.at.Store(int64(time.Since(began))) }

// Silence is how long no packet has come on any path. It means something once there was one.
func (p *Peer) Silence() time.Duration {
	return time.Since(began) - time.Duration(p.socks.pulse.at.Load())
}

// Base is the local address that the selected path sends from; the zero value if there is none, or it is unknown. Of a
// relay it is the one towards the server.
func (p *Peer) Base() netip.Addr {
	p.checks.mu.Lock()
	defer p.checks.mu.Unlock()
	return p.checks.base
}

// refresh reads the interfaces anew: what the agent gathers from was read when the peer was made.
func (s *sockets) refresh() {
	if system, ok := s.Net.(interface{ UpdateInterfaces() error }); ok {
		_ = system.UpdateInterfaces() // those that are known stay
	}
}
