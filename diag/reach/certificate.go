package reach

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
	"time"

	"dialtone/diag"
)

// noteCertificate takes over what the server's certificate says; nil says nothing.
func noteCertificate(s *diag.Stage, c *x509.Certificate, version string) {
	if c == nil {
		return
	}
	names := certificateNames(c)
	s.Clock = Clock()
	s.Certificate = &diag.Certificate{
		Version: version, Name: certificateName(c), Names: names[:min(len(names), maxNames)], Issuer: issuerName(c),
		NotBefore: c.NotBefore.UTC().Format(time.RFC3339), NotAfter: c.NotAfter.UTC().Format(time.RFC3339),
	}
}

// Clock is what this machine's clock says.
func Clock() string { return time.Now().UTC().Format(time.RFC3339) }

// refusedCertificate is the certificate that a handshake failed for, nil where it failed for something else.
func refusedCertificate(err error) *x509.Certificate {
	var (
		invalid      x509.CertificateInvalidError
		verification *tls.CertificateVerificationError
		name         x509.HostnameError
		unknown      x509.UnknownAuthorityError
	)
	switch {
	case errors.As(err, &invalid) && invalid.Cert != nil:
		return invalid.Cert // which need not be the server's own, but one that vouches for it
	case errors.As(err, &verification) && len(verification.UnverifiedCertificates) > 0:
		return verification.UnverifiedCertificates[0]
	case errors.As(err, &name):
		return name.Certificate
	case errors.As(err, &unknown):
		return unknown.Cert
	}
	return nil
}

// maxNames is how many names of a certificate are kept, in a list of those that it is for.
const maxNames = 4

// certificateName is the subject of a certificate: its common name, otherwise the first name that it is for.
func certificateName(c *x509.Certificate) string {
	return diag.Clean(cmp.Or(c.Subject.CommonName, first(certificateNames(c)), first(c.Subject.Organization), "(no name)"),
		MaxText)
}

// issuerName is who signed a certificate.
func issuerName(c *x509.Certificate) string {
	name, organization := c.Issuer.CommonName, first(c.Issuer.Organization)
	if name != "" && organization != "" && !strings.Contains(name, organization) {
		name += " (" + organization + ")"
	}
	return diag.Clean(cmp.Or(name, organization, "(no name)"), MaxText)
}

// certificateNames are the host names and addresses that a certificate is for.
func certificateNames(c *x509.Certificate) []string {
	var names []string
	for _, name := range c.DNSNames {
		names = append(names, diag.Clean(name, MaxText))
	}
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	return names
}

// first is the first of a list, or empty.
func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}
