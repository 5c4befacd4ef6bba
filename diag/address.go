package diag

import "net/netip"

// AddressKind says from where an address can be reached.
type AddressKind string

// Kinds of addresses.
const (
	AddressName        AddressKind = "name" // no IP address
	AddressPublic      AddressKind = "public"
	AddressPrivate     AddressKind = "private" // RFC 1918, RFC 4193, and RFC 6598
	AddressLinkLocal   AddressKind = "link-local"
	AddressLoopback    AddressKind = "loopback"
	AddressUnspecified AddressKind = "unspecified" // 0.0.0.0 or ::
	AddressMulticast   AddressKind = "multicast"
	AddressBroadcast   AddressKind = "broadcast"
)

// Spaces of addresses that are not on the public Internet.
var (
	SharedSpace = netip.MustParsePrefix("100.64.0.0/10") // between a carrier's NAT and its customers (RFC 6598)
	CLATSpace   = netip.MustParsePrefix("192.0.0.0/29")  // of IPv4 over IPv6 within a host (RFC 7335)
)

// PrivateAddress reports whether an address means nothing on the public Internet.
func PrivateAddress(a netip.Addr) bool {
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || SharedSpace.Contains(a) || CLATSpace.Contains(a)
}

// Sendable reports whether a request may be sent to an address that a server named.
func Sendable(a netip.AddrPort) bool {
	ip := a.Addr()
	return a.Port() != 0 && !ip.IsUnspecified() && !ip.IsMulticast() && ip != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// KindOfAddress is that of a host in a candidate or a URL.
func KindOfAddress(host string) AddressKind {
	a, err := netip.ParseAddr(host)
	a = a.Unmap()
	switch {
	case err != nil:
		return AddressName
	case a.IsUnspecified():
		return AddressUnspecified
	case a.IsLoopback():
		return AddressLoopback
	case a.IsMulticast():
		return AddressMulticast
	case a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return AddressBroadcast
	case a.IsLinkLocalUnicast():
		return AddressLinkLocal
	case a.IsPrivate(), SharedSpace.Contains(a):
		return AddressPrivate
	}
	return AddressPublic
}

// Reachable reports whether a remote candidate has an address that a connectivity check can be sent to. Where it is a
// name, that is found when it is resolved. The port of an active TCP candidate means nothing (RFC 6544 §4.5).
func (c Candidate) Reachable() bool {
	switch KindOfAddress(c.Address) {
	case AddressUnspecified, AddressMulticast, AddressBroadcast:
		return false
	default:
		return c.Port != 0 || c.TCPType == "active"
	}
}
