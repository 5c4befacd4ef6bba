package peer

import (
	"net/netip"

	"github.com/pion/transport/v5"
)

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
		s.interfaces.Lock()
		defer s.interfaces.Unlock()
		_ = system.UpdateInterfaces() // those that are known stay
	}
}

// Interfaces are those of the network. An agent may still be gathering from the ones before a restart.
func (s *sockets) Interfaces() ([]*transport.Interface, error) {
	s.interfaces.RLock()
	defer s.interfaces.RUnlock()
	return s.Net.Interfaces()
}
