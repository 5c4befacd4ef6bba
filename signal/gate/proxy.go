package gate

import (
	"iter"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the networks of reverse proxies whose word about their clients counts.
type Proxies []netip.Prefix

// Trusts reports whether an address is one of a proxy.
func (p Proxies) Trusts(a netip.Addr) bool {
	return slices.ContainsFunc(p, func(n netip.Prefix) bool { return n.Contains(a.Unmap()) })
}

// unnamedShare is how many clients' worth a local proxy has that was not named.
const unnamedShare = 32

// Client is the one that a request counts for: the last address of X-Forwarded-For, or of Forwarded (RFC 7239), that
// is not one of a proxy. Without a named proxy, what a request from this machine says about its origin divides the
// clients of a local proxy, but it could be invented: all together count as well, and unnamed is true.
func (p Proxies) Client(remote string, h http.Header) (c Client, unnamed bool) {
	at := ClientAt(remote)
	unnamed = len(p) == 0 && at.Local
	if !unnamed && !p.Trusts(at.Addr) {
		return at, false
	}
	for hop := range hops(h) {
		if !hop.IsValid() {
			break // an unknown client
		}
		c = ClientOf(hop)
		if !p.Trusts(hop) {
			break
		}
	}
	if !c.Addr.IsValid() {
		return at, false
	}
	c.Local = false
	if unnamed {
		c.Groups = append(c.Groups, Group{"proxy " + at.Groups[0].Key, unnamedShare})
	}
	return c, unnamed
}

// hops are the addresses that a request passed, the last one first; those that cannot be read are not valid. What a
// client invented comes last, and is not even read.
func hops(h http.Header) iter.Seq[netip.Addr] {
	fields, read := h.Values("X-Forwarded-For"), plainHop
	if len(fields) == 0 {
		fields, read = h.Values("Forwarded"), forwardedHop
	}
	return func(yield func(netip.Addr) bool) {
		for _, element := range slices.Backward(strings.Split(strings.Join(fields, ","), ",")) {
			if element = strings.TrimSpace(element); element != "" && !yield(read(element)) {
				return
			}
		}
	}
}

// forwardedHop reads for=192.0.2.7, for="[2001:db8::7]:4711" and the like.
func forwardedHop(element string) netip.Addr {
	for pair := range strings.SplitSeq(element, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if strings.EqualFold(name, "for") {
			return plainHop(strings.Trim(value, `"`))
		}
	}
	return netip.Addr{}
}

// plainHop reads an address with or without a port.
func plainHop(text string) netip.Addr {
	if a, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return a.Unmap()
	}
	if a, err := netip.ParseAddrPort(text); err == nil {
		return a.Addr().Unmap()
	}
	return netip.Addr{}
}
