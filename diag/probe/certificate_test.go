package probe

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"dialtone/diag/lab"
)

// TestCertificateTold: what a certificate says is told whether the handshake succeeds or fails for it, and then in words.
func TestCertificateTold(t *testing.T) {
	certificate := func(o lab.CertificateOptions) *lab.Certificate {
		c, err := lab.NewCertificate(o)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	ended := time.Now().Add(-30 * time.Hour)
	expired := certificate(lab.CertificateOptions{NotAfter: ended})
	foreign := certificate(lab.CertificateOptions{Names: []string{"other.example", "192.0.2.1", "a.example", "b.example"}})
	until := time.Now().Add(25 * time.Hour)
	good := certificate(lab.CertificateOptions{NotAfter: until})
	const issuer = "dialtone lab authority"
	for _, tt := range []struct {
		name   string
		served *lab.Certificate
		config *tls.Config
		names  []string // in the text of the failure
		left   int
		cn     string
	}{
		{"good", good, &tls.Config{RootCAs: good.Pool}, nil, 1, "localhost"},
		{"unknown authority", good, nil, []string{"localhost", issuer, "unknown authority", until.UTC().Format(time.DateOnly)}, 1, "localhost"},
		{"expired", expired, &tls.Config{RootCAs: expired.Pool}, []string{"localhost", issuer, "to " + ended.UTC().Format(time.DateOnly)}, -2, "localhost"},
		{"foreign", foreign, &tls.Config{RootCAs: foreign.Pool}, []string{"is for other.example, a.example, b.example, …, not for 127.0.0.1", issuer}, 0, "other.example"},
	} {
		for _, tr := range []lab.Transport{lab.TLS, lab.DTLS} {
			t.Run(tt.name+" "+string(tr), func(t *testing.T) {
				s := startFault(t, lab.Fault{Network: tr, Behavior: lab.Correct, Certificate: tt.served})
				r := ask(t, Target{URL: s.STUN(), TLS: tt.config})
				if r.OK != (tt.names == nil) || r.OK != (r.TLSVersion != "") {
					t.Fatalf("%+v", r)
				}
				for _, name := range tt.names {
					if !strings.Contains(r.ErrorText, name) {
						t.Errorf("%q does not say %q", r.ErrorText, name)
					}
				}
				if r.TLSName != tt.cn || r.TLSIssuer != issuer || r.TLSDaysLeft == nil || *r.TLSDaysLeft != tt.left {
					t.Errorf("%+v", r)
				}
				if _, err := time.Parse(time.RFC3339, r.TLSExpires); err != nil || !strings.HasSuffix(r.TLSExpires, "Z") {
					t.Errorf("expires %q: %v", r.TLSExpires, err)
				}
			})
		}
	}
}

// TestHostileCertificate: the names of a certificate are bounded and cannot write to the terminal.
func TestHostileCertificate(t *testing.T) {
	evil := "\x1b]0;x\a" + strings.Repeat("y", 1000)
	for _, c := range []*x509.Certificate{
		{},
		{Subject: pkix.Name{CommonName: evil}, Issuer: pkix.Name{CommonName: evil, Organization: []string{evil + "z"}}, DNSNames: []string{evil, evil}},
		{Issuer: pkix.Name{Organization: []string{evil}}, IPAddresses: []net.IP{net.IPv6loopback}},
		{DNSNames: make([]string, 5000)},
	} {
		for _, text := range []string{certificateName(c), issuerName(c), forWhom(c)} {
			if len(text) > maxText || strings.ContainsAny(text, "\x1b\a") {
				t.Errorf("%q", text)
			}
		}
		if text := described(c); len(text) > 3*maxText {
			t.Errorf("%d bytes", len(text))
		}
		p := &prober{}
		p.noteCertificate(c)
		if p.result.TLSDaysLeft == nil || p.result.TLSIssuer == "" {
			t.Errorf("%+v", p.result)
		}
	}
}

func TestCredentialExpiry(t *testing.T) {
	for username, want := range map[string]int64{
		"1433895918:ann": 1433895918, "1433895918": 1433895918, "100000000:": 100000000, "1433895918:a:b": 1433895918,
		"ann": 0, "ann:1433895918": 0, "": 0, ":": 0, "12345678:ann": 0, "14338959180000:ann": 0, "+433895918:ann": 0, "143389591 :ann": 0,
	} {
		at, ok := credentialExpiry(username)
		if ok != (want != 0) || ok && at.Unix() != want {
			t.Errorf("%q: %v, %t", username, at, ok)
		}
	}
}

// TestExpired tells an expired credential from a wrong one, whichever code the server has for it.
func TestExpired(t *testing.T) {
	for _, tt := range []struct {
		expiry  time.Time
		code    int
		expired bool
	}{
		{time.Now().Add(-time.Minute), 401, true},
		{time.Now().Add(-time.Minute), 400, true},
		{time.Now().Add(-time.Minute), 403, false},
		{time.Now().Add(time.Minute), 401, false},
	} {
		s := startFault(t, lab.Fault{Behavior: lab.AuthError, Code: tt.code})
		r := ask(t, Target{URL: s.TURN(), Username: fmt.Sprintf("%d:ann", tt.expiry.Unix()), Password: password})
		if r.ErrorCode != tt.code || (r.CredentialExpired != "") != tt.expired || strings.Contains(r.ErrorText, "expired") != tt.expired {
			t.Errorf("%+v: %+v", tt, r)
		}
	}
}

// FuzzCredentialExpiry: whatever somebody calls himself.
func FuzzCredentialExpiry(f *testing.F) {
	f.Add("1433895918:ann")
	f.Add("9999999999")
	f.Add("-433895918:x")
	f.Fuzz(func(t *testing.T, username string) {
		at, ok := credentialExpiry(username)
		if ok && (at.Year() < 1970 || at.Year() > 2286) {
			t.Fatalf("%q: %v", username, at)
		}
	})
}
