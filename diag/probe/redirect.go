package probe

import (
	"cmp"
	"context"
	"crypto/tls"
	"net/netip"
	"slices"

	"dialtone/diag"
	"dialtone/diag/reach"
)

// maxRedirects is how often a server may name another one.
const maxRedirects = 5

// rejected is the failure of a request that got an error response. With 300 (Try Alternate, RFC 8489 §10) it notes
// where to ask next, over the same transport; a server that was asked already is not asked again.
func (p *prober) rejected(r reply, f *reach.Error) error {
	to := r.alternate
	switch {
	case r.code != 300 || !to.IsValid():
	case to.String() == p.address() || slices.Contains(p.redirects, to.String()) || len(p.redirects) >= maxRedirects:
		f.Detail = diag.DetailLoop
	case !askable(p.to.Addr.Addr(), to):
		f.Detail = diag.DetailAlternate
	default:
		p.next, p.domain = to, cmp.Or(r.domain, p.domain)
	}
	return f
}

// address is ip:port, behind a proxy perhaps host:port, of the server that is asked.
func (p *prober) address() string {
	switch {
	case p.alternate.IsValid():
		return p.alternate.String()
	case p.to.Addr.IsValid():
		return p.to.Addr.String()
	}
	return p.url.Address()
}

// follow goes to the server that was named last.
func (p *prober) follow() {
	p.redirects = append(p.redirects, p.address())
	p.alternate, p.next = p.next, netip.AddrPort{}
	p.to.SRV = false
	if p.to.Proxy == nil {
		p.to.Addr = p.alternate
	}
}

// askable reports whether a server at an address (the zero value behind a proxy) may name another one: of the same
// family, as RFC 8489 §10 demands, and not in a private network or on this machine unless it is there itself.
func askable(from netip.Addr, to netip.AddrPort) bool {
	ip := to.Addr()
	return to.Port() != 0 && !ip.IsUnspecified() && !ip.IsMulticast() && (!from.IsValid() || ip.Is4() == from.Is4()) &&
		(!diag.PrivateAddress(ip) || diag.PrivateAddress(from)) && (!ip.IsLoopback() || from.IsLoopback())
}

// connect opens a connection to where the server is now. Behind a redirect the certificate is for the name that
// ALTERNATE-DOMAIN gives (RFC 8489 §14.16), or else for that of the URL.
func (p *prober) connect(ctx context.Context) (*reach.Conn, error) {
	if !p.alternate.IsValid() {
		return p.dialer.Connect(ctx, p.url, p.to)
	}
	u, d := p.url, p.dialer
	u.Host, u.Port = p.alternate.Addr().String(), p.alternate.Port()
	d.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	if p.target.TLS != nil {
		d.TLS = p.target.TLS.Clone()
	}
	d.TLS.ServerName = cmp.Or(d.TLS.ServerName, p.domain, p.url.Host)
	return d.Connect(ctx, u, p.to)
}
