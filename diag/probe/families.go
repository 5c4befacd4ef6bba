package probe

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"time"

	"dialtone/diag"
	"dialtone/diag/nat/nat64"
	"dialtone/diag/reach"
)

// prefixTime is how long DNS may take to name a prefix of NAT64.
const prefixTime = time.Second

// families are those of this machine, and how its network translates between them; nil in a simulated network. DNS is
// asked for prefixes only when they may matter: without IPv4, or when a server is asked over IPv6.
func (q *Inquiry) families(ctx context.Context, servers []diag.NATServer) *diag.NATFamilies {
	own, err := net.InterfaceAddrs()
	if q.Net != nil || err != nil {
		return nil
	}
	var out diag.NATFamilies
	for _, a := range own {
		p, err := netip.ParsePrefix(a.String())
		if err != nil || !p.Addr().IsGlobalUnicast() { // neither loopback nor one link only
			continue
		}
		out.IPv4, out.IPv6 = out.IPv4 || p.Addr().Is4(), out.IPv6 || p.Addr().Is6()
	}
	over6 := func(s diag.NATServer) bool {
		return s.Address.Addr().Is6() && !nat64.WellKnown.Contains(s.Address.Addr())
	}
	if out.IPv6 && q.Families != reach.OnlyIPv4 && (!out.IPv4 || slices.ContainsFunc(servers, over6)) {
		out.NAT64 = prefixes(ctx, nil)
	}
	return &out
}

// prefixes asks DNS for the prefixes of NAT64 (RFC 7050 §3): a DNS64 has IPv6 addresses for a name that has none.
func prefixes(ctx context.Context, r *net.Resolver) []netip.Prefix {
	ctx, cancel := context.WithTimeout(ctx, prefixTime)
	defer cancel()
	answers, err := reach.Interruptible(r).LookupNetIP(ctx, "ip6", "ipv4only.arpa")
	if err != nil {
		return nil // there is none, or no one to ask
	}
	return nat64.PrefixesOf(answers)
}
