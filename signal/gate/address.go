package gate

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// Place is where an address leads.
type Place string

// The places. Everywhere is what the Internet routes, ranges for documentation and benchmarks included.
const (
	Everywhere  Place = ""
	ThisMachine Place = "this machine"     // loopback, unspecified, and the machine's own addresses
	LinkLocal   Place = "link-local"       // RFC 3927, RFC 4291 §2.5.6
	Metadata    Place = "metadata service" // of clouds: they trust every client that can reach them
	Private     Place = "private"          // RFC 1918, RFC 4193, RFC 3879
	Shared      Place = "shared by a CGNAT"
	Special     Place = "no unicast address" // multicast, broadcast, reserved
)

// ranges are the prefixes of places, the narrowest first.
var ranges = []struct {
	prefix netip.Prefix
	place  Place
}{
	{netip.MustParsePrefix("169.254.169.254/32"), Metadata}, // AWS, Azure, Google, OpenStack and others
	{netip.MustParsePrefix("169.254.170.0/24"), Metadata},   // of containers in AWS
	{netip.MustParsePrefix("100.100.100.200/32"), Metadata}, // Alibaba
	{netip.MustParsePrefix("168.63.129.16/32"), Metadata},   // Azure
	{netip.MustParsePrefix("192.0.0.192/32"), Metadata},     // Oracle
	{netip.MustParsePrefix("fd00:ec2::/32"), Metadata},      // AWS
	{netip.MustParsePrefix("fd20:ce::254/128"), Metadata},   // Google
	{netip.MustParsePrefix("fd00:c1::/32"), Metadata},       // Oracle
	{netip.MustParsePrefix("fd00:42::42/128"), Metadata},    // Scaleway
	{netip.MustParsePrefix("0.0.0.0/8"), ThisMachine},
	{netip.MustParsePrefix("127.0.0.0/8"), ThisMachine},
	{netip.MustParsePrefix("::/127"), ThisMachine}, // :: and ::1
	{netip.MustParsePrefix("169.254.0.0/16"), LinkLocal},
	{netip.MustParsePrefix("fe80::/10"), LinkLocal},
	{netip.MustParsePrefix("10.0.0.0/8"), Private},
	{netip.MustParsePrefix("172.16.0.0/12"), Private},
	{netip.MustParsePrefix("192.168.0.0/16"), Private},
	{netip.MustParsePrefix("fc00::/7"), Private},
	{netip.MustParsePrefix("fec0::/10"), Private},
	{netip.MustParsePrefix("100.64.0.0/10"), Shared}, // RFC 6598
	{netip.MustParsePrefix("192.0.0.0/24"), Special}, // RFC 6890
	{netip.MustParsePrefix("224.0.0.0/3"), Special},  // multicast, reserved, broadcast
	{netip.MustParsePrefix("ff00::/8"), Special},
}

// localUse is for translators of a network (RFC 8215), with prefixes of any length.
var localUse = netip.MustParsePrefix("64:ff9b:1::/48")

// translated are the IPv6 prefixes that lead to an IPv4 address, and which bytes of the address are its own.
var translated = []struct {
	prefix netip.Prefix
	at     [4]int
	flip   byte
}{
	{netip.MustParsePrefix("64:ff9b::/96"), [4]int{12, 13, 14, 15}, 0}, // RFC 6052 §2.2
	{localUse, [4]int{12, 13, 14, 15}, 0},
	{localUse, [4]int{6, 7, 9, 10}, 0},
	{localUse, [4]int{7, 9, 10, 11}, 0},
	{localUse, [4]int{9, 10, 11, 12}, 0},
	{netip.MustParsePrefix("2002::/16"), [4]int{2, 3, 4, 5}, 0},           // 6to4, RFC 3056
	{netip.MustParsePrefix("2001::/32"), [4]int{12, 13, 14, 15}, 0xff},    // Teredo, RFC 4380
	{netip.MustParsePrefix("::/96"), [4]int{12, 13, 14, 15}, 0},           // RFC 4291 §2.5.5.1
	{netip.MustParsePrefix("::ffff:0:0:0/96"), [4]int{12, 13, 14, 15}, 0}, // RFC 2765 §2.1
}

// PlaceOf is where an address leads from here. IPv6 addresses that stand for an IPv4 address lead where that does.
func PlaceOf(a netip.Addr) Place {
	a = a.Unmap().WithZone("")
	if isOwn(a) {
		return ThisMachine
	}
	for _, r := range ranges {
		if r.prefix.Contains(a) {
			return r.place
		}
	}
	return placeBehind(a)
}

// placeBehind is where the IPv4 address leads that an IPv6 address stands for.
func placeBehind(a netip.Addr) Place {
	for _, t := range translated {
		if !t.prefix.Contains(a) {
			continue
		}
		b := a.As16()
		var v4 [4]byte
		for i, at := range t.at {
			v4[i] = b[at] ^ t.flip
		}
		place := PlaceOf(netip.AddrFrom4(v4))
		if place != Everywhere && (v4[0] != 0 || !localUse.Contains(a)) { // of several readings, most are full of zeros
			return place
		}
	}
	if localUse.Contains(a) {
		return Private
	}
	return Everywhere
}

// IsNear reports whether an address is one of this machine or its link, where servers may trust every local client.
func IsNear(a netip.Addr) bool {
	switch PlaceOf(a) {
	case ThisMachine, LinkLocal, Metadata:
		return true
	case Everywhere, Private, Shared, Special:
	}
	return false
}

// ownAge is for how long the addresses of this machine are not asked for again.
const ownAge = 2 * time.Second

var own struct {
	mu    sync.Mutex
	addrs map[netip.Addr]bool
	read  time.Time
}

// isOwn reports whether an address belongs to an interface of this machine.
func isOwn(a netip.Addr) bool {
	own.mu.Lock()
	defer own.mu.Unlock()
	if own.addrs == nil || time.Since(own.read) > ownAge {
		if list, err := net.InterfaceAddrs(); err == nil || own.addrs == nil {
			own.addrs = map[netip.Addr]bool{}
			for _, one := range list {
				if p, err := netip.ParsePrefix(one.String()); err == nil {
					own.addrs[p.Addr().Unmap()] = true
				}
			}
		}
		own.read = time.Now()
	}
	return own.addrs[a]
}

// AddrOf is the IP address of a network address; not valid if it has none.
func AddrOf(a net.Addr) netip.Addr {
	switch a := a.(type) {
	case *net.UDPAddr:
		return a.AddrPort().Addr().Unmap()
	case *net.TCPAddr:
		return a.AddrPort().Addr().Unmap()
	case nil:
		return netip.Addr{}
	}
	addr, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Addr{}
	}
	return addr.Addr().Unmap()
}
