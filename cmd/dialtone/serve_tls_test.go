package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"dialtone/cmd/dialtone/internal/terminal"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestSelfSigned reads the certificate that --tls makes as a client does.
func TestSelfSigned(t *testing.T) {
	now := time.Now()
	listening := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 7), Port: 8443}
	made, err := selfSigned(namesOf("call.example.org:8443", listening), now)
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

// TestIdentityFromFiles: a certificate of files is used as it is, and nobody is told to trust anything.
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
	flags := tlsFlags{TLSCert: write("cert.pem", "CERTIFICATE", made.Certificate[0]), TLSKey: write("key.pem", "PRIVATE KEY", der)}
	got, err := flags.identity("", nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(made.Certificate, got.certificate.Certificate); diff != "" || got.describe() != "" || got.arguments() != "" || got.scheme() != "https" {
		t.Errorf("%s%q %q", diff, got.describe(), got.arguments())
	}
}

// TestQRInTheTerminal: where a terminal can show it, and nowhere else.
func TestQRInTheTerminal(t *testing.T) {
	const page = "https://192.0.2.7:8443/call/"
	shown := streams{Streams: terminal.Streams{Terminal: true, Environ: []string{"LANG=C.UTF-8", "NO_COLOR=1"}}}
	for name, tt := range map[string]struct {
		s    streams
		page string
		want bool
	}{
		"terminal":       {shown, page, true},
		"in colours":     {streams{Streams: terminal.Streams{Terminal: true, Environ: []string{"LANG=C.UTF-8", "NO_COLOR="}}}, page, true},
		"pipe":           {streams{Streams: terminal.Streams{Environ: []string{"LANG=C.UTF-8"}}}, page, false},
		"not in Unicode": {streams{Streams: terminal.Streams{Terminal: true, Environ: []string{"LANG=C"}}}, page, false},
		"this machine":   {shown, "https://[::1]:8443/call/", false},
		"localhost":      {shown, "https://localhost:8443/call/", false},
	} {
		got := qrOf(tt.s, tt.page)
		if (got != "") != tt.want || strings.Contains(got, "\x1b") != (name == "in colours") {
			t.Errorf("%s: %q", name, got)
		}
	}
}
