package nat

import (
	"net/netip"
	"slices"

	"dialtone/diag/nat/nat64"
)

// maxPrefixes bounds how many prefixes a fold keeps; a network has one or two.
const maxPrefixes = 16

// shownPrefix is the prefix of NAT64 that an answer shows: the server was asked over IPv6, and says that it answered
// from an IPv4 address (RESPONSE-ORIGIN) which the address that was asked contains.
func shownPrefix(r *Request) []netip.Prefix {
	if !success(r) || !r.Answer.Mapped.Addr().Is4() {
		return nil
	}
	if p, ok := nat64.Between(r.To.Addr(), r.Answer.Origin.Addr()); ok {
		return []netip.Prefix{p}
	}
	return nil
}

// addPrefixes remembers prefixes of NAT64.
func (s *State) addPrefixes(list ...netip.Prefix) {
	for _, p := range list {
		if nat64.IsPrefix(p) && !slices.Contains(s.Prefixes, p) && len(s.Prefixes) < maxPrefixes {
			s.Prefixes = append(s.Prefixes, p)
		}
	}
}

// translated is the prefix of NAT64 that an address belongs to, and the IPv4 address that it stands for.
func (s *State) translated(a netip.Addr) (prefix netip.Prefix, four netip.Addr, ok bool) {
	for _, p := range append(s.Prefixes[:len(s.Prefixes):len(s.Prefixes)], nat64.WellKnown) {
		if four, ok := nat64.Embedded(p, a); ok {
			return p, four, true
		}
	}
	return netip.Prefix{}, netip.Addr{}, false
}

// native is an address as it is beyond a NAT64.
func (s *State) native(a netip.AddrPort) netip.AddrPort {
	if _, four, ok := s.translated(a.Addr()); ok {
		return netip.AddrPortFrom(four, a.Port())
	}
	return a
}

// beside is how an address that a server names is reached from here: as the server itself is.
func (s *State) beside(server, named netip.AddrPort) netip.AddrPort {
	if prefix, _, ok := s.translated(server.Addr()); ok && named.Addr().Is4() {
		return netip.AddrPortFrom(nat64.Embed(prefix, named.Addr()), named.Port())
	}
	return named
}

// judgeNAT64 reports whether IPv4 is reached through a NAT64 (RFC 6146).
func (s *State) judgeNAT64() Behavior {
	for i := range s.Requests {
		r := &s.Requests[i]
		if prefix, _, ok := s.translated(r.To.Addr()); ok && success(r) && r.Answer.Mapped.Addr().Is4() {
			e := fact(KindNAT64, r.To, r.Answer.Mapped)
			e.Name = prefix.String()
			return present(e)
		}
	}
	if s.Machine != nil && len(s.Machine.NAT64) > 0 {
		e := Evidence{Kind: KindNAT64DNS, Name: s.Machine.NAT64[0].String()}
		return likely(Present, e)
	}
	return unknown(of(KindNAT64Not))
}

// otherFamily reports whether a server sees an address of another family than it must over the way that it was asked.
func (s *State) otherFamily(to, mapped netip.AddrPort) bool {
	return mapped.IsValid() && mapped.Addr().Is4() != s.native(to).Addr().Is4()
}

// familyOf is the family by which an address is reached.
func (s *State) familyOf(a netip.Addr) Family {
	switch _, _, through := s.translated(a); {
	case a.Is4():
		return FamilyIPv4
	case through:
		return FamilyNAT64
	}
	return FamilyIPv6
}
