package main

import (
	"errors"
	"net"
	"net/url"
	"slices"
	"strings"

	"rsc.io/qr"

	"dialtone/cmd/dialtone/internal/endpoint"
	"dialtone/tui/draw"
)

// tlsFlags let dialtone serve speak https, without which browsers give no camera and no microphone.
type tlsFlags struct {
	TLS     bool   `name:"tls" help:"Serve https. Without --tls-cert and --tls-key, each start makes a self-signed certificate and prints its fingerprint."`
	TLSCert string `name:"tls-cert" placeholder:"FILE" help:"Serve https with the certificate in this PEM file, followed by its intermediates."`
	TLSKey  string `name:"tls-key" placeholder:"FILE" help:"PEM file with the private key of --tls-cert."`
}

// complete says what is missing, or nil.
func (f *tlsFlags) complete() error {
	switch {
	case f.TLSCert != "" && f.TLSKey == "":
		return errors.New("--tls-cert needs its key: add --tls-key FILE")
	case f.TLSCert == "" && f.TLSKey != "":
		return errors.New("--tls-key needs its certificate: add --tls-cert FILE, or leave it out and give --tls")
	}
	return nil
}

// endpoint says what is to be served.
func (f *tlsFlags) endpoint() endpoint.TLS {
	return endpoint.TLS{New: f.TLS, Cert: f.TLSCert, Key: f.TLSKey}
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

// colouredQR draws white on black whatever the terminal's colors are.
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
