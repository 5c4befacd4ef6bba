package endpoint

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestSelfSigned reads the certificate that --tls makes as a client does.
func TestSelfSigned(t *testing.T) {
	now := time.Now()
	e := &Endpoint{URLs: []string{"https://127.0.0.7:8443", "https://[::]:8443"}}
	made, err := selfSigned(e.names("call.example.org:8443"), now)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(made.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	key, ok := c.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		t.Errorf("key %T", c.PublicKey)
	}
	for _, host := range []string{"localhost", "127.0.0.1", "::1", "127.0.0.7", "call.example.org"} {
		if err := c.VerifyHostname(host); err != nil {
			t.Error(err)
		}
	}
	roots := x509.NewCertPool()
	roots.AddCert(c)
	for at, good := range map[time.Duration]bool{0: true, 29 * 24 * time.Hour: true, 31 * 24 * time.Hour: false} {
		_, err := c.Verify(x509.VerifyOptions{Roots: roots, DNSName: "localhost", CurrentTime: now.Add(at)})
		if (err == nil) != good {
			t.Errorf("after %v: %v", at, err)
		}
	}
	if got := fingerprint([]byte("abc")); got != "BA:78:16:BF:8F:01:CF:EA:41:41:40:DE:5D:AE:22:23:B0:03:61:A3:96:17:7A:9C:B4:10:FF:61:F2:00:15:AD" {
		t.Errorf("fingerprint %s", got)
	}
}

// TestIdentityFromFiles: a certificate of files is used as it is, and no advice to trust it is given.
func TestIdentityFromFiles(t *testing.T) {
	made, err := selfSigned([]string{"localhost"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(made.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	e, err := Listen(t.Context(), "--listen", "127.0.0.1:0", TLS{
		Cert: write("cert.pem", "CERTIFICATE", made.Certificate[0]), Key: write("key.pem", "PRIVATE KEY", der),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close() //nolint:errcheck // nothing uses it
	if e.Describe() != "" || e.Arguments() != "" || e.URLs[0] != "https://"+e.Addr().String() {
		t.Errorf("%q %q %q", e.Describe(), e.Arguments(), e.URLs)
	}
	go func() {
		if c, err := e.Accept(); err == nil {
			_ = c.(*tls.Conn).HandshakeContext(t.Context()) //nolint:forcetypeassert // the client sees a failure
			_ = c.Close()
		}
	}()
	client, err := (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}).DialContext(t.Context(), "tcp", e.Addr().String()) //nolint:gosec // the certificate is compared
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()                                                  //nolint:errcheck // it was only read
	shown := client.(*tls.Conn).ConnectionState().PeerCertificates[0].Raw //nolint:forcetypeassert // of this dialer
	if !bytes.Equal(shown, made.Certificate[0]) {
		t.Error("it is another certificate")
	}
}
