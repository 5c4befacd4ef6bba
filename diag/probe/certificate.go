package probe

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math"
	"strings"
	"time"

	"dialtone/diag"
)

// noteCertificate takes over what the server's certificate says; nil says nothing.
func (p *prober) noteCertificate(c *x509.Certificate) {
	if c == nil {
		return
	}
	r := &p.result
	r.TLSName, r.TLSIssuer = certificateName(c), issuerName(c)
	r.TLSExpires = c.NotAfter.UTC().Format(time.RFC3339)
	r.TLSDaysLeft = diag.Ptr(int(math.Floor(time.Until(c.NotAfter).Hours() / 24)))
}

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

// maxNames is how many names of a certificate are told.
const maxNames = 3

// certificateName is the subject of a certificate: its common name, otherwise the first name that it is for.
func certificateName(c *x509.Certificate) string {
	return diag.Clean(cmp.Or(c.Subject.CommonName, first(certificateNames(c)), first(c.Subject.Organization), "(no name)"),
		maxText)
}

// issuerName is who signed a certificate.
func issuerName(c *x509.Certificate) string {
	name, organization := c.Issuer.CommonName, first(c.Issuer.Organization)
	if name != "" && organization != "" && !strings.Contains(name, organization) {
		name += " (" + organization + ")"
	}
	return diag.Clean(cmp.Or(name, organization, "(no name)"), maxText)
}

// certificateNames are the host names and addresses that a certificate is for.
func certificateNames(c *x509.Certificate) []string {
	names := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	return names
}

// forWhom tells what a certificate is for, bounded.
func forWhom(c *x509.Certificate) string {
	names := certificateNames(c)
	if len(names) == 0 {
		return certificateName(c)
	}
	text := strings.Join(names[:min(len(names), maxNames)], ", ")
	if len(names) > maxNames {
		text += ", …"
	}
	return diag.Clean(text, maxText)
}

// described names a certificate, as an insertion behind the word.
func described(c *x509.Certificate) string {
	if c == nil {
		return ""
	}
	return " " + certificateName(c) + " (issued by " + issuerName(c) + ", valid until " +
		c.NotAfter.UTC().Format(time.DateOnly) + ")"
}

// first is the first of a list, or empty.
func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}
