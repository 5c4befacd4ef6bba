package iceservers

import (
	"net"
	"net/netip"

	"github.com/pion/turn/v5"
)

// maxGrants is how many peers an allocation may have permissions for, and how many channels: a call checks 100 pairs.
const maxGrants = 256

// holder is a client with an allocation.
type holder struct {
	user     string              // its account
	peers    map[netip.Addr]bool // that it has permissions for
	channels int
}

// hasRoom reports whether a client may have a permission or a channel for a peer: another one, or one for longer.
func (r *Relay) hasRoom(client net.Addr, peer netip.Addr) bool {
	r.mu.Lock()
	h := r.clients[client.String()]
	full := h != nil && (h.channels >= maxGrants || len(h.peers) >= maxGrants && !h.peers[peer])
	r.mu.Unlock()
	if full {
		r.refusals.Warn("TURN refused a peer: the relay has as many peers as it may", "from", client.String(), "limit",
			maxGrants)
	}
	return !full
}

func addrOf(ip net.IP) netip.Addr {
	a, _ := netip.AddrFromSlice(ip) // permits has seen it
	return a.Unmap()
}

// observeGrants counts the permissions and channels of each allocation.
func (r *Relay) observeGrants(e *turn.EventHandler) {
	change := func(client net.Addr, how func(*holder)) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if h := r.clients[client.String()]; h != nil {
			how(h)
		}
	}
	e.OnPermissionCreated = func(from, _ net.Addr, _, _, _ string, _ net.Addr, peer net.IP) {
		change(from, func(h *holder) { h.peers[addrOf(peer)] = true })
	}
	e.OnPermissionDeleted = func(from, _ net.Addr, _, _, _ string, _ net.Addr, peer net.IP) {
		change(from, func(h *holder) { delete(h.peers, addrOf(peer)) })
	}
	e.OnChannelCreated = func(from, _ net.Addr, _, _, _ string, _, _ net.Addr, _ uint16) {
		change(from, func(h *holder) { h.channels++ })
	}
	e.OnChannelDeleted = func(from, _ net.Addr, _, _, _ string, _, _ net.Addr, _ uint16) {
		change(from, func(h *holder) { h.channels-- })
	}
}
