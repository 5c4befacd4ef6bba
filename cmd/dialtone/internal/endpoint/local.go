package endpoint

import (
	"fmt"
	"net"
	"net/netip"
)

// ParseLocal reads an address of this machine.
func ParseLocal(raw string) (netip.Addr, error) {
	a, err := netip.ParseAddr(raw)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("invalid IP address %.80q: use one of this machine, such as 192.168.1.5", raw)
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return netip.Addr{}, fmt.Errorf("cannot read the addresses of this machine: %w", err)
	}
	for _, o := range own {
		if p, err := netip.ParsePrefix(o.String()); err == nil && (p.Addr() == a || a.IsLoopback()) {
			return a, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("%.80q is not an address of this machine", raw)
}

// AddressOf is the first address of a network interface that reaches other hosts.
func AddressOf(name string, ipv6 bool) (netip.Addr, error) {
	own, err := net.InterfaceByName(name)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("--interface %.80q is not there: ip address or ifconfig lists those of this machine",
			name)
	}
	list, err := own.Addrs()
	if err != nil {
		return netip.Addr{}, fmt.Errorf("--interface %.80q: %w", name, err)
	}
	for _, a := range list {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is6() == ipv6 && !p.Addr().IsLinkLocalUnicast() {
			return p.Addr(), nil
		}
	}
	return netip.Addr{}, fmt.Errorf("--interface %.80q has no address to ask from: add -6 for its IPv6 address, "+
		"or choose another", name)
}
