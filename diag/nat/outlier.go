package nat

import (
	"net/netip"
	"slices"

	"dialtone/diag"
	"dialtone/diag/nat/vote"
)

// together: requests within this time are in the NAT's memory at once.
const together = 2e9 // 2 s

// distrusted are the servers whose mapped address is not believed.
func (s *State) distrusted() []int {
	d := s.contradicting()
	return slices.Concat(d.private, d.foreign, d.outliers, d.fickle, s.untrue())
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
	meant := vote.Code(r.Answer.Mapped)
	if !meant.IsValid() || meant.Port() != r.Local.Port() {
		return false
	}
	return meant.Addr() == r.Local.Addr() || slices.ContainsFunc(s.Requests, func(o Request) bool {
		return o.Server != r.Server && success(&o) && o.Answer.Mapped.Addr() == meant.Addr()
	})
}

// foreign reports whether a server that is public itself sees a private address which is not this machine's own.
func (s *State) foreign(v vote.View) bool {
	local, mapped := s.Local.Address.Addr(), v.Mapped.Addr()
	return diag.PrivateAddress(mapped) && !diag.PrivateAddress(v.To.Addr()) && local.IsValid() &&
		local.Is4() == mapped.Is4() && local != mapped && !s.sendsFrom(mapped)
}

// distrust lists the servers whose mapped address contradicts the others, or how they were asked.
type distrust struct {
	private  []int // a private address, while they are public, that is not ours or while others see a public one
	foreign  []int // an address of another family than they were asked over
	outliers []int // an address that a majority of servers contradicts
	fickle   []int // different addresses for one socket, while others report one throughout
	rounds   int   // how often each server is to be asked
}

// contradicting finds them among the servers of one family.
func (s *State) contradicting() (d distrust) {
	list, _ := s.views(nil)
	public := slices.ContainsFunc(list, func(v vote.View) bool { return !diag.PrivateAddress(v.Mapped.Addr()) })
	kept := list[:0:0]
	for _, v := range list {
		other := s.otherFamily(v.To, v.Mapped)
		switch {
		case (public || other) && diag.PrivateAddress(v.Mapped.Addr()) && !diag.PrivateAddress(v.To.Addr()) || s.foreign(v):
			d.private = appendNew(d.private, v.Server)
		case other:
			d.foreign = appendNew(d.foreign, v.Server)
		default:
			kept = append(kept, v)
		}
	}
	kept = slices.DeleteFunc(kept, func(v vote.View) bool { return slices.Contains(d.private, v.Server) })
	d.outliers = vote.Outvoted(kept)
	again := s.answers(slices.Concat(d.private, d.foreign))
	d.rounds = vote.Rounds(again)
	d.fickle = slices.DeleteFunc(vote.Fickle(again), func(i int) bool { return slices.Contains(d.outliers, i) })
	return d
}

// appendNew adds a value that the list does not have.
func appendNew[T comparable](list []T, v T) []T {
	if slices.Contains(list, v) {
		return list
	}
	return append(list, v)
}
