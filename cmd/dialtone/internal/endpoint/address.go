package endpoint

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
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
