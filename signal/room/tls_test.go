package room

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dialtone/signal"
	"dialtone/signal/server"
	"dialtone/signal/web"
)

// authority issues certificates for tests.
type authority struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	file string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, key: newKey(t)}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "dialtone test authority"},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.file = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(a.file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issue makes a certificate for the loopback address or another name.
func (a *authority) issue(notAfter time.Time, name string) tls.Certificate {
	a.t.Helper()
	key := newKey(a.t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: notAfter,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// startTLS runs dialtone's server behind TLS, with HTTP/2.
func startTLS(t *testing.T, config *tls.Config) *httptest.Server {
	t.Helper()
	s := server.New(server.Options{})
	h := httptest.NewUnstartedServer(s)
	h.TLS, h.EnableHTTP2 = config, true
	h.Config.ErrorLog = log.New(io.Discard, "", 0)
	h.StartTLS()
	t.Cleanup(func() {
		s.Close()
		h.Close()
	})
	return h
}

func TestTLS(t *testing.T) {
	ca := newAuthority(t)
	good := ca.issue(time.Now().Add(time.Hour), "127.0.0.1")
	expired := ca.issue(time.Now().Add(-time.Hour), "127.0.0.1")
	other := ca.issue(time.Now().Add(time.Hour), "other.example.org")
	junk := filepath.Join(t.TempDir(), "junk.pem")
	if err := os.WriteFile(junk, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		config  *tls.Config
		options Options
		code    string // of the error; "-" means it works
	}{
		{"authority by file", &tls.Config{Certificates: []tls.Certificate{good}}, Options{Options: web.Options{Trust: web.Trust{CAFile: ca.file}}}, "-"},
		{"insecure", &tls.Config{Certificates: []tls.Certificate{expired}}, Options{Options: web.Options{Trust: web.Trust{Insecure: true}}}, "-"},
		{"HTTP/1.1 only", &tls.Config{Certificates: []tls.Certificate{good}, NextProtos: []string{"http/1.1"}}, Options{Options: web.Options{Trust: web.Trust{CAFile: ca.file}}}, "-"},
		{"unknown authority", &tls.Config{Certificates: []tls.Certificate{good}}, Options{}, signal.CodeUnknownAuthority},
		{"expired", &tls.Config{Certificates: []tls.Certificate{expired}}, Options{Options: web.Options{Trust: web.Trust{CAFile: ca.file}}}, signal.CodeExpired},
		{"wrong host", &tls.Config{Certificates: []tls.Certificate{other}}, Options{Options: web.Options{Trust: web.Trust{CAFile: ca.file}}}, signal.CodeWrongName},
		{"old TLS", &tls.Config{Certificates: []tls.Certificate{good}, MaxVersion: tls.VersionTLS11}, Options{Options: web.Options{Trust: web.Trust{CAFile: ca.file}}}, ""}, //nolint:gosec // on purpose
		{"file without certificates", &tls.Config{Certificates: []tls.Certificate{good}}, Options{Options: web.Options{Trust: web.Trust{CAFile: junk}}}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.config.MaxVersion == tls.VersionTLS11 {
				test.config.MinVersion = tls.VersionTLS10 //nolint:gosec // on purpose
			}
			h := startTLS(t, test.config)
			o := test.options
			o.Server, o.Code = h.URL, "w1"
			if test.code == "-" {
				a, b := mustDial(t, o), mustDial(t, o)
				exchange(t, a, b)
				return
			}
			_, err := Dial(testContext(t), o)
			wantError(t, err, signal.ReasonTLS, nil)
			if e := asError(t, err); e != nil && e.Code != test.code {
				t.Errorf("%v has code %q", err, e.Code)
			}
			if named := strings.Contains(err.Error(), "its issuer is"); named != (test.code == signal.CodeUnknownAuthority) {
				t.Errorf("%v: names the issuer: %t", err, named)
			}
		})
	}
}

// TestSchemeMismatch: http to a TLS port and https to a plain one.
func TestSchemeMismatch(t *testing.T) {
	plain := startServer(t, server.Options{})
	_, err := Dial(testContext(t), Options{Server: strings.Replace(plain.URL, "http:", "https:", 1), Code: "w1"})
	wantError(t, err, signal.ReasonTLS, nil)
	if e := asError(t, err); e != nil && e.Code != signal.CodeNoTLS {
		t.Errorf("%+v", e)
	}
	secure := startTLS(t, &tls.Config{Certificates: []tls.Certificate{newAuthority(t).issue(time.Now().Add(time.Hour), "127.0.0.1")}})
	_, err = Dial(testContext(t), Options{Server: strings.Replace(secure.URL, "https:", "http:", 1), Code: "w1"})
	wantError(t, err, signal.ReasonRejected, nil)
	if e := asError(t, err); e != nil && e.Code != signal.CodeNeedsTLS {
		t.Errorf("%+v", e)
	}
}
