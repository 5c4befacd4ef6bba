package nat

import (
	"net/netip"
	"slices"

	"dialtone/diag"
)

// together: requests within this time are in the NAT's memory at once.
const together = 2e9 // 2 s

// distrusted are the servers whose mapped address is not believed.
func (s *State) distrusted() []int {
	d := s.contradicting()
	return slices.Concat(d.private, d.foreign, d.outliers, s.untrue())
}

// untrue are the servers that report what cannot be: an address to which no one can send, one that was not coded as
// it should be, or one address and port for two sockets that they were asked from at the same time. No NAT could
// distinguish the answers to these.
func (s *State) untrue() []int {
	type report struct {
		server     int
		to, mapped netip.AddrPort
	}
	type use struct {
		socket diag.NATSocket
		at     diag.Millis
	}
	uses := map[report][]use{}
	var out []int
	for i := range s.Requests {
		r := &s.Requests[i]
		if !success(r) || !direct(r.Test) || !r.Answer.Mapped.IsValid() {
			continue
		}
		v := report{r.Server, r.To, r.Answer.Mapped}
		other := func(u use) bool {
			return u.socket != r.Socket && (u.at.Duration()-r.SentMs.Duration()).Abs() < together
		}
		if !diag.Sendable(r.Answer.Mapped) || s.uncoded(r) || slices.ContainsFunc(uses[v], other) {
			out = appendNew(out, r.Server)
		}
		uses[v] = append(uses[v], use{r.Socket, r.SentMs})
	}
	return out
}

// uncoded reports whether a server has put its client's address into XOR-MAPPED-ADDRESS as it is (RFC 8489 §14.2): with
// the coding of that attribute it is the address of the very socket, or the one that another server reported.
func (s *State) uncoded(r *Request) bool {
	meant := code(r.Answer.Mapped)
	if !meant.IsValid() || meant.Port() != r.Local.Port() || meant.Port() == r.Answer.Mapped.Port() {
		return false
	}
	return meant.Addr() == r.Local.Addr() || slices.ContainsFunc(s.Requests, func(o Request) bool {
		return o.Server != r.Server && success(&o) && o.Answer.Mapped.Addr() == meant.Addr()
	})
}

// code is the coding of XOR-MAPPED-ADDRESS for IPv4, which is its own inverse; the zero value for other addresses.
func code(a netip.AddrPort) netip.AddrPort {
	if !a.Addr().Is4() {
		return netip.AddrPort{}
	}
	cookie, ip := [4]byte{0x21, 0x12, 0xa4, 0x42}, a.Addr().As4()
	for i := range ip {
		ip[i] ^= cookie[i]
	}
	return netip.AddrPortFrom(netip.AddrFrom4(ip), a.Port()^0x2112)
}

// foreign reports whether a server that is public itself sees a private address which is not this machine's own.
func (s *State) foreign(v view) bool {
	local, mapped := s.Local.Address.Addr(), v.mapped.Addr()
	return diag.PrivateAddress(mapped) && !diag.PrivateAddress(v.to.Addr()) && local.IsValid() &&
		local.Is4() == mapped.Is4() && local != mapped && !s.sendsFrom(mapped)
}

// distrust lists the servers whose mapped address contradicts the others, or how they were asked.
type distrust struct {
	private  []int // a private address, while they are public, that is not ours or while others see a public one
	foreign  []int // an address of another family than they were asked over
	outliers []int // an address that a majority of servers contradicts
}

// contradicting finds them among the servers of one family.
func (s *State) contradicting() (d distrust) {
	list, _ := s.views(nil)
	public := slices.ContainsFunc(list, func(v view) bool { return !diag.PrivateAddress(v.mapped.Addr()) })
	kept := list[:0:0]
	for _, v := range list {
		other := s.otherFamily(v.to, v.mapped)
		switch {
		case (public || other) && diag.PrivateAddress(v.mapped.Addr()) && !diag.PrivateAddress(v.to.Addr()) || s.foreign(v):
			d.private = appendNew(d.private, v.server)
		case other:
			d.foreign = appendNew(d.foreign, v.server)
		default:
			kept = append(kept, v)
		}
	}
	kept = slices.DeleteFunc(kept, func(v view) bool { return slices.Contains(d.private, v.server) })
	d.outliers = outvoted(kept)
	return d
}

// appendNew adds a value that the list does not have.
func appendNew[T comparable](list []T, v T) []T {
	if slices.Contains(list, v) {
		return list
	}
	return append(list, v)
}

// outvoted are the servers that see another IP and another port than the majority, which are at least two other servers
// that agree on both. If the port is equal it may be a NAT with several addresses.
func outvoted(list []view) []int {
	byServer := map[int]netip.AddrPort{} // its first view
	for _, v := range list {
		if _, ok := byServer[v.server]; !ok {
			byServer[v.server] = v.mapped
		}
	}
	votes := map[netip.AddrPort]int{}
	for _, m := range byServer {
		votes[m]++
	}
	var out []int
	for server, m := range byServer {
		for other, n := range votes {
			if 2*n > len(byServer) && other.Addr() != m.Addr() && other.Port() != m.Port() {
				out = append(out, server)
			}
		}
	}
	slices.Sort(out)
	return out
}
