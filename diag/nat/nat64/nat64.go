// Package nat64 knows the addresses by which a NAT64 (RFC 6146) makes IPv4 hosts reachable over IPv6 (RFC 6052), and
// how its prefix is discovered (RFC 7050).
package nat64

import (
	"net/netip"
	"slices"
)

// WellKnown is the prefix of NAT64 that needs no discovery (RFC 6052 §2.1).
var WellKnown = netip.MustParsePrefix("64:ff9b::/96")

// lengths are those that a prefix of NAT64 may have (RFC 6052 §2.2).
var lengths = []int{96, 64, 56, 48, 40, 32}

// IsPrefix reports whether a prefix has a length that NAT64 uses.
func IsPrefix(p netip.Prefix) bool { return slices.Contains(lengths, p.Bits()) }

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
	if !IsPrefix(prefix) || !prefix.Contains(a) {
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
			if p, ok := Between(a, own); ok && !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	return out
}

// Between finds the prefix by which an IPv6 address stands for an IPv4 address.
func Between(six, four netip.Addr) (netip.Prefix, bool) {
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
