package endpoint

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"dialtone/cmd/dialtone/internal/files"
)

// Types of settings whose texts have a form of their own.
type (
	// Address is where to listen: HOST:PORT.
	Address string
	// Authorities is a PEM file with at least one certificate.
	Authorities string
)

// ParseAddress reads an address to listen on.
func ParseAddress(raw string) (Address, error) {
	_, port, err := net.SplitHostPort(raw)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return "", fmt.Errorf("invalid address %.80q: use HOST:PORT, such as 127.0.0.1:8000, or :8000 for all interfaces",
			raw)
	}
	return Address(raw), nil
}

// MaxAuthorities bounds a file of certificate authorities, in bytes.
const MaxAuthorities = 4 << 20

// ParseAuthorities takes a file that has a certificate.
func ParseAuthorities(raw string) (Authorities, error) {
	pem, err := files.Read(raw, MaxAuthorities)
	if err != nil {
		return "", fmt.Errorf("cannot read the certificate authorities: %w", err)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(pem) {
		return "", fmt.Errorf("no certificate in %.80q: use the authority's file in PEM format", raw)
	}
	return Authorities(raw), nil
}

// Trust is how the certificates of TURN servers are verified; nil for the usual way.
func Trust(insecure bool, caFile string) (*tls.Config, error) {
	if !insecure && caFile == "" {
		return nil, nil
	}
	trust := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: insecure}
	if caFile == "" {
		return trust, nil
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool() // a system without certificates of its own
	}
	pem, err := files.Read(caFile, MaxAuthorities)
	if err != nil {
		return nil, fmt.Errorf("cannot read the certificate authorities: %w", err)
	}
	roots.AppendCertsFromPEM(pem) // that there is one was checked with the flag
	trust.RootCAs = roots
	return trust, nil
}

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
