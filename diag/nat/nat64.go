package nat

import (
	"net/netip"
	"slices"
)

// WellKnown is the prefix of NAT64 that needs no discovery (RFC 6052 §2.1).
var WellKnown = netip.MustParsePrefix("64:ff9b::/96")

// lengths are those that a prefix of NAT64 may have (RFC 6052 §2.2).
var lengths = []int{96, 64, 56, 48, 40, 32}

// maxPrefixes bounds how many prefixes a fold keeps; a network has one or two.
const maxPrefixes = 16

// Embed is the IPv6 address by which a prefix of NAT64 reaches an IPv4 address (RFC 6052 §2.2). The ninth byte is
// zero.
func Embed(prefix netip.Prefix, a netip.Addr) netip.Addr {
	six, four := prefix.Masked().Addr().As16(), a.As4()
	at := prefix.Bits() / 8
	for _, b := range four {
		if at == 8 {
			at++
		}
		six[at] = b
		at++
	}
	return netip.AddrFrom16(six)
}

// Embedded is the IPv4 address in an IPv6 address of a prefix; false when the address does not belong to it.
func Embedded(prefix netip.Prefix, a netip.Addr) (netip.Addr, bool) {
	if !slices.Contains(lengths, prefix.Bits()) || !prefix.Contains(a) {
		return netip.Addr{}, false
	}
	six, at := a.As16(), prefix.Bits()/8
	var four [4]byte
	for i := range four {
		if at == 8 {
			at++
		}
		four[i] = six[at]
		at++
	}
	own := netip.AddrFrom4(four)
	return own, six[8] == 0 || prefix.Bits() == 96
}

// Only4 are the IPv4 addresses of ipv4only.arpa (RFC 7050 §2.2).
var Only4 = []netip.Addr{netip.AddrFrom4([4]byte{192, 0, 0, 170}), netip.AddrFrom4([4]byte{192, 0, 0, 171})}

// PrefixesOf reads the prefixes of NAT64 from the IPv6 addresses that DNS has for ipv4only.arpa (RFC 7050 §3).
func PrefixesOf(answers []netip.Addr) []netip.Prefix {
	var out []netip.Prefix
	for _, a := range answers {
		for _, own := range Only4 {
			if p, ok := prefixBetween(a, own); ok && !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	return out
}

// prefixBetween finds the prefix by which an IPv6 address stands for an IPv4 address.
func prefixBetween(six, four netip.Addr) (netip.Prefix, bool) {
	if !six.Is6() || !four.Is4() {
		return netip.Prefix{}, false
	}
	for _, bits := range lengths {
		p := netip.PrefixFrom(six, bits).Masked()
		if own, ok := Embedded(p, six); ok && own == four && Embed(p, four) == six {
			return p, true
		}
	}
	return netip.Prefix{}, false
}

// shownPrefix is the prefix of NAT64 that an answer shows: the server was asked over IPv6, and says that it answered
// from an IPv4 address (RESPONSE-ORIGIN) which the address that was asked contains.
func shownPrefix(r *Request) []netip.Prefix {
	if !success(r) || !r.Answer.Mapped.Addr().Is4() {
		return nil
	}
	if p, ok := prefixBetween(r.To.Addr(), r.Answer.Origin.Addr()); ok {
		return []netip.Prefix{p}
	}
	return nil
}

// addPrefixes remembers prefixes of NAT64.
func (s *State) addPrefixes(list ...netip.Prefix) {
	for _, p := range list {
		if slices.Contains(lengths, p.Bits()) && !slices.Contains(s.Prefixes, p) && len(s.Prefixes) < maxPrefixes {
			s.Prefixes = append(s.Prefixes, p)
		}
	}
}

// translated is the prefix of NAT64 that an address belongs to, and the IPv4 address that it stands for.
func (s *State) translated(a netip.Addr) (prefix netip.Prefix, four netip.Addr, ok bool) {
	for _, p := range append(s.Prefixes[:len(s.Prefixes):len(s.Prefixes)], WellKnown) {
		if four, ok := Embedded(p, a); ok {
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
		return netip.AddrPortFrom(Embed(prefix, named.Addr()), named.Port())
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
	switch _, _, nat64 := s.translated(a); {
	case a.Is4():
		return FamilyIPv4
	case nat64:
		return FamilyNAT64
	}
	return FamilyIPv6
}
