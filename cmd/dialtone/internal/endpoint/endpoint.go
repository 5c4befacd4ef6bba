// Package endpoint is what a server listens on: its socket, its certificate if it serves https, and its addresses.
package endpoint

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
	"time"

	"dialtone/cmd/dialtone/internal/files"
)

// Endpoint is a listening socket.
type Endpoint struct {
	net.Listener
	URLs []string // "https://192.0.2.7:8443", the one to recommend first
	own  []byte   // the certificate that was made for it, in DER; nil for none

	Warning string // about the file of the key; "" for none
}

// TLS asks for https: with the certificate and key in two PEM files, or with a new one.
type TLS struct {
	New       bool
	Cert, Key string
}

// maxPEM bounds a file of certificates or a key, in bytes.
const maxPEM = 1 << 20

// load reads the files.
func (t TLS) load() (tls.Certificate, error) {
	cert, err := files.Read(t.Cert, maxPEM)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := files.Read(t.Key, maxPEM)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(cert, key)
}

// Listen opens the socket at the address of a flag.
func Listen(ctx context.Context, flag, address string, t TLS) (*Endpoint, error) {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, Error(flag, address, err)
	}
	e := &Endpoint{Listener: listener, Warning: files.Exposed(t.Key, "a private key")}
	if t == (TLS{}) {
		e.URLs = urls("http", listener.Addr())
		return e, nil
	}
	e.URLs = urls("https", listener.Addr())
	var certificate tls.Certificate
	if t.Cert != "" {
		certificate, err = t.load()
	} else {
		certificate, err = selfSigned(e.names(address), time.Now())
	}
	if err != nil {
		err = fmt.Errorf("cannot use the certificate: %w; give a PEM certificate with --tls-cert and its key with "+
			"--tls-key", err)
		return nil, errors.Join(err, listener.Close())
	}
	if t.Cert == "" {
		e.own = certificate.Certificate[0]
	}
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	e.Listener = tls.NewListener(listener, config)
	return e, nil
}

// Describe is what a person can compare with what the browser shows of a certificate that was made here.
func (e *Endpoint) Describe() string {
	if e.own == nil {
		return ""
	}
	return fmt.Sprintf("certificate:   self-signed, for %d days; browsers warn: compare the fingerprint\nSHA-256:     "+
		"  %s\n",
		ownDays, fingerprint(e.own))
}

// Arguments are what a call adds to its command: only this server vouches for a certificate that was made here.
func (e *Endpoint) Arguments() string {
	if e.own == nil {
		return ""
	}
	return " --insecure"
}

// Error says why the address of a flag cannot be listened on, and what to do.
func Error(flag, address string, err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err // without the address, which is in the text already
	}
	next := "give another address with " + flag
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		next = "another program uses that port: stop it, or use another with " + flag + ", such as " + flag + " 127.0.0.1:0"
	case errors.Is(err, syscall.EACCES):
		next = "ports below 1024 need privileges: use a higher one with " + flag
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		next = "this machine does not have that address: use one of its own with " + flag
		if flag == "--listen" {
			next = "this machine does not have that address: use :PORT for all of its addresses"
		}
	}
	return fmt.Errorf("cannot listen on %s: %w; %s", address, err, next)
}

// urls are the addresses of a socket, the one to recommend first.
func urls(scheme string, listening net.Addr) []string {
	tcp, ok := listening.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return []string{scheme + "://" + listening.String()}
	}
	port := strconv.Itoa(tcp.Port)
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		addrs = nil // the list is not essential
	}
	var v4, v6 []string
	for _, addr := range addrs {
		network, ok := addr.(*net.IPNet)
		switch {
		case !ok || !network.IP.IsGlobalUnicast():
		case network.IP.To4() != nil:
			v4 = append(v4, scheme+"://"+net.JoinHostPort(network.IP.String(), port))
		case tcp.IP.To4() == nil: // a socket of the IPv4 wildcard has no IPv6
			v6 = append(v6, scheme+"://"+net.JoinHostPort(network.IP.String(), port))
		}
	}
	return append(append(v4, v6...), scheme+"://"+net.JoinHostPort("localhost", port))
}

// TLSFlags let a server speak https, without which browsers give no camera and no microphone.
type TLSFlags struct {
	TLS     bool   `name:"tls" help:"Serve https. Without --tls-cert and --tls-key, each start makes a self-signed certificate and prints its fingerprint."`
	TLSCert string `path:"reads" name:"tls-cert" placeholder:"FILE" help:"Serve https with the certificate in this PEM file, followed by its intermediates."`
	TLSKey  string `path:"reads" name:"tls-key" placeholder:"FILE" help:"PEM file with the private key of --tls-cert."`
}

// Complete says what is missing, or nil.
func (f *TLSFlags) Complete() error {
	switch {
	case f.TLSCert != "" && f.TLSKey == "":
		return errors.New("--tls-cert needs its key: add --tls-key FILE")
	case f.TLSCert == "" && f.TLSKey != "":
		return errors.New("--tls-key needs its certificate: add --tls-cert FILE, or leave it out and give --tls")
	}
	return nil
}

// Wanted says what is to be served.
func (f *TLSFlags) Wanted() TLS {
	return TLS{New: f.TLS, Cert: f.TLSCert, Key: f.TLSKey}
}
