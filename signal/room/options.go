package room

import (
	"context"
	"crypto/x509"
	"net"
	"net/http"
	"net/url"
	"time"

	"dialtone/signal/web"
)

// Options configures one call. Server and Code are needed; 0 means the
// documented default elsewhere.
type Options struct {
	// Server is what a person pastes, see Endpoint.
	Server string
	// Code is the call code, 1 to 255 characters: who dials the same one meets.
	Code string

	// CAFile names a PEM file of certificates to trust besides the system's.
	CAFile string
	// RootCAs are the certificates to trust instead; nil means the system's and CAFile's.
	RootCAs *x509.CertPool
	// Insecure accepts every certificate: whoever is on the path can read and change the call.
	Insecure bool
	// Proxy chooses the HTTP proxy of a request; nil means HTTP_PROXY, HTTPS_PROXY and
	// NO_PROXY of the environment, which never apply to loopback addresses.
	Proxy func(*http.Request) (*url.URL, error)
	// UserAgent is sent with every request. Default "dialtone".
	UserAgent string

	// OnRequest is told about every request when it is over, one at a time and
	// before what it brought can be received. It must return quickly and must
	// not call the channel.
	OnRequest func(Request)

	// Timeout bounds each request, for a long poll beyond its wait. Default 10 s.
	Timeout time.Duration
	// GiveUp is how long requests are repeated over network errors and 5xx before
	// the channel fails. Default 10 s: by then the pair has expired.
	GiveUp time.Duration
	// LongPoll is how long the server is asked to hold a poll, at most 25 s.
	// Default 20 s. Negative: never, poll as the original's page does, only faster.
	LongPoll time.Duration

	// dial replaces the network in tests.
	dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// The longest hold of the protocol.
const maxWait = 25 * time.Second

func (o Options) withDefaults() Options {
	if o.UserAgent == "" {
		o.UserAgent = "dialtone"
	}
	if o.Proxy == nil {
		o.Proxy = http.ProxyFromEnvironment
	}
	if o.OnRequest == nil {
		o.OnRequest = func(Request) {}
	}
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if o.GiveUp == 0 {
		o.GiveUp = 10 * time.Second
	}
	if o.LongPoll == 0 {
		o.LongPoll = 20 * time.Second
	}
	o.LongPoll = min(o.LongPoll, maxWait)
	return o
}

// transport is the channel's own, so that its connections end with it.
func (o Options) transport() (*http.Transport, error) {
	return web.Trust{CAFile: o.CAFile, RootCAs: o.RootCAs, Insecure: o.Insecure, Proxy: o.Proxy, Dial: o.dial}.Transport()
}
