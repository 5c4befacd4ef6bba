package watch

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"dialtone/diag"
)

const (
	// pollTime is how often the network is looked at where the kernel reports nothing.
	pollTime = time.Second
	// settleTime is how long changes are collected: a new lease is several.
	settleTime = 100 * time.Millisecond
)

// network is what this machine can send from.
type network struct {
	addresses map[diag.InterfaceAddress]bool
	sources   [2]netip.Addr // that packets to the Internet leave from, by IPv4 and IPv6; the zero value: no route
}

// beyond are addresses for documentation (RFC 5737, RFC 3849), to which only a default route leads.
var beyond = [2]netip.AddrPort{
	netip.MustParseAddrPort("192.0.2.1:9"), netip.MustParseAddrPort("[2001:db8:ffff:ffff::1]:9"),
}

// readNetwork asks the operating system. What it does not report is not there; false: it could not answer.
func readNetwork() (n network, ok bool) {
	n = network{addresses: map[diag.InterfaceAddress]bool{}}
	interfaces, err := net.Interfaces()
	if err != nil {
		return n, false
	}
	const usable = net.FlagUp | net.FlagRunning
	for _, i := range interfaces {
		if i.Flags&usable != usable || i.Flags&net.FlagLoopback != 0 {
			continue
		}
		addresses, err := i.Addrs()
		if err != nil {
			continue // the interface has gone meanwhile
		}
		for _, a := range addresses {
			p, err := netip.ParsePrefix(a.String())
			if err != nil {
				continue
			}
			usable, err := isUsable(p.Addr())
			if isShort(err) {
				return n, false
			}
			if usable {
				n.addresses[describe(i.Name, p.Addr())] = true
			}
		}
	}
	for family, to := range beyond {
		if n.sources[family], err = sourceTo(to); isShort(err) {
			return n, false
		}
	}
	return n, true
}

// isShort reports whether the machine was short of something when it was asked, so that the error says nothing of the
// network.
func isShort(err error) bool {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.ENOBUFS} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func describe(name string, a netip.Addr) diag.InterfaceAddress {
	text := a.String()
	return diag.InterfaceAddress{Interface: diag.Clean(name, 40), Address: text, Kind: diag.KindOfAddress(text)}
}

// isUsable reports whether packets with this source can reach more than the link. A socket cannot be bound to an IPv6
// address that is still tentative.
func isUsable(a netip.Addr) (bool, error) {
	if !a.IsGlobalUnicast() {
		return false, nil
	}
	if a.Is4() {
		return true, nil
	}
	conn, err := net.ListenUDP("udp6", net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, 0)))
	if err != nil {
		return false, err
	}
	_ = conn.Close()
	return true, nil
}

// sourceTo is the address that packets to another leave from; the zero value if there is no route. A connected UDP
// socket shows it and sends nothing.
func sourceTo(to netip.AddrPort) (netip.Addr, error) {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		return netip.Addr{}, err
	}
	defer func() { _ = conn.Close() }()
	local, ok := conn.LocalAddr().(*net.UDPAddr)
	if !ok {
		return netip.Addr{}, nil
	}
	return local.AddrPort().Addr().Unmap(), nil
}

// since is what changed since before; false if nothing did.
func (n network) since(before network) (diag.NetworkChanged, bool) {
	d := diag.NetworkChanged{
		Added: minus(n.addresses, before.addresses), Removed: minus(before.addresses, n.addresses),
		Online: len(n.addresses) > 0,
	}
	for family, source := range n.sources {
		if source == before.sources[family] {
			continue
		}
		r := diag.DefaultRoute{IPv6: family == 1, Up: source.IsValid()}
		if r.Up {
			r.Source = source.String()
		}
		d.Routes = append(d.Routes, r)
	}
	return d, len(d.Added)+len(d.Removed)+len(d.Routes) > 0
}

// minus are the addresses of a that are not in b, in order.
func minus(a, b map[diag.InterfaceAddress]bool) []diag.InterfaceAddress {
	var out []diag.InterfaceAddress
	for _, x := range slices.SortedFunc(maps.Keys(a), func(x, y diag.InterfaceAddress) int {
		return cmp.Or(cmp.Compare(x.Interface, y.Interface), cmp.Compare(x.Address, y.Address))
	}) {
		if !b[x] {
			out = append(out, x)
		}
	}
	return out
}

// watchNetwork reports each change until ctx ends. It reads the network after each wake.
func watchNetwork(ctx context.Context, wakes <-chan struct{}, read func() (network, bool), report func(diag.Data)) {
	last, known := read()
	for {
		select {
		case <-ctx.Done():
			return
		case <-wakes:
		}
		if !settle(ctx, wakes) {
			return
		}
		now, ok := read()
		if !ok {
			continue
		}
		if !known {
			last, known = now, true
		}
		if d, changed := now.since(last); changed {
			last = now
			report(d)
		}
	}
}

// settle lets further wakes come; false when ctx ends.
func settle(ctx context.Context, wakes <-chan struct{}) bool {
	timer := time.NewTimer(settleTime)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
			return true
		case <-wakes:
		}
	}
}

// wakeOnChange wakes when the network may have changed, until ctx ends.
func wakeOnChange(ctx context.Context, wake func()) {
	if followKernel(ctx, wake) == nil {
		return
	}
	ticker := time.NewTicker(pollTime)
	defer ticker.Stop()
	for {
		wake()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
