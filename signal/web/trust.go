package web

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"dialtone/signal"
)

// Trust says which certificates to trust and how to reach servers. The zero value is what a browser does: the system's
// authorities and the environment's proxies.
type Trust struct {
	// CAFile names a PEM file of certificates to trust besides the system's.
	CAFile string
	// RootCAs are the certificates to trust instead; nil means the system's and CAFile's.
	RootCAs *x509.CertPool
	// Insecure accepts every certificate: anybody on the path can read and change the call.
	Insecure bool
	// Proxy chooses the HTTP proxy of a request; nil means HTTP_PROXY, HTTPS_PROXY and NO_PROXY of the environment, which
	// never apply to loopback addresses.
	Proxy func(*http.Request) (*url.URL, error)
	// Dial replaces the network; nil means the operating system's.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// transport makes a transport of its own, so that its connections end with its user. The error is a
// *signal.Error with Op "tls".
func (t Trust) transport() (*http.Transport, error) {
	roots, err := t.roots()
	if err != nil {
		return nil, &signal.Error{Op: "tls", Reason: signal.ReasonTLS, Err: err}
	}
	proxy := t.Proxy
	if proxy == nil {
		proxy = http.ProxyFromEnvironment
	}
	return &http.Transport{
		Proxy: proxy,
		OnProxyConnectResponse: func(_ context.Context, _ *url.URL, _ *http.Request, r *http.Response) error {
			if r.StatusCode != http.StatusOK {
				return &proxyError{r.StatusCode}
			}
			return nil
		},
		DialContext: t.Dial,
		TLSClientConfig: &tls.Config{
			MinVersion:         tls.VersionTLS12,
			RootCAs:            roots,
			InsecureSkipVerify: t.Insecure, //nolint:gosec // on the user's explicit wish
		},
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // a few hundred bytes, and no bombs
		MaxIdleConnsPerHost:    2,
		MaxResponseHeaderBytes: maxHeader,
		IdleConnTimeout:        90 * time.Second,
	}, nil
}

// maxHeader bounds the header of an answer, in bytes.
const maxHeader = 64 << 10

// maxCA bounds a file of certificates, in bytes.
const maxCA = 4 << 20

func readCA(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	return io.ReadAll(io.LimitReader(f, maxCA))
}

func (t Trust) roots() (*x509.CertPool, error) {
	if t.RootCAs != nil || t.CAFile == "" {
		return t.RootCAs, nil
	}
	pem, err := readCA(t.CAFile)
	if err != nil {
		return nil, fmt.Errorf("the certificates to trust: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool() // the system has no certificates
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, errors.New("the certificates to trust: " + t.CAFile + " holds no PEM certificate")
	}
	return roots, nil
}
