package web

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"dialtone/signal"
)

// maxURL bounds an address that a person or a server gives, in bytes.
const maxURL = 2048

// Endpoint reads the address that requests go to. Without a scheme it is https; for "localhost" and IP addresses http.
// The error is a *signal.Error with Op "endpoint"; it never repeats the address, whose path or query may be a key.
func Endpoint(address string) (*url.URL, error) {
	u, err := parse(address, func(u *url.URL, local bool) {
		if local {
			u.Scheme = "http"
		}
	})
	return u, endpointError("endpoint", err)
}

// Valid reports what is wrong with an address, as Endpoint does.
func Valid(address string) error {
	_, err := Endpoint(address)
	return err
}

// PageEndpoint reads the address of a room server's page. Without a scheme, a port other than 443 and 8443 means http;
// so do "localhost" and an IP address, whose port then is the given one. The error has Op
// "page".
func PageEndpoint(address, port string) (*url.URL, error) {
	u, err := parse(address, func(u *url.URL, local bool) {
		switch u.Port() {
		case "443", "8443":
			return
		case "":
			if !local {
				return
			}
			u.Host = net.JoinHostPort(u.Hostname(), port)
		}
		u.Scheme = "http"
	})
	return u, endpointError("page", err)
}

func endpointError(op string, err error) error {
	if err == nil {
		return nil
	}
	return &signal.Error{Op: op, Err: err}
}

// parse reads an address. One without a scheme is of https until assume has changed that; local is one of this machine
// or an IP address.
func parse(address string, assume func(u *url.URL, local bool)) (*url.URL, error) {
	address = strings.TrimSpace(address)
	switch {
	case address == "":
		return nil, errors.New("no address is given")
	case len(address) > maxURL:
		return nil, fmt.Errorf("the address has %d characters, more than %d", len(address), maxURL)
	}
	bare := !strings.Contains(address, "://")
	if bare {
		address = "https://" + bracketed(strings.TrimPrefix(address, "//"))
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("the address is malformed") // without its text, which may hold a password
	}
	if bare {
		_, notIP := netip.ParseAddr(u.Hostname())
		assume(u, notIP == nil || strings.EqualFold(u.Hostname(), "localhost"))
	}
	u.Fragment, u.RawFragment = "", ""
	if u.Path == "" {
		u.Path = "/"
	}
	return u, check(u)
}

// bracketed puts the brackets around a bare IPv6 address.
func bracketed(address string) string {
	host, rest, _ := strings.Cut(address, "/")
	if addr, err := netip.ParseAddr(host); err == nil && addr.Is6() && rest == "" {
		return "[" + strings.ReplaceAll(host, "%", "%25") + "]"
	}
	return address
}

// check refuses addresses that no request goes to.
func check(u *url.URL) error {
	u.Scheme = strings.ToLower(u.Scheme)
	_, badPort := strconv.ParseUint("0"+u.Port(), 10, 16)
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("the address has scheme %.20q, not http or https", u.Scheme)
	case u.Hostname() == "":
		return errors.New("the address has no host")
	case badPort != nil:
		return fmt.Errorf("the address has port %.20s, more than 65535", u.Port())
	case u.User != nil:
		return errors.New("the address must not contain a user name or password")
	}
	return nil
}

// Resolve reads an address that a server gave in an answer from base: relative or absolute, bounded, http or https, not
// from https down to http, and not from elsewhere to this machine or its link, where servers may trust every local
// client.
func Resolve(base *url.URL, reference string) (*url.URL, error) {
	switch {
	case reference == "":
		return nil, errors.New("the server gave no address")
	case len(reference) > maxURL:
		return nil, fmt.Errorf("the server gave an address of %d bytes, more than %d", len(reference), maxURL)
	}
	u, err := base.Parse(reference)
	if err != nil {
		return nil, errors.New("the server gave a malformed address")
	}
	u.Fragment, u.RawFragment = "", ""
	if err := check(u); err != nil {
		return nil, fmt.Errorf("the server gave an invalid address: %w", err)
	}
	if base.Scheme == "https" && u.Scheme == "http" {
		return nil, ErrDowngrade
	}
	if near(u) && !near(base) {
		return nil, ErrNear
	}
	return u, nil
}

// ErrDowngrade is why an address that a server gave is not followed.
var ErrDowngrade = errors.New("the server redirects from https to http, where others on the path could change the call")

// near reports whether an address is of this machine or its link, as the metadata services of clouds are. What a name
// resolves to is checked when it is dialed.
func near(u *url.URL) bool {
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && isNear(ip)
}

// SameOrigin compares scheme, host and port (RFC 6454 §5).
func SameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}
