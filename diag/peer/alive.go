package peer

import "net/netip"

// Base is the local address that the selected path sends from; the zero value if there is none, or it is unknown. Of a
// relay it is the one towards the server.
func (p *Peer) Base() netip.Addr {
	p.checks.mu.Lock()
	defer p.checks.mu.Unlock()
	return p.checks.base
}
