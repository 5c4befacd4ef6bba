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

var sharedSpace = netip.MustParsePrefix("100.64.0.0/10") // RFC 6598

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
	case a.IsPrivate(), sharedSpace.Contains(a):
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
