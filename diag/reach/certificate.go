package reach

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"time"

	"dialtone/diag"
)

// noteCertificate takes over what the server's certificate says; nil says nothing.
func noteCertificate(s *diag.Stage, c *x509.Certificate, version string) {
	if c == nil {
		return
	}
	s.Clock, s.Certificate = Clock(), certificateOf(c, version)
}

// CertificateOf is the certificate of a server that a handshake succeeded with; nil if there is none.
func CertificateOf(state *tls.ConnectionState) *diag.Certificate {
	if state == nil || len(state.PeerCertificates) == 0 {
		return nil
	}
	return certificateOf(state.PeerCertificates[0], tls.VersionName(state.Version))
}

func certificateOf(c *x509.Certificate, version string) *diag.Certificate {
	names := certificateNames(c)
	return &diag.Certificate{
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

// certificateFailure describes why a certificate was not accepted; false when the error is not about one.
func certificateFailure(f *diag.Failure, err error) bool {
	var (
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
	)
	switch {
	case errors.As(err, &unknown):
		f.Detail = unknownAuthority(err)
	case errors.As(err, &name):
		f.Detail, f.Reason = diag.DetailName, diag.Clean(name.Host, MaxText)
		if c := name.Certificate; c != nil && len(c.DNSNames)+len(c.IPAddresses) == 0 {
			f.Detail = diag.DetailNoSAN // the name in the subject does not count (RFC 6125 §6.4.4, RFC 9525 §2)
		}
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		f.Detail = diag.DetailExpired
		if invalid.Cert != nil && time.Now().Before(invalid.Cert.NotBefore) {
			f.Detail = diag.DetailNotYet
		}
	case errors.As(err, &invalid):
		f.Detail, f.Reason = diag.DetailInvalid, reason(err)
	default:
		return false
	}
	return true
}

// unknownAuthority distinguishes a certificate that vouches for itself, and one whose issuer's certificate was not
// sent with it, from one whose authority is not trusted.
func unknownAuthority(err error) diag.Detail {
	var verification *tls.CertificateVerificationError
	if !errors.As(err, &verification) || len(verification.UnverifiedCertificates) == 0 {
		return diag.DetailAuthority
	}
	sent := verification.UnverifiedCertificates
	c := sent[0]
	switch {
	case bytes.Equal(c.RawIssuer, c.RawSubject):
		return diag.DetailSelfSigned
	case !slices.ContainsFunc(sent[1:], func(i *x509.Certificate) bool { return bytes.Equal(i.RawSubject, c.RawIssuer) }):
		return diag.DetailIssuer
	}
	return diag.DetailAuthority
}

// verify checks a chain of certificates, the server's first, as crypto/tls does: pion/dtls does not report the
// chain, and forgets a name that is an IP address, because it must not be sent to the server (RFC 6066 §3).
func verify(config *tls.Config, raw [][]byte) error {
	chain := make([]*x509.Certificate, 0, len(raw))
	options := x509.VerifyOptions{Roots: config.RootCAs, DNSName: config.ServerName, Intermediates: x509.NewCertPool()}
	for i, der := range raw {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return err
		}
		chain = append(chain, c)
		if i > 0 {
			options.Intermediates.AddCert(c)
		}
	}
	if len(chain) == 0 {
		return errors.New("the server sent no certificate")
	}
	if _, err := chain[0].Verify(options); err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: chain, Err: err}
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
	names := diag.Map(c.DNSNames, func(name string) string { return diag.Clean(name, MaxText) })
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
