package probe

import (
	"cmp"
	"crypto/tls"
	"net/netip"
	"slices"

	"dialtone/diag"
	"dialtone/diag/nat"
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
	case to == p.to.Addr || slices.Contains(p.redirects, to.String()) || len(p.redirects) >= maxRedirects:
		f.Detail = diag.DetailLoop
	case !askable(p.to.Addr.Addr(), to):
		f.Detail = diag.DetailAlternate
	default:
		p.next = reach.Endpoint{Addr: to, Host: cmp.Or(r.domain, p.to.Host)}
	}
	return f
}

// askable reports whether a server at an address may name another one: of the same family, as RFC 8489 §10 demands, and
// not in a private network or on this machine unless it is there itself.
func askable(from netip.Addr, to netip.AddrPort) bool {
	ip := to.Addr()
	return to.Port() != 0 && !ip.IsUnspecified() && !ip.IsMulticast() && ip.Is4() == from.Is4() &&
		(!nat.Private(ip) || nat.Private(from)) && (!ip.IsLoopback() || from.IsLoopback())
}

// redirected is the dialer for where the server is now: behind a redirect the certificate is for the name that
// ALTERNATE-DOMAIN gives (RFC 8489 §14.16), if there is one.
func (p *prober) redirected() *reach.Dialer {
	if len(p.redirects) == 0 || p.to.Host == p.url.Host || p.target.TLS != nil && p.target.TLS.ServerName != "" {
		return &p.dialer
	}
	d := p.dialer
	d.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	if p.target.TLS != nil {
		d.TLS = p.target.TLS.Clone()
	}
	d.TLS.ServerName = p.to.Host
	return &d
}
