package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"rsc.io/qr"

	"dialtone/tui/draw"
)

// tlsFlags let dialtone serve speak https, without which browsers give no camera and no microphone.
type tlsFlags struct {
	TLS     bool   `name:"tls" help:"Serve https. Without --tls-cert and --tls-key with a certificate of its own, made anew at each start, whose fingerprint is printed."`
	TLSCert string `name:"tls-cert" placeholder:"FILE" help:"Serve https with the certificate in this PEM file, intermediates after it."`
	TLSKey  string `name:"tls-key" placeholder:"FILE" help:"The PEM file with the key of --tls-cert."`
}

// complete tells what is missing, or nil.
func (f *tlsFlags) complete() error {
	switch {
	case f.TLSCert != "" && f.TLSKey == "":
		return errors.New("--tls-cert needs its key: add --tls-key FILE")
	case f.TLSCert == "" && f.TLSKey != "":
		return errors.New("--tls-key needs its certificate: add --tls-cert FILE, or leave it out and give --tls")
	}
	return nil
}

// identity is what a server proves itself with.
type identity struct {
	certificate tls.Certificate
	own         bool // made here: nobody has reason to trust it but for its fingerprint
}

// identity reads or makes the certificate; nil where http is served.
func (f *tlsFlags) identity(listen string, listening net.Addr) (*identity, error) {
	switch {
	case f.TLSCert != "":
		c, err := tls.LoadX509KeyPair(f.TLSCert, f.TLSKey)
		if err != nil {
			return nil, fmt.Errorf("the certificate cannot be used: %w; give a PEM certificate with --tls-cert and its own key with --tls-key", err)
		}
		return &identity{certificate: c}, nil
	case f.TLS:
		c, err := selfSigned(namesOf(listen, listening), time.Now())
		if err != nil {
			return nil, fmt.Errorf("no certificate could be made: %w", err)
		}
		return &identity{certificate: c, own: true}, nil
	}
	return nil, nil
}

// wrap makes a listener of https where there is an identity.
func (i *identity) wrap(ln net.Listener) net.Listener {
	if i == nil {
		return ln
	}
	return tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{i.certificate}, MinVersion: tls.VersionTLS12})
}

func (i *identity) scheme() string {
	if i == nil {
		return "http"
	}
	return "https"
}

// describe is a line with what a person can compare with what the browser shows.
func (i *identity) describe() string {
	if i == nil || !i.own {
		return ""
	}
	return fmt.Sprintf("certificate:   its own, for %d days; browsers warn of it, compare before you go on\nSHA-256:       %s\n", ownDays, fingerprint(i.certificate.Certificate[0]))
}

// arguments are what a call adds to its command: nobody but this server vouches for a certificate of its own.
func (i *identity) arguments() string {
	if i == nil || !i.own {
		return ""
	}
	return " --insecure"
}

// fingerprint is a certificate's SHA-256 as browsers show it.
func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":")
}

// ownDays is how long a certificate of our own lasts, in days.
const ownDays = 30

// selfSigned makes a certificate for names and addresses.
func selfSigned(names []string, now time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "dialtone serve"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(0, 0, ownDays), // clocks of phones may be behind
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// namesOf are the names and addresses under which the server may be asked for: what was given, what it listens on,
// localhost.
func namesOf(listen string, listening net.Addr) []string {
	names := []string{"localhost", "127.0.0.1", "::1"}
	if host, _, err := net.SplitHostPort(listen); err == nil && host != "" {
		names = append(names, host)
	}
	for _, u := range pageURLs("https", listening) {
		if host, _, err := net.SplitHostPort(strings.TrimSuffix(strings.TrimPrefix(u, "https://"), "/call/")); err == nil {
			names = append(names, host)
		}
	}
	return unique(names)
}

// unique drops what was there before, and wildcards.
func unique(names []string) []string {
	seen := map[string]bool{}
	var kept []string
	for _, name := range names {
		if ip := net.ParseIP(name); !seen[name] && (ip == nil || !ip.IsUnspecified()) {
			seen[name] = true
			kept = append(kept, name)
		}
	}
	return kept
}

// qrOf draws the address of a page for the camera of a phone, "" where the terminal cannot show it or no phone can
// reach it.
func qrOf(s streams, page string) string {
	u, err := url.Parse(page)
	if err != nil || !s.Terminal || !s.Unicode() || u.Hostname() == "localhost" ||
		net.ParseIP(u.Hostname()).IsLoopback() {
		return ""
	}
	code, err := qr.Encode(page, qr.M)
	if err != nil {
		return "" // the address is printed besides
	}
	return "\n" + colouredQR(s.Environ, draw.QR(code.Size, code.Black)) + "\n"
}

// colouredQR draws white on black whatever the terminal's colours are.
func colouredQR(environ []string, drawing string) string {
	if !slices.ContainsFunc(environ, func(pair string) bool {
		return strings.HasPrefix(pair, "NO_COLOR=") &&
			pair != "NO_COLOR="
	}) {
		drawing = strings.ReplaceAll("\x1b[97;40m"+strings.TrimSuffix(drawing, "\n"), "\n", "\x1b[0m\n\x1b[97;40m") +
			"\x1b[0m\n"
	}
	return drawing
}
