package reach

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"strings"
	"testing"

	"dialtone/diag"
)

// TestHostileCertificate: the names of a certificate are bounded and cannot write to the terminal.
func TestHostileCertificate(t *testing.T) {
	evil := "\x1b]0;x\a" + strings.Repeat("y", 1000)
	for _, c := range []*x509.Certificate{
		{},
		{Subject: pkix.Name{CommonName: evil}, Issuer: pkix.Name{CommonName: evil, Organization: []string{evil + "z"}}, DNSNames: []string{evil, evil}},
		{Issuer: pkix.Name{Organization: []string{evil}}, IPAddresses: []net.IP{net.IPv6loopback}},
		{DNSNames: make([]string, 5000)},
	} {
		s := &diag.Stage{}
		noteCertificate(s, c, "")
		if len(s.Certificate.Names) > maxNames || s.Certificate.Issuer == "" || s.Clock == "" {
			t.Errorf("%+v", s)
		}
		for _, text := range append([]string{s.Certificate.Name, s.Certificate.Issuer}, s.Certificate.Names...) {
			if len(text) > MaxText || strings.ContainsAny(text, "\x1b\a") {
				t.Errorf("%q", text)
			}
		}
	}
}
