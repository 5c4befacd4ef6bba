package room

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

const (
	// callPath is where the original and dialtone's server have their page.
	callPath = "/call/"
	// linePath follows the page's address.
	linePath = "call_line_process/"
	// servePort is where dialtone's own server listens unless told otherwise.
	servePort = "8000"
	// maxServer bounds what a person may paste, in bytes.
	maxServer = 2048
)

// Endpoint makes the address that requests go to from what a person pastes:
// a host, host:port, the page's address with or without slash, or the complete
// address of the call line. A query and a fragment are dropped.
//
//	call.example.org           https://call.example.org/call/call_line_process/
//	call.example.org:8443      https://call.example.org:8443/call/call_line_process/
//	call.example.org:8000      http://call.example.org:8000/call/call_line_process/
//	localhost, 192.168.1.5     http://…:8000/call/call_line_process/
//	https://host/room          https://host/room/call_line_process/
//
// Without a scheme, a port other than 443 and 8443 means http; so do "localhost" and
// an IP address, whose port then is 8000, where "dialtone serve" listens. The
// error is a *signal.Error with Op "endpoint"; it never repeats a password.
func Endpoint(server string) (*url.URL, error) {
	u, err := parseServer(strings.TrimSpace(server))
	if err == nil {
		setPath(u)
		if _, again := url.Parse(u.String()); again != nil { // url.Parse is lenient with what has no scheme
			err = errors.New("the server's address is malformed")
		}
	}
	if err != nil {
		return nil, &signal.Error{
			Op: "endpoint", Reason: signal.ReasonUnknown, Err: err,
			Hint: "give the address of the call page, like https://call.example.org/call/ or localhost:8000",
		}
	}
	return u, nil
}

// setPath leaves nothing behind the host but the path of the call line.
func setPath(u *url.URL) {
	u.RawQuery, u.ForceQuery, u.Fragment, u.RawFragment, u.RawPath = "", false, "", "", ""
	path := strings.TrimRight(u.Path, "/")
	switch {
	case path == "":
		u.Path = callPath + linePath
	case strings.HasSuffix(path+"/", "/"+linePath):
		u.Path = path + "/"
	default:
		u.Path = path + "/" + linePath
	}
}

func parseServer(server string) (*url.URL, error) {
	switch {
	case server == "":
		return nil, errors.New("no server is given")
	case len(server) > maxServer:
		return nil, fmt.Errorf("the server's address has %d characters, more than %d", len(server), maxServer)
	}
	bare := !strings.Contains(server, "://")
	if bare {
		server = "//" + bracketed(strings.TrimPrefix(server, "//"))
	}
	u, err := url.Parse(server)
	if err != nil {
		var parse *url.Error
		if errors.As(err, &parse) {
			err = parse.Err // without the address, which may hold a password
		}
		if strings.Contains(server, "@") {
			err = errors.New("the address is malformed")
		}
		return nil, fmt.Errorf("the server's address cannot be read: %w", err)
	}
	if bare {
		assumeScheme(u)
	}
	return u, checkServer(u)
}

// bracketed puts the brackets around a bare IPv6 address.
func bracketed(server string) string {
	host, rest, _ := strings.Cut(server, "/")
	if addr, err := netip.ParseAddr(host); err == nil && addr.Is6() && rest == "" {
		return "[" + strings.ReplaceAll(host, "%", "%25") + "]"
	}
	return server
}

// assumeScheme chooses the scheme, and the port of a plain address.
func assumeScheme(u *url.URL) {
	_, err := netip.ParseAddr(u.Hostname())
	local := err == nil || strings.EqualFold(u.Hostname(), "localhost")
	switch port := u.Port(); {
	case port == "443" || port == "8443" || port == "" && !local:
		u.Scheme = "https"
	case port == "":
		u.Scheme = "http"
		u.Host = net.JoinHostPort(u.Hostname(), servePort)
	default:
		u.Scheme = "http"
	}
}

func checkServer(u *url.URL) error {
	u.Scheme = strings.ToLower(u.Scheme)
	_, badPort := strconv.ParseUint("0"+u.Port(), 10, 16)
	switch {
	case badPort != nil:
		return fmt.Errorf("the server's address has port %.20s, more than 65535", u.Port())
	case u.User != nil:
		return errors.New("the server's address must not hold a user name or password")
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("the server's address has scheme %.20q, not http or https", u.Scheme)
	case u.Hostname() == "":
		return errors.New("the server's address names no host")
	}
	return nil
}
