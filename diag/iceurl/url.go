// Package iceurl reads the URLs of STUN and TURN servers (RFC 7064, RFC 7065).
package iceurl

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"dialtone/diag"
)

// ErrInvalid is returned (wrapped) for a text that names no STUN or TURN server.
var ErrInvalid = errors.New("not a STUN or TURN server")

// Scheme is the scheme of a server's URI (RFC 7064, RFC 7065).
type Scheme string

// Schemes.
const (
	STUN  Scheme = "stun"
	STUNS Scheme = "stuns"
	TURN  Scheme = "turn"
	TURNS Scheme = "turns"
)

// Secured reports whether the connection is TLS or DTLS.
func (s Scheme) Secured() bool { return s == STUNS || s == TURNS }

// TURN reports whether the server relays.
func (s Scheme) TURN() bool { return s == TURN || s == TURNS }

// Default ports (RFC 8489 §8.1, RFC 8656 §17.3).
const (
	DefaultPort        = 3478
	DefaultPortSecured = 5349
)

// MaxLength is how many bytes of text may name a server: the longest name, a scheme, a port and a transport.
const MaxLength = 320

// URL names a server. The zero value names none; [Parse] makes them.
type URL struct {
	Scheme Scheme
	Host   string // DNS name in lower case, or IP address without brackets
	Port   uint16 // never 0
	UDP    bool   // transport: UDP (with a secured scheme, DTLS), otherwise TCP (TLS)
	NoPort bool   // of a name without a port: Port is the default one, and DNS SRV may know another
}

// Transport is how the server is reached: udp, tcp, tls or dtls.
func (u URL) Transport() string {
	switch {
	case u.UDP && u.Scheme.Secured():
		return "dtls"
	case u.UDP:
		return "udp"
	case u.Scheme.Secured():
		return "tls"
	}
	return "tcp"
}

// Address is host:port, with brackets around an IPv6 address.
func (u URL) Address() string { return net.JoinHostPort(u.Host, strconv.Itoa(int(u.Port))) }

// String is the canonical form: always with the port, with the transport for TURN, and for STUN only where it differs
// from the scheme's own, because RFC 7064 has none. It is what an ICE agent is given, which knows no DNS SRV:
// Parse(u.String()) is u with NoPort false.
func (u URL) String() string { return u.write(u.Address()) }

// Short is as [URL.String], without the port where none was written. Parse(u.Short()) is u.
func (u URL) Short() string {
	if u.NoPort {
		return u.write(u.Host)
	}
	return u.String()
}

func (u URL) write(address string) string {
	s := string(u.Scheme) + ":" + address
	if !u.Scheme.TURN() && u.UDP == defaultUDP(u.Scheme) {
		return s
	}
	if u.UDP {
		return s + "?transport=udp"
	}
	return s + "?transport=tcp"
}

// defaultUDP reports whether a scheme without "transport" means UDP; the secured ones mean TLS over TCP.
func defaultUDP(s Scheme) bool { return !s.Secured() }

// Parse reads what names a server: stun:, stuns:, turn: or turns:, a host, an optional port, an optional
// ?transport=udp or tcp (RFC 7064, RFC 7065; "transport" is taken for STUN too), without regard to case. A bare host
// or host:port is a STUN server. IPv6 addresses stand in brackets when a port follows. An error wraps [ErrInvalid],
// says what to change, and never quotes a user name or password that somebody wrote into the URL.
func Parse(text string) (URL, error) {
	u, err := parse(text)
	if err != nil {
		return URL{}, fmt.Errorf("%q: %w: %w", Quotable(text), ErrInvalid, err)
	}
	return u, nil
}

// Quotable is a text as far as it may be shown: bounded, clean, and without anything before an "@".
func Quotable(text string) string {
	if i := strings.LastIndexByte(text, '@'); i >= 0 {
		text = "…" + text[i:]
	}
	return diag.Clean(text, MaxLength)
}

func parse(text string) (URL, error) {
	if len(text) > MaxLength {
		return URL{}, fmt.Errorf("longer than %d bytes", MaxLength)
	}
	for i := range len(text) {
		if text[i] >= 0x80 {
			return URL{}, errors.New("write it in ASCII (a host name as xn--…)")
		}
	}
	if strings.ContainsRune(text, '@') {
		return URL{}, errors.New("user name and password do not belong into the URL: give them separately")
	}
	u := URL{Scheme: STUN}
	rest := text
	if scheme, after, ok := strings.Cut(text, ":"); ok && knownScheme(scheme) {
		u.Scheme, rest = Scheme(strings.ToLower(scheme)), after
	} else if strings.Contains(text, "://") {
		return URL{}, errors.New("the scheme is none of stun, stuns, turn and turns")
	}
	if strings.HasPrefix(rest, "//") {
		return URL{}, fmt.Errorf("write %s:host, without the two slashes", u.Scheme)
	}
	address, query, hasQuery := strings.Cut(rest, "?")
	u.UDP = defaultUDP(u.Scheme)
	if hasQuery {
		var err error
		if u.UDP, err = parseTransport(query); err != nil {
			return URL{}, err
		}
	}
	host, port, err := splitAddress(address)
	if err != nil {
		return URL{}, err
	}
	if u.Host, err = ParseHost(host); err != nil {
		return URL{}, err
	}
	if _, err := netip.ParseAddr(u.Host); err != nil {
		u.NoPort = port == ""
	}
	u.Port, err = parsePort(port, u.Scheme)
	return u, err
}

// knownScheme reports whether s is one of ours, in any case.
func knownScheme(s string) bool {
	switch Scheme(strings.ToLower(s)) {
	case STUN, STUNS, TURN, TURNS:
		return true
	}
	return false
}

// parseTransport reads the query; true is UDP.
func parseTransport(query string) (bool, error) {
	key, value, _ := strings.Cut(query, "=")
	if !strings.EqualFold(key, "transport") {
		return false, errors.New("the only parameter is transport: use ?transport=udp or ?transport=tcp")
	}
	switch strings.ToLower(value) {
	case "udp":
		return true, nil
	case "tcp":
		return false, nil
	}
	return false, errors.New("unknown transport: use ?transport=udp or ?transport=tcp")
}

// splitAddress separates host and port; the port is empty where there is none.
func splitAddress(s string) (host, port string, err error) {
	if strings.HasPrefix(s, "[") {
		host, rest, ok := strings.Cut(s[1:], "]")
		if !ok {
			return "", "", errors.New("the bracket of the IPv6 address is not closed")
		}
		if a, err := netip.ParseAddr(host); err != nil || !a.Is6() {
			return "", "", errors.New("no IPv6 address in the brackets")
		}
		if rest == "" {
			return host, "", nil
		}
		if rest[0] != ':' || rest == ":" {
			return "", "", errors.New("after the bracket only :port may follow")
		}
		return host, rest[1:], nil
	}
	if a, err := netip.ParseAddr(s); err == nil && a.Is6() {
		return s, "", nil
	}
	host, port, ok := strings.Cut(s, ":")
	if ok && port == "" {
		return "", "", errors.New("the port is missing after the colon")
	}
	return host, port, nil
}

// parsePort reads a decimal port; none is the scheme's own.
func parsePort(s string, scheme Scheme) (uint16, error) {
	if s == "" {
		if scheme.Secured() {
			return DefaultPortSecured, nil
		}
		return DefaultPort, nil
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, errors.New("the port is not a number from 1 to 65535")
		}
	}
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 {
		return 0, errors.New("the port is outside 1–65535")
	}
	return uint16(n), nil
}

// ParseHost checks and normalizes a DNS name or an IP address.
func ParseHost(s string) (string, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		if a.Zone() != "" {
			return "", errors.New("an IPv6 zone is not supported")
		}
		return a.String(), nil
	}
	s = strings.ToLower(s)
	labels := strings.Split(strings.TrimSuffix(s, "."), ".")
	for _, l := range labels {
		if err := checkLabel(l); err != nil {
			return "", err
		}
	}
	if len(s) > 253 {
		return "", errors.New("the host name is longer than 253 characters")
	}
	if last := labels[len(labels)-1]; strings.Trim(last, "0123456789") == "" {
		return "", errors.New("the host is neither a name nor an IP address")
	}
	return s, nil
}

// checkLabel checks one part of a DNS name (RFC 1123 §2.1; the underscore is met in practice).
func checkLabel(l string) error {
	if l == "" {
		return errors.New("the host name is empty or has an empty part")
	}
	if len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
		return errors.New("a part of the host name is longer than 63 characters or begins or ends with a hyphen")
	}
	for i := range len(l) {
		c := l[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return errors.New("the host name contains a character that no host name has")
		}
	}
	return nil
}
