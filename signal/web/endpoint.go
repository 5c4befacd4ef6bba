package web

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"dialtone/signal"
)

// maxURL bounds an address that a person or a server gives, in bytes.
const maxURL = 2048

// Endpoint reads the address that requests go to. Without a scheme it is https, for "localhost" and IP addresses http.
// The error is a *signal.Error with Op "endpoint"; it never repeats the address, whose path or query may be a key.
func Endpoint(address string) (*url.URL, error) {
	u, err := parse(strings.TrimSpace(address))
	if err != nil {
		return nil, &signal.Error{
			Op: "endpoint", Reason: signal.ReasonUnknown, Err: err,
			Hint: "give a complete address, like https://media.example.org/whip",
		}
	}
	return u, nil
}

func parse(address string) (*url.URL, error) {
	switch {
	case address == "":
		return nil, errors.New("no address is given")
	case len(address) > maxURL:
		return nil, fmt.Errorf("the address has %d characters, more than %d", len(address), maxURL)
	}
	bare := !strings.Contains(address, "://")
	if bare {
		address = "https://" + address
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("the address is malformed") // without its words, which may hold a password
	}
	if _, notIP := netip.ParseAddr(u.Hostname()); bare && (notIP == nil || strings.EqualFold(u.Hostname(), "localhost")) {
		u.Scheme = "http"
	}
	u.Fragment, u.RawFragment = "", ""
	if u.Path == "" {
		u.Path = "/"
	}
	return u, check(u)
}

// check refuses addresses that no request of ours goes to.
func check(u *url.URL) error {
	u.Scheme = strings.ToLower(u.Scheme)
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("the address has scheme %.20q, not http or https", u.Scheme)
	case u.Hostname() == "":
		return errors.New("the address names no host")
	case u.User != nil:
		return errors.New("the address must not hold a user name or password")
	}
	return nil
}

// Resolve reads an address that a server gave in an answer from base: relative or absolute, bounded, http or https, not
// from https down to http, and not from elsewhere to this machine or its link, where others listen who trust whoever
// gets that far.
func Resolve(base *url.URL, reference string) (*url.URL, error) {
	switch {
	case reference == "":
		return nil, errors.New("the server gives no address")
	case len(reference) > maxURL:
		return nil, fmt.Errorf("the server gives an address of %d bytes, more than %d", len(reference), maxURL)
	}
	u, err := base.Parse(reference)
	if err != nil {
		return nil, errors.New("the server gives an address that cannot be read")
	}
	u.Fragment, u.RawFragment = "", ""
	if err := check(u); err != nil {
		return nil, err
	}
	if base.Scheme == "https" && u.Scheme == "http" {
		return nil, errors.New("the server leads from https to http, where anybody on the way could change the call")
	}
	if near(u) && !near(base) {
		return nil, errors.New("the server leads to an address of this machine or its link, which is not for it to say")
	}
	return u, nil
}

// near reports whether an address is of this machine or of the link alone, as the metadata services of clouds are.
// Names are not looked up.
func near(u *url.URL) bool {
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	ip, _ := netip.ParseAddr(host)
	ip = ip.Unmap()
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip.IsLoopback() || ip.IsUnspecified() ||
		ip.IsLinkLocalUnicast()
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
